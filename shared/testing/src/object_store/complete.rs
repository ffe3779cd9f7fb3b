//! Completing multipart uploads.

use bytes::Bytes;
use reqwest::StatusCode;
use straightway_core::ports::{Completed, StoreChecksum, UploadedPart};
use straightway_core::{ContentHash, Error, Integrity, LeafHash};

use super::Subject;
use super::subject::{MIN_PART, Upload, number, part};

/// Two parts of different bytes, the first of the smallest size that S3 takes there.
fn two_parts() -> [Bytes; 2] {
    [Bytes::from(vec![b'a'; MIN_PART]), Bytes::from_static(b"the end")]
}

fn size(bodies: &[Bytes]) -> u64 {
    bodies.iter().map(|body| body.len() as u64).sum()
}

async fn complete(subject: &Subject, upload: &Upload, parts: &[UploadedPart], size: u64) -> Result<Completed, Error> {
    subject.store().complete_multipart(&upload.key, &upload.id, parts, size).await
}

/// Completes as it should be, which must work.
async fn complete_rightly(subject: &Subject, upload: &Upload, bodies: &[Bytes]) {
    let parts = subject.recorded(upload, bodies).await;
    assert_eq!(complete(subject, upload, &parts, size(bodies)).await.unwrap(), Completed::Done);
    let head = subject.head(&upload.key).await.unwrap();
    assert!(subject.read(&upload.key, &head).await == bodies.concat(), "the object is the parts in order");
}

pub async fn a_completed_upload_is_an_object(subject: &Subject) {
    let bodies = two_parts();
    let upload = subject.upload(&bodies).await;
    complete_rightly(subject, &upload, &bodies).await;
    let head = subject.head(&upload.key).await.unwrap();
    assert_eq!(head.size_bytes, size(&bodies));
    assert!(!head.foreign_metadata);
}

pub async fn a_store_that_vouches_returns_the_content_hash(subject: &Subject) {
    let bodies = two_parts();
    let upload = subject.upload(&bodies).await;
    complete_rightly(subject, &upload, &bodies).await;
    let head = subject.head(&upload.key).await.unwrap();
    if subject.store().abilities().vouches {
        let leaves = bodies.map(|body| LeafHash::of(&body));
        assert_eq!(head.checksum, Some(StoreChecksum::Composite(ContentHash::from_leaves(&leaves), 2)));
    } else {
        assert!(!matches!(head.checksum, Some(StoreChecksum::Full(_))), "no multipart upload has one");
    }
}

pub async fn there_is_no_object_before_complete(subject: &Subject) {
    let upload = subject.upload(&two_parts()).await;
    assert_eq!(subject.head(&upload.key).await, None);
}

pub async fn one_part_can_be_completed(subject: &Subject) {
    // Without checksums, as a store is used that cannot vouch.
    let upload = subject.start(Integrity::Read).await;
    let body = Bytes::from_static(b"all of it");
    let signed = subject.sign_parts(&upload, &[part(1, body.len())]).remove(0);
    assert_eq!(subject.put(&signed, body.clone()).await, StatusCode::OK);

    let mut parts = subject.list(&upload).await;
    parts[0].leaf_hash = None;
    assert_eq!(complete(subject, &upload, &parts, 9).await.unwrap(), Completed::Done);
    let head = subject.head(&upload.key).await.unwrap();
    assert_eq!(subject.read(&upload.key, &head).await, body);
}

pub async fn completing_again_says_done_again(subject: &Subject) {
    let bodies = two_parts();
    let upload = subject.upload(&bodies).await;
    let parts = subject.recorded(&upload, &bodies).await;
    for _ in 0..2 {
        assert_eq!(complete(subject, &upload, &parts, size(&bodies)).await.unwrap(), Completed::Done);
    }
}

pub async fn completing_an_aborted_upload_says_there_is_none(subject: &Subject) {
    let bodies = two_parts();
    let upload = subject.upload(&bodies).await;
    let parts = subject.recorded(&upload, &bodies).await;
    subject.store().abort_multipart(&upload.key, &upload.id).await.unwrap();
    let completed = complete(subject, &upload, &parts, size(&bodies)).await.unwrap();
    assert_eq!(completed, Completed::NoSuchUpload);
    assert_eq!(subject.head(&upload.key).await, None);
}

pub async fn parts_may_be_given_in_any_order(subject: &Subject) {
    let bodies = two_parts();
    let upload = subject.upload(&bodies).await;
    let mut parts = subject.recorded(&upload, &bodies).await;
    parts.reverse();
    assert_eq!(complete(subject, &upload, &parts, size(&bodies)).await.unwrap(), Completed::Done);
    let head = subject.head(&upload.key).await.unwrap();
    assert!(subject.read(&upload.key, &head).await == bodies.concat());
}

pub async fn a_wrong_leaf_hash_is_refused_and_the_upload_survives(subject: &Subject) {
    let bodies = two_parts();
    let upload = subject.upload(&bodies).await;
    let mut parts = subject.recorded(&upload, &bodies).await;
    parts[1].leaf_hash = Some(LeafHash::of(b"something else"));
    complete(subject, &upload, &parts, size(&bodies)).await.unwrap_err();
    assert_eq!(subject.head(&upload.key).await, None);
    complete_rightly(subject, &upload, &bodies).await;
}

pub async fn a_part_that_was_never_sent_is_refused_and_the_upload_survives(subject: &Subject) {
    let bodies = two_parts();
    let upload = subject.upload(&bodies).await;
    let mut parts = subject.recorded(&upload, &bodies).await;
    parts.push(UploadedPart { part_number: number(3), ..parts[1].clone() });
    complete(subject, &upload, &parts, size(&bodies) + bodies[1].len() as u64).await.unwrap_err();
    assert_eq!(subject.head(&upload.key).await, None);
    complete_rightly(subject, &upload, &bodies).await;
}

pub async fn a_wrong_size_is_refused_and_the_upload_survives(subject: &Subject) {
    let bodies = two_parts();
    let upload = subject.upload(&bodies).await;
    let parts = subject.recorded(&upload, &bodies).await;
    complete(subject, &upload, &parts, size(&bodies) + 1).await.unwrap_err();
    assert_eq!(subject.head(&upload.key).await, None);
    complete_rightly(subject, &upload, &bodies).await;
}

pub async fn a_small_part_before_the_last_is_refused(subject: &Subject) {
    let bodies = [Bytes::from(vec![b'a'; MIN_PART - 1]), Bytes::from_static(b"the end")];
    let upload = subject.upload(&bodies).await;
    let parts = subject.recorded(&upload, &bodies).await;
    let error = complete(subject, &upload, &parts, size(&bodies)).await.unwrap_err();
    assert!(!error.is_transient(), "trying again does not help: {error}");
    assert_eq!(subject.head(&upload.key).await, None);
}

pub async fn a_part_can_no_longer_be_sent_afterwards(subject: &Subject) {
    let bodies = two_parts();
    let upload = subject.upload(&bodies).await;
    let late = subject.sign_part(&upload, 2, b"THE END");
    complete_rightly(subject, &upload, &bodies).await;
    assert_eq!(subject.put(&late, &b"THE END"[..]).await, StatusCode::NOT_FOUND);
    let head = subject.head(&upload.key).await.unwrap();
    assert!(subject.read(&upload.key, &head).await == bodies.concat());
}
