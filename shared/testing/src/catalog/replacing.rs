//! Commits that take the name of an entry which is purged in the same transaction.

use straightway_core::ports::{CommitBy, Committed, FileChange, Purged};
use straightway_core::{Entry, FolderId};

use super::subject::{NOW, Subject, Upload, next, renamed};

async fn replace(subject: &Subject, upload: &Upload, holder: &Entry) -> Committed {
    subject.commit_upload(upload, FileChange::New(&upload.file), Some(holder)).await
}

pub async fn replacing_takes_the_name_and_frees_the_old_content(subject: &Subject) {
    let owner = subject.owner().await;
    let old = subject.store(&owner, "film.mp4", 30).await;
    let upload = Upload::of(subject.open(&owner, "FILM.mp4", 100).await);

    assert_eq!(replace(subject, &upload, &old).await, Committed::Done);

    let named = subject.entry_named(&owner.id, &FolderId::Root, &old.name.folded()).await.unwrap();
    assert_eq!(named.as_ref(), Some(&upload.entry));
    assert_eq!(subject.entry(&owner.id, &upload.entry.entry_id).await.unwrap(), named);
    assert_eq!(subject.entry(&owner.id, &old.entry_id).await.unwrap(), None);
    let file = subject.file_of(&old).await;
    assert_eq!((file.refs, file.collectable_at), (0, Some(NOW)));
    assert_eq!(subject.used(&owner).await, (100, 0));
}

pub async fn replacing_one_of_several_references_keeps_the_content(subject: &Subject) {
    let (owner, other) = (subject.owner().await, subject.owner().await);
    let old = subject.store(&owner, "film.mp4", 30).await;
    subject.refer(&other, "theirs", old.file().unwrap()).await;
    let upload = Upload::of(subject.open(&owner, "film.mp4", 100).await);
    assert_eq!(replace(subject, &upload, &old).await, Committed::Done);
    let file = subject.file_of(&old).await;
    assert_eq!((file.refs, file.collectable_at), (1, None));
}

pub async fn replacing_by_the_same_content_keeps_its_references(subject: &Subject) {
    let owner = subject.owner().await;
    let old = subject.store(&owner, "film.mp4", 30).await;
    let upload = subject.open_known(&owner, "film.mp4", old.file().unwrap()).await;

    let committed = subject.commit_upload(&upload, FileChange::Known(upload.key()), Some(&old)).await;

    assert_eq!(committed, Committed::Done);
    assert_eq!(subject.file_of(&upload.entry).await.refs, 1);
    assert_eq!(subject.entry(&owner.id, &old.entry_id).await.unwrap(), None);
    assert_eq!(subject.used(&owner).await, (30, 0));
}

pub async fn an_instant_upload_may_replace_where_the_sum_fits(subject: &Subject) {
    let (owner, other) = (subject.owner_with_quota(100).await, subject.owner().await);
    let old = subject.store(&owner, "film.mp4", 80).await;
    let (fits, does_not) = (subject.store(&other, "a", 100).await, subject.store(&other, "b", 101).await);
    let replace = async |with: &Entry| {
        let key = with.file().unwrap();
        let entry = owner.entry(&FolderId::Root, "film.mp4", key);
        let by = CommitBy::Instant { proof: None };
        subject.commit_by(by, &entry, FileChange::Known(key), Some(&old)).await
    };
    assert_eq!(replace(&does_not).await, Committed::QuotaExceeded { available_bytes: 20 });
    assert_eq!(replace(&fits).await, Committed::Done);
    assert_eq!(subject.used(&owner).await, (100, 0));
    assert_eq!(subject.file_of(&old).await.refs, 0);
}

pub async fn a_holder_that_is_not_as_it_was_read_is_not_replaced(subject: &Subject) {
    let owner = subject.owner().await;
    let old = subject.store(&owner, "film.mp4", 30).await;
    let upload = Upload::of(subject.open(&owner, "film.mp4", 100).await);
    subject.move_entry(&old, &next(&old), None, &[]).await.unwrap();

    assert_eq!(replace(subject, &upload, &old).await, Committed::NameTaken);
    subject.purge_entry(&next(&old), NOW).await.unwrap();
    assert_eq!(replace(subject, &upload, &old).await, Committed::NameTaken);

    assert_eq!(subject.session_now(&upload.session).await, upload.session);
    assert_eq!(subject.file_of(&old).await.refs, 0);
}

pub async fn folders_and_other_names_are_not_replaced(subject: &Subject) {
    let owner = subject.owner().await;
    let folder = subject.folder(&owner, &FolderId::Root, "film.mp4").await;
    let elsewhere = subject.store(&owner, "other.mp4", 30).await;
    let upload = Upload::of(subject.open(&owner, "film.mp4", 100).await);
    for holder in [&folder, &elsewhere] {
        assert_eq!(replace(subject, &upload, holder).await, Committed::NameTaken);
        assert_eq!(subject.entry(&owner.id, &holder.entry_id).await.unwrap().as_ref(), Some(holder));
    }
}

pub async fn the_entry_a_replacement_made_can_be_moved_and_purged(subject: &Subject) {
    let owner = subject.owner().await;
    let old = subject.store(&owner, "film.mp4", 30).await;
    let upload = Upload::of(subject.open(&owner, "film.mp4", 100).await);
    replace(subject, &upload, &old).await;
    let after = renamed(&upload.entry, "new.mp4");
    subject.move_entry(&upload.entry, &after, None, &[]).await.unwrap();
    assert_eq!(subject.purge_entry(&after, NOW).await.unwrap(), Purged::Done);
    assert_eq!(subject.used(&owner).await, (0, 0));
}
