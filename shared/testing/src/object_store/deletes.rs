//! Deleting objects.

use straightway_core::Error;

use super::Subject;
use super::subject::new_key;

pub async fn a_deleted_object_is_absent(subject: &Subject) {
    let (key, head) = subject.object(b"soon gone").await;
    subject.store().delete(&key).await.unwrap();
    assert_eq!(subject.head(&key).await, None);
    let read = subject.store().read(&key, 0..4, &head.etag).await;
    assert!(matches!(read.err(), Some(Error::NotFound)));
}

pub async fn deleting_again_changes_nothing(subject: &Subject) {
    let (key, _) = subject.object(b"soon gone").await;
    for _ in 0..2 {
        subject.store().delete(&key).await.unwrap();
    }
    subject.store().delete(&new_key()).await.unwrap();
}
