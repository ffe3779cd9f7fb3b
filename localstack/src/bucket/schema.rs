//! The tables. One SQLite file holds the metadata of all buckets and the queues, so that publishing an object and
//! sending its storage event are one transaction.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::BucketError;

const VERSION: i64 = 1;

/// `content` is what extents hang on: a multipart upload hands its content to the object it becomes, so completing
/// copies nothing. `sequence` grows with every publication; storage events carry it as their sequencer.
const TABLES: &str = "
CREATE TABLE buckets (
  name TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE notifications (
  bucket TEXT NOT NULL REFERENCES buckets (name) ON DELETE CASCADE,
  queue TEXT NOT NULL,
  prefix TEXT NOT NULL,
  delay_millis INTEGER NOT NULL,
  PRIMARY KEY (bucket, queue)
) STRICT, WITHOUT ROWID;

CREATE TABLE objects (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  bucket TEXT NOT NULL REFERENCES buckets (name),
  object_key TEXT NOT NULL,
  content INTEGER NOT NULL,
  size INTEGER NOT NULL,
  etag TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  headers TEXT NOT NULL,
  checksum_algorithm TEXT,
  checksum_kind TEXT,
  checksum TEXT,
  part_count INTEGER,
  upload_id TEXT
) STRICT;
CREATE UNIQUE INDEX objects_by_key ON objects (bucket, object_key);

CREATE TABLE uploads (
  upload_id TEXT PRIMARY KEY,
  bucket TEXT NOT NULL REFERENCES buckets (name),
  object_key TEXT NOT NULL,
  content INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  headers TEXT NOT NULL,
  checksum_algorithm TEXT,
  checksum_kind TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_by_key ON uploads (bucket, object_key, upload_id);

CREATE TABLE extents (
  content INTEGER NOT NULL,
  part_number INTEGER NOT NULL,
  size INTEGER NOT NULL,
  md5 BLOB NOT NULL,
  checksums TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  file TEXT,
  bytes BLOB,
  PRIMARY KEY (content, part_number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX extents_by_file ON extents (file) WHERE file IS NOT NULL;

CREATE TABLE messages (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  queue TEXT NOT NULL,
  body TEXT NOT NULL,
  sent_at INTEGER NOT NULL,
  visible_at INTEGER NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  receipt TEXT,
  dead INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX messages_due ON messages (queue, dead, visible_at, sequence);
";

/// Opens the metadata for writing, creating the tables in a new file and checking an old one.
pub(super) fn open(path: &Path) -> Result<Connection, BucketError> {
    crate::private_file::prepare(path)?;
    let connection = Connection::open(path).map_err(|error| explain(path, error))?;
    prepare(&connection).map_err(|error| explain(path, error))?;
    let found = check(&connection).map_err(|error| explain(path, error))?;
    if found != "ok" {
        return Err(corrupt(path, found));
    }
    match version(&connection).map_err(|error| explain(path, error))? {
        0 => {
            let sql = format!("BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;");
            connection.execute_batch(&sql).map_err(|error| explain(path, error))?;
        }
        VERSION => {}
        other => return Err(corrupt(path, format!("version {other} is not {VERSION}"))),
    }
    Ok(connection)
}

/// Opens one more connection that only reads.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

const BUSY: std::time::Duration = std::time::Duration::from_secs(10);

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
}

fn check(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", (), |row| row.get(0))
}

/// Damage gets a message that names the file and says what to do; everything else its own.
pub(super) fn explain(path: &Path, error: rusqlite::Error) -> BucketError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => corrupt(path, error.to_string()),
        _ => error.into(),
    }
}

fn corrupt(path: &Path, detail: String) -> BucketError {
    BucketError::Corrupt { path: path.to_owned(), detail }
}
