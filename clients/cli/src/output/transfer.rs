//! The progress of one file: a bar for people, events for programs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use straightway_client::{Event, Observer, Restart};

use super::{Line, Output, word};

/// The least time between two `progress` events of a file.
const EVERY: Duration = Duration::from_millis(500);

/// Watches the transfer of one file.
pub(crate) struct FileProgress {
    output: Arc<Output>,
    path: String,
    /// Smaller files get no bar of their own.
    bar_from_bytes: u64,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    stage: Option<Stage>,
    done: u64,
    total: Option<u64>,
    told: Option<Instant>,
    bar: Option<ProgressBar>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Hash,
    Upload,
    Download,
}

impl Stage {
    const fn word(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Upload => "upload",
            Self::Download => "download",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Hash => "hashing",
            Self::Upload => "uploading",
            Self::Download => "downloading",
        }
    }
}

impl FileProgress {
    /// For a file of any size.
    pub(crate) fn new(output: &Arc<Output>, path: &str) -> Self {
        Self { output: Arc::clone(output), path: path.to_owned(), bar_from_bytes: 0, now: Mutex::default() }
    }

    /// For one of many files: only large ones get a bar.
    pub(crate) fn of_many(output: &Arc<Output>, path: &str) -> Self {
        let mut progress = Self::new(output, path);
        progress.bar_from_bytes = 32 << 20;
        progress
    }

    fn begin(&self, now: &mut Now, stage: Stage, total: Option<u64>, done: u64) {
        (now.stage, now.total, now.done, now.told) = (Some(stage), total, done, None);
        if total.is_some_and(|total| total < self.bar_from_bytes) {
            return;
        }
        if now.bar.is_none() {
            now.bar = self.output.bar(style(total));
        }
        if let Some(bar) = &now.bar {
            bar.set_style(style(total));
            bar.set_prefix(self.path.clone());
            bar.set_message(stage.label());
            total.inspect(|total| bar.set_length(*total));
            bar.set_position(done);
            // What is there already says nothing about the rate.
            bar.reset_eta();
        }
    }

    fn advance(&self, now: &mut Now, stage: Stage, bytes: u64) {
        if now.stage != Some(stage) {
            self.begin(now, stage, None, 0);
        }
        now.done += bytes;
        if let Some(bar) = &now.bar {
            bar.inc(bytes);
        }
        self.tell(now, stage);
    }

    fn tell(&self, now: &mut Now, stage: Stage) {
        let due = now.told.is_none_or(|told| told.elapsed() >= EVERY) || Some(now.done) == now.total;
        if due && self.output.is_json() {
            now.told = Some(Instant::now());
            let line =
                Line::Progress { path: &self.path, stage: stage.word(), bytes: now.done, total_bytes: now.total };
            self.emit(&line);
        }
    }

    fn take_back(now: &mut Now, bytes: u64) {
        now.done = now.done.saturating_sub(bytes);
        if let Some(bar) = &now.bar {
            bar.set_position(now.done);
        }
    }

    /// Progress that nobody reads must not stop the transfer.
    fn emit(&self, line: &Line<'_>) {
        let _ = self.output.event(line);
    }
}

fn style(total: Option<u64>) -> ProgressStyle {
    let template = match total {
        Some(_) => {
            "{prefix:!30} {msg:11} [{bar:25}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta} left"
        }
        None => "{prefix:!30} {msg:11} {spinner} {binary_bytes} {binary_bytes_per_sec}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

impl Observer for FileProgress {
    fn on(&self, event: Event) {
        let path = self.path.as_str();
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Hashing { size_bytes } => self.begin(&mut now, Stage::Hash, Some(size_bytes), 0),
            Event::Hashed { bytes } => self.advance(&mut now, Stage::Hash, bytes),
            Event::HashKnown { content_hash } => {
                let size_bytes = now.total.unwrap_or(now.done);
                self.emit(&Line::Hashed { path, size_bytes, content_hash: &content_hash.to_hex() });
            }
            Event::Proving => self.emit(&Line::Proving { path }),
            Event::Uploading { session_id, resumed, size_bytes, part_count, missing_parts, missing_bytes } => {
                self.begin(&mut now, Stage::Upload, Some(size_bytes), size_bytes.saturating_sub(missing_bytes));
                let session_id = &session_id;
                self.emit(&Line::Uploading {
                    path,
                    session_id,
                    resumed,
                    size_bytes,
                    part_count,
                    missing_parts,
                    missing_bytes,
                });
            }
            Event::Sent { bytes } => self.advance(&mut now, Stage::Upload, bytes),
            Event::TakenBack { bytes } => Self::take_back(&mut now, bytes),
            Event::PartStored { part_number, size_bytes } => {
                self.emit(&Line::PartStored { path, part_number, size_bytes });
            }
            Event::Verifying => {
                now.bar.as_ref().inspect(|bar| bar.set_message("verifying"));
                self.emit(&Line::Verifying { path });
            }
            Event::Restarted { reason } => {
                let reason = match reason {
                    Restart::FileChanged => "the file changed".to_owned(),
                    Restart::SessionEnded { state: Some(state) } => format!("the upload was {}", word(&state)),
                    Restart::SessionEnded { state: None } => "the upload is gone".to_owned(),
                };
                self.emit(&Line::Restarted { path, reason: &reason });
                self.output.note(&format!("note: {path}: {reason}; beginning again"));
            }
            Event::Downloading { size_bytes, present_bytes } => {
                self.begin(&mut now, Stage::Download, Some(size_bytes), present_bytes);
            }
            Event::Received { bytes } => self.advance(&mut now, Stage::Download, bytes),
            _ => {}
        }
    }
}

impl Drop for FileProgress {
    fn drop(&mut self) {
        let now = self.now.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = now.bar.take() {
            bar.finish_and_clear();
        }
    }
}
