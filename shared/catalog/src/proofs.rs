//! Proof of possession: a nonce is used once, and wrong answers are counted before any byte is read.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use straightway_core::Error;
use straightway_core::ports::ProofAttempt;
use straightway_core::proof::{MAX_WRONG_PER_FILE, MAX_WRONG_PER_OWNER};

use crate::database::{Database, random_token};
use crate::item::{Item, NewItem, Reader, id_key, text};
use crate::limits::{KEPT, count, uncount};
use crate::schema::LIMITS;
use crate::transact::{Transacted, Transaction};
use crate::write::Write;

/// How long the counters of a day are kept after it began: an answer of its last minutes still counts for it.
const KEPT_AFTER_DAY: SignedDuration = SignedDuration::from_hours(48);

fn owner_counter(attempt: &ProofAttempt) -> Item {
    id_key(format!("wrong#{}#{}#{}", attempt.owner_id, attempt.file_key, attempt.day))
}

fn file_counter(attempt: &ProofAttempt) -> Item {
    id_key(format!("wrong#{}#{}", attempt.file_key, attempt.day))
}

#[derive(Clone, Copy, PartialEq)]
enum Why {
    Nonce,
    Counter,
}

/// Consumes the nonce and counts the attempt as wrong.
pub(crate) async fn begin(db: &Database, attempt: &ProofAttempt) -> Result<bool, Error> {
    let claim_id = random_token()?;
    let nonce = NewItem::new(id_key(format!("nonce#{}", attempt.nonce)))
        .with("claim_id", text(&claim_id))
        .expiring(attempt.expires_at + KEPT)
        .build();
    let until = kept_until(attempt)?;
    let mut transaction = Transaction::new("beginning a proof");
    transaction.add(Why::Nonce, Write::put_new(&LIMITS, nonce));
    transaction.add(Why::Counter, count(owner_counter(attempt), 1, MAX_WRONG_PER_OWNER - 1, until));
    transaction.add(Why::Counter, count(file_counter(attempt), 1, MAX_WRONG_PER_FILE - 1, until));
    let Transacted::Refused(refusals) = db.transact(transaction).await? else { return Ok(true) };
    let Some(nonce) = refusals.item(Why::Nonce) else { return Ok(false) };
    // Consumed by this very call, whose answer was lost; by another one otherwise.
    Ok(Reader::new("nonce", nonce).text("claim_id")? == claim_id)
}

/// Takes a right attempt back from both counters.
pub(crate) fn take_back(attempt: &ProofAttempt) -> [Write; 2] {
    [uncount(owner_counter(attempt), 1), uncount(file_counter(attempt), 1)]
}

fn kept_until(attempt: &ProofAttempt) -> Result<Timestamp, Error> {
    let day = attempt.day.to_zoned(TimeZone::UTC);
    let day =
        day.map_err(|error| Error::Internal { context: "the day of a proof".into(), source: Some(error.into()) })?;
    Ok(day.timestamp() + KEPT_AFTER_DAY)
}
