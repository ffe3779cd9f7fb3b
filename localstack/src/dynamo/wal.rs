//! Durability: SQLite's write-ahead log, forced to disk by us instead of by every commit.
//!
//! SQLite would call fdatasync inside each COMMIT (`synchronous = FULL`), one write at a time.
//! With `synchronous = NORMAL` a commit only appends to the log: the file stays consistent
//! through a power cut, because SQLite still syncs the log before a checkpoint and the database
//! after it, but the last commits may be missing. So no commit is acknowledged before
//! [`Wal::sync`] returned, and one call covers every commit that went before it.
//! See <https://www.sqlite.org/pragma.html#pragma_synchronous>.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;

use dynoxide::Database;

/// The log of one open database. SQLite keeps the file, and never replaces it, while its own
/// connection is open; and it holds no lock on it that our handle could lose.
pub(super) struct Wal {
    file: File,
}

impl Wal {
    /// Takes over the syncing of `database`, which lies at `path` and was just opened.
    pub(super) fn attach(database: &Database, path: &Path) -> io::Result<Self> {
        let mut name = OsString::from(path);
        name.push("-wal");
        // Fails where the file system has no shared memory for WAL mode and SQLite fell back to
        // a rollback journal: better no start than a promise we cannot keep.
        let wal = Self { file: File::open(name)? };
        // Despite its name this sets no more than `synchronous = NORMAL` and SQLite's own
        // defaults; it is the only door to that setting.
        database.disable_bulk_loading().map_err(io::Error::other)?;
        // What the last process appended may be in the page cache only, and is now read as true.
        wal.sync()?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(wal)
    }

    /// Returns when every commit that returned before is on disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}
