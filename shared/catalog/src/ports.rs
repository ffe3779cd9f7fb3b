//! The ports of the core; each method is one function of the module that its record or transaction has.

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;
use straightway_core::ports::{
    Accounts, Begun, Catalog, Commit, Committed, Ended, Job, Limits, Moved, NewSession, Opened, Page, ProofAttempt,
    Purged, PutFolder, ReadBack, RecordedMultipart, RequestBegun, Requests, Rotated, SessionEnd,
};
use straightway_core::{
    ContentHash, Entry, EntryId, Error, File, FileRecordKey, FoldedName, FolderId, Garbage, JobId, LeafHash, Login,
    LoginId, MultipartUploadId, OutboxEvent, OwnerId, PartNumber, SessionId, Sha1Hash, UploadSession, User, UserId,
    Username,
};

use crate::{
    DynamoCatalog, commit, end, entries, files, folders, leaves, limits, logins, moves, open, progress, proofs, purge,
    requests, sessions, users,
};

#[async_trait]
impl Catalog for DynamoCatalog {
    async fn entry(&self, owner: &OwnerId, id: &EntryId) -> Result<Option<Entry>, Error> {
        entries::read(&self.db, owner, id).await
    }

    async fn entry_named(&self, owner: &OwnerId, parent: &FolderId, name: &FoldedName) -> Result<Option<Entry>, Error> {
        entries::read_named(&self.db, owner, parent, name).await
    }

    async fn entry_of_file(&self, owner: &OwnerId, file: &FileRecordKey) -> Result<Option<Entry>, Error> {
        entries::read_of_file(&self.db, owner, file).await
    }

    async fn list_folder(
        &self,
        owner: &OwnerId,
        parent: &FolderId,
        prefix: Option<&FoldedName>,
        after: Option<&FoldedName>,
        limit: usize,
    ) -> Result<Page<Entry, FoldedName>, Error> {
        entries::list(&self.db, owner, parent, prefix, after, limit).await
    }

    async fn put_folder(&self, folder: &Entry) -> Result<PutFolder, Error> {
        folders::put(&self.db, folder).await
    }

    async fn move_entry(
        &self,
        before: &Entry,
        after: &Entry,
        replaced: Option<&Entry>,
        ancestors: &[Entry],
    ) -> Result<Moved, Error> {
        moves::move_entry(&self.db, before, after, replaced, ancestors).await
    }

    async fn purge_entry(&self, entry: &Entry, now: Timestamp) -> Result<Purged, Error> {
        purge::purge_entry(&self.db, entry, now).await
    }

    async fn purge_folder(&self, folder: &Entry, before: Option<&Job>, after: &Job) -> Result<Purged, Error> {
        folders::purge(&self.db, folder, before, after).await
    }

    async fn job(&self, id: &JobId) -> Result<Option<Job>, Error> {
        folders::job(&self.db, id).await
    }

    async fn save_job(&self, before: &Job, after: &Job) -> Result<Purged, Error> {
        folders::save_job(&self.db, before, after).await
    }

    async fn file(&self, key: &FileRecordKey) -> Result<Option<File>, Error> {
        files::read(&self.db, key).await
    }

    async fn files(&self, keys: &[FileRecordKey]) -> Result<Vec<File>, Error> {
        files::read_many(&self.db, keys).await
    }

    async fn file_with_sha1(&self, sha1: &Sha1Hash, size_bytes: u64) -> Result<Option<FileRecordKey>, Error> {
        files::with_sha1(&self.db, sha1, size_bytes).await
    }

    async fn available_bytes(&self, owner: &OwnerId) -> Result<u64, Error> {
        Ok(users::space(&self.db, owner).await?.available_bytes())
    }

    async fn open_session(&self, new: &NewSession<'_>) -> Result<Opened, Error> {
        open::open_session(&self.db, new).await
    }

    async fn session(&self, id: &SessionId) -> Result<Option<UploadSession>, Error> {
        sessions::read(&self.db, id).await
    }

    async fn session_with_marker(&self, marker: &str) -> Result<Option<UploadSession>, Error> {
        sessions::read_by_marker(&self.db, marker).await
    }

    async fn live_sessions(
        &self,
        owner: &OwnerId,
        after: Option<&SessionId>,
        limit: usize,
    ) -> Result<Page<UploadSession, SessionId>, Error> {
        sessions::list_live(&self.db, owner, after, limit).await
    }

    async fn record_multipart(
        &self,
        id: &SessionId,
        multipart: &MultipartUploadId,
    ) -> Result<RecordedMultipart, Error> {
        progress::record_multipart(&self.db, id, multipart).await
    }

    async fn record_leaves(&self, id: &SessionId, leaves: &[(PartNumber, LeafHash)]) -> Result<(), Error> {
        leaves::record(&self.db, id, leaves).await
    }

    async fn leaves(&self, id: &SessionId) -> Result<Vec<(PartNumber, LeafHash)>, Error> {
        leaves::read(&self.db, id).await
    }

    async fn record_done(
        &self,
        session: &UploadSession,
        done: &[PartNumber],
        now: Timestamp,
    ) -> Result<UploadSession, Error> {
        progress::record_done(&self.db, session, done, now).await
    }

    async fn declare_hash(&self, session: &UploadSession, hash: ContentHash) -> Result<UploadSession, Error> {
        progress::declare_hash(&self.db, session, hash).await
    }

    async fn begin_verifying(&self, id: &SessionId, due_at: Timestamp) -> Result<Begun, Error> {
        progress::begin_verifying(&self.db, id, due_at).await
    }

    async fn read_back(&self, id: &SessionId) -> Result<Option<ReadBack>, Error> {
        leaves::read_back(&self.db, id).await
    }

    async fn save_read_back(&self, id: &SessionId, read_back: &ReadBack) -> Result<(), Error> {
        leaves::save_read_back(&self.db, id, read_back).await
    }

    async fn end_session(
        &self,
        session: &UploadSession,
        end: SessionEnd,
        garbage: &Garbage,
        event: Option<&OutboxEvent>,
        now: Timestamp,
    ) -> Result<Ended, Error> {
        end::end_session(&self.db, session, end, garbage, event, now).await
    }

    async fn commit(&self, commit: &Commit<'_>) -> Result<Committed, Error> {
        commit::commit(&self.db, commit).await
    }

    async fn begin_proof(&self, attempt: &ProofAttempt) -> Result<bool, Error> {
        proofs::begin(&self.db, attempt).await
    }
}

#[async_trait]
impl Accounts for DynamoCatalog {
    async fn create_user(&self, user: &User) -> Result<(), Error> {
        users::create(&self.db, user).await
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, Error> {
        users::read(&self.db, id).await
    }

    async fn user_by_name(&self, name: &Username) -> Result<Option<User>, Error> {
        users::read_by_name(&self.db, name).await
    }

    async fn set_password(
        &self,
        id: &UserId,
        before: &SecretString,
        after: &SecretString,
        now: Timestamp,
    ) -> Result<(), Error> {
        users::set_password(&self.db, id, before, after, now).await
    }

    async fn end_logins(&self, id: &UserId, now: Timestamp) -> Result<(), Error> {
        users::end_logins(&self.db, id, now).await
    }

    async fn create_login(&self, login: &Login) -> Result<(), Error> {
        logins::create(&self.db, login).await
    }

    async fn login(&self, id: &LoginId) -> Result<Option<Login>, Error> {
        logins::read(&self.db, id).await
    }

    async fn rotate_login(&self, before: &Login, after: &Login) -> Result<Rotated, Error> {
        logins::rotate(&self.db, before, after).await
    }

    async fn delete_login(&self, id: &LoginId) -> Result<(), Error> {
        logins::delete(&self.db, id).await
    }
}

#[async_trait]
impl Limits for DynamoCatalog {
    async fn take(&self, key: &str, amount: u64, max: u64, ends_at: Timestamp) -> Result<bool, Error> {
        limits::take(&self.db, key, amount, max, ends_at).await
    }

    async fn give_back(&self, key: &str, amount: u64) -> Result<(), Error> {
        limits::give_back(&self.db, key, amount).await
    }
}

#[async_trait]
impl Requests for DynamoCatalog {
    async fn begin_request(
        &self,
        owner: &OwnerId,
        key: &str,
        fingerprint: [u8; 32],
        now: Timestamp,
    ) -> Result<RequestBegun, Error> {
        requests::begin(&self.db, owner, key, fingerprint, now).await
    }

    async fn finish_request(&self, owner: &OwnerId, key: &str, answer: &str, now: Timestamp) -> Result<(), Error> {
        requests::finish(&self.db, owner, key, answer, now).await
    }

    async fn forget_request(&self, owner: &OwnerId, key: &str) -> Result<(), Error> {
        requests::forget(&self.db, owner, key).await
    }
}
