//! Step 6: an entry goes, and its reference with it. Folders go with all that is below.

use jiff::Timestamp;
use straightway_core::ports::{Job, Purged};
use straightway_core::{Entry, EntryId, Error, FolderId, JobId, OwnerId};

use crate::{Lifecycle, Work};

/// Entries that are read in one go below a deleted folder.
const PAGE: usize = 100;
/// How often a purge reads an entry again that somebody else keeps changing.
const MAX_READS: u32 = 32;

/// How far the purge of a folder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PurgeProgress {
    /// Everything is gone.
    Done,
    /// More is below than fits before the deadline; a message goes on with it.
    Goes(JobId),
}

impl Lifecycle {
    /// Purges an entry of the owner's; a folder with all that is below, as far as that fits before `deadline`.
    /// `revision` is what the caller last saw; `new_job` is an id for the job of a large folder.
    ///
    /// # Errors
    /// `NotFound`; `Changed` when the entry is not at `revision`.
    pub async fn purge(
        &self,
        owner: &OwnerId,
        id: &EntryId,
        revision: Option<u64>,
        new_job: JobId,
        deadline: Timestamp,
    ) -> Result<PurgeProgress, Error> {
        for _ in 0..MAX_READS {
            let entry = self.catalog.entry(owner, id).await?.ok_or(Error::NotFound)?;
            if revision.is_some_and(|seen| seen != entry.revision) {
                return Err(Error::Changed);
            }
            let now = self.clock.now();
            if !entry.is_folder() {
                match self.catalog.purge_entry(&entry, now).await? {
                    Purged::Done => return Ok(PurgeProgress::Done),
                    Purged::Changed => continue,
                }
            }
            let job = Job {
                job_id: new_job.clone(),
                owner_id: owner.clone(),
                revision: 1,
                pending: vec![entry.entry_id.clone()],
                created_at: now,
            };
            match self.catalog.purge_folder(&entry, None, &job).await? {
                Purged::Done => {
                    // First: whoever deletes may hang up, this process may die, and nobody else knows of the job.
                    self.finalize_queue.send(Work::from(&job).to_body()).await?;
                    return self.go_on(job, deadline).await;
                }
                Purged::Changed => {}
            }
        }
        Err(Error::unavailable("purging an entry", "it kept changing"))
    }

    /// Goes on with a job. Nothing happens when it is done, or when another worker is ahead.
    pub async fn delete_tree(&self, id: &JobId, deadline: Timestamp) -> Result<PurgeProgress, Error> {
        match self.catalog.job(id).await? {
            Some(job) => self.go_on(job, deadline).await,
            None => Ok(PurgeProgress::Done),
        }
    }

    async fn go_on(&self, mut job: Job, deadline: Timestamp) -> Result<PurgeProgress, Error> {
        while let Some(folder) = job.pending.last().cloned() {
            if self.clock.now() >= deadline {
                self.finalize_queue.send(Work::from(&job).to_body()).await?;
                return Ok(PurgeProgress::Goes(job.job_id));
            }
            job = self.purge_page(job, &folder).await?;
        }
        Ok(PurgeProgress::Done)
    }

    /// Purges one page of a deleted folder's children; a subfolder joins the job's list in the transaction that
    /// deletes it. The folder leaves the list when it has no children: none can come, entry puts check their parent.
    async fn purge_page(&self, mut job: Job, folder: &EntryId) -> Result<Job, Error> {
        let parent = FolderId::Folder(folder.clone());
        let page = self.catalog.list_folder(&job.owner_id, &parent, None, None, PAGE).await?;
        if page.items.is_empty() && page.next.is_none() {
            let mut after = next_revision(&job);
            after.pending.retain(|pending| pending != folder);
            return self.saved(&job, after).await;
        }
        for child in page.items {
            job = self.purge_child(job, &child).await?;
        }
        Ok(job)
    }

    async fn purge_child(&self, job: Job, child: &Entry) -> Result<Job, Error> {
        if !child.is_folder() {
            // Changed: gone or moved meanwhile; the next page shows which.
            self.catalog.purge_entry(child, self.clock.now()).await?;
            return Ok(job);
        }
        let mut after = next_revision(&job);
        after.pending.push(child.entry_id.clone());
        match self.catalog.purge_folder(child, Some(&job), &after).await? {
            Purged::Done => Ok(after),
            Purged::Changed => self.read_job(&job.job_id).await,
        }
    }

    async fn saved(&self, before: &Job, after: Job) -> Result<Job, Error> {
        match self.catalog.save_job(before, &after).await? {
            Purged::Done => Ok(after),
            Purged::Changed => self.read_job(&before.job_id).await,
        }
    }

    async fn read_job(&self, id: &JobId) -> Result<Job, Error> {
        self.catalog.job(id).await?.ok_or_else(|| Error::internal("a job is gone before it is done"))
    }
}

fn next_revision(job: &Job) -> Job {
    Job { revision: job.revision + 1, ..job.clone() }
}
