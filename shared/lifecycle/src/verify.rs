//! Are the bytes those that were promised? Vouched for by the store, or read.

use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use sha1::digest::common::hazmat::{SerializableState, SerializedState};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use straightway_core::ports::{ObjectHead, ReadBack, StoreChecksum};
use straightway_core::{ContentHash, Error, Integrity, LeafHash, RejectReason, Sha1Hash, UploadMethod, UploadSession};

use crate::Lifecycle;
use crate::finalize::Verified;

/// How much is read between two checkpoints of a read-back, at most: what a crash makes us read again.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(20);

/// What looking at the bytes came to.
pub(crate) enum Verdict {
    /// They are known to have this hash.
    Good(Verified),
    /// They are not what was promised.
    Wrong(RejectReason),
    /// Not everything is read yet.
    Unfinished,
}

impl Lifecycle {
    pub(crate) async fn verify(
        &self,
        session: &UploadSession,
        head: &ObjectHead,
        deadline: Timestamp,
    ) -> Result<Verdict, Error> {
        if head.size_bytes != session.plan.size_bytes() {
            return Ok(Verdict::Wrong(RejectReason::SizeMismatch));
        }
        if head.foreign_metadata {
            return Ok(Verdict::Wrong(RejectReason::ForeignMetadata));
        }
        let verified = match self.vouched_hash(session, head) {
            Some(content_hash) => Verified { content_hash, sha1: None },
            None => match self.read_back(session, head, deadline).await? {
                Some(verified) => verified,
                None => return Ok(Verdict::Unfinished),
            },
        };
        if session.content_hash.is_some_and(|declared| declared != verified.content_hash) {
            return Ok(Verdict::Wrong(RejectReason::HashMismatch));
        }
        Ok(Verdict::Good(verified))
    }

    /// The content hash that the store vouches for: COMPOSITE over more than one part of our plan, or a full SHA-256
    /// of one part. A one-part multipart never vouches: its composite is the hash of a hash.
    fn vouched_hash(&self, session: &UploadSession, head: &ObjectHead) -> Option<ContentHash> {
        if !self.store.abilities().vouches || session.integrity != Integrity::Leaf {
            return None;
        }
        match (session.method, head.checksum?) {
            (UploadMethod::Put, StoreChecksum::Full(leaf)) if session.plan.is_single() => Some(leaf.into()),
            (UploadMethod::Multipart, StoreChecksum::Composite(hash, parts))
                if parts > 1 && parts == session.plan.part_count() =>
            {
                Some(hash)
            }
            _ => None,
        }
    }

    /// Reads the object part by part from the last checkpoint on; `None` when the deadline came first.
    async fn read_back(
        &self,
        session: &UploadSession,
        head: &ObjectHead,
        deadline: Timestamp,
    ) -> Result<Option<Verified>, Error> {
        let id = &session.session_id;
        let mut progress = match self.catalog.read_back(id).await? {
            Some(saved) if saved.etag == head.etag => Progress::load(&saved)?,
            _ => Progress { leaves: Vec::new(), sha1: Sha1::new() },
        };
        let mut saved_at = self.clock.now();
        for part in session.plan.parts().skip(progress.leaves.len()) {
            let now = self.clock.now();
            if now >= deadline || now.duration_since(saved_at).unsigned_abs() >= CHECKPOINT_EVERY {
                self.catalog.save_read_back(id, &progress.save(&head.etag)).await?;
                saved_at = now;
            }
            if now >= deadline {
                return Ok(None);
            }
            let range = part.offset..part.offset + part.size_bytes;
            let mut leaf = Sha256::new();
            let mut read = 0;
            if part.size_bytes > 0 {
                let mut body = self.store.read(&session.object_key(), range, &head.etag).await?;
                while let Some(chunk) = body.next().await {
                    let chunk = chunk?;
                    read += chunk.len() as u64;
                    leaf.update(&chunk);
                    progress.sha1.update(&chunk);
                }
            }
            if read != part.size_bytes {
                return Err(Error::unavailable("reading an object back", "the store ended a range early"));
            }
            progress.leaves.push(LeafHash::from_bytes(leaf.finalize().into()));
        }
        Ok(Some(Verified {
            content_hash: ContentHash::from_leaves(&progress.leaves),
            sha1: Some(Sha1Hash::from_bytes(progress.sha1.finalize().into())),
        }))
    }
}

/// How far a read-back is, with its hash still running.
struct Progress {
    leaves: Vec<LeafHash>,
    sha1: Sha1,
}

impl Progress {
    fn load(saved: &ReadBack) -> Result<Self, Error> {
        let state: &SerializedState<Sha1> = saved
            .sha1_state
            .as_slice()
            .try_into()
            .map_err(|_| Error::internal("a read-back's saved hash state has another length"))?;
        let sha1 = Sha1::deserialize(state).map_err(|_| Error::internal("a read-back's saved hash state is broken"))?;
        Ok(Self { leaves: saved.leaves.clone(), sha1 })
    }

    fn save(&self, etag: &str) -> ReadBack {
        let sha1_state = self.sha1.serialize().to_vec();
        ReadBack { etag: etag.to_owned(), leaves: self.leaves.clone(), sha1_state }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_back_goes_on_where_it_stopped() {
        let mut progress = Progress { leaves: vec![LeafHash::of(b"one")], sha1: Sha1::new() };
        progress.sha1.update(b"one");
        let saved = progress.save("etag");
        let mut loaded = Progress::load(&saved).unwrap();
        loaded.sha1.update(b"two");
        assert_eq!(loaded.leaves, progress.leaves);
        assert_eq!(loaded.sha1.finalize(), Sha1::digest(b"onetwo"));
        assert!(Progress::load(&ReadBack { sha1_state: vec![1], ..saved }).is_err());
    }
}
