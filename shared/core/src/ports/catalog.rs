use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};

use crate::{
    ContentHash, Entry, EntryId, Error, File, FileKey, FileRecordKey, FoldedName, FolderId, Garbage, JobId, LeafHash,
    MultipartUploadId, OutboxEvent, OwnerId, PartNumber, RejectReason, SessionId, SessionState, Sha1Hash,
    UploadSession,
};

/// Files, entries, sessions and what ties them. Every write is one transaction of the life cycle protocol, every
/// deciding read is consistent. Conflicts and throttling are retried inside; a condition that does not hold is an
/// answer, never an error: the caller reads again and chooses again.
#[async_trait]
pub trait Catalog: Send + Sync {
    // Entries

    /// The owner's entry with this id.
    async fn entry(&self, owner: &OwnerId, id: &EntryId) -> Result<Option<Entry>, Error>;

    /// The owner's entry with this name in a folder.
    async fn entry_named(&self, owner: &OwnerId, parent: &FolderId, name: &FoldedName) -> Result<Option<Entry>, Error>;

    /// An entry of the owner's that refers to this file, nominated by an index that may lag and then read
    /// consistently: what is returned did refer to it just now, `None` proves nothing.
    async fn entry_of_file(&self, owner: &OwnerId, file: &FileRecordKey) -> Result<Option<Entry>, Error>;

    /// One page of a folder ordered by folded name: those that start with `prefix`, beyond `after`.
    async fn list_folder(
        &self,
        owner: &OwnerId,
        parent: &FolderId,
        prefix: Option<&FoldedName>,
        after: Option<&FoldedName>,
        limit: usize,
    ) -> Result<Page<Entry, FoldedName>, Error>;

    /// Puts a folder if its name is free and its parent there.
    async fn put_folder(&self, folder: &Entry) -> Result<PutFolder, Error>;

    /// Replaces `before` (revision and place as read) with `after`: rename, move, metadata. `replaced` is purged in
    /// the same transaction. `ancestors` are the folders from the new parent up to the root, as read: when a folder
    /// moves they must still be where they were, so that it cannot come to lie below itself.
    async fn move_entry(
        &self,
        before: &Entry,
        after: &Entry,
        replaced: Option<&Entry>,
        ancestors: &[Entry],
    ) -> Result<Moved, Error>;

    /// Step 6: deletes a file's entry (revision as read), refs - 1 (0 sets `collectable_at`), used bytes back.
    async fn purge_entry(&self, entry: &Entry, now: Timestamp) -> Result<Purged, Error>;

    /// Deletes a folder's entry (revision as read) and writes the job that purges what is below, in one
    /// transaction. `before` is the job as read, `None` for a new one.
    async fn purge_folder(&self, folder: &Entry, before: Option<&Job>, after: &Job) -> Result<Purged, Error>;

    /// The job with this id.
    async fn job(&self, id: &JobId) -> Result<Option<Job>, Error>;

    /// Replaces a job if it is still as read.
    async fn save_job(&self, before: &Job, after: &Job) -> Result<Purged, Error>;

    // Files

    /// The file with this key.
    async fn file(&self, key: &FileRecordKey) -> Result<Option<File>, Error>;

    /// Those of these files that are there, in no order. For rendering lists.
    async fn files(&self, keys: &[FileRecordKey]) -> Result<Vec<File>, Error>;

    /// Whether a file with this SHA-1 is known, by an index that may lag: only ever a hint.
    async fn file_with_sha1(&self, sha1: &Sha1Hash, size_bytes: u64) -> Result<Option<FileRecordKey>, Error>;

    // Sessions

    /// What is left of the owner's quota, in bytes. For telling it early: what decides are the transactions.
    async fn available_bytes(&self, owner: &OwnerId) -> Result<u64, Error>;

    /// Opens a session: quota, name, marker, live item and session in one transaction.
    async fn open_session(&self, new: &NewSession<'_>) -> Result<Opened, Error>;

    /// The session with this id, whoever owns it.
    async fn session(&self, id: &SessionId) -> Result<Option<UploadSession>, Error>;

    /// The live session with this marker.
    async fn session_with_marker(&self, marker: &str) -> Result<Option<UploadSession>, Error>;

    /// One page of the owner's live sessions, beyond `after`.
    async fn live_sessions(
        &self,
        owner: &OwnerId,
        after: Option<&SessionId>,
        limit: usize,
    ) -> Result<Page<UploadSession, SessionId>, Error>;

    /// Records the store's multipart id if the session is open and has none.
    async fn record_multipart(&self, id: &SessionId, multipart: &MultipartUploadId)
    -> Result<RecordedMultipart, Error>;

    /// Records leaf hashes as they are signed. Repeating it changes nothing; another hash replaces the former.
    async fn record_leaves(&self, id: &SessionId, leaves: &[(PartNumber, LeafHash)]) -> Result<(), Error>;

    /// The leaf hashes recorded at signing, ascending.
    async fn leaves(&self, id: &SessionId) -> Result<Vec<(PartNumber, LeafHash)>, Error>;

    /// Records what the client finished and that the session was used now; answers what it says then. Writes
    /// nothing when that would change nothing worth a write.
    async fn record_done(
        &self,
        session: &UploadSession,
        done: &[PartNumber],
        now: Timestamp,
    ) -> Result<UploadSession, Error>;

    /// Records the content hash declared at completion, if the session is live and has none; answers what it says then.
    async fn declare_hash(&self, session: &UploadSession, hash: ContentHash) -> Result<UploadSession, Error>;

    /// Step 1c: open -> verifying, due again at `due_at`. Nothing happens in another state. Answers what it says then.
    async fn begin_verifying(&self, id: &SessionId, due_at: Timestamp) -> Result<Begun, Error>;

    /// How far a read-back is.
    async fn read_back(&self, id: &SessionId) -> Result<Option<ReadBack>, Error>;

    /// Saves how far a read-back is.
    async fn save_read_back(&self, id: &SessionId, read_back: &ReadBack) -> Result<(), Error>;

    /// Ends a session without a file: state conditional, quota, marker, live item, garbage, event in one transaction.
    async fn end_session(
        &self,
        session: &UploadSession,
        end: SessionEnd,
        garbage: &Garbage,
        event: Option<&OutboxEvent>,
        now: Timestamp,
    ) -> Result<Ended, Error>;

    /// Steps 2 (good) and 5: an entry comes to refer to a file.
    async fn commit(&self, commit: &Commit<'_>) -> Result<Committed, Error>;

    /// Consumes a challenge's nonce and counts the attempt as wrong, in one transaction, before any byte is read.
    /// `false` when the nonce was used before or a limit is reached.
    async fn begin_proof(&self, attempt: &ProofAttempt) -> Result<bool, Error>;
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, K> {
    /// What is on it; may be empty although more follows.
    pub items: Vec<T>,
    /// Where the next page begins; `None` only at the end.
    pub next: Option<K>,
}

/// What [`Catalog::put_folder`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutFolder {
    /// It is there now.
    Done,
    /// Another entry has the name: read it.
    NameTaken,
    /// The parent is no folder of the owner's (any more).
    ParentGone,
}

/// What [`Catalog::move_entry`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// Done.
    Done,
    /// `before`, `replaced` or an ancestor is not as it was read.
    Changed,
    /// Another entry has the name.
    NameTaken,
    /// The new parent is no folder of the owner's (any more).
    ParentGone,
}

/// What a purge found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purged {
    /// Done.
    Done,
    /// It is not as it was read: gone, or changed.
    Changed,
}

/// Work that goes on after its request was answered: purging what lies below deleted folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its identity.
    pub job_id: JobId,
    /// Whose.
    pub owner_id: OwnerId,
    /// Goes up with every change.
    pub revision: u64,
    /// Deleted folders whose children may still be there; empty: done.
    pub pending: Vec<EntryId>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A session to be opened.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    /// The session, open.
    pub session: &'a UploadSession,
    /// Whether the name must be free.
    pub name_must_be_free: bool,
    /// Most live sessions an owner may have.
    pub max_open_sessions: u64,
}

/// What [`Catalog::open_session`] found. When several things are in the way the first of this order is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It is open.
    Done,
    /// A live session for exactly this upload.
    Live(Box<UploadSession>),
    /// Another entry has the name.
    NameTaken,
    /// The parent is no folder of the owner's (any more).
    ParentGone,
    /// Not enough room.
    QuotaExceeded {
        /// What is left, in bytes.
        available_bytes: u64,
    },
    /// The owner has too many live sessions.
    TooManySessions,
}

/// What [`Catalog::record_multipart`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedMultipart {
    /// This one is recorded now, or was.
    Done,
    /// Another one was faster: use it, abort yours.
    Other(MultipartUploadId),
    /// The session is not open: abort yours.
    NotOpen(SessionState),
}

/// What [`Catalog::begin_verifying`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Verifying, now or already.
    Verifying(Box<UploadSession>),
    /// The session has ended.
    Ended(Box<UploadSession>),
}

/// How far the finalizer is in reading an object back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBack {
    /// The ETag that every read is tied to.
    pub etag: String,
    /// Leaf hashes of the parts read so far.
    pub leaves: Vec<LeafHash>,
    /// Serialised state of the SHA-1 over the bytes read so far.
    pub sha1_state: Vec<u8>,
}

/// How a session ends without a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// From any live state: the bytes were wrong.
    Rejected(RejectReason),
    /// Only from `verifying`: the bytes were lost (step 4).
    Lost,
    /// From any live state, by its owner.
    Aborted,
    /// Only from `open`: nothing happened for too long.
    Expired,
}

/// What [`Catalog::end_session`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It ended this way now.
    Done,
    /// It was not in a state that may end this way: what it says now. Delete nothing.
    Not(Box<UploadSession>),
}

/// An entry that comes to refer to a file, with everything that becomes true with it.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    /// The new entry; its id was fixed before the first attempt.
    pub entry: &'a Entry,
    /// What happens to the file's record.
    pub file: FileChange<'a>,
    /// The entry that holds the name and is purged in the same transaction (`replace`).
    pub replaced: Option<&'a Entry>,
    /// What brought it about.
    pub by: CommitBy<'a>,
    /// The event that tells it.
    pub event: &'a OutboxEvent,
    /// Now.
    pub now: Timestamp,
}

/// What a commit does to the file's record.
#[derive(Clone, Copy, Debug)]
pub enum FileChange<'a> {
    /// Puts it if absent.
    New(&'a File),
    /// Adds a reference if it is there, and takes `collectable_at` away.
    Known(&'a FileRecordKey),
}

/// What brings a commit about.
#[derive(Clone, Copy, Debug)]
pub enum CommitBy<'a> {
    /// An upload session: live -> stored, reservation settled, marker and live item gone; with garbage when its own
    /// object is not the file's.
    Session {
        /// The session as read.
        session: &'a UploadSession,
        /// Its object, when it is not needed.
        garbage: Option<&'a Garbage>,
    },
    /// An instant upload: quota checked; a right proof takes its counted attempt back.
    Instant {
        /// The attempt that was right; `None` where the owner had the file already.
        proof: Option<&'a ProofAttempt>,
    },
    /// An instant upload of content that the owner has already: quota checked, and `entry` must be as it was read.
    Own {
        /// An entry of the owner's that refers to the same file.
        entry: &'a Entry,
    },
}

/// What [`Catalog::commit`] found. When several things are in the way the first of this order is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// Everything is true now.
    Done,
    /// The session has ended: what it says now. Delete nothing.
    SessionEnded(Box<UploadSession>),
    /// A content hash was declared since the session was read: verify again.
    HashDeclared,
    /// The entry id is there already: an earlier attempt was carried out.
    EntryExists,
    /// The file is there although it should be new, or the other way round; or the owner's own entry is not as it was
    /// read. Read again, choose again.
    FileChanged,
    /// Another entry has the name, or `replaced` is not as it was read.
    NameTaken,
    /// The parent is no folder of the owner's (any more).
    ParentGone,
    /// Not enough room (instant uploads only).
    QuotaExceeded {
        /// What is left, in bytes.
        available_bytes: u64,
    },
}

/// One answer to a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofAttempt {
    /// The challenge's nonce in hex; used once.
    pub nonce: String,
    /// Who answers.
    pub owner_id: OwnerId,
    /// About which file.
    pub file_key: FileKey,
    /// The day it counts for.
    pub day: Date,
    /// When the challenge expires.
    pub expires_at: Timestamp,
}
