//! What is printed, where and how: text for people, JSON lines for programs.

mod line;
mod transfer;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;
use straightway_client::Waiting;

use crate::failure::Failure;
pub(crate) use line::Line;
pub(crate) use transfer::FileProgress;

/// How things are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    /// Text, but only what was asked for.
    Quiet,
    /// One object a line.
    Json,
}

/// Standard output and error.
pub(crate) struct Output {
    format: Format,
    /// Only where somebody watches.
    bars: Option<MultiProgress>,
}

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        let watched = format == Format::Text && io::stderr().is_terminal();
        Self { format, bars: watched.then(MultiProgress::new) }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// What was asked for, as text; programs get an event instead.
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        if self.is_json() { Ok(()) } else { self.write(text.as_bytes()) }
    }

    /// A confirmation, as text.
    pub(crate) fn say(&self, text: &str) -> io::Result<()> {
        if self.format == Format::Text { self.line(text) } else { Ok(()) }
    }

    /// An event, for programs.
    pub(crate) fn event(&self, event: &Line<'_>) -> io::Result<()> {
        if self.is_json() { self.write(&serde_json::to_vec(event)?) } else { Ok(()) }
    }

    /// Something worth knowing beside the results.
    pub(crate) fn note(&self, text: &str) {
        if self.format == Format::Text {
            self.complain(text);
        }
    }

    /// A failure of one of several things.
    pub(crate) fn error(&self, what: &str, failure: &Failure) {
        self.complain(&format!("error: {what}: {}", failure.message()));
    }

    pub(crate) fn waiting(&self, waiting: &Waiting) {
        let seconds = waiting.delay.as_secs_f64();
        // Who is not there to read it is not told either: a wait is no result.
        let _ = self.event(&Line::Waiting { reason: &waiting.reason, seconds });
        // The first waits are too short to be worth a line.
        if seconds > 1.0 {
            self.note(&format!("note: {}; trying again in {seconds:.0} s", waiting.reason));
        }
    }

    /// The last words of a command that did not succeed.
    pub(crate) fn failed(&self, failure: &Failure) -> ExitCode {
        if failure.is_broken_pipe() {
            return failure.code.into();
        }
        let (message, hint) = (failure.message(), failure.hint.as_deref());
        let _ = self.event(&Line::Error { message: &message, hint, exit_code: failure.code as u8 });
        self.complain(&format!("error: {message}"));
        if let Some(hint) = hint {
            self.complain(&format!("hint: {hint}"));
        }
        failure.code.into()
    }

    fn write(&self, line: &[u8]) -> io::Result<()> {
        self.undisturbed(|| {
            let mut out = io::stdout().lock();
            out.write_all(line)?;
            out.write_all(b"\n")?;
            out.flush()
        })
    }

    fn complain(&self, text: &str) {
        // Nobody can be told when standard error is gone.
        let _ = self.undisturbed(|| writeln!(io::stderr().lock(), "{text}"));
    }

    fn undisturbed<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }

    fn bar(&self, style: ProgressStyle) -> Option<ProgressBar> {
        Some(self.bars.as_ref()?.add(ProgressBar::no_length().with_style(style)))
    }

    /// A bar that counts files.
    pub(crate) fn file_counter(&self) -> Option<ProgressBar> {
        let style = ProgressStyle::with_template("{pos} files in {elapsed}").ok()?;
        self.bar(style)
    }
}

/// A size for people: `1.5 GiB`.
pub(crate) fn human_bytes(bytes: u64) -> impl std::fmt::Display {
    indicatif::BinaryBytes(bytes)
}

/// Prints a result both ways: as an event, or as the text that `text` makes.
pub(crate) fn result(output: &Output, event: &Line<'_>, text: impl FnOnce() -> String) -> io::Result<()> {
    if output.is_json() { output.event(event) } else { output.line(&text()) }
}

/// Serialises as the lower-case word that the enum's own wire form has.
pub(crate) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
