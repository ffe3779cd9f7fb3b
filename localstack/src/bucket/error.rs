//! What can go wrong in the storage engine, by what the caller can do about it.

use std::io;
use std::path::PathBuf;

/// An error of the storage engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BucketError {
    /// No bucket of that name.
    #[error("there is no bucket of that name")]
    NoSuchBucket,
    /// The bucket still holds objects.
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    /// No object under that key.
    #[error("there is no object under that key")]
    NoSuchKey,
    /// No multipart upload of that id for that key.
    #[error("there is no such multipart upload: it may have been completed or aborted")]
    NoSuchUpload,
    /// The object is there or is not, or is another one, than a condition asks for.
    #[error("at least one of the conditions you gave does not hold")]
    PreconditionFailed,
    /// The object has not changed: a conditional read needs no bytes.
    #[error("the object has not been modified")]
    NotModified {
        /// Its ETag, without quotes.
        etag: String,
        /// When it was published.
        modified_at: jiff::Timestamp,
    },
    /// A part named by Complete is absent, or its ETag or checksum differs.
    #[error("part {0} could not be found, or its ETag or checksum does not match")]
    InvalidPart(u32),
    /// Complete lists parts out of order.
    #[error("the list of parts is not in ascending order of part numbers")]
    InvalidPartOrder,
    /// A part before the last is below the minimum.
    #[error("part {0} is smaller than the minimum of 5 MiB")]
    EntityTooSmall(u32),
    /// Complete was told another object size than the parts have.
    #[error("the object would have {actual} bytes, but {declared} were declared")]
    SizeMismatch {
        /// What the request said.
        declared: u64,
        /// The sum over the listed parts.
        actual: u64,
    },
    /// The object's checksum is not the one that was declared.
    #[error("the checksum you gave does not match the calculated one")]
    ChecksumMismatch,
    /// The request contradicts how the multipart upload was created.
    #[error("{0}")]
    Contradiction(String),
    /// A byte range or part number outside the object.
    #[error("the requested range lies outside the object's {size} bytes")]
    InvalidRange {
        /// The object's size.
        size: u64,
    },
    /// Another process uses the data folder.
    #[error("the data folder {0} is in use by another running instance")]
    InUse(PathBuf),
    /// The metadata file cannot be read as what it should be.
    #[error(
        "the metadata file {path} is damaged ({detail}); restore it from a backup, the data files beside it are untouched"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
    /// The disk is full.
    #[error("no space left on the disk that holds the data folder")]
    Full(#[source] Source),
    /// The data folder cannot be written.
    #[error("the data folder is read-only")]
    ReadOnly(#[source] Source),
    /// The file system failed.
    #[error("the data folder cannot be used")]
    Io(#[source] io::Error),
    /// The metadata failed.
    #[error("the metadata cannot be used")]
    Metadata(#[source] rusqlite::Error),
    /// The engine is shutting down.
    #[error("the storage engine is shutting down")]
    Closed,
}

/// Whatever lies under an error.
pub(super) type Source = Box<dyn std::error::Error + Send + Sync>;

impl From<io::Error> for BucketError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::StorageFull | Kind::QuotaExceeded => Self::Full(error.into()),
            Kind::ReadOnlyFilesystem | Kind::PermissionDenied => Self::ReadOnly(error.into()),
            _ => Self::Io(error),
        }
    }
}

impl From<rusqlite::Error> for BucketError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::DiskFull) => Self::Full(error.into()),
            Some(Code::ReadOnly | Code::CannotOpen) => Self::ReadOnly(error.into()),
            _ => Self::Metadata(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_broken_one() {
        let full = BucketError::from(io::Error::from(io::ErrorKind::StorageFull));
        assert!(matches!(full, BucketError::Full(_)));
        let read_only = BucketError::from(io::Error::from(io::ErrorKind::ReadOnlyFilesystem));
        assert!(matches!(read_only, BucketError::ReadOnly(_)));
        let other = BucketError::from(io::Error::from(io::ErrorKind::Other));
        assert!(matches!(other, BucketError::Io(_)));
    }

    #[test]
    fn a_database_that_has_no_room_is_a_full_disk() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch("PRAGMA max_page_count = 2; CREATE TABLE t (bytes BLOB)").unwrap();
        let error = connection.execute("INSERT INTO t VALUES (zeroblob(100000))", ()).unwrap_err();
        assert!(matches!(BucketError::from(error), BucketError::Full(_)));
    }
}
