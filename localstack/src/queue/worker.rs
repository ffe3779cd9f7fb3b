//! The worker: receives, calls the handler, deletes what succeeded and gives back what did not.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use straightway_core::Message;
use tokio::task::JoinSet;

use super::{DurableQueue, Leased};
use crate::bucket::BucketError;

/// Between attempts a message waits this long, doubled with every attempt.
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const MAX_BACKOFF: Duration = Duration::from_mins(1);
/// Between attempts at a queue that cannot be read.
const BROKEN_QUEUE: Duration = Duration::from_secs(1);
/// The clock may be set meanwhile: look again after this long at the latest.
const MAX_SLEEP: Duration = Duration::from_mins(1);

/// How a queue is worked on.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// How many messages at the same time, at least 1.
    pub concurrency: usize,
}

/// Hands every message of `queue` to `handler` until `shutdown`, then waits for those under way.
///
/// A handler that fails (or panics) gets its message again, later and later; after the queue's number of attempts the
/// message is set aside.
pub async fn run<H, F, T, E>(
    queue: DurableQueue,
    handler: H,
    workload: Workload,
    shutdown: impl Future<Output = ()> + Send,
) where
    H: Fn(Message) -> F + Send + Sync + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Display + Send + 'static,
{
    let handler = Arc::new(handler);
    let mut working = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let room = workload.concurrency.max(1) - working.len();
        let wait = match lease(&queue, room).await {
            Ok((leased, wait)) => {
                for message in leased {
                    working.spawn(work(queue.clone(), Arc::clone(&handler), message));
                }
                wait
            }
            Err(error) => {
                tracing::error!(queue.name = queue.name(), %error, "the queue cannot be read");
                BROKEN_QUEUE
            }
        };
        tokio::select! {
            () = &mut shutdown => break,
            _ = working.join_next(), if !working.is_empty() => {}
            () = queue.waker.notified(), if working.len() < workload.concurrency.max(1) => {}
            () = tokio::time::sleep(wait), if working.len() < workload.concurrency.max(1) => {}
        }
    }
    while working.join_next().await.is_some() {}
}

/// What can be worked on now, and how long to wait for more.
async fn lease(queue: &DurableQueue, room: usize) -> Result<(Vec<Leased>, Duration), BucketError> {
    let leased = queue.receive(room).await?;
    let wait = match queue.next_due().await? {
        Some(due) => Duration::from_millis(u64::try_from(due - queue.now()).unwrap_or(0)),
        None => MAX_SLEEP,
    };
    Ok((leased, wait.min(MAX_SLEEP)))
}

async fn work<H, F, T, E>(queue: DurableQueue, handler: Arc<H>, leased: Leased)
where
    H: Fn(Message) -> F + Send + Sync + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Display + Send + 'static,
{
    let Leased { message, receipt } = leased;
    let (id, attempt) = (message.id.clone(), message.attempt);
    // A task of its own: a handler that panics must cost its message one attempt, not the worker.
    let failure = match tokio::spawn(async move { handler(message).await }).await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    let ended = match &failure {
        None => queue.delete(&receipt).await,
        Some(failure) => {
            tracing::warn!(
                queue.name = queue.name(),
                message.id = %id,
                message.attempt = attempt,
                error = %failure,
                "a message failed and will be tried again"
            );
            queue.release(&receipt, backoff(attempt)).await
        }
    };
    match ended {
        Ok(true) => {}
        Ok(false) => {
            tracing::warn!(queue.name = queue.name(), message.id = %id, "a message outlived its lease");
        }
        Err(error) => {
            tracing::error!(queue.name = queue.name(), message.id = %id, %error, "a message could not be ended");
        }
    }
}

fn backoff(attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    (FIRST_BACKOFF * 2_u32.pow(doublings)).min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_limit() {
        assert_eq!(backoff(1), FIRST_BACKOFF);
        assert_eq!(backoff(2), FIRST_BACKOFF * 2);
        assert_eq!(backoff(40), MAX_BACKOFF);
    }
}
