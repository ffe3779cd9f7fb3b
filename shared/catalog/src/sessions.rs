//! Upload sessions: the session itself, its marker, its place in the owner's list of live ones.

use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use straightway_core::ports::Page;
use straightway_core::session::DoneParts;
use straightway_core::{
    ContentHash, EntryId, EntryName, Error, FolderId, Integrity, MultipartUploadId, OnConflict, OwnerId, PartPlan,
    RejectReason, SessionId, SessionState, UploadMethod, UploadSession,
};

use crate::database::Database;
use crate::entries::{metadata, read_metadata};
use crate::item::{Item, NewItem, Reader, bytes, number, pair_key, text, time};
use crate::schema::SESSIONS;
use crate::write::Write;

/// How long an ended session is kept: who asks later is told "not found" instead of how it ended.
pub(crate) const KEPT_AFTER_END: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(crate) fn key(id: &SessionId) -> Item {
    pair_key(id, "session")
}

fn live_prefix(owner: &OwnerId) -> String {
    format!("owner#{owner}")
}

fn live_key(session: &UploadSession) -> Item {
    pair_key(live_prefix(&session.owner_id), format!("live#{}", session.session_id))
}

/// A marker holds a name and may be longer than a key may be, so its hash is the key.
fn marker_key(marker: &str) -> Item {
    pair_key(format!("marker#{}", data_encoding::HEXLOWER.encode(&Sha256::digest(marker))), "marker")
}

// Reads

/// The session with this id.
pub(crate) async fn read(db: &Database, id: &SessionId) -> Result<Option<UploadSession>, Error> {
    db.get(&SESSIONS, key(id)).await?.map(|item| from_item(&item)).transpose()
}

/// The live session with this marker.
pub(crate) async fn read_by_marker(db: &Database, marker: &str) -> Result<Option<UploadSession>, Error> {
    let Some(item) = db.get(&SESSIONS, marker_key(marker)).await? else { return Ok(None) };
    let id = Reader::new("marker", &item).parsed("session_id", SessionId::parse)?;
    // It may have ended between the two reads; then its marker is gone too.
    Ok(read(db, &id).await?.filter(|session| session.state.is_live()))
}

/// One page of the owner's live sessions.
pub(crate) async fn list_live(
    db: &Database,
    owner: &OwnerId,
    after: Option<&SessionId>,
    limit: usize,
) -> Result<Page<UploadSession, SessionId>, Error> {
    let start = after.map(|id| pair_key(live_prefix(owner), format!("live#{id}")));
    let query = db
        .query(&SESSIONS)
        .key_condition_expression("pk = :owner AND begins_with(sk, :live)")
        .expression_attribute_values(":owner", text(live_prefix(owner)))
        .expression_attribute_values(":live", text("live#"))
        .set_exclusive_start_key(start)
        .limit(i32::try_from(limit.max(1)).unwrap_or(i32::MAX));
    let page = db.page("live sessions", query).await?;
    let listed =
        |item: &Item| Reader::new("live session", item).parsed("sk", |sk| SessionId::parse(sk.strip_prefix("live#")?));
    let ids: Vec<SessionId> = page.items.iter().map(listed).collect::<Result<_, _>>()?;
    let items = db.get_many(&SESSIONS, ids.iter().map(key).collect()).await?;
    let mut sessions: Vec<UploadSession> = items.iter().map(from_item).collect::<Result<_, _>>()?;
    sessions.retain(|session| session.state.is_live());
    sessions.sort_by(|a, b| a.session_id.cmp(&b.session_id));
    Ok(Page { items: sessions, next: page.next.as_ref().map(listed).transpose()? })
}

// Writes

/// Puts a session that is not there, due when it expires.
pub(crate) fn put_new(session: &UploadSession) -> Write {
    Write::put_new(&SESSIONS, to_item(session))
}

/// Puts the session into its owner's list.
pub(crate) fn put_live(session: &UploadSession) -> Write {
    Write::put_new(&SESSIONS, live_key(session))
}

/// Takes the session out of its owner's list. Only in the transaction that ends it, whose condition covers this too.
pub(crate) fn delete_live(session: &UploadSession) -> Write {
    Write::delete(&SESSIONS, live_key(session))
}

/// Puts the session's marker, if it has one, where none is.
pub(crate) fn put_marker(session: &UploadSession) -> Option<Write> {
    let item = NewItem::new(marker_key(&session.marker()?)).with("session_id", text(&session.session_id)).build();
    Some(Write::put_new(&SESSIONS, item))
}

/// Deletes the session's marker. A hash that was declared after creation gave the session no marker, and then another
/// session may have the one it would have: that one must stay, so this is refused.
pub(crate) fn delete_marker(session: &UploadSession) -> Option<Write> {
    Some(
        Write::delete(&SESSIONS, marker_key(&session.marker()?))
            .only_if("attribute_not_exists(#pk) OR #session_id = :session_id")
            .value(":session_id", text(&session.session_id)),
    )
}

// Items

fn to_item(session: &UploadSession) -> Item {
    let item = NewItem::new(key(&session.session_id))
        .with("owner_id", text(&session.owner_id))
        .with("state", text(session.state.as_str()))
        .with_some("reason", session.reason.map(|reason| text(reason.as_str())))
        .with("entry_id", text(&session.entry_id))
        .with("parent", text(&session.parent))
        .with("name", text(&session.name))
        .with("requested_name", text(session.requested_name.as_str()))
        .with("on_conflict", text(session.on_conflict.as_str()))
        .with("content_type", text(&session.content_type))
        .with_some("client_modified_at", session.client_modified_at.map(time))
        .with("metadata", metadata(&session.metadata))
        .with("size_bytes", number(session.plan.size_bytes()))
        .with("method", text(session.method.as_str()))
        .with("integrity", text(session.integrity.as_str()))
        .with_some("content_hash", session.content_hash.as_ref().map(text))
        .with_some("multipart_id", session.multipart_id.as_ref().map(text))
        .with("created_at", time(session.created_at))
        .with("expires_at", time(session.expires_at))
        .due(session.session_id.as_str(), session.expires_at);
    item.with_some("done", done(&session.done)).build()
}

/// The finished parts; no attribute while there are none.
pub(crate) fn done(done: &DoneParts) -> Option<aws_sdk_dynamodb::types::AttributeValue> {
    (!done.as_bytes().is_empty()).then(|| bytes(done.as_bytes()))
}

pub(crate) fn from_item(item: &Item) -> Result<UploadSession, Error> {
    let read = Reader::new("session", item);
    Ok(UploadSession {
        session_id: read.parsed("pk", SessionId::parse)?,
        owner_id: read.parsed("owner_id", OwnerId::parse)?,
        state: read.parsed("state", SessionState::parse)?,
        reason: read.parsed_opt("reason", RejectReason::parse)?,
        entry_id: read.parsed("entry_id", EntryId::parse)?,
        parent: read.parsed("parent", FolderId::parse)?,
        name: read.parsed("name", EntryName::parse)?,
        requested_name: read.parsed("requested_name", |text| EntryName::parse(text).ok())?,
        on_conflict: read.parsed("on_conflict", OnConflict::parse)?,
        content_type: read.text("content_type")?.to_owned(),
        client_modified_at: read.time_opt("client_modified_at")?,
        metadata: read_metadata(read)?,
        plan: PartPlan::for_size(read.number("size_bytes")?).map_err(|_| read.broken("size_bytes"))?,
        method: read.parsed("method", UploadMethod::parse)?,
        integrity: read.parsed("integrity", Integrity::parse)?,
        content_hash: read.parsed_opt("content_hash", ContentHash::from_hex)?,
        multipart_id: read.text_opt("multipart_id")?.map(|id| MultipartUploadId(id.to_owned())),
        done: DoneParts::from_bytes(read.bytes_opt("done")?.unwrap_or_default().to_vec()),
        created_at: read.time("created_at")?,
        expires_at: read.time("expires_at")?,
    })
}
