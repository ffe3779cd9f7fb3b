//! What an owner may do how often: what costs money in the store or the catalog.

use jiff::{SignedDuration, Timestamp};
use straightway_core::{Error, OwnerId};

use crate::Ports;

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 3600;

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counted {
    /// A create.
    Create,
    /// A call that signs parts.
    Sign,
    /// A call that asks the store.
    StoreCall,
    /// Bytes that the finalizer will read back.
    ReadBack(u64),
}

impl Ports {
    /// Counts it, or says when it can work again.
    ///
    /// # Errors
    /// `TooMany`.
    pub(crate) async fn count(&self, owner: &OwnerId, what: Counted) -> Result<(), Error> {
        let limits = &self.settings.limits;
        let (name, amount, max, window) = match what {
            Counted::Create => ("creates", 1, limits.creates, MINUTE),
            Counted::Sign => ("signs", 1, limits.signs, MINUTE),
            Counted::StoreCall => ("store-calls", 1, limits.store_calls, MINUTE),
            Counted::ReadBack(bytes) => ("read-back", bytes, limits.read_back_bytes, DAY),
        };
        let now = self.lifecycle.clock.now();
        let window_number = now.as_second().div_euclid(window);
        let ends_at = Timestamp::from_second((window_number + 1) * window).unwrap_or(Timestamp::MAX);
        let key = format!("{owner}#{name}#{window_number}");
        if self.limits.take(&key, amount, max, ends_at).await? {
            return Ok(());
        }
        let wait: SignedDuration = ends_at.duration_since(now);
        Err(Error::TooMany { retry_after: wait.unsigned_abs() })
    }
}
