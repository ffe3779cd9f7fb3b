//! The finalize function: a storage event or a message of ours comes in, an upload becomes a file or is refused.
//!
//! Nothing in a message is believed but the key it names: everything is read again. A message that is lost, late,
//! doubled or forged changes nothing in the end.

mod event;

use std::time::Duration;

use jiff::SignedDuration;
use straightway_core::{Error, JobId, Message, SessionId};
use straightway_lifecycle::{Finalized, Lifecycle, Work};

use crate::event::Body;

/// What this function reaches: exactly what its role grants.
#[derive(Clone)]
pub struct Ports {
    /// Catalog, primary store, own queue and clock, under the protocol.
    pub lifecycle: Lifecycle,
    /// How long one message is worked on before the rest goes on in another (a slice).
    pub slice: Duration,
}

/// 60 s: half of the function's time limit, so that a crash costs a minute of work.
pub const SLICE: Duration = Duration::from_mins(1);

/// What a message came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not for us: a test event, a key that is none of ours, an unknown form. Acknowledged.
    Ignored,
    /// Sessions that were looked at.
    Finalized(Vec<Finalized>),
    /// A purge went on.
    Purged,
}

/// Handles one message. An error gives it back to the queue.
///
/// # Errors
/// `Unavailable` when the catalog or the store is.
pub async fn handle(ports: &Ports, message: Message) -> Result<Outcome, Error> {
    let slice = SignedDuration::try_from(ports.slice).unwrap_or(SignedDuration::ZERO);
    let deadline = ports.lifecycle.clock.now() + slice;
    let sessions = match event::parse(&message.body) {
        Body::Unknown => {
            tracing::warn!(message.id = %message.id, "a message in an unknown form was dropped");
            return Ok(Outcome::Ignored);
        }
        Body::Created(sessions) => sessions,
        Body::Work(Work::Finalize { session_id }) => SessionId::parse(&session_id).into_iter().collect(),
        Body::Work(Work::DeleteTree { job_id }) => {
            if let Some(job) = JobId::parse(&job_id) {
                ports.lifecycle.delete_tree(&job, deadline).await?;
            }
            return Ok(Outcome::Purged);
        }
    };
    if sessions.is_empty() {
        return Ok(Outcome::Ignored);
    }
    let mut finalized = Vec::with_capacity(sessions.len());
    for session in sessions {
        let outcome = ports.lifecycle.finalize(&session, deadline).await?;
        log(&session, &outcome);
        finalized.push(outcome);
    }
    Ok(Outcome::Finalized(finalized))
}

fn log(session: &SessionId, outcome: &Finalized) {
    match outcome {
        Finalized::Stored(entry) => {
            tracing::info!(upload.session_id = %session, entry.id = %entry.entry_id, "stored");
        }
        Finalized::Rejected(reason) => {
            tracing::warn!(upload.session_id = %session, upload.reason = reason.as_str(), "rejected");
        }
        Finalized::Unknown | Finalized::Ended(_) | Finalized::Absent(_) | Finalized::Unfinished(_) => {
            tracing::debug!(upload.session_id = %session, "nothing to do (yet)");
        }
    }
}
