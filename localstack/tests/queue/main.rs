//! The durable queue: leases, attempts, dead letters, and the worker on top.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod leases;
mod workers;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use straightway_core::Clock;
use straightway_local::bucket::Bucket;
use straightway_local::queue::DurableQueue;
use tempfile::TempDir;

/// A clock that stands still until it is moved.
struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Timestamp::UNIX_EPOCH)))
    }

    fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "workers sleep by the real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// An engine with one queue in it.
struct TestQueue {
    engine: Bucket,
    queue: DurableQueue,
    folder: TempDir,
}

impl TestQueue {
    fn open(clock: Arc<dyn Clock>) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), clock)
    }

    fn open_in(folder: TempDir, clock: Arc<dyn Clock>) -> Self {
        let engine = Bucket::open(folder.path(), "us-east-1", clock).unwrap();
        Self { queue: engine.queue("work"), engine, folder }
    }

    fn reopen(self, clock: Arc<dyn Clock>) -> Self {
        drop(self.engine);
        Self::open_in(self.folder, clock)
    }
}
