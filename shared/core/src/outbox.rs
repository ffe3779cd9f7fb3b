//! The outbox: events written in the transaction that makes them true, delivered later.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Entry, EventId, OwnerId, RejectReason, UploadSession};

/// One event; at least once, in no order.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEvent {
    /// Consumers drop repeats by it.
    pub id: EventId,
    /// `file.stored`, `upload.rejected`, `file.copied`, `file.deleted`.
    pub kind: &'static str,
    /// Whose.
    pub owner_id: OwnerId,
    /// When it became true.
    pub occurred_at: Timestamp,
    /// What a consumer needs.
    pub data: Value,
}

impl OutboxEvent {
    /// An entry now refers to a file. `session` is the upload that did it; `None` for an instant upload.
    pub fn file_stored(entry: &Entry, session: Option<&UploadSession>, now: Timestamp) -> Self {
        let id = session.map_or_else(|| EventId::from(&entry.entry_id), |session| EventId::from(&session.session_id));
        let content_hash = entry.file().map(|file| file.file_key.content_hash.to_hex());
        Self {
            id,
            kind: "file.stored",
            owner_id: entry.owner_id.clone(),
            occurred_at: now,
            data: json!({
                "entry_id": entry.entry_id.as_str(),
                "parent_id": entry.parent.as_str(),
                "name": entry.name.as_str(),
                "size_bytes": entry.size_bytes(),
                "content_hash": content_hash,
                "session_id": session.map(|s| s.session_id.as_str()),
            }),
        }
    }

    /// An upload ended because its bytes were wrong or lost.
    pub fn upload_rejected(session: &UploadSession, reason: RejectReason, now: Timestamp) -> Self {
        Self {
            id: EventId::from(&session.session_id),
            kind: "upload.rejected",
            owner_id: session.owner_id.clone(),
            occurred_at: now,
            data: json!({
                "session_id": session.session_id.as_str(),
                "name": session.name.as_str(),
                "size_bytes": session.plan.size_bytes(),
                "reason": reason.as_str(),
            }),
        }
    }
}
