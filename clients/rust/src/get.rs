//! One entry, from the store to the disk or a stream: checked against its content hash before it is believed.

mod receive;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use straightway_api::files::Entry;
use straightway_core::{ContentHash, PartPlan};

use crate::engine::Engine;
use crate::error::Error;
use crate::hash::{TreeHasher, hash_file};
use crate::progress::{Event, Observer};
use crate::source::{CHUNK_BYTES, Source};
use receive::{Receiver, Sink};

/// A finished download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Got {
    /// Bytes that came over the network in this run.
    pub received_bytes: u64,
}

/// What an entry promises.
#[derive(Clone, Copy, Debug)]
struct Promise {
    plan: PartPlan,
    content_hash: ContentHash,
}

impl Promise {
    fn of(entry: &Entry) -> Result<Self, Error> {
        let no_file = || Error::Protocol("an entry without content".into());
        let hash = entry.content_hash.as_deref().ok_or_else(no_file)?;
        Ok(Self {
            plan: PartPlan::for_size(entry.size_bytes).map_err(|_| no_file())?,
            content_hash: ContentHash::from_hex(hash).map_err(|_| no_file())?,
        })
    }

    fn is_kept_by(&self, hasher: TreeHasher) -> bool {
        ContentHash::from_leaves(&hasher.finish()) == self.content_hash
    }
}

impl Engine {
    /// Downloads a file to `path`. Until it is complete and checked it is beside it, as `<name>.<hash>.part`, from
    /// where a later run goes on; then it takes the place of what was there at once.
    ///
    /// # Errors
    /// What the API or the store refuse for good, bytes that are not those promised, a disk that takes no more.
    pub async fn get(&self, entry: &Entry, path: &Path, observer: Arc<dyn Observer>) -> Result<Got, Error> {
        let promise = Promise::of(entry)?;
        if self.is_here(&promise, path, &observer).await {
            return Ok(Got { received_bytes: 0 });
        }
        let part_path = part_path(path, &promise.content_hash);
        let mut received_bytes = 0;
        // What an earlier run left may be damaged: then everything is fetched again, once.
        for _ in 0..2 {
            let partial = open_partial(&part_path, promise.plan, &observer).await?;
            let present = partial.length;
            observer.on(Event::Downloading { size_bytes: entry.size_bytes, present_bytes: present });
            let receiver = Receiver::new(&self.api, entry, &observer);
            let sink = receiver.receive(Sink::new(partial.file, partial.hasher), present).await?;
            received_bytes += entry.size_bytes - present;
            if promise.is_kept_by(sink.hasher) {
                take_place(sink.out, part_path, path.to_owned()).await?;
                return Ok(Got { received_bytes });
            }
            fs::remove_file(&part_path).map_err(|error| cannot_write(&part_path, error))?;
            if present == 0 {
                break;
            }
        }
        Err(Error::Corrupt { expected: promise.content_hash.to_hex() })
    }

    /// Downloads a file into a stream; what was written is only to be believed when this returns `Ok`.
    ///
    /// # Errors
    /// As [`Engine::get`].
    pub async fn get_into(
        &self,
        entry: &Entry,
        out: impl Write + Send + 'static,
        observer: Arc<dyn Observer>,
    ) -> Result<Got, Error> {
        let promise = Promise::of(entry)?;
        observer.on(Event::Downloading { size_bytes: entry.size_bytes, present_bytes: 0 });
        let sink = Sink::new(out, TreeHasher::new(promise.plan.part_size()));
        let sink = Receiver::new(&self.api, entry, &observer).receive(sink, 0).await?;
        if !promise.is_kept_by(sink.hasher) {
            return Err(Error::Corrupt { expected: promise.content_hash.to_hex() });
        }
        Ok(Got { received_bytes: entry.size_bytes })
    }

    /// Whether `path` holds exactly this content already.
    async fn is_here(&self, promise: &Promise, path: &Path, observer: &Arc<dyn Observer>) -> bool {
        let Ok(source) = Source::open(path) else { return false };
        if source.size_bytes() != promise.plan.size_bytes() {
            return false;
        }
        observer.on(Event::Hashing { size_bytes: source.size_bytes() });
        let hashed = hash_file(&source, promise.plan, &self.hashers, observer).await;
        hashed.is_ok_and(|hashed| hashed.content_hash == promise.content_hash)
    }
}

/// `<name>.<first of the hash>.part`: another content never goes on from it.
fn part_path(path: &Path, hash: &ContentHash) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", &hash.to_hex()[..12]));
    path.with_file_name(name)
}

/// What an earlier run left, hashed and positioned at its end.
struct Partial {
    file: File,
    length: u64,
    hasher: TreeHasher,
}

async fn open_partial(path: &Path, plan: PartPlan, observer: &Arc<dyn Observer>) -> Result<Partial, Error> {
    let (path, observer) = (path.to_owned(), Arc::clone(observer));
    blocking(move || {
        let open = || -> io::Result<Partial> {
            let mut file = File::options().read(true).write(true).create(true).truncate(false).open(&path)?;
            file.try_lock().map_err(|error| match error {
                fs::TryLockError::WouldBlock => io::Error::new(io::ErrorKind::WouldBlock, "another download writes it"),
                fs::TryLockError::Error(error) => error,
            })?;
            if file.metadata()?.len() > plan.size_bytes() {
                file.set_len(0)?;
            }
            let (mut length, mut hasher) = (0, TreeHasher::new(plan.part_size()));
            let mut buffer = vec![0; CHUNK_BYTES];
            loop {
                let read = file.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                hasher.update(&buffer[..read]);
                length += read as u64;
                observer.on(Event::Hashed { bytes: read as u64 });
            }
            file.seek(SeekFrom::Start(length))?;
            Ok(Partial { file, length, hasher })
        };
        open().map_err(|error| cannot_write(&path, error))
    })
    .await
}

/// The finished file is on the disk before it has its name.
async fn take_place(file: File, from: PathBuf, to: PathBuf) -> Result<(), Error> {
    blocking(move || {
        let place = || -> io::Result<()> {
            file.sync_all()?;
            drop(file);
            fs::rename(&from, &to)
        };
        place().map_err(|error| cannot_write(&to, error))
    })
    .await
}

fn cannot_write(path: &Path, error: io::Error) -> Error {
    Error::file(format!("cannot write {}", path.display()), error)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Protocol(error.to_string()))?
}
