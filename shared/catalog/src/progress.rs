//! What happens to a session while it lives: its multipart id, finished parts, a late hash, verification.

use jiff::{SignedDuration, Timestamp};
use straightway_core::ports::{Begun, RecordedMultipart};
use straightway_core::{ContentHash, Error, MultipartUploadId, PartNumber, SessionId, SessionState, UploadSession};

use crate::database::{Database, Written};
use crate::item::{Item, text, time};
use crate::schema::SESSIONS;
use crate::sessions::{done, from_item, key};
use crate::write::Write;

/// How often finished parts are recorded on a session that others record on: each refusal means that one of them was
/// faster, so this is how many of them there may be.
const ATTEMPTS: u32 = 128;
/// A use of the session alone is worth a write only when it moves the expiry by more than this.
const WORTH_A_WRITE: SignedDuration = SignedDuration::from_hours(24);

/// Records the store's multipart id on an open session that has none.
pub(crate) async fn record_multipart(
    db: &Database,
    id: &SessionId,
    multipart: &MultipartUploadId,
) -> Result<RecordedMultipart, Error> {
    let write = Write::update(&SESSIONS, key(id), "SET #multipart_id = :multipart_id")
        .only_if("#state = :open AND attribute_not_exists(#multipart_id)")
        .value(":multipart_id", text(multipart))
        .value(":open", text(SessionState::Open.as_str()));
    let item = match db.write(write).await? {
        Written::Done(_) => return Ok(RecordedMultipart::Done),
        Written::Refused(item) => item.ok_or(Error::NotFound)?,
    };
    let session = from_item(&item)?;
    Ok(match session.multipart_id {
        Some(recorded) if session.state.is_live() && recorded == *multipart => RecordedMultipart::Done,
        Some(recorded) if session.state == SessionState::Open => RecordedMultipart::Other(recorded),
        _ => RecordedMultipart::NotOpen(session.state),
    })
}

/// Records finished parts and that the session was used.
pub(crate) async fn record_done(
    db: &Database,
    session: &UploadSession,
    finished: &[PartNumber],
    now: Timestamp,
) -> Result<UploadSession, Error> {
    let mut seen = session.clone();
    for _ in 0..ATTEMPTS {
        let Some(write) = record(&seen, finished, now) else { return Ok(seen) };
        match db.write(write).await? {
            Written::Done(item) => return from_item(&item),
            Written::Refused(item) => seen = from_item(&item.ok_or(Error::NotFound)?)?,
        }
    }
    Err(Error::unavailable("recording finished parts", "the session kept changing"))
}

/// The update that records it on the session as seen; `None` when it would change nothing worth a write.
fn record(seen: &UploadSession, finished: &[PartNumber], now: Timestamp) -> Option<Write> {
    if seen.state != SessionState::Open {
        return None;
    }
    let mut after = seen.done.clone();
    // Not `any`: every part must be inserted.
    let new = finished.iter().filter(|part| after.insert(**part)).count();
    let expires_at = UploadSession::expiry(seen.created_at, now).max(seen.expires_at);
    if new == 0 && expires_at.duration_since(seen.expires_at) <= WORTH_A_WRITE {
        return None;
    }
    let mut expression = "SET #expires_at = :expires_at, #due_at = :expires_at".to_owned();
    let mut values = Item::new();
    if let Some(after) = done(&after) {
        expression += ", #done = :after";
        values.insert(":after".to_owned(), after);
    }
    let unchanged = match done(&seen.done) {
        Some(before) => {
            values.insert(":before".to_owned(), before);
            "#done = :before"
        }
        None => "attribute_not_exists(#done)",
    };
    let write = Write::update(&SESSIONS, key(&seen.session_id), expression)
        .only_if("#state = :open")
        .only_if(unchanged)
        .value(":open", text(SessionState::Open.as_str()))
        .value(":expires_at", time(expires_at));
    Some(values.into_iter().fold(write, |write, (name, value)| write.value(name, value)))
}

/// Records the content hash of a live session that has none.
pub(crate) async fn declare_hash(
    db: &Database,
    session: &UploadSession,
    hash: ContentHash,
) -> Result<UploadSession, Error> {
    let write = Write::update(&SESSIONS, key(&session.session_id), "SET #content_hash = :hash")
        .only_if("#state IN (:open, :verifying) AND attribute_not_exists(#content_hash)")
        .value(":hash", text(hash))
        .value(":open", text(SessionState::Open.as_str()))
        .value(":verifying", text(SessionState::Verifying.as_str()));
    match db.write(write).await? {
        Written::Done(item) => from_item(&item),
        Written::Refused(item) => from_item(&item.ok_or(Error::NotFound)?),
    }
}

/// Step 1c: an open session is verified from now on, and due again at `due_at`.
pub(crate) async fn begin_verifying(db: &Database, id: &SessionId, due_at: Timestamp) -> Result<Begun, Error> {
    let write = Write::update(&SESSIONS, key(id), "SET #state = :verifying, #due_at = :due_at")
        .only_if("#state = :open")
        .value(":open", text(SessionState::Open.as_str()))
        .value(":verifying", text(SessionState::Verifying.as_str()))
        .value(":due_at", time(due_at));
    let item = match db.write(write).await? {
        Written::Done(item) => item,
        Written::Refused(item) => item.ok_or(Error::NotFound)?,
    };
    let session = Box::new(from_item(&item)?);
    Ok(if session.state.is_live() { Begun::Verifying(session) } else { Begun::Ended(session) })
}
