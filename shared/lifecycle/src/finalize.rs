//! Step 2: an upload's bytes become a file, or are refused. By `complete`, a storage event or a message; any number
//! at once.

use jiff::Timestamp;
use straightway_core::ports::{Commit, CommitBy, Committed, Ended, FileChange, ObjectHead, SessionEnd};
use straightway_core::{
    ContentHash, Entry, EntryKind, Error, File, FileKey, FolderId, Garbage, OutboxEvent, RejectReason, Replica,
    SessionId, Sha1Hash, UploadSession,
};

use crate::place::Place;
use crate::verify::Verdict;
use crate::{Lifecycle, Work};

/// How often a commit reads again and chooses again before it gives the message back.
const MAX_CHOICES: u32 = 32;

/// What finalizing came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finalized {
    /// No such session: acknowledged, nothing deleted.
    Unknown,
    /// The session had ended, or ended meanwhile by somebody else: acknowledged, nothing deleted.
    Ended(Box<UploadSession>),
    /// The object is not there (yet).
    Absent(Box<UploadSession>),
    /// There is more to read than fits before the deadline; a message goes on with it.
    Unfinished(Box<UploadSession>),
    /// The bytes are a file.
    Stored(Box<Entry>),
    /// The bytes were wrong.
    Rejected(RejectReason),
}

/// Bytes that were verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) content_hash: ContentHash,
    pub(crate) sha1: Option<Sha1Hash>,
}

impl Lifecycle {
    /// Finalizes a session. Reading back stops at `deadline` and goes on by message.
    pub async fn finalize(&self, id: &SessionId, deadline: Timestamp) -> Result<Finalized, Error> {
        loop {
            let Some(session) = self.catalog.session(id).await? else {
                return Ok(Finalized::Unknown);
            };
            if !session.state.is_live() {
                return Ok(Finalized::Ended(Box::new(session)));
            }
            let Some(head) = self.store.head(&session.object_key()).await? else {
                return Ok(Finalized::Absent(Box::new(session)));
            };
            match self.verify(&session, &head, deadline).await? {
                Verdict::Good(verified) => {
                    // None: a hash was declared meanwhile. That happens once, so this ends.
                    if let Some(finalized) = self.store_file(session, &head, &verified).await? {
                        return Ok(finalized);
                    }
                }
                Verdict::Wrong(reason) => return self.reject(session, reason).await,
                Verdict::Unfinished => {
                    self.finalize_queue.send(Work::finalize(id).to_body()).await?;
                    return Ok(Finalized::Unfinished(Box::new(session)));
                }
            }
        }
    }

    /// Step 2, *good*: the session becomes `stored` together with everything that is true then; `None` when a content
    /// hash was declared since the session was read: it has to be compared first.
    async fn store_file(
        &self,
        session: UploadSession,
        head: &ObjectHead,
        verified: &Verified,
    ) -> Result<Option<Finalized>, Error> {
        let key = FileKey { content_hash: verified.content_hash, size_bytes: head.size_bytes };
        let record_key = self.record_key(&session.owner_id, key);
        let mut entry = entry_of(
            &session,
            EntryKind::File { file: record_key.clone(), content_type: session.content_type.clone() },
        );
        for _ in 0..MAX_CHOICES {
            let now = self.clock.now();
            let place = self.place(&mut entry, &session.requested_name, session.on_conflict).await?;
            if matches!(place, Place::Ours) {
                return self.committed_before(&session.session_id).await.map(Some);
            }
            (entry.created_at, entry.updated_at) = (now, now);
            let known = self.catalog.file(&record_key).await?;
            let file = File {
                record_key: record_key.clone(),
                object_key: session.object_key(),
                etag: head.etag.clone(),
                refs: 1,
                collectable_at: None,
                replica: Replica::None,
                sha1: verified.sha1,
                created_at: now,
            };
            let garbage = known.is_some().then(|| own_garbage(&session, now));
            let committed = self
                .catalog
                .commit(&Commit {
                    entry: &entry,
                    file: if known.is_some() { FileChange::Known(&record_key) } else { FileChange::New(&file) },
                    replaced: place.replaced(),
                    by: CommitBy::Session { session: &session, garbage: garbage.as_ref() },
                    event: &OutboxEvent::file_stored(&entry, Some(&session), now),
                    now,
                })
                .await?;
            match committed {
                Committed::Done => {
                    if garbage.is_some() {
                        self.delete_soon(&session).await;
                    }
                    return Ok(Some(Finalized::Stored(Box::new(entry))));
                }
                Committed::SessionEnded(session) => return Ok(Some(Finalized::Ended(session))),
                Committed::HashDeclared => return Ok(None),
                Committed::EntryExists => return self.committed_before(&session.session_id).await.map(Some),
                Committed::ParentGone => entry.parent = FolderId::Root,
                Committed::FileChanged | Committed::NameTaken => {}
                Committed::QuotaExceeded { .. } => {
                    return Err(Error::internal("a session's room was reserved when it was created"));
                }
            }
        }
        Err(Error::unavailable("committing an upload", "the file or its name kept changing"))
    }

    async fn committed_before(&self, id: &SessionId) -> Result<Finalized, Error> {
        match self.catalog.session(id).await? {
            Some(session) if !session.state.is_live() => Ok(Finalized::Ended(Box::new(session))),
            _ => Err(Error::internal("an entry exists although its session has not ended")),
        }
    }

    /// Step 2, *wrong*: the session becomes `rejected`, its object garbage.
    pub(crate) async fn reject(&self, session: UploadSession, reason: RejectReason) -> Result<Finalized, Error> {
        let now = self.clock.now();
        let event = OutboxEvent::upload_rejected(&session, reason, now);
        let garbage = own_garbage(&session, now);
        let end = SessionEnd::Rejected(reason);
        match self.catalog.end_session(&session, end, &garbage, Some(&event), now).await? {
            Ended::Not(session) => Ok(Finalized::Ended(session)),
            Ended::Done => {
                self.delete_soon(&session).await;
                Ok(Finalized::Rejected(reason))
            }
        }
    }

    /// Deletes a session's object and parts now that their garbage item is committed. Only an optimisation: the
    /// sweeper does it again after the last URL died, so a failure here is none.
    pub(crate) async fn delete_soon(&self, session: &UploadSession) {
        let key = session.object_key();
        if let Some(multipart_id) = &session.multipart_id
            && let Err(error) = self.store.abort_multipart(&key, multipart_id).await
        {
            tracing::info!(upload.session_id = %session.session_id, error = &error as &dyn std::error::Error,
                "left a multipart upload to the sweeper");
        }
        if let Err(error) = self.store.delete(&key).await {
            tracing::info!(upload.session_id = %session.session_id, error = &error as &dyn std::error::Error,
                "left an object to the sweeper");
        }
    }
}

/// The garbage that a session's own object becomes.
pub(crate) fn own_garbage(session: &UploadSession, now: Timestamp) -> Garbage {
    Garbage::new(session.object_key(), session.multipart_id.clone(), now)
}

/// The entry that a session leads to.
fn entry_of(session: &UploadSession, kind: EntryKind) -> Entry {
    Entry {
        entry_id: session.entry_id.clone(),
        owner_id: session.owner_id.clone(),
        parent: session.parent.clone(),
        name: session.name.clone(),
        kind,
        revision: 1,
        client_modified_at: session.client_modified_at,
        metadata: session.metadata.clone(),
        created_at: session.created_at,
        updated_at: session.created_at,
    }
}
