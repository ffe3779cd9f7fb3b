//! Presigned URLs: the whole of what a holder may do, and nothing else.

use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;
use straightway_signer::{AddressStyle, BucketAddress, Credentials, Expiry, Presigner, Request, Scope};

use super::support::{BUCKET, KEY_ID, SECRET, TestBucket, an_hour, bytes, code_of, now, send, sha256};

fn presigner(bucket: &TestBucket) -> Presigner {
    let address = BucketAddress::new(&bucket.url(""), BUCKET, AddressStyle::Path).unwrap();
    let credentials = Credentials::new(KEY_ID, SecretString::from(SECRET), None).unwrap();
    Presigner::new(address, Scope::s3("us-east-1").unwrap(), credentials)
}

fn expiry(seconds: u32) -> Expiry {
    Expiry::from_secs(seconds).unwrap()
}

#[tokio::test]
async fn an_expired_url_is_refused() {
    let bucket = TestBucket::start().await;
    let long_ago = now() - SignedDuration::from_secs(120);
    let url = presigner(&bucket).presign(&Request::put_object("a"), expiry(60), long_ago).unwrap();
    let response = bucket.http.put(url.as_str()).body("x").send().await.unwrap();
    assert_eq!(code_of(403, response).await, "AccessDenied");
    assert!(!bucket.exists("a").await);
}

#[tokio::test]
async fn a_url_from_the_future_is_refused() {
    let bucket = TestBucket::start().await;
    let later = now() + SignedDuration::from_mins(20);
    let url = presigner(&bucket).presign(&Request::put_object("a"), expiry(60), later).unwrap();
    let response = bucket.http.put(url.as_str()).body("x").send().await.unwrap();
    assert_eq!(code_of(403, response).await, "RequestTimeTooSkewed");
}

#[tokio::test]
async fn a_life_of_nothing_or_of_more_than_a_week_is_refused() {
    let bucket = TestBucket::start().await;
    let url = presigner(&bucket).presign(&Request::get_object("a"), expiry(60), now()).unwrap();
    for life in ["0", "604801", "-1", "soon"] {
        let altered = url.as_str().replace("X-Amz-Expires=60", &format!("X-Amz-Expires={life}"));
        let response = bucket.http.get(altered).send().await.unwrap();
        assert_eq!(code_of(400, response).await, "AuthorizationQueryParametersError", "{life}");
    }
}

#[tokio::test]
async fn an_altered_url_is_refused() {
    let bucket = TestBucket::start().await;
    bucket.put("a", "a").await;
    bucket.put("b", "b").await;
    let url = presigner(&bucket).presign(&Request::get_object("a"), expiry(60), now()).unwrap();
    assert_eq!(bucket.http.get(url.as_str()).send().await.unwrap().status(), 200);
    let altered = [
        url.as_str().replace("/files/a?", "/files/b?"),
        url.as_str().replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
        format!("{}&response-content-type=text%2Fhtml", url.as_str()),
    ];
    for url in altered {
        let response = bucket.http.get(&url).send().await.unwrap();
        assert_eq!(code_of(403, response).await, "SignatureDoesNotMatch", "{url}");
    }
    let response = bucket.http.delete(url.as_str()).send().await.unwrap();
    assert_eq!(code_of(403, response).await, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn signed_headers_must_come_as_they_were_signed() {
    let bucket = TestBucket::start().await;
    let body = bytes(1, 1000);
    let digest = sha256(&body);
    let request = Request::put_object("a")
        .content_length(1000)
        .content_type("application/octet-stream")
        .header("x-amz-checksum-sha256", digest.as_str())
        .if_none_match_any();
    let url = presigner(&bucket).presign(&request, expiry(60), now()).unwrap();
    let right = [
        ("content-type", "application/octet-stream"),
        ("x-amz-checksum-sha256", digest.as_str()),
        ("if-none-match", "*"),
    ];
    let put = |headers: &[(&str, &str)], body: Vec<u8>| {
        let request =
            headers.iter().fold(bucket.http.put(url.as_str()), |request, (name, value)| request.header(*name, *value));
        request.body(body).send()
    };
    let other = sha256(b"other");
    let mut altered = right;
    altered[1].1 = &other;

    let refused = "SignatureDoesNotMatch";
    assert_eq!(code_of(403, put(&right[1..], body.clone()).await.unwrap()).await, refused);
    assert_eq!(code_of(403, put(&right[..2], body.clone()).await.unwrap()).await, refused);
    assert_eq!(code_of(403, put(&altered, body.clone()).await.unwrap()).await, refused);
    assert_eq!(code_of(403, put(&right, bytes(1, 999)).await.unwrap()).await, refused);
    assert_eq!(code_of(403, put(&right, bytes(1, 1001)).await.unwrap()).await, refused);
    assert_eq!(code_of(400, put(&right, bytes(2, 1000)).await.unwrap()).await, "BadDigest");
    assert!(!bucket.exists("a").await);
    assert_eq!(put(&right, body.clone()).await.unwrap().status(), 200);
    assert_eq!(code_of(412, put(&right, body.clone()).await.unwrap()).await, "PreconditionFailed");
    assert!(bucket.get("a").await == body);
}

#[tokio::test]
async fn the_holder_of_a_url_cannot_add_amz_headers() {
    let bucket = TestBucket::start().await;
    let url = presigner(&bucket).presign(&Request::put_object("a"), expiry(60), now()).unwrap();
    for name in ["x-amz-meta-evil", "x-amz-acl", "x-amz-storage-class", "x-amz-content-sha256", "x-amz-copy-source"] {
        let response = bucket.http.put(url.as_str()).header(name, "x").body("x").send().await.unwrap();
        assert_eq!(code_of(403, response).await, "AccessDenied", "{name}");
    }
    assert!(!bucket.exists("a").await);
}

#[tokio::test]
async fn headers_moved_into_the_url_are_honoured() {
    let bucket = TestBucket::start().await;
    let request = Request::put_object("a").query("x-amz-checksum-sha256", sha256(b"right"));
    let url = presigner(&bucket).presign(&request, expiry(60), now()).unwrap();
    let wrong = bucket.http.put(url.as_str()).body("wrong").send().await.unwrap();
    assert_eq!(code_of(400, wrong).await, "BadDigest");
    assert_eq!(bucket.http.put(url.as_str()).body("right").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_url_and_a_header_together_are_refused() {
    let bucket = TestBucket::start().await;
    let url = presigner(&bucket).presign(&Request::get_object("a"), expiry(60), now()).unwrap();
    let request =
        bucket.http.get(url.as_str()).header("authorization", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b");
    assert_eq!(code_of(400, request.send().await.unwrap()).await, "InvalidArgument");
}

#[tokio::test]
async fn the_answer_wears_the_headers_that_the_url_was_signed_with() {
    let bucket = TestBucket::start().await;
    bucket.put("a", "<script>").await;
    let request = Request::get_object("a")
        .response_content_type("text/plain")
        .response_content_disposition("attachment; filename=\"a b.txt\"")
        .response_cache_control("no-store");
    let url = presigner(&bucket).presign(&request, expiry(60), now()).unwrap();
    let response = bucket.http.get(url.as_str()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/plain");
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=\"a b.txt\"");
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn the_urls_of_the_official_sdk_work() {
    let bucket = TestBucket::start().await;
    let key = "weird key/ä+ö%20&=?#.txt";
    let put = bucket.client.put_object().bucket(BUCKET).key(key).presigned(an_hour()).await.unwrap();
    assert_eq!(send(&bucket.http, &put).body("bytes").send().await.unwrap().status(), 200);
    let get = bucket.client.get_object().bucket(BUCKET).key(key).presigned(an_hour()).await.unwrap();
    let response = send(&bucket.http, &get).send().await.unwrap();
    assert_eq!(response.bytes().await.unwrap(), "bytes");
    let soon = aws_sdk_s3::presigning::PresigningConfig::expires_in(Duration::from_secs(1)).unwrap();
    let head = bucket.client.head_object().bucket(BUCKET).key(key).presigned(soon).await.unwrap();
    assert_eq!(send(&bucket.http, &head).send().await.unwrap().status(), 200);
}
