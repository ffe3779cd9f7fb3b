//! Bodies on their way to the disk: hashed and written off the async runtime while the next bytes arrive.

use std::io::{self, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::digest::{Algorithm, Checksums, Hasher, Md5Sum};
use super::error::BucketError;
use super::files::{DataFolder, FileId, Unpublished};

/// Bodies up to this size live in the metadata: many small uploads then share one fsync.
const MAX_INLINE: usize = 16 * 1024;
/// Bytes handed to a blocking thread at a time. Two such batches are the memory of one upload.
const BATCH: usize = 512 * 1024;

/// Receives one body.
pub struct BlobWriter {
    writing: Writing,
    batch: Vec<Bytes>,
    batch_size: usize,
}

enum Writing {
    Idle(Box<Progress>),
    Busy(JoinHandle<io::Result<Box<Progress>>>),
    Failed,
}

impl BlobWriter {
    pub(super) fn new(folder: Arc<DataFolder>, algorithms: &[Algorithm]) -> Self {
        Self {
            writing: Writing::Idle(Box::new(Progress {
                folder,
                hasher: Hasher::new(algorithms),
                size: 0,
                head: Vec::new(),
                file: None,
            })),
            batch: Vec::new(),
            batch_size: 0,
        }
    }

    /// Takes the next bytes; waits while the disk is behind.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), BucketError> {
        self.batch_size += bytes.len();
        self.batch.push(bytes);
        if self.batch_size >= BATCH {
            let progress = self.settle().await?;
            let batch = std::mem::take(&mut self.batch);
            self.batch_size = 0;
            self.writing = Writing::Busy(tokio::task::spawn_blocking(move || progress.append(batch)));
        }
        Ok(())
    }

    /// The whole body, hashed; not yet durable, and gone again when dropped unpublished.
    pub async fn finish(mut self) -> Result<Blob, BucketError> {
        let progress = self.settle().await?;
        let batch = std::mem::take(&mut self.batch);
        let finishing = tokio::task::spawn_blocking(move || Ok(progress.append(batch)?.finish()));
        finishing.await.map_err(|_| BucketError::Closed)?
    }

    async fn settle(&mut self) -> Result<Box<Progress>, BucketError> {
        match std::mem::replace(&mut self.writing, Writing::Failed) {
            Writing::Idle(progress) => Ok(progress),
            Writing::Busy(writing) => Ok(writing.await.map_err(|_| BucketError::Closed)??),
            Writing::Failed => Err(io::Error::other("the body could not be written").into()),
        }
    }
}

struct Progress {
    folder: Arc<DataFolder>,
    hasher: Hasher,
    size: u64,
    head: Vec<u8>,
    file: Option<Unpublished>,
}

impl Progress {
    fn append(mut self: Box<Self>, batch: Vec<Bytes>) -> io::Result<Box<Self>> {
        for bytes in batch {
            self.hasher.update(&bytes);
            self.size += bytes.len() as u64;
            self.store(&bytes)?;
        }
        Ok(self)
    }

    fn store(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            return file.file.write_all(bytes);
        }
        if self.head.len() + bytes.len() <= MAX_INLINE {
            self.head.extend_from_slice(bytes);
            return Ok(());
        }
        let mut file = self.folder.create()?;
        file.file.write_all(&std::mem::take(&mut self.head))?;
        file.file.write_all(bytes)?;
        self.file = Some(file);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Blob {
        let (md5, checksums) = self.hasher.finish();
        Blob {
            size: self.size,
            md5,
            checksums,
            place: match self.file {
                Some(file) => Place::File(file),
                None => Place::Inline(self.head),
            },
        }
    }
}

/// A body that was received and hashed, waiting to be published.
pub struct Blob {
    size: u64,
    md5: Md5Sum,
    checksums: Checksums,
    place: Place,
}

enum Place {
    Inline(Vec<u8>),
    File(Unpublished),
}

impl Blob {
    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its MD5.
    pub fn md5(&self) -> &Md5Sum {
        &self.md5
    }

    /// The checksums that were asked for.
    pub fn checksums(&self) -> &Checksums {
        &self.checksums
    }

    /// Makes the bytes durable.
    pub(super) async fn sync(self) -> Result<Self, BucketError> {
        if let Place::Inline(_) = self.place {
            return Ok(self);
        }
        let syncing = tokio::task::spawn_blocking(move || {
            if let Place::File(file) = &self.place {
                file.file.sync_data()?;
            }
            Ok(self)
        });
        syncing.await.map_err(|_| BucketError::Closed)?
    }

    /// The columns `file` and `bytes` of its row, and the file to publish with the row.
    pub(super) fn into_columns(self) -> (Option<FileId>, Option<Vec<u8>>, Option<Unpublished>) {
        match self.place {
            Place::Inline(bytes) => (None, Some(bytes), None),
            Place::File(file) => (Some(file.id().clone()), None, Some(file)),
        }
    }
}
