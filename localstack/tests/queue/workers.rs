//! The worker that hands messages to a handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use straightway_core::{Message, Queue as _};
use straightway_local::queue::{DurableQueue, Workload, run};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{TestQueue, WallClock};

/// Far less than the worker sleeps by itself when there is nothing to do.
const SOON: Duration = Duration::from_secs(20);

struct Worker {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Worker {
    fn start<H, F>(queue: &DurableQueue, concurrency: usize, handler: H) -> Self
    where
        H: Fn(Message) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(run(queue.clone(), handler, Workload { concurrency }, shutdown));
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(SOON, self.task).await.unwrap().unwrap();
    }
}

async fn next<T>(receiver: &mut mpsc::UnboundedReceiver<T>) -> T {
    timeout(SOON, receiver.recv()).await.expect("nothing was handled in time").unwrap()
}

#[tokio::test]
async fn a_message_is_handled_as_soon_as_it_is_sent() {
    let test = TestQueue::open(Arc::new(WallClock));
    let (handled, mut seen) = mpsc::unbounded_channel();
    let worker = Worker::start(&test.queue, 2, move |message| {
        handled.send(message.body).unwrap();
        async { Ok(()) }
    });
    for body in ["first", "second", "third"] {
        test.queue.send(body.into()).await.unwrap();
        assert_eq!(next(&mut seen).await, body);
    }
    worker.stop().await;
    assert_eq!(test.queue.counts().await.unwrap(), straightway_local::queue::Counts::default());
}

#[tokio::test]
async fn a_failure_or_a_panic_brings_the_message_back() {
    let test = TestQueue::open(Arc::new(WallClock));
    let (handled, mut seen) = mpsc::unbounded_channel();
    let worker = Worker::start(&test.queue, 1, move |message| {
        handled.send(message.attempt).unwrap();
        async move {
            match message.attempt {
                1 => Err("not yet".to_owned()),
                2 => panic!("a bug in a handler"),
                _ => Ok(()),
            }
        }
    });
    test.queue.send("stubborn".into()).await.unwrap();
    for attempt in 1..=3 {
        assert_eq!(next(&mut seen).await, attempt);
    }
    worker.stop().await;
    assert_eq!(test.queue.counts().await.unwrap(), straightway_local::queue::Counts::default());
}

#[tokio::test]
async fn a_message_that_always_fails_ends_among_the_dead_and_blocks_nobody() {
    let test = TestQueue::open(Arc::new(WallClock));
    let queue = test.queue.clone().with_max_attempts(2);
    let (handled, mut seen) = mpsc::unbounded_channel();
    let worker = Worker::start(&queue, 1, move |message| {
        let fails = message.body == "poison";
        handled.send(message.body).unwrap();
        async move { if fails { Err("never".to_owned()) } else { Ok(()) } }
    });
    for body in ["poison", "good"] {
        queue.send(body.into()).await.unwrap();
    }
    let mut order = Vec::new();
    for _ in 0..3 {
        order.push(next(&mut seen).await);
    }
    assert_eq!(order, ["poison", "good", "poison"]);
    let dead = async {
        while queue.counts().await.unwrap().dead == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, dead).await.unwrap();
    worker.stop().await;
}

#[tokio::test]
async fn no_more_messages_are_handled_at_once_than_asked_for() {
    let test = TestQueue::open(Arc::new(WallClock));
    for number in 0..12 {
        test.queue.send(number.to_string()).await.unwrap();
    }
    let running = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Semaphore::new(0));
    let (handled, mut seen) = mpsc::unbounded_channel();
    let worker = {
        let (running, gate) = (Arc::clone(&running), Arc::clone(&gate));
        Worker::start(&test.queue, 3, move |_| {
            let (running, gate, handled) = (Arc::clone(&running), Arc::clone(&gate), handled.clone());
            async move {
                handled.send(running.fetch_add(1, Ordering::SeqCst) + 1).unwrap();
                gate.acquire().await.unwrap().forget();
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            }
        })
    };
    let mut most = 0;
    for handled in 0..12 {
        if handled >= 3 {
            gate.add_permits(1);
        }
        most = most.max(next(&mut seen).await);
    }
    gate.add_permits(3);
    worker.stop().await;
    assert_eq!(most, 3);
}

#[tokio::test]
async fn a_shutdown_waits_for_the_message_under_way() {
    let test = TestQueue::open(Arc::new(WallClock));
    let gate = Arc::new(Semaphore::new(0));
    let (begun, mut seen) = mpsc::unbounded_channel();
    let worker = {
        let gate = Arc::clone(&gate);
        Worker::start(&test.queue, 1, move |_| {
            let gate = Arc::clone(&gate);
            begun.send(()).unwrap();
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(())
            }
        })
    };
    test.queue.send("slow".into()).await.unwrap();
    next(&mut seen).await;
    worker.stop.send(()).unwrap();
    tokio::task::yield_now().await;
    assert!(!worker.task.is_finished());
    gate.add_permits(1);
    timeout(SOON, worker.task).await.unwrap().unwrap();
    assert_eq!(test.queue.counts().await.unwrap(), straightway_local::queue::Counts::default());
}
