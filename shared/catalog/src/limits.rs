//! Counters that say "too often".

use jiff::{SignedDuration, Timestamp};
use straightway_core::Error;

use crate::database::{Database, Written};
use crate::item::{Item, id_key, number, ttl};
use crate::schema::{LIMITS, TTL};
use crate::transact::Transaction;
use crate::write::Write;

/// How long a counter is kept after its window: clocks differ.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(1);

fn key(key: &str) -> Item {
    id_key(format!("count#{key}"))
}

/// Counts `amount` if the total stays within `max`. A lost answer may count twice: too strict, never too lax.
pub(crate) async fn take(db: &Database, what: &str, amount: u64, max: u64, ends_at: Timestamp) -> Result<bool, Error> {
    let Some(room) = max.checked_sub(amount) else { return Ok(false) };
    Ok(matches!(db.write(count(key(what), amount, room, ends_at + KEPT)).await?, Written::Done(_)))
}

/// Takes `amount` back from a counter that is still there. A transaction of one, because that has a token: a lost answer
/// must not take back twice.
pub(crate) async fn give_back(db: &Database, what: &str, amount: u64) -> Result<(), Error> {
    let mut transaction = Transaction::new("giving back to a limit");
    transaction.add((), uncount(key(what), amount));
    db.transact(transaction).await?;
    Ok(())
}

/// Counts `amount` if the counter is at most at `room`.
pub(crate) fn count(key: Item, amount: u64, room: u64, kept_until: Timestamp) -> Write {
    Write::update(&LIMITS, key, format!("SET #{TTL} = :ttl ADD #n :amount"))
        .only_if("attribute_not_exists(#n) OR #n <= :room")
        .value(":ttl", ttl(kept_until))
        .value(":amount", number(amount))
        .value(":room", number(room))
}

/// Takes `amount` back if the counter is there and holds as much.
pub(crate) fn uncount(key: Item, amount: u64) -> Write {
    Write::update(&LIMITS, key, "SET #n = #n - :amount").only_if("#n >= :amount").value(":amount", number(amount))
}
