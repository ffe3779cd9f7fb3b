//! Head and ranged reads.

use straightway_core::Error;

use super::Subject;
use super::subject::new_key;

const BODY: &[u8] = b"0123456789abcdef";

pub async fn an_absent_object_has_no_head(subject: &Subject) {
    assert_eq!(subject.head(&new_key()).await, None);
}

pub async fn ranges_are_read_exactly(subject: &Subject) {
    let (key, head) = subject.object(BODY).await;
    for range in [0..16, 0..1, 5..9, 15..16] {
        let (start, end) = (usize::try_from(range.start).unwrap(), usize::try_from(range.end).unwrap());
        assert_eq!(subject.read_range(&key, range, &head).await, &BODY[start..end]);
    }
}

pub async fn an_empty_range_is_read_as_nothing(subject: &Subject) {
    let (key, head) = subject.object(BODY).await;
    assert_eq!(subject.read_range(&key, 3..3, &head).await, b"");
}

pub async fn reading_another_version_says_changed(subject: &Subject) {
    let (key, _) = subject.object(BODY).await;
    for range in [0..4, 3..3] {
        let read = subject.store().read(&key, range, "\"d41d8cd98f00b204e9800998ecf8427e\"").await;
        assert!(matches!(read.err(), Some(Error::Changed)));
    }
}

pub async fn reading_an_absent_object_says_not_found(subject: &Subject) {
    let (_, head) = subject.object(BODY).await;
    for range in [0..4, 3..3] {
        let read = subject.store().read(&new_key(), range, &head.etag).await;
        assert!(matches!(read.err(), Some(Error::NotFound)));
    }
}

pub async fn reading_beyond_the_end_is_an_error(subject: &Subject) {
    let (key, head) = subject.object(BODY).await;
    for range in [10..17, 16..17, 100..200] {
        assert!(subject.store().read(&key, range.clone(), &head.etag).await.is_err(), "{range:?}");
    }
}
