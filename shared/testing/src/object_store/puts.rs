//! Single PUTs through signed URLs.

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use straightway_core::LeafHash;
use straightway_core::ports::StoreChecksum;

use super::Subject;
use super::subject::{LIFE, long_ago, new_key, now, status};

const BODY: &[u8] = b"hello, bucket";
const OTHER: &[u8] = b"HELLO, BUCKET";

pub async fn a_put_of_the_right_bytes_is_stored(subject: &Subject) {
    let key = new_key();
    let signed = subject.sign_put(&key, BODY);
    assert_eq!(subject.put(&signed, BODY).await, StatusCode::OK);

    let head = subject.head(&key).await.unwrap();
    assert_eq!(head.size_bytes, BODY.len() as u64);
    assert!(!head.foreign_metadata);
    if subject.store().abilities().vouches {
        assert_eq!(head.checksum, Some(StoreChecksum::Full(LeafHash::of(BODY))));
    }
    assert_eq!(subject.read(&key, &head).await, BODY);
}

pub async fn an_empty_put_is_stored(subject: &Subject) {
    let (key, head) = subject.object(b"").await;
    assert_eq!(head.size_bytes, 0);
    assert_eq!(subject.read(&key, &head).await, b"");
}

pub async fn a_put_without_a_leaf_hash_is_stored(subject: &Subject) {
    let key = new_key();
    let signed = subject.store().sign_put(&key, BODY.len() as u64, None, LIFE, now()).unwrap();
    assert_eq!(subject.put(&signed, BODY).await, StatusCode::OK);
    assert_eq!(subject.head(&key).await.unwrap().size_bytes, BODY.len() as u64);
}

pub async fn a_put_of_other_bytes_is_refused(subject: &Subject) {
    let key = new_key();
    let signed = subject.sign_put(&key, BODY);
    assert_eq!(subject.put(&signed, OTHER).await, StatusCode::BAD_REQUEST);
    assert_eq!(subject.head(&key).await, None);
    assert_eq!(subject.put(&signed, BODY).await, StatusCode::OK, "the URL still works for the right bytes");
}

pub async fn a_longer_body_is_refused(subject: &Subject) {
    body_of_another_length_is_refused(subject, b"hello, bucket!").await;
}

pub async fn a_shorter_body_is_refused(subject: &Subject) {
    body_of_another_length_is_refused(subject, b"hello, bucke").await;
}

/// Without a leaf hash, so that nothing but the length can be wrong.
async fn body_of_another_length_is_refused(subject: &Subject, body: &'static [u8]) {
    let key = new_key();
    let signed = subject.store().sign_put(&key, BODY.len() as u64, None, LIFE, now()).unwrap();
    assert_eq!(subject.put(&signed, body).await, StatusCode::FORBIDDEN);
    assert_eq!(subject.head(&key).await, None);
}

pub async fn an_expired_put_is_refused(subject: &Subject) {
    let key = new_key();
    let leaf = Some(LeafHash::of(BODY));
    let signed = subject.store().sign_put(&key, BODY.len() as u64, leaf, LIFE, long_ago()).unwrap();
    assert!(signed.expires_at < now());
    assert_eq!(subject.put(&signed, BODY).await, StatusCode::FORBIDDEN);
    assert_eq!(subject.head(&key).await, None);
}

pub async fn an_altered_signed_header_is_refused(subject: &Subject) {
    let key = new_key();
    let right = subject.sign_put(&key, OTHER);
    for index in 0..right.headers.len() {
        let mut signed = right.clone();
        let (name, value) = &mut signed.headers[index];
        *value = match *name {
            "content-type" => "text/html".to_owned(),
            // What a client would claim that wants to put other bytes.
            "x-amz-checksum-sha256" => LeafHash::of(BODY).to_base64(),
            _ => "\"another\"".to_owned(),
        };
        let name = *name;
        assert_eq!(subject.put(&signed, BODY).await, StatusCode::FORBIDDEN, "{name}");
    }
    assert_eq!(subject.head(&key).await, None);
}

pub async fn a_missing_signed_header_is_refused(subject: &Subject) {
    let key = new_key();
    let right = subject.sign_put(&key, BODY);
    for index in 0..right.headers.len() {
        let mut signed = right.clone();
        let (name, _) = signed.headers.remove(index);
        let status = subject.put(&signed, BODY).await;
        // S3 says 403; some say 400, that a header is missing. Either way nothing is stored.
        assert!(status.is_client_error(), "without {name}: {status}");
    }
    assert_eq!(subject.head(&key).await, None);
}

pub async fn an_unsigned_amz_header_is_refused(subject: &Subject) {
    for name in ["x-amz-meta-colour", "x-amz-storage-class", "x-amz-website-redirect-location"] {
        let key = new_key();
        let signed = subject.sign_put(&key, BODY);
        let request = subject.request(Method::PUT, &signed).header(name, "STANDARD_IA").body(BODY);
        assert_eq!(status(request).await, StatusCode::FORBIDDEN, "{name}");
        assert_eq!(subject.head(&key).await, None);
    }
}

/// Stores take ordinary headers that nobody signed; finalize has to hear of them.
pub async fn headers_of_the_clients_own_are_refused_or_show(subject: &Subject) {
    let own = [
        ("cache-control", "no-store"),
        ("content-disposition", "inline"),
        ("content-encoding", "gzip"),
        ("content-language", "de"),
        ("expires", "Thu, 01 Jan 2099 00:00:00 GMT"),
    ];
    for (name, value) in own {
        let key = new_key();
        let signed = subject.sign_put(&key, BODY);
        let status = status(subject.request(Method::PUT, &signed).header(name, value).body(BODY)).await;
        let shows = subject.head(&key).await.map(|head| head.foreign_metadata);
        let expected = status.is_success().then_some(true);
        assert_eq!(shows, expected, "{name} was answered {status}");
    }
}

pub async fn a_second_put_is_refused(subject: &Subject) {
    let key = new_key();
    // Without a leaf hash, so that the second may differ and nothing but the condition refuses it.
    let signed = subject.store().sign_put(&key, BODY.len() as u64, None, LIFE, now()).unwrap();
    assert_eq!(subject.put(&signed, BODY).await, StatusCode::OK);
    let first = subject.head(&key).await.unwrap();

    for body in [BODY, OTHER] {
        assert_eq!(subject.put(&signed, body).await, StatusCode::PRECONDITION_FAILED);
    }
    assert_eq!(subject.head(&key).await.as_ref(), Some(&first));
    assert_eq!(subject.read(&key, &first).await, BODY);
}

pub async fn of_many_puts_at_once_exactly_one_wins(subject: &Subject) {
    let key = new_key();
    let bodies: Vec<String> = (0..8).map(|n| format!("number {n}")).collect();
    let signed = subject.store().sign_put(&key, 8, None, LIFE, now()).unwrap();

    let puts = bodies.iter().map(|body| subject.put(&signed, body.clone()));
    let statuses = join_all(puts).await;

    let winners: Vec<usize> = (0..8).filter(|n| statuses[*n] == StatusCode::OK).collect();
    assert_eq!(winners.len(), 1, "{statuses:?}");
    // 409: a conflicting request is under way, the same URL may be tried again.
    let lost = [StatusCode::PRECONDITION_FAILED, StatusCode::CONFLICT];
    assert!(statuses.iter().all(|status| *status == StatusCode::OK || lost.contains(status)), "{statuses:?}");
    let head = subject.head(&key).await.unwrap();
    assert_eq!(subject.read(&key, &head).await, bodies[winners[0]].as_bytes());
}

pub async fn a_url_works_for_its_own_key_only(subject: &Subject) {
    let (mine, other) = (new_key(), new_key());
    let mut signed = subject.sign_put(&mine, BODY);
    signed.url = signed.url.replace(mine.as_str(), other.as_str());
    assert_eq!(subject.put(&signed, BODY).await, StatusCode::FORBIDDEN);
    assert_eq!(subject.head(&other).await, None);
}

pub async fn a_url_works_for_its_own_method_only(subject: &Subject) {
    let (key, _) = subject.object(BODY).await;
    let signed = subject.sign_put(&key, BODY);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(status(subject.request(method, &signed)).await, StatusCode::FORBIDDEN);
    }
    assert!(subject.head(&key).await.is_some());
}

pub async fn clients_are_never_told_to_send_a_length_or_a_host(subject: &Subject) {
    let upload = subject.start(straightway_core::Integrity::Leaf).await;
    for signed in [subject.sign_put(&new_key(), BODY), subject.sign_part(&upload, 1, BODY)] {
        for (name, _) in &signed.headers {
            assert!(!["host", "content-length"].contains(name), "browsers forbid setting {name}");
            assert_eq!(*name, name.to_lowercase());
        }
        assert!(signed.url.contains("content-length"), "it is signed all the same");
    }
}
