use async_trait::async_trait;
use jiff::Timestamp;

use crate::{Error, OwnerId};

/// Counters that say "too often".
#[async_trait]
pub trait Limits: Send + Sync {
    /// Counts `amount` towards `key` and says whether the total stays within `max`; when it would not, nothing is
    /// counted. `key` names what is limited and its window; the counter is forgotten some time after `ends_at`.
    async fn take(&self, key: &str, amount: u64, max: u64, ends_at: Timestamp) -> Result<bool, Error>;

    /// Takes back what [`Limits::take`] counted.
    async fn give_back(&self, key: &str, amount: u64) -> Result<(), Error>;
}

/// Requests with an idempotency key: what each one created.
#[async_trait]
pub trait Requests: Send + Sync {
    /// Claims a key. `fingerprint` is a hash of route and body. A claim that was neither finished nor forgotten
    /// for a minute (its function died) can be claimed again.
    async fn begin_request(
        &self,
        owner: &OwnerId,
        key: &str,
        fingerprint: [u8; 32],
        now: Timestamp,
    ) -> Result<RequestBegun, Error>;

    /// Records the answer: whatever the caller needs to render it anew, never a URL or token. Kept 24 h.
    async fn finish_request(&self, owner: &OwnerId, key: &str, answer: &str, now: Timestamp) -> Result<(), Error>;

    /// Gives a claim up: the request failed and created nothing.
    async fn forget_request(&self, owner: &OwnerId, key: &str) -> Result<(), Error>;
}

/// What [`Requests::begin_request`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestBegun {
    /// Nothing: go on, then finish or forget.
    Fresh,
    /// The first one still runs.
    Running,
    /// It was done; this was its answer.
    Done(String),
    /// The key was used for another request.
    Mismatch,
}
