//! Requests with an idempotency key: claimed, then answered or given up.

use jiff::{SignedDuration, Timestamp};
use straightway_core::ports::RequestBegun;
use straightway_core::{Error, OwnerId};

use crate::database::{Database, Written, random_token};
use crate::item::{Item, NewItem, Reader, bytes, id_key, text, time, ttl};
use crate::schema::{REQUESTS, TTL};
use crate::write::Write;

/// How long an answer is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// After this long a claim without an answer belongs to a function that died.
const ABANDONED: SignedDuration = SignedDuration::from_mins(1);
/// How often a claim is tried on a key that others keep claiming.
const ATTEMPTS: u32 = 16;

fn key(owner: &OwnerId, key: &str) -> Item {
    id_key(format!("{owner}#{key}"))
}

/// Claims a key.
pub(crate) async fn begin(
    db: &Database,
    owner: &OwnerId,
    request: &str,
    fingerprint: [u8; 32],
    now: Timestamp,
) -> Result<RequestBegun, Error> {
    let claim_id = random_token()?;
    let claim = NewItem::new(key(owner, request))
        .with("claim_id", text(&claim_id))
        .with("fingerprint", bytes(fingerprint))
        .with("claimed_at", time(now))
        .with("expires_at", time(now + KEPT))
        .expiring(now + KEPT)
        .build();
    let mut write = Write::put_new(&REQUESTS, claim.clone());
    for _ in 0..ATTEMPTS {
        let item = match db.write(write).await? {
            Written::Done(_) => return Ok(RequestBegun::Fresh),
            Written::Refused(Some(item)) => item,
            Written::Refused(None) => {
                // Forgotten or expired since it was read.
                write = Write::put_new(&REQUESTS, claim.clone());
                continue;
            }
        };
        let read = Reader::new("request", &item);
        if read.text("claim_id")? == claim_id {
            // The answer to an earlier attempt of this call was lost.
            return Ok(RequestBegun::Fresh);
        }
        let (claimed_at, answer) = (read.time("claimed_at")?, read.text_opt("answer")?);
        if read.time("expires_at")? > now {
            if read.bytes("fingerprint")? != fingerprint {
                return Ok(RequestBegun::Mismatch);
            }
            if let Some(answer) = answer {
                return Ok(RequestBegun::Done(answer.to_owned()));
            }
            if claimed_at + ABANDONED > now {
                return Ok(RequestBegun::Running);
            }
        }
        write = take_over(claim.clone(), claimed_at, answer.is_some());
    }
    Err(Error::unavailable("claiming an idempotency key", "it kept changing"))
}

/// Claims a key whose present claim, as read, no longer counts.
fn take_over(claim: Item, claimed_at: Timestamp, answered: bool) -> Write {
    let answer = if answered { "attribute_exists(#answer)" } else { "attribute_not_exists(#answer)" };
    Write::put(&REQUESTS, claim).only_if("#claimed_at = :seen").only_if(answer).value(":seen", time(claimed_at))
}

/// Records the answer of a claim that has none. The first one stays.
pub(crate) async fn finish(
    db: &Database,
    owner: &OwnerId,
    request: &str,
    answer: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let write = Write::update(
        &REQUESTS,
        key(owner, request),
        format!("SET #answer = :answer, #expires_at = :expires_at, #{TTL} = :ttl"),
    )
    .only_if_there()
    .only_if("attribute_not_exists(#answer)")
    .value(":answer", text(answer))
    .value(":expires_at", time(now + KEPT))
    .value(":ttl", ttl(now + KEPT));
    db.write(write).await?;
    Ok(())
}

/// Deletes a claim that has no answer.
pub(crate) async fn forget(db: &Database, owner: &OwnerId, request: &str) -> Result<(), Error> {
    db.write(Write::delete(&REQUESTS, key(owner, request)).only_if("attribute_not_exists(#answer)")).await?;
    Ok(())
}
