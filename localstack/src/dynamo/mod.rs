//! The embedded DynamoDB: `dynoxide` on one SQLite file, spoken to in DynamoDB's own JSON.
//!
//! [`EmbeddedDynamo::call`] answers one request. Two callers use it: [`client`] hands the real
//! `aws_sdk_dynamodb::Client` an HTTP client that never leaves the process, and [`router`] is the
//! SigV4-checked front that listens only when someone asks for `--expose-dynamodb`.
//! [`faults`] makes the in-process client fail on purpose.

mod answer;
mod connector;
mod dispatch;
mod engine;
pub mod faults;
mod front;
mod operation;
mod sigv4;
mod tokens;
mod wal;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use rusqlite::ErrorCode;
use tokio::time::MissedTickBehavior;

pub use answer::Answer;
pub use connector::{client, config, http_client};
pub use front::router;
pub use sigv4::Keys;

use engine::Engine;
use operation::Operation;
use wal::Wal;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// One database, shared by its clones; the last one to go closes the file.
#[derive(Clone, Debug)]
pub struct EmbeddedDynamo {
    engine: Engine,
}

/// Why the database file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file, or the folder it lies in, cannot be created or written.
    #[error("the database file {} cannot be written", path.display())]
    NotWritable {
        /// The database file.
        path: PathBuf,
        /// What the system said.
        source: Source,
    },
    /// Another process has the file open and holds its lock.
    #[error("the database file {} is in use by another process", path.display())]
    InUse {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: Source,
    },
    /// There is a file, but not one this release can work with.
    #[error("{} is damaged, is no database, or comes from a newer release", path.display())]
    Unusable {
        /// The database file.
        path: PathBuf,
        /// What exactly is wrong with it.
        source: Source,
    },
    /// The thread that owns the database could not be started.
    #[error("the database could not be started")]
    NotStarted(#[source] Source),
}

impl EmbeddedDynamo {
    /// Opens the database file, or creates it readable by its owner only. Blocks for the time of
    /// a few disk writes, or of SQLite's recovery after a crash.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        // Absolute, so that SQLite never takes a name such as `file:x` for a URI.
        let path = std::path::absolute(path).map_err(|error| not_writable(path, error))?;
        prepare_file(&path)?;
        let name = path.to_str().ok_or_else(|| not_writable(&path, "the path is not UTF-8"))?;
        let database = Database::new(name).map_err(|error| classify(&path, error))?;
        let wal = Wal::attach(&database, &path).map_err(|error| not_writable(&path, error))?;
        Self::start(database, move || wal.sync())
    }

    /// A database that lives in memory and is gone with its last clone; for tests.
    pub fn memory() -> Result<Self, OpenError> {
        let database = Database::memory().map_err(|error| OpenError::NotStarted(error.into()))?;
        Self::start(database, || Ok(()))
    }

    fn start(
        database: Database,
        sync: impl FnMut() -> std::io::Result<()> + Send + 'static,
    ) -> Result<Self, OpenError> {
        let engine = Engine::start(database, sync).map_err(|error| OpenError::NotStarted(error.into()))?;
        Ok(Self { engine })
    }

    /// Answers one request: the value of its `X-Amz-Target` header, and its JSON body.
    ///
    /// An answer that reports a write, or that read one, is given only when the write is on disk.
    /// Dropping the future does not undo the call.
    pub async fn call(&self, target: Option<&str>, body: Bytes) -> Answer {
        match target.and_then(Operation::from_target) {
            Some(operation) => self.engine.call(operation, body).await,
            None => Answer::refusal(http::StatusCode::BAD_REQUEST, "UnknownOperationException", ""),
        }
    }

    /// Deletes the items whose time to live is over and returns how many there were; `None` if
    /// the database is closed or the sweep failed (which is logged).
    pub async fn sweep_expired(&self) -> Option<usize> {
        self.engine.sweep().await
    }

    /// Sweeps expired items now and after every `period`, until the database closes. DynamoDB
    /// does this by itself; `dynoxide` has to be told.
    pub fn sweep_every(&self, period: Duration) -> tokio::task::JoinHandle<()> {
        // Weak, so that the timer alone does not keep the database open.
        let engine = self.engine.downgrade();
        tokio::spawn(async move {
            let mut timer = tokio::time::interval(period);
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                timer.tick().await;
                let Some(engine) = engine.upgrade() else { return };
                if engine.is_closed() {
                    return;
                }
                engine.sweep().await;
            }
        })
    }

    /// Finishes what was asked before, closes the file and returns. Later calls, from any clone,
    /// are answered with an internal server error.
    pub async fn close(&self) {
        self.engine.close().await;
    }
}

/// Creates the file for its owner only, and finds out in plain words whether it can be written and is a database at all.
fn prepare_file(path: &Path) -> Result<(), OpenError> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let file = crate::private_file::prepare(path).map_err(|error| not_writable(path, error))?;
    let mut start = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut start).map_err(|error| not_writable(path, error))?;
    if start.is_empty() || start == MAGIC {
        return Ok(());
    }
    Err(OpenError::Unusable { path: path.into(), source: "it is not an SQLite file".into() })
}

fn not_writable(path: &Path, source: impl Into<Source>) -> OpenError {
    OpenError::NotWritable { path: path.into(), source: source.into() }
}

fn classify(path: &Path, error: DynoxideError) -> OpenError {
    let code = match &error {
        DynoxideError::SqliteError(sqlite) => sqlite.sqlite_error_code(),
        _ => None,
    };
    let (path, source) = (path.into(), error.into());
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::InUse { path, source },
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure,
        ) => OpenError::NotWritable { path, source },
        _ => OpenError::Unusable { path, source },
    }
}
