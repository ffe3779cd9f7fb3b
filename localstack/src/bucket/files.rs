//! The data files: named by random ids, written once, never changed, removed only when nothing refers to them.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, mpsc};
use std::thread::JoinHandle;

use data_encoding::HEXLOWER;

/// The name of a data file.
pub(super) type FileId = String;

/// The folder of data files.
///
/// A reader pins the content it reads while it looks it up; files of a pinned content are removed when the last pin
/// goes. So a delete never breaks a download that began before it, and no reader holds 10,000 files open.
pub(super) struct DataFolder {
    path: PathBuf,
    directory: File,
    lookups: RwLock<()>,
    pins: Mutex<HashMap<i64, Pinned>>,
    reaper: Mutex<Option<Reaper>>,
}

#[derive(Default)]
struct Pinned {
    readers: usize,
    doomed: Vec<FileId>,
}

struct Reaper {
    orders: mpsc::Sender<Order>,
    thread: JoinHandle<()>,
}

/// Files to remove, with the content that a reader may still have pinned.
struct Order {
    content: Option<i64>,
    files: Vec<FileId>,
}

impl DataFolder {
    /// Opens the folder, creating it for its owner only.
    pub(super) fn open(path: &Path) -> io::Result<Arc<Self>> {
        create_private(path)?;
        let (orders, received) = mpsc::channel();
        let folder = Arc::new(Self {
            path: path.to_owned(),
            directory: File::open(path)?,
            lookups: RwLock::new(()),
            pins: Mutex::default(),
            reaper: Mutex::default(),
        });
        let weak = Arc::downgrade(&folder);
        let thread = std::thread::Builder::new().name("bucket-reaper".into()).spawn(move || {
            for order in received {
                let Some(folder) = weak.upgrade() else { break };
                folder.carry_out(order);
            }
        })?;
        *lock(&folder.reaper) = Some(Reaper { orders, thread });
        Ok(folder)
    }

    /// Creates a new data file; it is removed again unless it is published.
    pub(super) fn create(self: &Arc<Self>) -> io::Result<Unpublished> {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let id = HEXLOWER.encode(&random);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.path.join(&id))?;
        Ok(Unpublished { id, file, folder: Arc::clone(self), armed: true })
    }

    pub(super) fn open_file(&self, id: &str) -> io::Result<File> {
        File::open(self.path.join(id))
    }

    /// Makes the names of new files durable.
    pub(super) fn sync_directory(&self) -> io::Result<()> {
        self.directory.sync_all()
    }

    /// Runs a look-up that may pin what it finds: no file goes between the two.
    pub(super) fn look_up<R>(&self, look_up: impl FnOnce() -> R) -> R {
        let _guard = self.lookups.read().unwrap_or_else(PoisonError::into_inner);
        look_up()
    }

    /// Keeps the files of a content until the pin is dropped. To be called inside [`DataFolder::look_up`].
    pub(super) fn pin(self: &Arc<Self>, content: i64) -> Pin {
        lock(&self.pins).entry(content).or_default().readers += 1;
        Pin { folder: Arc::clone(self), content }
    }

    /// Removes files whose rows are gone, as soon as nobody reads them.
    pub(super) fn discard(&self, content: i64, files: Vec<FileId>) {
        self.order(Some(content), files);
    }

    /// Removes every file that no row refers to: what a crash or a failed commit left behind.
    pub(super) fn sweep(
        &self,
        mut is_referenced: impl FnMut(&str) -> rusqlite::Result<bool>,
    ) -> Result<u64, super::BucketError> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let referenced = match name.to_str() {
                Some(id) => is_referenced(id)?,
                None => false,
            };
            if !referenced {
                fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Waits until everything that was discarded is removed; later orders are left to the next sweep.
    pub(super) fn close(&self) {
        let reaper = lock(&self.reaper).take();
        if let Some(Reaper { orders, thread }) = reaper {
            drop(orders);
            if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
                tracing::error!("the thread that removes data files panicked");
            }
        }
    }

    fn order(&self, content: Option<i64>, files: Vec<FileId>) {
        if files.is_empty() {
            return;
        }
        if let Some(reaper) = lock(&self.reaper).as_ref() {
            // A send can only fail when the thread is gone; the next start sweeps.
            let _ = reaper.orders.send(Order { content, files });
        }
    }

    fn carry_out(&self, order: Order) {
        if let Some(content) = order.content {
            // Whoever saw the rows before they went has pinned them once this lock was had.
            drop(self.lookups.write().unwrap_or_else(PoisonError::into_inner));
            if let Some(pinned) = lock(&self.pins).get_mut(&content) {
                pinned.doomed.extend(order.files);
                return;
            }
        }
        for id in order.files {
            if let Err(error) = fs::remove_file(self.path.join(&id)) {
                tracing::warn!(file.id = %id, %error, "a data file could not be removed; the next start tries again");
            }
        }
    }

    fn unpin(&self, content: i64) {
        let mut pins = lock(&self.pins);
        let Some(pinned) = pins.get_mut(&content) else {
            return;
        };
        pinned.readers -= 1;
        if pinned.readers == 0 {
            let doomed = pins.remove(&content).map(|pinned| pinned.doomed);
            drop(pins);
            self.order(None, doomed.unwrap_or_default());
        }
    }
}

/// Keeps the files of one content while it lives.
pub(super) struct Pin {
    folder: Arc<DataFolder>,
    content: i64,
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.folder.unpin(self.content);
    }
}

/// A data file that no row refers to yet.
pub(super) struct Unpublished {
    id: FileId,
    pub(super) file: File,
    folder: Arc<DataFolder>,
    armed: bool,
}

impl Unpublished {
    pub(super) fn id(&self) -> &FileId {
        &self.id
    }

    /// The file stays: a row refers to it now, or may (a failed commit leaves that to the next sweep).
    pub(super) fn keep(mut self) {
        self.armed = false;
    }
}

impl Drop for Unpublished {
    fn drop(&mut self) {
        if self.armed {
            self.folder.order(None, vec![std::mem::take(&mut self.id)]);
        }
    }
}

/// Creates a folder that only its owner can enter.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_is_not_published_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path()).unwrap();
        let kept = folder.create().unwrap();
        let kept_id = kept.id().clone();
        kept.keep();
        drop(folder.create().unwrap());
        folder.close();
        assert_eq!(names(root.path()), [kept_id]);
    }

    #[test]
    fn a_pinned_file_is_removed_only_after_its_reader() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path()).unwrap();
        let file = folder.create().unwrap();
        let id = file.id().clone();
        file.keep();
        let pin = folder.look_up(|| folder.pin(7));
        folder.carry_out(Order { content: Some(7), files: vec![id.clone()] });
        assert_eq!(names(root.path()), [id]);
        drop(pin);
        folder.close();
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn a_sweep_removes_only_what_nothing_refers_to() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path()).unwrap();
        fs::write(root.path().join("known"), b"").unwrap();
        fs::write(root.path().join("unknown"), b"").unwrap();
        assert_eq!(folder.sweep(|id| Ok(id == "known")).unwrap(), 1);
        assert_eq!(names(root.path()), ["known"]);
    }
}
