//! Multipart uploads: known, unknown, aborted.

use std::collections::HashSet;

use bytes::Bytes;
use reqwest::StatusCode;
use straightway_core::Integrity;

use super::Subject;
use super::subject::{Upload, new_key};

pub async fn an_unknown_upload_lists_nothing(subject: &Subject) {
    // A real id, but of another key: nobody can tell what a store does with an id that it never made.
    let upload = subject.start(Integrity::Leaf).await;
    let listed = subject.store().list_parts(&new_key(), &upload.id).await.unwrap();
    assert_eq!(listed, None);
}

pub async fn an_aborted_upload_is_unknown(subject: &Subject) {
    let upload = subject.upload(&[Bytes::from_static(b"a part")]).await;
    assert_eq!(subject.list(&upload).await.len(), 1);
    subject.store().abort_multipart(&upload.key, &upload.id).await.unwrap();
    assert_eq!(subject.store().list_parts(&upload.key, &upload.id).await.unwrap(), None);
}

pub async fn aborting_again_changes_nothing(subject: &Subject) {
    let upload = subject.start(Integrity::Leaf).await;
    for _ in 0..2 {
        subject.store().abort_multipart(&upload.key, &upload.id).await.unwrap();
    }
}

pub async fn a_part_of_an_aborted_upload_is_refused(subject: &Subject) {
    let upload = subject.start(Integrity::Leaf).await;
    let signed = subject.sign_part(&upload, 1, b"a part");
    subject.store().abort_multipart(&upload.key, &upload.id).await.unwrap();
    assert_eq!(subject.put(&signed, &b"a part"[..]).await, StatusCode::NOT_FOUND);
}

pub async fn uploads_are_found_by_exactly_their_key(subject: &Subject) {
    let first = subject.start(Integrity::Leaf).await;
    let id = subject.store().start_multipart(&first.key, Integrity::Read).await.unwrap();
    let second = Upload { key: first.key.clone(), id };
    let other = subject.start(Integrity::Leaf).await;

    let found: HashSet<_> = subject.store().multipart_uploads(&first.key).await.unwrap().into_iter().collect();
    assert_eq!(found, HashSet::from([first.id.clone(), second.id.clone()]));

    subject.store().abort_multipart(&first.key, &first.id).await.unwrap();
    assert_eq!(subject.store().multipart_uploads(&first.key).await.unwrap(), [second.id]);
    assert_eq!(subject.store().multipart_uploads(&other.key).await.unwrap(), [other.id]);
    assert_eq!(subject.store().multipart_uploads(&new_key()).await.unwrap(), []);
}
