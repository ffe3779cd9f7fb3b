//! The catalog under test, and what the cases put into it.

use std::ops::Deref;

use jiff::{SignedDuration, Timestamp};
use straightway_core::ports::{
    Accounts, Catalog, Commit, CommitBy, Committed, FileChange, Limits, NewSession, Opened, Requests, SessionEnd,
};
use straightway_core::session::{DoneParts, IDLE_LIFE};
use straightway_core::{
    ContentHash, Entry, EntryId, EntryKind, EntryName, File, FileKey, FileRecordKey, FolderId, Garbage, Integrity,
    LeafHash, Metadata, OnConflict, OutboxEvent, OwnerId, PartPlan, Replica, SessionId, SessionState, UploadMethod,
    UploadSession, Usage, User, UserId, Username,
};

/// When the cases take place: 2026-11-21 10:00 UTC.
pub const NOW: Timestamp = Timestamp::constant(1_795_255_200, 0);

/// Plenty: what most owners of the cases may use.
pub const QUOTA: u64 = 1 << 50;

/// Most live sessions, where a case is not about that.
pub const MANY: u64 = 1_000;

/// Everything that keeps records.
pub trait Records: Catalog + Accounts + Limits + Requests {}

impl<T: Catalog + Accounts + Limits + Requests> Records for T {}

/// The catalog under test.
pub struct Subject(Box<dyn Records>);

impl Deref for Subject {
    type Target = dyn Records;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// Somebody with a space.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The space.
    pub id: OwnerId,
    /// The account.
    pub user: User,
}

impl Subject {
    /// The contract's view of a catalog over empty tables.
    pub fn new(records: impl Records + 'static) -> Self {
        Self(Box::new(records))
    }

    /// A new user with plenty of room.
    pub async fn owner(&self) -> Owner {
        self.owner_with_quota(QUOTA).await
    }

    /// A new user who may use this much.
    pub async fn owner_with_quota(&self, quota_bytes: u64) -> Owner {
        let user = user(quota_bytes);
        self.create_user(&user).await.unwrap();
        Owner { id: user.user_id.clone().into(), user }
    }

    /// What the owner uses: of entries, of reservations.
    pub async fn used(&self, owner: &Owner) -> (u64, u64) {
        let usage = self.user(&owner.user.user_id).await.unwrap().unwrap().usage;
        (usage.used_bytes, usage.reserved_bytes)
    }

    /// Opens this session, wherever its name may be taken.
    pub async fn try_open(&self, session: &UploadSession) -> Opened {
        let new = NewSession { session, name_must_be_free: false, max_open_sessions: MANY };
        self.open_session(&new).await.unwrap()
    }

    /// A session that is open.
    pub async fn open(&self, owner: &Owner, name: &str, size_bytes: u64) -> UploadSession {
        let session = owner.session(name, size_bytes);
        assert_eq!(self.try_open(&session).await, Opened::Done);
        session
    }

    /// An upload of content that is stored already, or that many upload at once: its own object may not be needed.
    pub async fn open_known(&self, owner: &Owner, name: &str, key: &FileRecordKey) -> Upload {
        let FileKey { content_hash, size_bytes } = key.file_key;
        let session = UploadSession { content_hash: Some(content_hash), ..owner.session(name, size_bytes) };
        assert_eq!(self.try_open(&session).await, Opened::Done);
        Upload { garbage: Some(garbage(&session)), ..Upload::of(session) }
    }

    /// The session as it is now.
    pub async fn session_now(&self, session: &UploadSession) -> UploadSession {
        self.session(&session.session_id).await.unwrap().unwrap()
    }

    /// Puts a folder.
    pub async fn folder(&self, owner: &Owner, parent: &FolderId, name: &str) -> Entry {
        let folder = folder(owner, parent, name);
        assert_eq!(self.put_folder(&folder).await.unwrap(), straightway_core::ports::PutFolder::Done);
        folder
    }

    /// Commits what `upload` says, by its session.
    pub async fn commit_upload(&self, upload: &Upload, change: FileChange<'_>, replaced: Option<&Entry>) -> Committed {
        let by = CommitBy::Session { session: &upload.session, garbage: upload.garbage.as_ref() };
        self.commit_by(by, &upload.entry, change, replaced).await
    }

    /// Commits an entry.
    pub async fn commit_by(
        &self,
        by: CommitBy<'_>,
        entry: &Entry,
        file: FileChange<'_>,
        replaced: Option<&Entry>,
    ) -> Committed {
        let session = match by {
            CommitBy::Session { session, .. } => Some(session),
            CommitBy::Instant { .. } | CommitBy::Own { .. } => None,
        };
        let event = &OutboxEvent::file_stored(entry, session, NOW);
        self.commit(&Commit { entry, file, replaced, by, event, now: NOW }).await.unwrap()
    }

    /// An upload of new content, stored in the root: its entry.
    pub async fn store(&self, owner: &Owner, name: &str, size_bytes: u64) -> Entry {
        self.store_in(owner, &FolderId::Root, name, size_bytes).await
    }

    /// An upload of new content, stored in a folder: its entry.
    pub async fn store_in(&self, owner: &Owner, parent: &FolderId, name: &str, size_bytes: u64) -> Entry {
        let session = UploadSession { parent: parent.clone(), ..owner.session(name, size_bytes) };
        assert_eq!(self.try_open(&session).await, Opened::Done);
        let upload = Upload::of(session);
        assert_eq!(self.commit_upload(&upload, FileChange::New(&upload.file), None).await, Committed::Done);
        upload.entry
    }

    /// An entry that refers to content which is stored already.
    pub async fn refer(&self, owner: &Owner, name: &str, key: &FileRecordKey) -> Entry {
        let entry = owner.entry(&FolderId::Root, name, key);
        let committed = self.commit_by(CommitBy::Instant { proof: None }, &entry, FileChange::Known(key), None).await;
        assert_eq!(committed, Committed::Done);
        entry
    }

    /// The file an entry refers to, as it is now.
    pub async fn file_of(&self, entry: &Entry) -> File {
        self.file(entry.file().unwrap()).await.unwrap().unwrap()
    }

    /// Cancels a session.
    pub async fn abort(&self, session: &UploadSession) -> straightway_core::ports::Ended {
        self.end_session(session, SessionEnd::Aborted, &garbage(session), None, NOW).await.unwrap()
    }
}

impl Owner {
    /// A session for content nobody has, not opened yet.
    pub fn session(&self, name: &str, size_bytes: u64) -> UploadSession {
        let plan = PartPlan::for_size(size_bytes).unwrap();
        let name = EntryName::parse(name).unwrap();
        UploadSession {
            session_id: SessionId::from_random(random()),
            owner_id: self.id.clone(),
            state: SessionState::Open,
            reason: None,
            entry_id: EntryId::from_random(random()),
            parent: FolderId::Root,
            requested_name: name.clone(),
            name,
            on_conflict: OnConflict::Rename,
            content_type: "video/mp4".into(),
            client_modified_at: Some(NOW - SignedDuration::from_hours(1)),
            metadata: Metadata::new([("k".to_owned(), "v".to_owned()), (String::new(), String::new())].into()).unwrap(),
            plan,
            method: if plan.is_single() { UploadMethod::Put } else { UploadMethod::Multipart },
            integrity: Integrity::Leaf,
            content_hash: Some(new_content()),
            multipart_id: None,
            done: DoneParts::default(),
            created_at: NOW,
            expires_at: NOW + IDLE_LIFE,
        }
    }

    /// An entry for a file, not put yet.
    pub fn entry(&self, parent: &FolderId, name: &str, file: &FileRecordKey) -> Entry {
        let kind = EntryKind::File { file: file.clone(), content_type: "text/plain".into() };
        Entry { kind, ..folder(self, parent, name) }
    }
}

/// A session with what its commit would put.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The session.
    pub session: UploadSession,
    /// The entry it becomes.
    pub entry: Entry,
    /// The file it becomes, where its content is new.
    pub file: File,
    /// Its object, where it is not needed.
    pub garbage: Option<Garbage>,
}

impl Upload {
    /// What a session becomes; it must have a hash.
    pub fn of(session: UploadSession) -> Self {
        let record_key = FileRecordKey { owner: None, file_key: session.declared_file_key().unwrap() };
        let entry = Entry {
            entry_id: session.entry_id.clone(),
            owner_id: session.owner_id.clone(),
            parent: session.parent.clone(),
            name: session.name.clone(),
            kind: EntryKind::File { file: record_key.clone(), content_type: session.content_type.clone() },
            revision: 1,
            client_modified_at: session.client_modified_at,
            metadata: session.metadata.clone(),
            created_at: NOW,
            updated_at: NOW,
        };
        let file = File {
            record_key,
            object_key: session.object_key(),
            etag: "\"etag\"".into(),
            refs: 1,
            collectable_at: None,
            replica: Replica::Pending,
            sha1: None,
            created_at: NOW,
        };
        Self { session, entry, file, garbage: None }
    }

    /// The key of its file.
    pub fn key(&self) -> &FileRecordKey {
        &self.file.record_key
    }
}

/// A folder, not put yet.
pub fn folder(owner: &Owner, parent: &FolderId, name: &str) -> Entry {
    Entry {
        entry_id: EntryId::from_random(random()),
        owner_id: owner.id.clone(),
        parent: parent.clone(),
        name: EntryName::parse(name).unwrap(),
        kind: EntryKind::Folder,
        revision: 1,
        client_modified_at: None,
        metadata: Metadata::default(),
        created_at: NOW,
        updated_at: NOW,
    }
}

/// A folder's id as a place.
pub fn inside(folder: &Entry) -> FolderId {
    FolderId::Folder(folder.entry_id.clone())
}

/// What the entry becomes when it changes.
pub fn next(entry: &Entry) -> Entry {
    Entry { revision: entry.revision + 1, updated_at: NOW + SignedDuration::from_secs(1), ..entry.clone() }
}

/// The same in another folder.
pub fn moved(entry: &Entry, parent: &FolderId) -> Entry {
    Entry { parent: parent.clone(), ..next(entry) }
}

/// The same under another name.
pub fn renamed(entry: &Entry, name: &str) -> Entry {
    Entry { name: EntryName::parse(name).unwrap(), ..next(entry) }
}

/// The garbage that a session's own object becomes.
pub fn garbage(session: &UploadSession) -> Garbage {
    Garbage::new(session.object_key(), session.multipart_id.clone(), NOW)
}

/// A file key that nobody stored.
pub fn new_key(size_bytes: u64) -> FileRecordKey {
    FileRecordKey { owner: None, file_key: FileKey { content_hash: new_content(), size_bytes } }
}

fn new_content() -> ContentHash {
    LeafHash::of(&random::<16>()).into()
}

/// A user, not made yet.
pub fn user(quota_bytes: u64) -> User {
    let user_id = UserId::from_random(random());
    User {
        username: Username::parse(&format!("user-{}", &user_id.as_str()[..16])).unwrap(),
        user_id,
        password_hash: "$argon2id$first".into(),
        created_at: NOW,
        logins_valid_from: NOW,
        usage: Usage { used_bytes: 0, reserved_bytes: 0, quota_bytes },
    }
}

/// Random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}
