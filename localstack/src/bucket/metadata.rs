//! Access to the metadata: one thread writes, grouping what waits into one commit (one fsync for all); readers have
//! connections of their own and never wait for it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{Notify, Semaphore, oneshot};

use super::error::BucketError;
use super::files::{DataFolder, FileId, Unpublished};
use super::schema;

/// More would only make the first of them wait longer.
const MAX_GROUP: usize = 256;
const MAX_READERS: usize = 8;

/// What becomes true together with a commit, and only with it.
#[derive(Default)]
pub(crate) struct Effects {
    published: Vec<Unpublished>,
    discarded: Vec<(i64, Vec<FileId>)>,
    sent_to: Vec<String>,
}

impl Effects {
    /// A row refers to this file now.
    pub(super) fn publish(&mut self, file: Unpublished) {
        self.published.push(file);
    }

    /// No row refers to these files any more.
    pub(super) fn discard(&mut self, content: i64, files: Vec<FileId>) {
        self.discarded.push((content, files));
    }

    /// A message waits in this queue.
    pub(crate) fn sent_to(&mut self, queue: &str) {
        self.sent_to.push(queue.to_owned());
    }
}

/// The metadata of one data folder.
pub(crate) struct Metadata {
    path: PathBuf,
    folder: Arc<DataFolder>,
    writer: Mutex<Option<Writer>>,
    idle_readers: Mutex<Vec<Connection>>,
    readers: Semaphore,
    wakers: Arc<Wakers>,
}

struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
    thread: JoinHandle<()>,
}

/// Those who wait for messages, by queue.
type Wakers = Mutex<HashMap<String, Arc<Notify>>>;

impl Metadata {
    pub(super) fn start(path: &Path, connection: Connection, folder: Arc<DataFolder>) -> Result<Self, BucketError> {
        let wakers = Arc::<Wakers>::default();
        let (jobs, received) = mpsc::channel();
        let mut group =
            Group { path: path.to_owned(), connection, folder: Arc::clone(&folder), wakers: Arc::clone(&wakers) };
        let thread = std::thread::Builder::new().name("bucket-metadata".into()).spawn(move || group.run(&received))?;
        Ok(Self {
            path: path.to_owned(),
            folder,
            writer: Mutex::new(Some(Writer { jobs, thread })),
            idle_readers: Mutex::default(),
            readers: Semaphore::new(MAX_READERS),
            wakers,
        })
    }

    /// Runs `work` in a transaction of its own; returns once it is durable. Work that fails changes nothing.
    pub(crate) async fn write<R, F>(&self, work: F) -> Result<R, BucketError>
    where
        R: Send + 'static,
        F: FnOnce(&Connection, &mut Effects) -> Result<R, BucketError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Typed { work: Some(work), done: None, answer });
        lock(&self.writer).as_ref().ok_or(BucketError::Closed)?.jobs.send(job).map_err(|_| BucketError::Closed)?;
        answered.await.map_err(|_| BucketError::Closed)?
    }

    /// Runs `work` on a connection that only reads, off the async runtime. Files of what it pins stay.
    pub(crate) async fn read<R, F>(&self, work: F) -> Result<R, BucketError>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> Result<R, BucketError> + Send + 'static,
    {
        let _permit = self.readers.acquire().await.map_err(|_| BucketError::Closed)?;
        let idle = lock(&self.idle_readers).pop();
        let path = self.path.clone();
        let folder = Arc::clone(&self.folder);
        let (connection, result) = tokio::task::spawn_blocking(move || {
            let connection = match idle {
                Some(connection) => connection,
                None => schema::open_reader(&path).map_err(|error| schema::explain(&path, error))?,
            };
            let result = folder.look_up(|| work(&connection)).map_err(|error| name_damage(&path, error));
            Ok::<_, BucketError>((connection, result))
        })
        .await
        .map_err(|_| BucketError::Closed)??;
        lock(&self.idle_readers).push(connection);
        result
    }

    /// Notified whenever a message comes into that queue.
    pub(crate) fn waker(&self, queue: &str) -> Arc<Notify> {
        Arc::clone(lock(&self.wakers).entry(queue.to_owned()).or_default())
    }

    /// Finishes what was asked for and closes the file.
    pub(super) fn close(&self) {
        self.readers.close();
        let writer = lock(&self.writer).take();
        if let Some(Writer { jobs, thread }) = writer {
            drop(jobs);
            if thread.join().is_err() {
                tracing::error!("the thread that writes the metadata panicked");
            }
        }
        lock(&self.idle_readers).clear();
    }
}

trait Job: Send {
    /// Does the work; `false` asks for it to be undone.
    fn run(&mut self, connection: &Connection) -> bool;
    /// What the work brings with it, if it succeeded.
    fn effects(&self) -> Option<&Effects>;
    /// Tells the one who asked.
    fn settle(self: Box<Self>, committed: Result<(), BucketError>, group: &Group);
}

struct Typed<F, R> {
    work: Option<F>,
    done: Option<Result<(R, Effects), BucketError>>,
    answer: oneshot::Sender<Result<R, BucketError>>,
}

impl<F, R> Job for Typed<F, R>
where
    R: Send,
    F: FnOnce(&Connection, &mut Effects) -> Result<R, BucketError> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        let mut effects = Effects::default();
        let done = work(connection, &mut effects).map(|value| (value, effects));
        let succeeded = done.is_ok();
        self.done = Some(done);
        succeeded
    }

    fn effects(&self) -> Option<&Effects> {
        self.done.as_ref()?.as_ref().ok().map(|(_, effects)| effects)
    }

    fn settle(self: Box<Self>, committed: Result<(), BucketError>, group: &Group) {
        let answer = match (self.done, committed) {
            (Some(Ok((value, effects))), Ok(())) => {
                group.apply(effects);
                Ok(value)
            }
            (Some(Ok((_, effects))), Err(error)) => {
                // Nobody can know whether a failed commit reached the disk: leave the files to the next sweep.
                effects.published.into_iter().for_each(Unpublished::keep);
                Err(error)
            }
            (Some(Err(error)), _) => Err(name_damage(&group.path, error)),
            (None, committed) => Err(committed.err().unwrap_or(BucketError::Closed)),
        };
        // The one who asked may have gone away; the work stands.
        let _ = self.answer.send(answer);
    }
}

struct Group {
    path: PathBuf,
    connection: Connection,
    folder: Arc<DataFolder>,
    wakers: Arc<Wakers>,
}

impl Group {
    fn run(&mut self, jobs: &mpsc::Receiver<Box<dyn Job>>) {
        while let Ok(first) = jobs.recv() {
            let mut group = vec![first];
            group.extend(jobs.try_iter().take(MAX_GROUP - 1));
            self.commit(group);
        }
    }

    fn commit(&mut self, mut group: Vec<Box<dyn Job>>) {
        let committed = self.transact(&mut group);
        if let Err(error) = &committed {
            tracing::error!(%error, "the metadata could not be committed");
            if !self.connection.is_autocommit() {
                // Fails only where SQLite has rolled back by itself.
                let _ = self.connection.execute_batch("ROLLBACK");
            }
        }
        for job in group {
            let outcome = committed.as_ref().map_err(copy_of).copied();
            job.settle(outcome.map_err(|error| schema::explain(&self.path, error)), self);
        }
    }

    fn transact(&mut self, group: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        for job in group.iter_mut() {
            self.connection.execute_batch("SAVEPOINT job")?;
            if !job.run(&self.connection) {
                self.connection.execute_batch("ROLLBACK TO job")?;
            }
            self.connection.execute_batch("RELEASE job")?;
        }
        let publishes = |job: &dyn Job| job.effects().is_some_and(|it| !it.published.is_empty());
        if group.iter().any(|job| publishes(job.as_ref())) {
            // Before the commit: a row must never be more durable than the name of the file it refers to.
            self.folder.sync_directory().map_err(|error| {
                rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC),
                    Some(error.to_string()),
                )
            })?;
        }
        self.connection.execute_batch("COMMIT")
    }

    fn apply(&self, effects: Effects) {
        effects.published.into_iter().for_each(Unpublished::keep);
        for (content, files) in effects.discarded {
            self.folder.discard(content, files);
        }
        let wakers = lock(&self.wakers);
        for queue in effects.sent_to {
            if let Some(waker) = wakers.get(&queue) {
                waker.notify_one();
            }
        }
    }
}

/// SQLite's errors cannot be cloned, and every job of a failed group wants one.
fn copy_of(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, message) => rusqlite::Error::SqliteFailure(*code, message.clone()),
        other => rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ERROR),
            Some(other.to_string()),
        ),
    }
}

fn name_damage(path: &Path, error: BucketError) -> BucketError {
    match error {
        BucketError::Metadata(error) => schema::explain(path, error),
        other => other,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
