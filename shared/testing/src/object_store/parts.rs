//! Parts through signed URLs, and their listing.

use bytes::Bytes;
use futures::{StreamExt, stream};
use reqwest::StatusCode;
use straightway_core::ports::PartToSign;
use straightway_core::{Integrity, LeafHash};

use super::Subject;
use super::subject::{LIFE, Upload, long_ago, now, part};

const BODY: &[u8] = b"one small part";
const OTHER: &[u8] = b"ONE SMALL PART";

/// More than the 1,000 that a page holds.
const MANY: u16 = 1_003;

pub async fn parts_are_listed_in_order_with_their_sizes(subject: &Subject) {
    let upload = subject.start(Integrity::Leaf).await;
    for number in [10, 2, 1, 7] {
        subject.send_part(&upload, number, &Bytes::from(vec![b'x'; 10 + usize::try_from(number).unwrap()])).await;
    }
    let listed = subject.list(&upload).await;
    let rows: Vec<(u16, u64)> = listed.iter().map(|part| (part.part_number.get(), part.size_bytes)).collect();
    assert_eq!(rows, [(1, 11), (2, 12), (7, 17), (10, 20)]);
    assert!(listed.iter().all(|part| !part.etag.is_empty()));
}

pub async fn listed_leaf_hashes_are_those_of_the_parts(subject: &Subject) {
    let upload = subject.start(Integrity::Leaf).await;
    subject.send_part(&upload, 1, &Bytes::from_static(BODY)).await;
    subject.send_part(&upload, 2, &Bytes::from_static(OTHER)).await;
    let leaves: Vec<Option<LeafHash>> = subject.list(&upload).await.iter().map(|part| part.leaf_hash).collect();
    assert_eq!(leaves, [Some(LeafHash::of(BODY)), Some(LeafHash::of(OTHER))]);
}

pub async fn a_part_of_other_bytes_is_refused(subject: &Subject) {
    let upload = subject.start(Integrity::Leaf).await;
    let signed = subject.sign_part(&upload, 1, BODY);
    assert_eq!(subject.put(&signed, OTHER).await, StatusCode::BAD_REQUEST);
    assert_eq!(subject.list(&upload).await, []);
    assert_eq!(subject.put(&signed, BODY).await, StatusCode::OK, "the URL still works for the right bytes");
}

pub async fn a_longer_or_shorter_part_is_refused(subject: &Subject) {
    let upload = subject.start(Integrity::Read).await;
    // Without a leaf hash, so that nothing but the length can be wrong.
    let signed = subject.sign_parts(&upload, &[part(1, BODY.len())]).remove(0);
    for body in [&b"one small part."[..], b"one small par", b""] {
        assert_eq!(subject.put(&signed, body).await, StatusCode::FORBIDDEN, "{} bytes", body.len());
    }
    assert_eq!(subject.list(&upload).await, []);
}

pub async fn an_expired_part_is_refused(subject: &Subject) {
    let upload = subject.start(Integrity::Leaf).await;
    let part = PartToSign { leaf_hash: Some(LeafHash::of(BODY)), ..part(1, BODY.len()) };
    let signed = subject.store().sign_parts(&upload.key, &upload.id, &[part], LIFE, long_ago()).unwrap();
    assert!(signed[0].expires_at < now());
    assert_eq!(subject.put(&signed[0], BODY).await, StatusCode::FORBIDDEN);
    assert_eq!(subject.list(&upload).await, []);
}

pub async fn a_part_url_works_for_its_own_number_only(subject: &Subject) {
    let upload = subject.start(Integrity::Leaf).await;
    let mut signed = subject.sign_part(&upload, 1, BODY);
    signed.url = signed.url.replace("partNumber=1&", "partNumber=2&");
    assert_eq!(subject.put(&signed, BODY).await, StatusCode::FORBIDDEN);
    assert_eq!(subject.list(&upload).await, []);
}

pub async fn a_part_sent_twice_is_listed_once(subject: &Subject) {
    let upload = subject.start(Integrity::Read).await;
    for body in [&b"first, longer"[..], b"second"] {
        send_unchecked(subject, &upload, body).await;
    }
    assert_eq!(subject.list(&upload).await.len(), 1);
}

pub async fn of_a_part_sent_many_times_the_last_one_counts(subject: &Subject) {
    // A store that picks one of eight at random would pass eight times in a row once in 16 million runs.
    for _ in 0..8 {
        let upload = subject.start(Integrity::Read).await;
        for length in [8, 7, 6, 5, 4, 1, 2, 3] {
            send_unchecked(subject, &upload, &BODY[..length]).await;
        }
        assert_eq!(subject.list(&upload).await[0].size_bytes, 3);
    }
}

async fn send_unchecked(subject: &Subject, upload: &Upload, body: &'static [u8]) {
    let signed = subject.sign_parts(upload, &[part(1, body.len())]).remove(0);
    assert_eq!(subject.put(&signed, body).await, StatusCode::OK);
}

pub async fn more_than_a_page_of_parts_is_listed_whole(subject: &Subject) {
    let upload = subject.start(Integrity::Leaf).await;
    let body = |number: u16| Bytes::from(number.to_string());
    let to_sign = |number: u16| PartToSign {
        leaf_hash: Some(LeafHash::of(&body(number))),
        ..part(number.into(), body(number).len())
    };
    let signed = subject.sign_parts(&upload, &(1..=MANY).map(to_sign).collect::<Vec<_>>());

    let puts = (1..=MANY).zip(&signed).map(|(number, signed)| subject.put(signed, body(number)));
    let statuses: Vec<StatusCode> = stream::iter(puts).buffer_unordered(16).collect().await;

    assert!(statuses.iter().all(|status| *status == StatusCode::OK));
    let listed = subject.list(&upload).await;
    let numbers: Vec<u16> = listed.iter().map(|part| part.part_number.get()).collect();
    assert_eq!(numbers, (1..=MANY).collect::<Vec<_>>());
    assert!(listed.iter().all(|part| part.size_bytes == body(part.part_number.get()).len() as u64));
}
