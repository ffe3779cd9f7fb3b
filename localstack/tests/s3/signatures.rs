//! Signatures: what they must cover, when and where they hold.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::support::{BUCKET, KEY_ID, SECRET, TestBucket, client, code_of, now, refusal};

/// A request signed in its `Authorization` header, by a signer written for these tests only.
pub(crate) struct Signed<'a> {
    bucket: &'a TestBucket,
    method: &'a str,
    path: String,
    headers: Vec<(String, String)>,
    unsigned: Vec<(String, String)>,
    payload: String,
    region: &'a str,
    at: Timestamp,
}

impl<'a> Signed<'a> {
    pub(crate) fn put(bucket: &'a TestBucket, key: &str) -> Self {
        Self::new(bucket, "PUT", &format!("/{BUCKET}/{key}"))
    }

    pub(crate) fn new(bucket: &'a TestBucket, method: &'a str, path: &str) -> Self {
        Self {
            bucket,
            method,
            path: path.to_owned(),
            headers: vec![("host".into(), bucket.address.to_string())],
            unsigned: Vec::new(),
            payload: "UNSIGNED-PAYLOAD".into(),
            region: "us-east-1",
            at: now(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn unsigned_header(mut self, name: &str, value: &str) -> Self {
        self.unsigned.push((name.into(), value.into()));
        self
    }

    pub(crate) fn payload(mut self, payload: &str) -> Self {
        self.payload = payload.into();
        self
    }

    pub(crate) fn payload_of(self, bytes: &[u8]) -> Self {
        let hash = HEXLOWER.encode(&Sha256::digest(bytes));
        self.payload(&hash)
    }

    pub(crate) fn region(mut self, region: &'a str) -> Self {
        self.region = region;
        self
    }

    pub(crate) fn at(mut self, at: Timestamp) -> Self {
        self.at = at;
        self
    }

    fn authorize(&mut self) -> String {
        let date = self.at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = &date[..8];
        self.headers.push(("x-amz-date".into(), date.clone()));
        self.headers.push(("x-amz-content-sha256".into(), self.payload.clone()));
        self.headers.sort();
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let lines: Vec<String> = self.headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let lines = lines.concat();
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let canonical = format!("{}\n{path}\n{query}\n{lines}\n{names}\n{}", self.method, self.payload);
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let hash = HEXLOWER.encode(&Sha256::digest(canonical));
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hash}");
        let key = [day, self.region, "s3", "aws4_request"]
            .iter()
            .fold(format!("AWS4{SECRET}").into_bytes(), |key, part| mac(&key, part));
        let signature = HEXLOWER.encode(&mac(&key, &text));
        format!("AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, SignedHeaders={names}, Signature={signature}")
    }

    pub(crate) async fn send(mut self, body: Vec<u8>) -> reqwest::Response {
        let authorization = self.authorize();
        let method = reqwest::Method::from_bytes(self.method.as_bytes()).unwrap();
        let mut request = self.bucket.http.request(method, self.bucket.url(&self.path));
        for (name, value) in self.headers.iter().chain(&self.unsigned).filter(|(name, _)| name != "host") {
            request = request.header(name, value);
        }
        request.header("authorization", authorization).body(body).send().await.unwrap()
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[tokio::test]
async fn a_request_without_a_signature_gets_nothing() {
    let bucket = TestBucket::start().await;
    bucket.put("a", "secret").await;
    for path in ["/", "/files", "/files/a", "/files?list-type=2"] {
        let response = bucket.http.get(bucket.url(path)).send().await.unwrap();
        assert_eq!(code_of(403, response).await, "AccessDenied", "{path}");
    }
    let response = bucket.http.put(bucket.url("/files/b")).body("x").send().await.unwrap();
    assert_eq!(code_of(403, response).await, "AccessDenied");
    assert!(!bucket.exists("b").await);
}

#[tokio::test]
async fn an_unknown_key_and_a_wrong_secret_are_refused() {
    let bucket = TestBucket::start().await;
    let unknown = client(bucket.address, "AKSOMEBODY", SECRET, "us-east-1");
    assert_eq!(refusal(403, unknown.list_buckets().send().await), "InvalidAccessKeyId");
    let wrong = client(bucket.address, KEY_ID, "a guess", "us-east-1");
    assert_eq!(refusal(403, wrong.list_buckets().send().await), "SignatureDoesNotMatch");
}

#[tokio::test]
async fn a_signature_for_another_region_is_refused() {
    let bucket = TestBucket::start().await;
    let elsewhere = client(bucket.address, KEY_ID, SECRET, "eu-west-1");
    assert_eq!(refusal(400, elsewhere.list_buckets().send().await), "AuthorizationHeaderMalformed");
    let response = Signed::put(&bucket, "a").region("eu-west-1").send(b"x".to_vec()).await;
    assert_eq!(code_of(400, response).await, "AuthorizationHeaderMalformed");
}

#[tokio::test]
async fn a_signature_holds_fifteen_minutes_around_its_date() {
    let bucket = TestBucket::start().await;
    for minutes in [-16, 16] {
        let at = now() + SignedDuration::from_mins(minutes);
        let response = Signed::put(&bucket, "a").at(at).send(b"x".to_vec()).await;
        assert_eq!(code_of(403, response).await, "RequestTimeTooSkewed", "{minutes} minutes");
    }
    let at = now() - SignedDuration::from_mins(14);
    let response = Signed::put(&bucket, "a").at(at).send(b"x".to_vec()).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn every_amz_header_must_be_signed() {
    let bucket = TestBucket::start().await;
    for name in ["x-amz-meta-colour", "x-amz-acl", "x-amz-checksum-sha256", "x-amz-tagging"] {
        let response = Signed::put(&bucket, "a").unsigned_header(name, "x").send(b"x".to_vec()).await;
        assert_eq!(code_of(403, response).await, "AccessDenied", "{name}");
    }
    assert!(!bucket.exists("a").await);
}

#[tokio::test]
async fn signatures_of_version_two_are_refused() {
    let bucket = TestBucket::start().await;
    let request = bucket.http.get(bucket.url("/files/a")).header("authorization", format!("AWS {KEY_ID}:c2ln"));
    assert_eq!(code_of(400, request.send().await.unwrap()).await, "InvalidRequest");
    let path = format!("/files/a?AWSAccessKeyId={KEY_ID}&Expires=4000000000&Signature=c2ln");
    let response = bucket.http.get(bucket.url(&path)).send().await.unwrap();
    assert_eq!(code_of(400, response).await, "InvalidRequest");
}

#[tokio::test]
async fn browser_forms_are_refused_unread() {
    let bucket = TestBucket::start().await;
    let request = bucket
        .http
        .post(bucket.url("/files"))
        .header("content-type", "multipart/form-data; boundary=x")
        .body("--x\r\n");
    assert_eq!(code_of(501, request.send().await.unwrap()).await, "NotImplemented");
}
