//! Step 5: known content becomes an entry without an upload.

use futures::future::join_all;
use straightway_core::ports::{CommitBy, Committed, FileChange};
use straightway_core::{Entry, FolderId};

use super::subject::{NOW, Subject, new_key, next, renamed};

const BY: CommitBy<'_> = CommitBy::Instant { proof: None };

pub async fn known_content_becomes_an_entry_at_once(subject: &Subject) {
    let (first, second) = (subject.owner().await, subject.owner().await);
    let stored = subject.store(&first, "film.mp4", 100).await;
    let entry = subject.refer(&second, "mine.mp4", stored.file().unwrap()).await;
    assert_eq!(subject.entry(&second.id, &entry.entry_id).await.unwrap(), Some(entry));
    assert_eq!(subject.file_of(&stored).await.refs, 2);
    assert_eq!(subject.used(&second).await, (100, 0));
    assert_eq!(subject.used(&first).await, (100, 0));
}

pub async fn an_instant_upload_of_unknown_content_says_so(subject: &Subject) {
    let owner = subject.owner().await;
    let key = new_key(100);
    let entry = owner.entry(&FolderId::Root, "film.mp4", &key);
    assert_eq!(subject.commit_by(BY, &entry, FileChange::Known(&key), None).await, Committed::FileChanged);
    assert_eq!(subject.used(&owner).await, (0, 0));
    assert_eq!(subject.entry(&owner.id, &entry.entry_id).await.unwrap(), None);
}

pub async fn an_instant_upload_twice_says_the_entry_is_there(subject: &Subject) {
    let owner = subject.owner().await;
    let stored = subject.store(&owner, "film.mp4", 100).await;
    let key = stored.file().unwrap();
    let entry = subject.refer(&owner, "again.mp4", key).await;
    for name in ["again.mp4", "elsewhere.mp4"] {
        let entry = renamed(&entry, name);
        assert_eq!(subject.commit_by(BY, &entry, FileChange::Known(key), None).await, Committed::EntryExists);
    }
    assert_eq!(subject.file_of(&stored).await.refs, 2);
    assert_eq!(subject.used(&owner).await, (200, 0));
}

pub async fn an_instant_upload_repeated_after_its_entry_went_makes_no_other(subject: &Subject) {
    let owner = subject.owner().await;
    let stored = subject.store(&owner, "film.mp4", 100).await;
    let key = stored.file().unwrap();
    let entry = subject.refer(&owner, "again.mp4", key).await;
    subject.purge_entry(&entry, NOW).await.unwrap();
    assert_eq!(subject.commit_by(BY, &entry, FileChange::Known(key), None).await, Committed::EntryExists);
    assert_eq!(subject.file_of(&stored).await.refs, 1);
    assert_eq!(subject.used(&owner).await, (100, 0));
}

pub async fn an_instant_upload_needs_room(subject: &Subject) {
    let (first, second) = (subject.owner().await, subject.owner_with_quota(250).await);
    let stored = subject.store(&first, "film.mp4", 100).await;
    let key = stored.file().unwrap();
    subject.open(&second, "upload", 60).await;
    subject.refer(&second, "one", key).await;
    let entry = second.entry(&FolderId::Root, "two", key);
    let committed = subject.commit_by(BY, &entry, FileChange::Known(key), None).await;
    assert_eq!(committed, Committed::QuotaExceeded { available_bytes: 90 });
    assert_eq!(subject.used(&second).await, (100, 60));
}

pub async fn of_many_instant_uploads_at_once_only_those_that_fit_succeed(subject: &Subject) {
    let (first, second) = (subject.owner().await, subject.owner_with_quota(550).await);
    let stored = subject.store(&first, "film.mp4", 100).await;
    let key = stored.file().unwrap();
    let entries: Vec<Entry> = (0..12).map(|n| second.entry(&FolderId::Root, &n.to_string(), key)).collect();
    let committed =
        join_all(entries.iter().map(|entry| subject.commit_by(BY, entry, FileChange::Known(key), None))).await;
    assert_eq!(committed.iter().filter(|committed| **committed == Committed::Done).count(), 5, "{committed:?}");
    assert_eq!(subject.used(&second).await, (500, 0));
    assert_eq!(subject.file_of(&stored).await.refs, 6);
}

pub async fn what_the_owner_has_becomes_another_entry(subject: &Subject) {
    let owner = subject.owner().await;
    let own = subject.store(&owner, "film.mp4", 100).await;
    let key = own.file().unwrap();
    let entry = owner.entry(&FolderId::Root, "copy.mp4", key);
    let committed = subject.commit_by(CommitBy::Own { entry: &own }, &entry, FileChange::Known(key), None).await;
    assert_eq!(committed, Committed::Done);
    assert_eq!(subject.file_of(&own).await.refs, 2);
    let at_its_name = owner.entry(&FolderId::Root, "FILM.mp4", key);
    let committed = subject.commit_by(CommitBy::Own { entry: &own }, &at_its_name, FileChange::Known(key), None).await;
    assert_eq!(committed, Committed::NameTaken);
}

pub async fn what_the_owner_no_longer_has_is_no_reason(subject: &Subject) {
    let (owner, other) = (subject.owner().await, subject.owner().await);
    let own = subject.store(&owner, "film.mp4", 100).await;
    let key = own.file().unwrap();
    subject.refer(&other, "theirs", key).await;
    let entry = owner.entry(&FolderId::Root, "copy.mp4", key);
    let outdated = next(&own);
    subject.purge_entry(&own, NOW).await.unwrap();
    for own in [own.clone(), outdated] {
        let committed = subject.commit_by(CommitBy::Own { entry: &own }, &entry, FileChange::Known(key), None).await;
        assert_eq!(committed, Committed::FileChanged);
    }
    assert_eq!(subject.used(&owner).await, (0, 0));
}
