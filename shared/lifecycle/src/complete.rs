//! Step 1: the client says that everything is there.

use jiff::Timestamp;
use straightway_core::ports::{Begun, Completed, UploadedPart};
use straightway_core::session::VERIFYING_DUE;
use straightway_core::{
    Conflict, ContentHash, Entry, Error, Integrity, LeafHash, OwnerId, PartNumber, RejectReason, SessionId,
    SessionState, UploadMethod, UploadSession, plan,
};

use crate::{Finalized, Lifecycle, Work};

/// What completing came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion {
    /// The session is stored, with its entry (`None` when that was deleted since).
    Stored(Box<UploadSession>, Option<Box<Entry>>),
    /// The bytes are still being judged; a message goes on with it.
    Verifying(Box<UploadSession>),
}

impl Lifecycle {
    /// Completes an upload. Repeatable at will: a finished one answers what it came to.
    ///
    /// # Errors
    /// `NotFound` for another owner's, `Conflict(PartsMissing)` while the store lacks parts (the session stays open),
    /// `HashMismatch` when the bytes are not the declared ones (the session is rejected, unless an event had made it a
    /// file before the hash was declared), `Gone` when it ended without a file.
    pub async fn complete(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        declared: Option<ContentHash>,
        deadline: Timestamp,
    ) -> Result<Completion, Error> {
        let session = self.catalog.session(id).await?.filter(|s| s.owner_id == *owner).ok_or(Error::NotFound)?;
        if !session.state.is_live() {
            return self.answer_ended(session, declared).await;
        }
        let present = self.uploaded_parts(&session).await?;
        if let Some(ended) = self.declare(session, declared, &present).await? {
            return self.answer_finalized(id, ended, declared).await;
        }
        let due_at = self.clock.now() + VERIFYING_DUE;
        let session = match self.catalog.begin_verifying(id, due_at).await? {
            Begun::Verifying(session) => session,
            Begun::Ended(session) => return self.answer_ended(*session, declared).await,
        };
        self.finalize_queue.send(Work::finalize(id).to_body()).await?;
        if let (Some(multipart_id), Present::Parts(parts)) = (&session.multipart_id, &present) {
            let size = session.plan.size_bytes();
            let completed = self.store.complete_multipart(&session.object_key(), multipart_id, parts, size).await?;
            if completed == Completed::NoSuchUpload {
                tracing::info!(upload.session_id = %id, "the multipart upload was completed before, or is gone");
            }
        }
        let finalized = self.finalize(id, deadline).await?;
        self.answer_finalized(id, finalized, declared).await
    }

    /// What the store holds of a live session, against its plan.
    ///
    /// # Errors
    /// `Conflict(PartsMissing)`.
    async fn uploaded_parts(&self, session: &UploadSession) -> Result<Present, Error> {
        if session.method == UploadMethod::Put {
            return match self.store.head(&session.object_key()).await? {
                Some(_) => Ok(Present::Object),
                None => Err(Error::Conflict(Conflict::PartsMissing { missing: vec![[1, 1]] })),
            };
        }
        let listed = match &session.multipart_id {
            None => Some(Vec::new()),
            Some(multipart_id) => self.store.list_parts(&session.object_key(), multipart_id).await?,
        };
        let Some(listed) = listed else {
            // Completed before (the answer was lost), or gone: the object tells, and finalize reads it.
            return Ok(Present::Object);
        };
        let recorded = self.catalog.leaves(&session.session_id).await?;
        let parts = match_plan(session, listed, &recorded)
            .map_err(|missing| Error::Conflict(Conflict::PartsMissing { missing: plan::ranges(missing) }))?;
        Ok(Present::Parts(parts))
    }

    /// Parts that the store does not have (all of them while nothing was signed), for a live session.
    pub async fn missing_parts(&self, session: &UploadSession) -> Result<Vec<[u16; 2]>, Error> {
        match self.uploaded_parts(session).await {
            Ok(_) => Ok(Vec::new()),
            Err(Error::Conflict(Conflict::PartsMissing { missing })) => Ok(missing),
            Err(error) => Err(error),
        }
    }

    /// Settles what the content must be, and rejects where that is known to be wrong already: `Some` when the session
    /// has ended.
    async fn declare(
        &self,
        session: UploadSession,
        declared: Option<ContentHash>,
        present: &Present,
    ) -> Result<Option<Finalized>, Error> {
        let session = match declared {
            Some(hash) if session.content_hash.is_none() => self.catalog.declare_hash(&session, hash).await?,
            _ => session,
        };
        if !session.state.is_live() {
            return Ok(Some(Finalized::Ended(Box::new(session))));
        }
        let promised = [session.content_hash, declared];
        let contradictory = matches!(promised, [Some(a), Some(b)] if a != b);
        let composite = present.composite();
        let wrong = composite.is_some_and(|composite| promised.into_iter().flatten().any(|hash| hash != composite));
        if contradictory || wrong {
            return self.reject(session, RejectReason::HashMismatch).await.map(Some);
        }
        Ok(None)
    }

    async fn answer_finalized(
        &self,
        id: &SessionId,
        finalized: Finalized,
        declared: Option<ContentHash>,
    ) -> Result<Completion, Error> {
        match finalized {
            Finalized::Unknown => Err(Error::NotFound),
            Finalized::Ended(session) => self.answer_ended(*session, declared).await,
            Finalized::Absent(session) | Finalized::Unfinished(session) => Ok(Completion::Verifying(session)),
            Finalized::Rejected(RejectReason::HashMismatch) => Err(Error::HashMismatch),
            Finalized::Rejected(reason) => Err(Error::Gone { state: SessionState::Rejected, reason: Some(reason) }),
            Finalized::Stored(entry) => {
                let session = self.catalog.session(id).await?;
                let session = session.ok_or_else(|| Error::internal("a session that was just stored is gone"))?;
                Ok(Completion::Stored(Box::new(session), Some(entry)))
            }
        }
    }

    /// What a session that has ended came to. Where an event was faster than this call, what the call declares is
    /// compared all the same.
    async fn answer_ended(&self, session: UploadSession, declared: Option<ContentHash>) -> Result<Completion, Error> {
        if session.state != SessionState::Stored {
            return Err(Error::Gone { state: session.state, reason: session.reason });
        }
        let entry = self.catalog.entry(&session.owner_id, &session.entry_id).await?;
        let stored = entry.as_ref().and_then(Entry::file).map(|file| file.file_key.content_hash);
        match (stored, declared) {
            (Some(stored), Some(declared)) if stored != declared => Err(Error::HashMismatch),
            _ => Ok(Completion::Stored(Box::new(session), entry.map(Box::new))),
        }
    }
}

/// What the store holds of an upload that is complete.
enum Present {
    /// The object.
    Object,
    /// Every part of the plan.
    Parts(Vec<UploadedPart>),
}

impl Present {
    /// The content hash that the part checksums make, where the store lists all of them.
    fn composite(&self) -> Option<ContentHash> {
        match self {
            Self::Parts(parts) if parts.len() > 1 => {
                let leaves: Option<Vec<LeafHash>> = parts.iter().map(|part| part.leaf_hash).collect();
                leaves.map(|leaves| ContentHash::from_leaves(&leaves))
            }
            _ => None,
        }
    }
}

/// The listed parts if they are exactly the plan's: every number there, of the right size and, where leaf hashes were
/// signed, of the right checksum (the recorded one where the store lists none). Otherwise the missing numbers.
fn match_plan(
    session: &UploadSession,
    listed: Vec<UploadedPart>,
    recorded: &[(PartNumber, LeafHash)],
) -> Result<Vec<UploadedPart>, Vec<PartNumber>> {
    let mut parts = Vec::with_capacity(listed.len());
    let mut missing = Vec::new();
    let mut listed = listed.into_iter().peekable();
    let mut recorded = recorded.iter().peekable();
    for planned in session.plan.parts() {
        let found = next_with(&mut listed, |part| part.part_number.cmp(&planned.number));
        let signed = next_with(&mut recorded, |(number, _)| number.cmp(&planned.number)).map(|(_, leaf)| *leaf);
        match found.and_then(|part| accept(session.integrity, part, planned.size_bytes, signed)) {
            Some(part) => parts.push(part),
            None => missing.push(planned.number),
        }
    }
    if missing.is_empty() { Ok(parts) } else { Err(missing) }
}

fn accept(
    integrity: Integrity,
    mut part: UploadedPart,
    size_bytes: u64,
    signed: Option<LeafHash>,
) -> Option<UploadedPart> {
    if part.size_bytes != size_bytes {
        return None;
    }
    if integrity == Integrity::Leaf {
        let signed = signed?;
        if part.leaf_hash.is_some_and(|listed| listed != signed) {
            return None;
        }
        part.leaf_hash = Some(signed);
    }
    Some(part)
}

/// The next item of a sorted list that compares equal; smaller ones are passed over.
fn next_with<T>(
    sorted: &mut std::iter::Peekable<impl Iterator<Item = T>>,
    compare: impl Fn(&T) -> std::cmp::Ordering,
) -> Option<T> {
    while sorted.next_if(|item| compare(item).is_lt()).is_some() {}
    sorted.next_if(|item| compare(item).is_eq())
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;

    #[test]
    fn merging_sorted_lists_finds_equals_and_passes_over_smaller_ones() {
        let mut sorted = [1, 3, 3, 7].into_iter().peekable();
        let mut find = |wanted: i32| next_with(&mut sorted, |item| Ord::cmp(item, &wanted) as Ordering);
        assert_eq!([find(2), find(3), find(4), find(7), find(8)], [None, Some(3), None, Some(7), None]);
    }
}
