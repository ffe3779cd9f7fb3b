//! Durable queues in the metadata file, with the semantics of SQS: at least once, leased while a worker has them,
//! set aside as dead after too many attempts. One process owns the file, so a restart ends every lease at once.

mod worker;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};
use straightway_core::{Clock, Error, Message, Queue};
use tokio::sync::Notify;

use crate::bucket::BucketError;
use crate::bucket::metadata::{Effects, Metadata};

pub use worker::{Workload, run};

/// As SQS redrives: a message received this often and never deleted is dead.
const MAX_ATTEMPTS: u32 = 5;
/// Longer than any slice of work takes; a worker that died gives its messages back at the restart anyway.
const LEASE: Duration = Duration::from_mins(12);

/// A named queue. Clones are the same queue.
#[derive(Clone)]
pub struct DurableQueue {
    metadata: Arc<Metadata>,
    clock: Arc<dyn Clock>,
    name: String,
    max_attempts: u32,
    lease: Duration,
    delay: Duration,
    waker: Arc<Notify>,
}

/// A message that is leased to whoever received it.
#[derive(Clone, Debug)]
pub struct Leased {
    /// What was sent.
    pub message: Message,
    /// What deletes or releases it, as long as nobody else has received it since.
    pub receipt: Receipt,
}

/// The right to delete or release a message, from one receive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt(String);

/// How many messages a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that a receive would give.
    pub ready: u64,
    /// Those sent or released with a delay that has not passed.
    pub delayed: u64,
    /// Those that a worker has.
    pub leased: u64,
    /// Those set aside.
    pub dead: u64,
}

impl DurableQueue {
    pub(crate) fn new(metadata: Arc<Metadata>, clock: Arc<dyn Clock>, name: &str) -> Self {
        Self {
            waker: metadata.waker(name),
            metadata,
            clock,
            name: name.to_owned(),
            max_attempts: MAX_ATTEMPTS,
            lease: LEASE,
            delay: Duration::ZERO,
        }
    }

    /// The same queue, whose messages can be received once this has passed since they were sent.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The same queue, whose messages are dead after so many attempts.
    #[must_use]
    pub fn with_max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    /// The same queue, whose messages come back after so long without an answer.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends a message that can be received once `delay` has passed.
    pub async fn send_after(&self, body: String, delay: Duration) -> Result<(), BucketError> {
        let name = self.name.clone();
        let now = self.clock.now();
        self.metadata.write(move |connection, effects| send_in(connection, effects, &name, &body, (now, delay))).await
    }

    /// Leases up to `limit` messages, oldest first. Those with too many attempts behind them are set aside instead.
    pub async fn receive(&self, limit: usize) -> Result<Vec<Leased>, BucketError> {
        let name = self.name.clone();
        let (max_attempts, now, lease) = (self.max_attempts, self.clock.now(), self.lease);
        if !self.has_due(limit).await? {
            return Ok(Vec::new());
        }
        self.metadata
            .write(move |connection, _| {
                bury(connection, &name, now, max_attempts)?;
                let leased = (0..limit).map_while(|_| lease_next(connection, &name, now, lease).transpose());
                leased.collect()
            })
            .await
    }

    /// Ends a leased message: its work is done. `false` when the lease was lost to another receive.
    pub async fn delete(&self, receipt: &Receipt) -> Result<bool, BucketError> {
        let receipt = receipt.clone();
        self.metadata
            .write(move |connection, _| {
                let deleted =
                    connection.prepare_cached("DELETE FROM messages WHERE receipt = ?1")?.execute([receipt.0])?;
                Ok(deleted == 1)
            })
            .await
    }

    /// Gives a leased message back, to be received again once `delay` has passed. `false` when the lease was lost.
    pub async fn release(&self, receipt: &Receipt, delay: Duration) -> Result<bool, BucketError> {
        let (receipt, name) = (receipt.clone(), self.name.clone());
        let visible_at = after(self.clock.now(), delay);
        self.metadata
            .write(move |connection, effects| {
                let released = connection
                    .prepare_cached("UPDATE messages SET receipt = NULL, visible_at = ?2 WHERE receipt = ?1")?
                    .execute((receipt.0, visible_at))?;
                effects.sent_to(&name);
                Ok(released == 1)
            })
            .await
    }

    /// How many messages it holds.
    pub async fn counts(&self) -> Result<Counts, BucketError> {
        let (name, now) = (self.name.clone(), self.now());
        self.metadata
            .read(move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT count(*) FILTER (WHERE NOT dead AND visible_at <= ?2),
                            count(*) FILTER (WHERE NOT dead AND visible_at > ?2 AND receipt IS NULL),
                            count(*) FILTER (WHERE NOT dead AND visible_at > ?2 AND receipt IS NOT NULL),
                            count(*) FILTER (WHERE dead)
                     FROM messages WHERE queue = ?1",
                )?;
                Ok(statement.query_row((name, now), |row| {
                    Ok(Counts { ready: row.get(0)?, delayed: row.get(1)?, leased: row.get(2)?, dead: row.get(3)? })
                })?)
            })
            .await
    }

    /// The messages set aside, oldest first.
    pub async fn dead_letters(&self, limit: usize) -> Result<Vec<Message>, BucketError> {
        let name = self.name.clone();
        self.metadata
            .read(move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT sequence, body, attempt FROM messages WHERE queue = ?1 AND dead
                     ORDER BY sequence LIMIT ?2",
                )?;
                let messages = statement.query_map((name, limit), message)?;
                Ok(messages.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Gives the dead letters another life, their attempts forgotten. How many there were.
    pub async fn redrive(&self) -> Result<u64, BucketError> {
        let (name, now) = (self.name.clone(), self.now());
        self.metadata
            .write(move |connection, effects| {
                let revived = connection.execute(
                    "UPDATE messages SET dead = 0, attempt = 0, receipt = NULL, visible_at = ?2
                     WHERE queue = ?1 AND dead",
                    (&name, now),
                )?;
                effects.sent_to(&name);
                Ok(revived as u64)
            })
            .await
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// A look that costs no commit: most receives of an idle worker find nothing.
    async fn has_due(&self, limit: usize) -> Result<bool, BucketError> {
        Ok(limit > 0 && self.next_due().await?.is_some_and(|due| due <= self.now()))
    }

    /// When the next message can be received, in milliseconds since 1970.
    async fn next_due(&self) -> Result<Option<i64>, BucketError> {
        let name = self.name.clone();
        self.metadata
            .read(move |connection| {
                Ok(connection
                    .prepare_cached("SELECT min(visible_at) FROM messages WHERE queue = ?1 AND dead = 0")?
                    .query_row([name], |row| row.get(0))?)
            })
            .await
    }
}

#[async_trait]
impl Queue for DurableQueue {
    async fn send(&self, body: String) -> Result<(), Error> {
        self.send_after(body, self.delay)
            .await
            .map_err(|error| Error::unavailable("the local queue cannot be written", error))
    }
}

impl std::fmt::Debug for DurableQueue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DurableQueue").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Sends a message inside the caller's transaction.
pub(crate) fn send_in(
    connection: &Connection,
    effects: &mut Effects,
    queue: &str,
    body: &str,
    (now, delay): (Timestamp, Duration),
) -> Result<(), BucketError> {
    connection
        .prepare_cached("INSERT INTO messages (queue, body, sent_at, visible_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute((queue, body, now.as_millisecond(), after(now, delay)))?;
    effects.sent_to(queue);
    Ok(())
}

/// At the start nobody works on anything: what was leased can be received at once.
pub(crate) fn end_all_leases(connection: &Connection, now: Timestamp) -> Result<(), BucketError> {
    connection.execute(
        "UPDATE messages SET receipt = NULL, visible_at = ?1 WHERE receipt IS NOT NULL",
        [now.as_millisecond()],
    )?;
    Ok(())
}

fn bury(connection: &Connection, queue: &str, now: Timestamp, max_attempts: u32) -> Result<(), BucketError> {
    let buried = connection
        .prepare_cached(
            "UPDATE messages SET dead = 1, receipt = NULL
             WHERE queue = ?1 AND dead = 0 AND visible_at <= ?2 AND attempt >= ?3",
        )?
        .execute((queue, now.as_millisecond(), max_attempts))?;
    if buried > 0 {
        tracing::error!(queue.name = queue, messages = buried, "messages were set aside after too many attempts");
    }
    Ok(())
}

fn lease_next(
    connection: &Connection,
    queue: &str,
    now: Timestamp,
    lease: Duration,
) -> Result<Option<Leased>, BucketError> {
    let receipt = random_receipt()?;
    let message = connection
        .prepare_cached(
            "UPDATE messages SET attempt = attempt + 1, receipt = ?3, visible_at = ?4
             WHERE sequence = (SELECT sequence FROM messages WHERE queue = ?1 AND dead = 0 AND visible_at <= ?2
                               ORDER BY visible_at, sequence LIMIT 1)
             RETURNING sequence, body, attempt",
        )?
        .query_row((queue, now.as_millisecond(), &receipt, after(now, lease)), message)
        .optional()?;
    Ok(message.map(|message| Leased { message, receipt: Receipt(receipt) }))
}

fn message(row: &rusqlite::Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message { id: row.get::<_, i64>(0)?.to_string(), body: row.get(1)?, attempt: row.get(2)? })
}

fn random_receipt() -> Result<String, BucketError> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(HEXLOWER.encode(&random))
}

/// In milliseconds since 1970.
fn after(now: Timestamp, delay: Duration) -> i64 {
    now.checked_add(delay).unwrap_or(Timestamp::MAX).as_millisecond()
}
