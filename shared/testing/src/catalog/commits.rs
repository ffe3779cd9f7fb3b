//! Step 2 (good): an upload becomes a file.

use futures::future::join_all;
use straightway_core::ports::{Committed, FileChange};
use straightway_core::{EntryId, FolderId, LeafHash, SessionState, UploadSession};

use super::subject::{NOW, Subject, Upload, inside, new_key, random};

pub async fn new_content_becomes_a_file_and_an_entry(subject: &Subject) {
    let owner = subject.owner().await;
    let folder = subject.folder(&owner, &FolderId::Root, "films").await;
    let session = UploadSession { parent: inside(&folder), ..owner.session("film.mp4", 100) };
    subject.try_open(&session).await;
    let upload = Upload::of(session.clone());

    assert_eq!(subject.commit_upload(&upload, FileChange::New(&upload.file), None).await, Committed::Done);

    let expected = Some(upload.entry.clone());
    assert_eq!(subject.entry(&owner.id, &upload.entry.entry_id).await.unwrap(), expected);
    assert_eq!(subject.entry_named(&owner.id, &inside(&folder), &session.name.folded()).await.unwrap(), expected);
    assert_eq!(subject.entry_of_file(&owner.id, upload.key()).await.unwrap(), expected);
    assert_eq!(subject.file(upload.key()).await.unwrap(), Some(upload.file));
    assert_eq!(subject.session_now(&session).await, UploadSession { state: SessionState::Stored, ..session.clone() });
    assert_eq!(subject.used(&owner).await, (100, 0));
    assert_eq!(subject.live_sessions(&owner.id, None, 10).await.unwrap().items, []);
    assert_eq!(subject.session_with_marker(&session.marker().unwrap()).await.unwrap(), None);
}

pub async fn a_verifying_session_is_committed_too(subject: &Subject) {
    let owner = subject.owner().await;
    let session = subject.open(&owner, "empty", 0).await;
    subject.begin_verifying(&session.session_id, NOW).await.unwrap();
    let upload = Upload::of(subject.session_now(&session).await);
    assert_eq!(subject.commit_upload(&upload, FileChange::New(&upload.file), None).await, Committed::Done);
    assert_eq!(subject.used(&owner).await, (0, 0));
    assert_eq!(subject.entry(&owner.id, &session.entry_id).await.unwrap(), Some(upload.entry));
}

pub async fn known_content_gains_a_reference(subject: &Subject) {
    let (first, second) = (subject.owner().await, subject.owner().await);
    let stored = subject.store(&first, "film.mp4", 100).await;
    let upload = subject.open_known(&second, "same.mp4", stored.file().unwrap()).await;

    assert_eq!(subject.commit_upload(&upload, FileChange::Known(upload.key()), None).await, Committed::Done);

    let file = subject.file_of(&stored).await;
    assert_eq!((file.refs, file.object_key), (2, subject.file_of(&upload.entry).await.object_key));
    assert_eq!(subject.used(&second).await, (100, 0));
    assert_eq!(subject.entry_of_file(&second.id, upload.key()).await.unwrap(), Some(upload.entry));
}

pub async fn a_file_that_is_not_as_expected_is_told(subject: &Subject) {
    let owner = subject.owner().await;
    let stored = subject.store(&owner, "film.mp4", 100).await;
    let known = subject.open_known(&owner, "same.mp4", stored.file().unwrap()).await;
    let unknown = subject.open_known(&owner, "other.mp4", &new_key(100)).await;

    let as_new = subject.commit_upload(&known, FileChange::New(&known.file), None).await;
    let as_known = subject.commit_upload(&unknown, FileChange::Known(unknown.key()), None).await;

    assert_eq!((as_new, as_known), (Committed::FileChanged, Committed::FileChanged));
    for upload in [known, unknown] {
        assert_eq!(subject.session_now(&upload.session).await, upload.session);
    }
    assert_eq!(subject.file_of(&stored).await.refs, 1);
    assert_eq!(subject.used(&owner).await, (100, 200));
}

pub async fn a_hash_declared_since_the_session_was_read_is_told(subject: &Subject) {
    let owner = subject.owner().await;
    let session = UploadSession { content_hash: None, ..owner.session("film.mp4", 100) };
    subject.try_open(&session).await;
    let declared = subject.declare_hash(&session, LeafHash::of(b"declared").into()).await.unwrap();
    let upload = Upload::of(declared);
    let as_read_before = Upload { session, ..upload.clone() };

    let committed = subject.commit_upload(&as_read_before, FileChange::New(&upload.file), None).await;

    assert_eq!(committed, Committed::HashDeclared);
    assert_eq!(subject.file(upload.key()).await.unwrap(), None);
    assert_eq!(subject.commit_upload(&upload, FileChange::New(&upload.file), None).await, Committed::Done);
}

pub async fn committing_again_says_how_the_session_ended(subject: &Subject) {
    let owner = subject.owner().await;
    let upload = Upload::of(subject.open(&owner, "film.mp4", 100).await);
    let commit = || subject.commit_upload(&upload, FileChange::New(&upload.file), None);
    assert_eq!(commit().await, Committed::Done);
    let stored = Box::new(subject.session_now(&upload.session).await);
    for _ in 0..2 {
        assert_eq!(commit().await, Committed::SessionEnded(stored.clone()));
    }
    assert_eq!(subject.file_of(&upload.entry).await.refs, 1);
    assert_eq!(subject.used(&owner).await, (100, 0));
}

pub async fn an_ended_session_becomes_no_file(subject: &Subject) {
    let owner = subject.owner().await;
    let upload = Upload::of(subject.open(&owner, "film.mp4", 100).await);
    subject.abort(&upload.session).await;
    let aborted = Box::new(subject.session_now(&upload.session).await);
    let committed = subject.commit_upload(&upload, FileChange::New(&upload.file), None).await;
    assert_eq!(committed, Committed::SessionEnded(aborted));
    assert_eq!(subject.file(upload.key()).await.unwrap(), None);
    assert_eq!(subject.entry(&owner.id, &upload.entry.entry_id).await.unwrap(), None);
    assert_eq!(subject.used(&owner).await, (0, 0));
}

pub async fn a_name_that_was_taken_meanwhile_is_told(subject: &Subject) {
    let owner = subject.owner().await;
    let mut upload = Upload::of(subject.open(&owner, "film.mp4", 100).await);
    let holder = subject.store(&owner, "FILM.MP4", 10).await;

    assert_eq!(subject.commit_upload(&upload, FileChange::New(&upload.file), None).await, Committed::NameTaken);
    upload.entry.name = upload.entry.name.numbered(1);
    assert_eq!(subject.commit_upload(&upload, FileChange::New(&upload.file), None).await, Committed::Done);

    assert_eq!(subject.entry(&owner.id, &holder.entry_id).await.unwrap(), Some(holder));
    assert_eq!(subject.entry(&owner.id, &upload.entry.entry_id).await.unwrap(), Some(upload.entry));
}

pub async fn a_parent_that_went_meanwhile_is_told(subject: &Subject) {
    let (owner, other) = (subject.owner().await, subject.owner().await);
    let file = subject.store(&owner, "file", 1).await;
    let foreign = subject.folder(&other, &FolderId::Root, "theirs").await;
    let mut upload = Upload::of(subject.open(&owner, "film.mp4", 100).await);
    for parent in [FolderId::Folder(EntryId::from_random(random())), inside(&file), inside(&foreign)] {
        upload.entry.parent = parent;
        assert_eq!(subject.commit_upload(&upload, FileChange::New(&upload.file), None).await, Committed::ParentGone);
    }
    upload.entry.parent = FolderId::Root;
    assert_eq!(subject.commit_upload(&upload, FileChange::New(&upload.file), None).await, Committed::Done);
}

pub async fn the_first_of_several_obstacles_to_a_commit_is_told(subject: &Subject) {
    let owner = subject.owner().await;
    let stored = subject.store(&owner, "film.mp4", 100).await;
    let mut upload = subject.open_known(&owner, "film.mp4", stored.file().unwrap()).await;
    upload.entry.parent = FolderId::Folder(EntryId::from_random(random()));
    let commit = async |upload: &Upload| subject.commit_upload(upload, FileChange::New(&upload.file), None).await;

    assert_eq!(commit(&upload).await, Committed::FileChanged);
    let twin = Upload {
        entry: straightway_core::Entry { entry_id: stored.entry_id.clone(), ..upload.entry.clone() },
        ..upload.clone()
    };
    assert_eq!(commit(&twin).await, Committed::EntryExists);
    subject.abort(&upload.session).await;
    assert!(matches!(commit(&twin).await, Committed::SessionEnded(_)));
}

pub async fn a_late_hash_leaves_the_marker_of_another_session_at_commit(subject: &Subject) {
    let owner = subject.owner().await;
    let late = UploadSession { content_hash: None, ..owner.session("film.mp4", 10) };
    subject.try_open(&late).await;
    let hash = LeafHash::of(b"late").into();
    let holder = UploadSession { content_hash: Some(hash), ..owner.session("film.mp4", 10) };
    subject.try_open(&holder).await;
    let upload = Upload::of(subject.declare_hash(&late, hash).await.unwrap());

    assert_eq!(subject.commit_upload(&upload, FileChange::New(&upload.file), None).await, Committed::Done);

    assert_eq!(subject.session_with_marker(&holder.marker().unwrap()).await.unwrap(), Some(holder));
}

pub async fn of_many_commits_of_one_session_one_counts(subject: &Subject) {
    let owner = subject.owner().await;
    let upload = Upload::of(subject.open(&owner, "film.mp4", 100).await);
    let committed = join_all((0..8).map(|_| subject.commit_upload(&upload, FileChange::New(&upload.file), None))).await;
    assert_eq!(committed.iter().filter(|committed| **committed == Committed::Done).count(), 1);
    assert!(committed.iter().all(|c| matches!(c, Committed::Done | Committed::SessionEnded(_))), "{committed:?}");
    assert_eq!(subject.file_of(&upload.entry).await.refs, 1);
    assert_eq!(subject.used(&owner).await, (100, 0));
}

pub async fn many_uploads_of_one_content_at_once_share_one_file(subject: &Subject) {
    let key = new_key(100);
    let mut uploads = Vec::new();
    for _ in 0..8 {
        let owner = subject.owner().await;
        uploads.push((subject.open_known(&owner, "film.mp4", &key).await, owner));
    }
    // As the finalizer does it: read, choose, and choose again when it was not so.
    let finalize = async |upload: &Upload| loop {
        let known = subject.file(&key).await.unwrap();
        let committed = match known {
            Some(_) => subject.commit_upload(upload, FileChange::Known(&key), None).await,
            None => subject.commit_upload(upload, FileChange::New(&upload.file), None).await,
        };
        match committed {
            Committed::Done => return,
            Committed::FileChanged => {}
            other => panic!("{other:?}"),
        }
    };
    join_all(uploads.iter().map(|(upload, _)| finalize(upload))).await;

    let file = subject.file(&key).await.unwrap().unwrap();
    assert_eq!(file.refs, 8);
    assert!(uploads.iter().any(|(upload, _)| upload.session.object_key() == file.object_key));
    for (upload, owner) in &uploads {
        assert_eq!(subject.used(owner).await, (100, 0));
        assert_eq!(subject.entry_of_file(&owner.id, &key).await.unwrap().as_ref(), Some(&upload.entry));
    }
}
