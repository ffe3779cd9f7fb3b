//! Step 5: known content becomes an entry, and no byte is sent.

use futures::stream::{self, StreamExt, TryStreamExt};
use straightway_core::ports::{Commit, CommitBy, Committed, FileChange, ProofAttempt};
use straightway_core::proof::{self, ByteRange, Challenge};
use straightway_core::{Entry, Error, File, FolderId, OnConflict, OutboxEvent};

use crate::Lifecycle;
use crate::place::Place;

/// How often a commit reads again and chooses again before it gives up.
const MAX_CHOICES: u32 = 32;
/// Ranges of a proof that are read at the same time.
const PARALLEL_READS: usize = 16;

impl Lifecycle {
    /// Makes `entry` refer to the file it names, if that is (still) stored: the entry as placed, or `None`: then an
    /// ordinary upload it is. `by` is what allows it: a right answer, or an entry of the owner's.
    ///
    /// # Errors
    /// `QuotaExceeded`.
    pub async fn instant_upload(
        &self,
        mut entry: Entry,
        on_conflict: OnConflict,
        by: CommitBy<'_>,
    ) -> Result<Option<Entry>, Error> {
        let file = entry.file().cloned().ok_or_else(|| Error::internal("a folder has no content"))?;
        let requested = entry.name.clone();
        for _ in 0..MAX_CHOICES {
            let now = self.clock.now();
            let place = self.place(&mut entry, &requested, on_conflict).await?;
            if matches!(place, Place::Ours) {
                return Ok(Some(entry));
            }
            let committed = self
                .catalog
                .commit(&Commit {
                    entry: &entry,
                    file: FileChange::Known(&file),
                    replaced: place.replaced(),
                    by,
                    event: &OutboxEvent::file_stored(&entry, None, now),
                    now,
                })
                .await?;
            match committed {
                Committed::Done => return Ok(Some(entry)),
                Committed::EntryExists => {
                    return self.catalog.entry(&entry.owner_id, &entry.entry_id).await;
                }
                Committed::FileChanged => return Ok(None),
                Committed::ParentGone => entry.parent = FolderId::Root,
                Committed::NameTaken => {}
                Committed::QuotaExceeded { available_bytes } => {
                    return Err(Error::QuotaExceeded { needed_bytes: entry.size_bytes(), available_bytes });
                }
                Committed::SessionEnded(_) | Committed::HashDeclared => {
                    return Err(Error::internal("an instant upload has no session"));
                }
            }
        }
        Err(Error::unavailable("committing an instant upload", "the file or its name kept changing"))
    }

    /// Judges an answer to a challenge: the attempt, to be handed to [`Lifecycle::instant_upload`], when it is right.
    /// The nonce is consumed and the attempt counted as wrong before any byte is read.
    pub async fn judge_proof(
        &self,
        challenge: &Challenge,
        ranges: &[ByteRange],
        attempt: ProofAttempt,
        origin: &str,
        file: &File,
        answer: &[u8; 32],
    ) -> Result<Option<ProofAttempt>, Error> {
        if !self.catalog.begin_proof(&attempt).await? {
            return Ok(None);
        }
        let bytes = match self.read_ranges(file, ranges).await {
            Ok(bytes) => bytes,
            // The file went meanwhile: an ordinary upload.
            Err(Error::NotFound | Error::Changed) => return Ok(None),
            Err(error) => return Err(error),
        };
        let right = proof::judge(challenge, origin, &attempt.file_key, &bytes, answer);
        Ok(right.then_some(attempt))
    }

    async fn read_ranges(&self, file: &File, ranges: &[ByteRange]) -> Result<Vec<Vec<u8>>, Error> {
        stream::iter(ranges.to_vec())
            .map(|range| async move {
                let mut bytes = Vec::with_capacity(usize::try_from(range.length).unwrap_or(0));
                if range.length == 0 {
                    return Ok(bytes);
                }
                let span = range.offset..range.offset + range.length;
                let mut body = self.store.read(&file.object_key, span, &file.etag).await?;
                while let Some(chunk) = body.next().await {
                    bytes.extend_from_slice(&chunk?);
                }
                Ok(bytes)
            })
            .buffered(PARALLEL_READS)
            .try_collect()
            .await
    }
}
