//! Ending a session without a file (steps 2 wrong, 3 and 4): its state decides, and only one call can change it.

use jiff::Timestamp;
use straightway_core::ports::{Ended, SessionEnd};
use straightway_core::{Error, Garbage, OutboxEvent, RejectReason, SessionState, UploadSession};

use crate::database::Database;
use crate::item::{text, time, ttl};
use crate::schema::{SESSIONS, TTL};
use crate::sessions::{self, KEPT_AFTER_END};
use crate::traces::{put_event, put_garbage};
use crate::transact::{Transacted, Transaction};
use crate::users::{self, Change};
use crate::write::Write;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Why {
    Session,
    Space,
    Live,
    Marker,
    Garbage,
    Event,
}

pub(crate) async fn end_session(
    db: &Database,
    session: &UploadSession,
    end: SessionEnd,
    garbage: &Garbage,
    event: Option<&OutboxEvent>,
    now: Timestamp,
) -> Result<Ended, Error> {
    let mut own_marker = true;
    loop {
        let mut transaction = Transaction::new("ending a session");
        transaction.add(Why::Session, close(session, end, now));
        transaction.add(Why::Space, users::change_space(&session.owner_id, reservation_back(session)));
        transaction.add(Why::Live, sessions::delete_live(session));
        transaction.add(Why::Marker, own_marker.then(|| sessions::delete_marker(session)).flatten());
        transaction.add(Why::Garbage, put_garbage(garbage));
        transaction.add(Why::Event, event.map(put_event));
        let Transacted::Refused(refusals) = db.transact(transaction).await? else { return Ok(Ended::Done) };
        if refusals.has(Why::Session) {
            let present = refusals.item(Why::Session).ok_or(Error::NotFound)?;
            return Ok(Ended::Not(Box::new(sessions::from_item(present)?)));
        }
        if !refusals.has(Why::Marker) || !own_marker {
            return Err(Error::internal("a live session has no owner, or its event is there already"));
        }
        own_marker = false;
    }
}

fn reservation_back(session: &UploadSession) -> Change {
    let size = i128::from(session.plan.size_bytes());
    Change { used_bytes: -size, reserved_bytes: -size, open_sessions: -1 }
}

fn close(session: &UploadSession, end: SessionEnd, now: Timestamp) -> Write {
    let (from, state, reason): (&[_], _, _) = match end {
        SessionEnd::Rejected(reason) => (LIVE, SessionState::Rejected, Some(reason)),
        SessionEnd::Lost => (&[SessionState::Verifying], SessionState::Rejected, Some(RejectReason::Lost)),
        SessionEnd::Aborted => (LIVE, SessionState::Aborted, None),
        SessionEnd::Expired => (&[SessionState::Open], SessionState::Expired, None),
    };
    end_from(session, from, state, reason, now)
}

/// The states that most ends start from.
pub(crate) const LIVE: &[SessionState] = &[SessionState::Open, SessionState::Verifying];

/// Ends a session that is in one of the states `from`: nothing is due any more, and in a while it is forgotten.
pub(crate) fn end_from(
    session: &UploadSession,
    from: &[SessionState],
    state: SessionState,
    reason: Option<RejectReason>,
    now: Timestamp,
) -> Write {
    let mut expression = format!("SET #state = :state, #ended_at = :now, #{TTL} = :ttl");
    if reason.is_some() {
        expression += ", #reason = :reason";
    }
    expression += " REMOVE #due_at, #due_shard";
    let names: Vec<String> = (0..from.len()).map(|i| format!(":from{i}")).collect();
    let mut write = Write::update(&SESSIONS, sessions::key(&session.session_id), expression)
        .only_if(&format!("#state IN ({})", names.join(", ")))
        .value(":state", text(state.as_str()))
        .value(":now", time(now))
        .value(":ttl", ttl(now + KEPT_AFTER_END));
    for (name, state) in names.into_iter().zip(from) {
        write = write.value(name, text(state.as_str()));
    }
    match reason {
        Some(reason) => write.value(":reason", text(reason.as_str())),
        None => write,
    }
}
