//! Digests are judged before anything is published.

use std::fmt::Write as _;

use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, ChecksumType};
use data_encoding::BASE64;
use straightway_local::bucket::{Algorithm, checksum_of, md5_of};

use super::signatures::Signed;
use super::support::{BUCKET, TestBucket, an_hour, bytes, code_of, refusal, send, sha256};

const BODY: &[u8] = b"the bytes themselves";

fn put(bucket: &TestBucket) -> PutObjectFluentBuilder {
    bucket.client.put_object().bucket(BUCKET).key("a").body(ByteStream::from_static(BODY))
}

fn with_checksum(put: PutObjectFluentBuilder, algorithm: Algorithm, of: &[u8]) -> PutObjectFluentBuilder {
    let value = BASE64.encode(&checksum_of(algorithm, of));
    match algorithm {
        Algorithm::Crc32 => put.checksum_crc32(value),
        Algorithm::Crc32c => put.checksum_crc32_c(value),
        Algorithm::Crc64Nvme => put.checksum_crc64_nvme(value),
        Algorithm::Sha1 => put.checksum_sha1(value),
        Algorithm::Sha256 => put.checksum_sha256(value),
    }
}

#[tokio::test]
async fn a_right_checksum_is_kept_and_shown_on_request() {
    let bucket = TestBucket::start().await;
    for algorithm in Algorithm::ALL {
        with_checksum(put(&bucket), algorithm, BODY).send().await.unwrap();
        let head = || bucket.client.head_object().bucket(BUCKET).key("a");
        let shown = head().checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
        let values = [
            (Algorithm::Crc32, shown.checksum_crc32()),
            (Algorithm::Crc32c, shown.checksum_crc32_c()),
            (Algorithm::Crc64Nvme, shown.checksum_crc64_nvme()),
            (Algorithm::Sha1, shown.checksum_sha1()),
            (Algorithm::Sha256, shown.checksum_sha256()),
        ];
        for (other, value) in values {
            let expected = (other == algorithm).then(|| BASE64.encode(&checksum_of(algorithm, BODY)));
            assert_eq!(value, expected.as_deref(), "{} after {}", other.name(), algorithm.name());
        }
        assert_eq!(shown.checksum_type(), Some(&ChecksumType::FullObject));
        let silent = head().send().await.unwrap();
        assert_eq!(silent.checksum_type(), None);
    }
}

#[tokio::test]
async fn a_wrong_checksum_publishes_nothing() {
    let bucket = TestBucket::start().await;
    for algorithm in Algorithm::ALL {
        let result = with_checksum(put(&bucket), algorithm, b"other bytes").send().await;
        assert_eq!(refusal(400, result), "BadDigest", "{}", algorithm.name());
        assert!(!bucket.exists("a").await);
    }
}

#[tokio::test]
async fn a_checksum_that_is_none_is_refused() {
    let bucket = TestBucket::start().await;
    let short = put(&bucket).checksum_sha256("c2hvcnQ=").send().await;
    assert_eq!(refusal(400, short), "InvalidRequest");
    assert!(!bucket.exists("a").await);
}

#[tokio::test]
async fn two_checksums_are_refused() {
    let bucket = TestBucket::start().await;
    let request = put(&bucket).checksum_sha256(sha256(BODY)).presigned(an_hour()).await.unwrap();
    let crc = BASE64.encode(&checksum_of(Algorithm::Crc32, BODY));
    let signed =
        Signed::put(&bucket, "a").header("x-amz-checksum-sha256", &sha256(BODY)).header("x-amz-checksum-crc32", &crc);
    assert_eq!(code_of(400, signed.send(BODY.to_vec()).await).await, "InvalidRequest");
    let response = send(&bucket.http, &request).body(BODY).send().await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn without_a_checksum_the_object_gets_a_crc64nvme() {
    let bucket = TestBucket::start().await;
    let response = Signed::put(&bucket, "a").send(BODY.to_vec()).await;
    assert_eq!(response.status(), 200);
    let head = bucket.client.head_object().bucket(BUCKET).key("a").checksum_mode(ChecksumMode::Enabled);
    let expected = BASE64.encode(&checksum_of(Algorithm::Crc64Nvme, BODY));
    assert_eq!(head.send().await.unwrap().checksum_crc64_nvme(), Some(expected.as_str()));
}

#[tokio::test]
async fn content_md5_is_compared() {
    let bucket = TestBucket::start().await;
    let right = BASE64.encode(&md5_of(BODY));
    let wrong = BASE64.encode(&md5_of(b"other bytes"));
    assert_eq!(refusal(400, put(&bucket).content_md5(wrong).send().await), "BadDigest");
    assert_eq!(refusal(400, put(&bucket).content_md5("bm9uZQ==").send().await), "InvalidDigest");
    assert!(!bucket.exists("a").await);
    put(&bucket).content_md5(right).send().await.unwrap();
}

#[tokio::test]
async fn the_signed_hash_of_the_payload_is_compared() {
    let bucket = TestBucket::start().await;
    for length in [BODY.len(), 200_000] {
        let body = bytes(1, length);
        let response = Signed::put(&bucket, "a").payload_of(&bytes(2, length)).send(body).await;
        assert_eq!(code_of(400, response).await, "XAmzContentSHA256Mismatch");
        assert!(!bucket.exists("a").await);
    }
}

#[tokio::test]
async fn sdks_send_a_trailing_checksum_that_is_kept() {
    let bucket = TestBucket::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let body = bytes(3, 300_000);
    std::fs::write(&path, &body).unwrap();
    let put = bucket.client.put_object().bucket(BUCKET).key("a").checksum_algorithm(ChecksumAlgorithm::Crc32C);
    put.body(ByteStream::from_path(&path).await.unwrap()).send().await.unwrap();
    let head = bucket.client.head_object().bucket(BUCKET).key("a").checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await.unwrap();
    let expected = BASE64.encode(&checksum_of(Algorithm::Crc32c, &body));
    assert_eq!(head.checksum_crc32_c(), Some(expected.as_str()));
    assert_eq!(head.content_length(), Some(300_000));
    // How the body travelled is not what it is.
    assert_eq!(head.content_encoding(), None);
}

/// A body in `aws-chunked` framing, with this trailing CRC-32.
fn chunked(body: &[u8], trailer: Option<&str>) -> Vec<u8> {
    let mut framed = format!("{:x}\r\n", body.len()).into_bytes();
    framed.extend_from_slice(body);
    let mut end = "\r\n0\r\n".to_owned();
    if let Some(value) = trailer {
        write!(end, "x-amz-checksum-crc32:{value}\r\n").unwrap();
    }
    framed.extend_from_slice(end.as_bytes());
    framed.extend_from_slice(b"\r\n");
    framed
}

fn streamed(bucket: &TestBucket, length: usize) -> Signed<'_> {
    Signed::put(bucket, "a")
        .payload("STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        .header("x-amz-trailer", "x-amz-checksum-crc32")
        .header("x-amz-decoded-content-length", &length.to_string())
        .header("content-encoding", "aws-chunked")
}

#[tokio::test]
async fn a_trailing_checksum_decides_over_publication() {
    let bucket = TestBucket::start().await;
    let right = BASE64.encode(&checksum_of(Algorithm::Crc32, BODY));
    let wrong = BASE64.encode(&checksum_of(Algorithm::Crc32, b"other"));

    let refused = streamed(&bucket, BODY.len()).send(chunked(BODY, Some(&wrong))).await;
    assert_eq!(code_of(400, refused).await, "BadDigest");
    let missing = streamed(&bucket, BODY.len()).send(chunked(BODY, None)).await;
    assert_eq!(code_of(400, missing).await, "MalformedTrailerError");
    assert!(!bucket.exists("a").await);

    let stored = streamed(&bucket, BODY.len()).send(chunked(BODY, Some(&right))).await;
    assert_eq!(stored.status(), 200);
    assert_eq!(bucket.get("a").await, BODY);
}

#[tokio::test]
async fn a_chunked_body_of_another_length_is_refused() {
    let bucket = TestBucket::start().await;
    let right = BASE64.encode(&checksum_of(Algorithm::Crc32, BODY));
    for declared in [BODY.len() - 1, BODY.len() + 1] {
        let response = streamed(&bucket, declared).send(chunked(BODY, Some(&right))).await;
        assert_eq!(code_of(400, response).await, "IncompleteBody");
    }
    // The end is missing, too.
    let framed = chunked(BODY, Some(&right));
    let response = streamed(&bucket, BODY.len()).send(framed[..12].to_vec()).await;
    assert!(response.status().is_client_error());
    assert!(!bucket.exists("a").await);
}
