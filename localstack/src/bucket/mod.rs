//! Object storage on local disk: metadata in SQLite, bytes in files. It knows nothing of HTTP; [`crate::s3`] speaks for it.
//!
//! What a caller was told is done stays done: bytes are fsynced before the row that publishes them is committed, and
//! that row is committed (fsynced, in a group with whatever waits) before anyone is answered. A crash between the two
//! leaves a file without a row, which the next start removes.

mod blob;
mod conditions;
mod digest;
mod error;
mod event;
mod files;
mod list;
pub(crate) mod metadata;
mod multipart;
mod object;
mod reader;
mod schema;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};
use straightway_core::Clock;

pub use blob::{Blob, BlobWriter};
pub use conditions::{ETagMatch, ReadConditions, Selection, WriteCondition};
pub use digest::{Algorithm, Checksum, ChecksumKind, Checksums, Md5Sum, checksum_of, md5_of};
pub use error::BucketError;
pub use event::Publication;
pub use list::{Listing, Page};
pub use multipart::{Completion, ListedPart, MultipartUpload, PartInfo, PartPage, UploadMarker, UploadPage};
pub use object::{Doomed, Headers, NewObject, ObjectInfo};
pub use reader::ObjectReader;

use files::DataFolder;
use metadata::Metadata;

use crate::queue::DurableQueue;

/// The storage engine over one data folder.
pub struct Bucket {
    metadata: Arc<Metadata>,
    folder: Arc<DataFolder>,
    region: String,
    clock: Arc<dyn Clock>,
    _lock: File,
}

/// What every publication is stamped with.
struct Stamp {
    region: String,
    now: Timestamp,
}

/// What creating a bucket found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// There was none.
    Created,
    /// It was there.
    Existed,
}

/// A bucket's name and age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketInfo {
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Bucket {
    /// Opens the data folder, creating it when absent, and removes what a crash left behind. Blocks on the disk.
    ///
    /// # Errors
    /// [`BucketError::InUse`] when another process has it, [`BucketError::Corrupt`] when the metadata is damaged.
    pub fn open(folder: &Path, region: &str, clock: Arc<dyn Clock>) -> Result<Self, BucketError> {
        files::create_private(folder)?;
        let lock = lock(folder)?;
        let path = folder.join("metadata.sqlite");
        let connection = schema::open(&path)?;
        let files = DataFolder::open(&folder.join("data"))?;
        // The names of what was just created must outlive a power cut, as must what goes into it.
        File::open(folder)?.sync_all()?;
        let removed = sweep(&connection, &files).map_err(|error| match error {
            BucketError::Metadata(error) => schema::explain(&path, error),
            other => other,
        })?;
        if removed > 0 {
            tracing::info!(files.removed = removed, "removed unfinished uploads of the last run");
        }
        crate::queue::end_all_leases(&connection, clock.now())?;
        Ok(Self {
            metadata: Arc::new(Metadata::start(&path, connection, Arc::clone(&files))?),
            folder: files,
            region: region.to_owned(),
            clock,
            _lock: lock,
        })
    }

    /// The queue of that name, in the same file as the metadata.
    pub fn queue(&self, name: &str) -> DurableQueue {
        DurableQueue::new(Arc::clone(&self.metadata), Arc::clone(&self.clock), name)
    }

    /// The region this engine says it is in.
    pub fn region(&self) -> &str {
        &self.region
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn stamp(&self) -> Stamp {
        Stamp { region: self.region.clone(), now: self.now() }
    }

    /// Receives a body; MD5 is always computed, `algorithms` besides.
    pub fn receive(&self, algorithms: &[Algorithm]) -> BlobWriter {
        BlobWriter::new(Arc::clone(&self.folder), algorithms)
    }

    /// Creates a bucket unless it is there.
    pub async fn create_bucket(&self, name: &str) -> Result<Creation, BucketError> {
        let name = name.to_owned();
        let now = self.now().as_millisecond();
        self.metadata
            .write(move |connection, _| {
                let created = connection.execute(
                    "INSERT INTO buckets (name, created_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                    (name, now),
                )?;
                Ok(match created {
                    0 => Creation::Existed,
                    _ => Creation::Created,
                })
            })
            .await
    }

    /// Deletes an empty bucket; multipart uploads that never completed go with it.
    pub async fn delete_bucket(&self, name: &str) -> Result<(), BucketError> {
        let name = name.to_owned();
        self.metadata
            .write(move |connection, effects| {
                require_bucket(connection, &name)?;
                let holds_objects: bool = connection.query_row(
                    "SELECT EXISTS (SELECT 1 FROM objects WHERE bucket = ?1)",
                    [&name],
                    |row| row.get(0),
                )?;
                if holds_objects {
                    return Err(BucketError::BucketNotEmpty);
                }
                multipart::abort_all(connection, effects, &name)?;
                connection.execute("DELETE FROM buckets WHERE name = ?1", [&name])?;
                Ok(())
            })
            .await
    }

    /// The bucket of that name.
    pub async fn bucket(&self, name: &str) -> Result<BucketInfo, BucketError> {
        let name = name.to_owned();
        self.metadata.read(move |connection| require_bucket(connection, &name)).await
    }

    /// All buckets by name.
    pub async fn buckets(&self) -> Result<Vec<BucketInfo>, BucketError> {
        self.metadata
            .read(|connection| {
                let mut statement = connection.prepare_cached("SELECT name, created_at FROM buckets ORDER BY name")?;
                let buckets = statement.query_map((), bucket_info)?;
                Ok(buckets.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Sends an event to `queue` for every object published in `bucket` under `prefix`, to be received once `delay`
    /// has passed. Calling it again replaces prefix and delay.
    pub async fn notify(&self, bucket: &str, prefix: &str, queue: &str, delay: Duration) -> Result<(), BucketError> {
        let (bucket, prefix, queue) = (bucket.to_owned(), prefix.to_owned(), queue.to_owned());
        let delay_millis = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        self.metadata
            .write(move |connection, _| {
                require_bucket(connection, &bucket)?;
                connection.execute(
                    "INSERT OR REPLACE INTO notifications (bucket, queue, prefix, delay_millis) VALUES (?1, ?2, ?3, ?4)",
                    (bucket, queue, prefix, delay_millis),
                )?;
                Ok(())
            })
            .await
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.metadata.close();
        self.folder.close();
    }
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Bucket").field("region", &self.region).finish_non_exhaustive()
    }
}

/// One process at a time: the lock goes with the process, however it ends.
fn lock(folder: &Path) -> Result<File, BucketError> {
    let file = File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(BucketError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn sweep(connection: &Connection, files: &DataFolder) -> Result<u64, BucketError> {
    let mut statement = connection.prepare("SELECT 1 FROM extents WHERE file = ?1")?;
    files.sweep(|id| statement.exists([id]))
}

fn bucket_info(row: &rusqlite::Row<'_>) -> rusqlite::Result<BucketInfo> {
    Ok(BucketInfo { name: row.get(0)?, created_at: timestamp(row.get(1)?) })
}

fn require_bucket(connection: &Connection, name: &str) -> Result<BucketInfo, BucketError> {
    connection
        .prepare_cached("SELECT name, created_at FROM buckets WHERE name = ?1")?
        .query_row([name], bucket_info)
        .optional()?
        .ok_or(BucketError::NoSuchBucket)
}

/// The metadata keeps time in milliseconds since 1970.
fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}

/// An id for a content: unguessable is not needed, unused is.
fn random_content() -> Result<i64, BucketError> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(i64::from_be_bytes(random) & i64::MAX)
}
