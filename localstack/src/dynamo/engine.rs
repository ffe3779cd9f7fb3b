//! The one thread that owns the database, and its group commit.
//!
//! Calls queue up. The thread carries out all that wait, forces the log to disk once, and only
//! then gives the answers: a promise is never made before it can be kept, and an answer never
//! tells of a write that a power cut could still undo. One client alone pays one sync a write,
//! as before; sixty-four at once share it.

use std::io;
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use dynoxide::Database;
use tokio::sync::{mpsc, oneshot};

use super::answer::Answer;
use super::dispatch::Dispatcher;
use super::operation::Operation;

/// Calls that share one sync: enough for every worker of a busy upload, few enough that the
/// first of them does not wait long for the last.
const BATCH: usize = 64;
/// Calls that wait before further ones wait for room.
const QUEUE: usize = 1024;

/// A handle to the thread; it ends when the last handle is gone.
#[derive(Clone, Debug)]
pub(super) struct Engine {
    jobs: mpsc::Sender<Job>,
}

/// A handle that does not keep the thread alive.
pub(super) struct WeakEngine {
    jobs: mpsc::WeakSender<Job>,
}

#[derive(Debug)]
enum Job {
    Call { operation: Operation, body: Bytes, reply: oneshot::Sender<Answer> },
    Sweep { reply: oneshot::Sender<Option<usize>> },
    Close { done: oneshot::Sender<()> },
}

impl Engine {
    /// Starts the thread. `sync` forces everything committed so far to disk.
    pub(super) fn start(database: Database, sync: impl FnMut() -> io::Result<()> + Send + 'static) -> io::Result<Self> {
        let (sender, jobs) = mpsc::channel(QUEUE);
        thread::Builder::new().name("dynamo".into()).spawn(move || Worker::new(database, sync, jobs).run())?;
        Ok(Self { jobs: sender })
    }

    /// Queues the call and waits for its answer.
    pub(super) async fn call(&self, operation: Operation, body: Bytes) -> Answer {
        self.ask(|reply| Job::Call { operation, body, reply }).await.unwrap_or_else(Answer::unavailable)
    }

    /// Deletes expired items, beside the calls.
    pub(super) async fn sweep(&self) -> Option<usize> {
        self.ask(|reply| Job::Sweep { reply }).await.flatten()
    }

    /// Returns when the queue is worked off and the database closed.
    pub(super) async fn close(&self) {
        self.ask(|done| Job::Close { done }).await;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.jobs.is_closed()
    }

    pub(super) fn downgrade(&self) -> WeakEngine {
        WeakEngine { jobs: self.jobs.downgrade() }
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(job(reply)).await.ok()?;
        answer.await.ok()
    }
}

impl WeakEngine {
    pub(super) fn upgrade(&self) -> Option<Engine> {
        self.jobs.upgrade().map(|jobs| Engine { jobs })
    }
}

struct Worker<Flush> {
    dispatcher: Dispatcher,
    sync: Flush,
    jobs: mpsc::Receiver<Job>,
    sweeps: Vec<JoinHandle<()>>,
}

impl<Flush: FnMut() -> io::Result<()>> Worker<Flush> {
    fn new(database: Database, sync: Flush, jobs: mpsc::Receiver<Job>) -> Self {
        let dispatcher = Dispatcher::new(database);
        Self { dispatcher, sync, jobs, sweeps: Vec::new() }
    }

    fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut closing = Vec::new();
        while self.jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
            if let Err(error) = self.work_off(&mut batch, &mut closing) {
                // After a failed sync the kernel may have dropped what it could not write, so
                // trying again would lie. The queue's callers get an error, and so do all later.
                tracing::error!(error.message = %error, "the database cannot be written to disk");
                break;
            }
        }
        for sweep in self.sweeps.drain(..) {
            // A sweep that panicked has said so; nothing hangs on it.
            let _ = sweep.join();
        }
        drop(self.dispatcher);
        for done in closing {
            let _: Result<(), ()> = done.send(());
        }
    }

    /// A reply nobody waits for any more is no fault: the call was still carried out.
    fn work_off(&mut self, batch: &mut Vec<Job>, closing: &mut Vec<oneshot::Sender<()>>) -> io::Result<()> {
        let mut held = Vec::new();
        for job in batch.drain(..) {
            match job {
                Job::Call { operation, body, reply } => {
                    let answer = self.dispatcher.run(operation, &body);
                    let promises = operation.writes() && answer.status().is_success();
                    if promises || !held.is_empty() {
                        held.push((reply, answer));
                    } else {
                        let _ = reply.send(answer);
                    }
                }
                Job::Sweep { reply } => self.start_sweep(reply),
                Job::Close { done } => {
                    self.jobs.close();
                    closing.push(done);
                }
            }
        }
        if !held.is_empty() {
            (self.sync)()?;
        }
        for (reply, answer) in held {
            let _ = reply.send(answer);
        }
        Ok(())
    }

    /// A sweep of a large table takes long but steps aside between its pages, so it runs beside
    /// the calls. It needs no sync: an item that expired twice is no harm.
    fn start_sweep(&mut self, reply: oneshot::Sender<Option<usize>>) {
        self.sweeps.retain(|sweep| !sweep.is_finished());
        let database = self.dispatcher.database().clone();
        let sweep = thread::Builder::new().name("dynamo-ttl".into()).spawn(move || {
            let deleted =
                database.sweep_ttl().inspect_err(|error| tracing::error!(error.message = %error, "sweep failed")).ok();
            drop(database);
            let _ = reply.send(deleted);
        });
        match sweep {
            Ok(sweep) => self.sweeps.push(sweep),
            Err(error) => tracing::error!(error.message = %error, "no thread for the sweep"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, mpsc as blocking};

    use serde_json::json;

    use super::*;

    fn database() -> Database {
        let database = Database::memory().unwrap();
        let table = json!({
            "TableName": "things",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        });
        let created = Dispatcher::new(database.clone()).run(Operation::CreateTable, table.to_string().as_bytes());
        assert!(created.status().is_success(), "{created:?}");
        database
    }

    async fn put(engine: Engine, id: u32) -> Answer {
        let body = json!({ "TableName": "things", "Item": { "id": { "S": id.to_string() } } });
        engine.call(Operation::PutItem, body.to_string().into()).await
    }

    async fn get(engine: Engine, id: u32) -> Answer {
        let body = json!({ "TableName": "things", "Key": { "id": { "S": id.to_string() } } });
        engine.call(Operation::GetItem, body.to_string().into()).await
    }

    /// A sync that says when it was called and returns when it is let.
    fn gated() -> (impl FnMut() -> io::Result<()>, mpsc::UnboundedReceiver<()>, blocking::Sender<()>) {
        let (called, calls) = mpsc::unbounded_channel();
        let (let_go, gate) = blocking::channel();
        let sync = move || {
            called.send(()).map_err(io::Error::other)?;
            gate.recv().map_err(io::Error::other)
        };
        (sync, calls, let_go)
    }

    #[tokio::test]
    async fn a_write_is_acknowledged_only_after_the_sync() {
        let (sync, mut calls, let_go) = gated();
        let engine = Engine::start(database(), sync).unwrap();

        let mut write = tokio::spawn(put(engine, 1));
        calls.recv().await.unwrap();

        // The write is committed and its sync runs, yet nobody may know.
        assert!(futures::poll!(&mut write).is_pending());
        let_go.send(()).unwrap();
        assert!(write.await.unwrap().status().is_success());
    }

    #[tokio::test]
    async fn reads_alone_wait_for_no_sync() {
        let (sync, _calls, _let_go) = gated();
        let engine = Engine::start(database(), sync).unwrap();

        assert!(get(engine, 1).await.status().is_success());
    }

    #[tokio::test]
    async fn calls_that_wait_together_share_one_sync() {
        let (sync, mut calls, let_go) = gated();
        let engine = Engine::start(database(), sync).unwrap();
        let first = tokio::spawn(put(engine.clone(), 0));
        calls.recv().await.unwrap();

        // While the first sync runs, twenty more queue up, and a read after them.
        let writes: Vec<_> = (1..=20).map(|id| tokio::spawn(put(engine.clone(), id))).collect();
        let read = tokio::spawn(get(engine.clone(), 20));
        while engine.jobs.capacity() > QUEUE - 21 {
            tokio::task::yield_now().await;
        }
        let_go.send(()).unwrap();
        calls.recv().await.unwrap();
        tokio::task::yield_now().await;
        assert!(!read.is_finished(), "it tells of a write that is not on disk yet");
        let_go.send(()).unwrap();

        assert!(first.await.unwrap().status().is_success());
        for write in writes {
            assert!(write.await.unwrap().status().is_success());
        }
        let read = read.await.unwrap();
        assert!(String::from_utf8_lossy(read.body()).contains("20"), "{read:?}");
        assert!(calls.try_recv().is_err(), "two syncs in all");
    }

    #[tokio::test]
    async fn after_a_failed_sync_nothing_is_promised_any_more() {
        let syncs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&syncs);
        let failing = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Err(io::Error::other("the disk is gone"))
        };
        let engine = Engine::start(database(), failing).unwrap();

        assert!(put(engine.clone(), 1).await.status().is_server_error());
        assert!(put(engine.clone(), 2).await.status().is_server_error());
        assert!(get(engine, 1).await.status().is_server_error());
        assert_eq!(syncs.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_refused_write_costs_no_sync() {
        let engine = Engine::start(database(), || Err(io::Error::other("not to be called"))).unwrap();
        let body = json!({ "TableName": "nothing", "Item": { "id": { "S": "1" } } });

        let answer = engine.call(Operation::PutItem, body.to_string().into()).await;

        assert_eq!(answer.status(), http::StatusCode::BAD_REQUEST);
    }
}
