//! The store under test, and a plain HTTP client beside it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use straightway_core::ports::{ObjectHead, PartToSign, SignedRequest, UploadedPart};
use straightway_core::{Integrity, LeafHash, MultipartUploadId, ObjectKey, ObjectStore, PartNumber, SessionId};
use tempfile::TempDir;

/// 5 MiB: the smallest part that is not the last.
pub(super) const MIN_PART: usize = 5 << 20;
pub(super) const LIFE: Duration = Duration::from_mins(5);

/// The store under test.
pub struct Subject {
    store: Arc<dyn ObjectStore>,
    http: Client,
    _kept: Option<TempDir>,
}

impl Subject {
    /// This store, which has to be reachable at the address its URLs name.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, http: Client::new(), _kept: None }
    }

    /// Keeps the store's folder until the case is over.
    #[must_use]
    pub fn keeping(self, folder: TempDir) -> Self {
        Self { _kept: Some(folder), ..self }
    }

    pub(super) fn store(&self) -> &dyn ObjectStore {
        &*self.store
    }

    /// A URL for a PUT of `body` as it should be.
    pub(super) fn sign_put(&self, key: &ObjectKey, body: &[u8]) -> SignedRequest {
        let leaf = Some(LeafHash::of(body));
        self.store.sign_put(key, body.len() as u64, leaf, LIFE, now()).expect("a PUT can be signed")
    }

    /// A URL for a part as it should be.
    pub(super) fn sign_part(&self, upload: &Upload, number: u64, body: &[u8]) -> SignedRequest {
        let part = PartToSign { leaf_hash: Some(LeafHash::of(body)), ..part(number, body.len()) };
        self.sign_parts(upload, &[part]).remove(0)
    }

    pub(super) fn sign_parts(&self, upload: &Upload, parts: &[PartToSign]) -> Vec<SignedRequest> {
        let signed = self.store.sign_parts(&upload.key, &upload.id, parts, LIFE, now());
        signed.expect("parts can be signed")
    }

    /// Sends a PUT as a client does: the headers it was told, and the length of the body.
    pub(super) async fn put(&self, signed: &SignedRequest, body: impl Into<Bytes>) -> StatusCode {
        let body = body.into();
        // hyper sends no length with an empty body unless told to, and S3 has a length signed.
        status(self.request(Method::PUT, signed).header(CONTENT_LENGTH, body.len()).body(body)).await
    }

    pub(super) fn request(&self, method: Method, signed: &SignedRequest) -> RequestBuilder {
        let request = self.http.request(method, &signed.url);
        signed.headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
    }

    pub(super) async fn head(&self, key: &ObjectKey) -> Option<ObjectHead> {
        self.store.head(key).await.expect("the store answers a head")
    }

    /// An object with these bytes.
    pub(super) async fn object(&self, body: &'static [u8]) -> (ObjectKey, ObjectHead) {
        let key = new_key();
        let status = self.put(&self.sign_put(&key, body), body).await;
        assert!(status.is_success(), "the right bytes are stored, not {status}");
        let head = self.head(&key).await.expect("what was stored is there");
        (key, head)
    }

    pub(super) async fn read(&self, key: &ObjectKey, head: &ObjectHead) -> Vec<u8> {
        self.read_range(key, 0..head.size_bytes, head).await
    }

    pub(super) async fn read_range(&self, key: &ObjectKey, range: std::ops::Range<u64>, head: &ObjectHead) -> Vec<u8> {
        let body = self.store.read(key, range, &head.etag).await.expect("the object can be read");
        let chunks: Vec<Bytes> = body.try_collect().await.expect("the body arrives whole");
        chunks.concat()
    }

    pub(super) async fn start(&self, integrity: Integrity) -> Upload {
        let key = new_key();
        let id = self.store.start_multipart(&key, integrity).await.expect("a multipart upload can be started");
        Upload { key, id }
    }

    /// An upload whose parts, numbered from 1, have been sent.
    pub(super) async fn upload(&self, parts: &[Bytes]) -> Upload {
        let upload = self.start(Integrity::Leaf).await;
        for (number, body) in (1..).zip(parts) {
            self.send_part(&upload, number, body).await;
        }
        upload
    }

    pub(super) async fn send_part(&self, upload: &Upload, number: u64, body: &Bytes) {
        let status = self.put(&self.sign_part(upload, number, body), body.clone()).await;
        assert!(status.is_success(), "part {number} is stored, not {status}");
    }

    pub(super) async fn list(&self, upload: &Upload) -> Vec<UploadedPart> {
        let parts = self.store.list_parts(&upload.key, &upload.id).await.expect("the store lists parts");
        parts.expect("the upload is known")
    }

    /// The listed parts with the leaf hashes recorded at signing, as lifecycle gives them to Complete.
    pub(super) async fn recorded(&self, upload: &Upload, bodies: &[Bytes]) -> Vec<UploadedPart> {
        let mut parts = self.list(upload).await;
        for part in &mut parts {
            part.leaf_hash = Some(LeafHash::of(&bodies[part.part_number.index()]));
        }
        parts
    }
}

/// A multipart upload under way.
pub(super) struct Upload {
    pub(super) key: ObjectKey,
    pub(super) id: MultipartUploadId,
}

pub(super) async fn status(request: RequestBuilder) -> StatusCode {
    let answer = request.send().await.expect("the store answers");
    let status = answer.status();
    // Read to the end, as a client does, so that the connection can be used again.
    answer.bytes().await.expect("the answer arrives whole");
    status
}

pub(super) fn new_key() -> ObjectKey {
    let mut random = [0; 16];
    getrandom::fill(&mut random).expect("the system has randomness");
    ObjectKey::of_session(&SessionId::from_random(random))
}

pub(super) fn number(number: u64) -> PartNumber {
    PartNumber::new(number).expect("a number from 1 to 10,000")
}

/// A part without a leaf hash.
pub(super) fn part(part_number: u64, size_bytes: usize) -> PartToSign {
    PartToSign { part_number: number(part_number), size_bytes: size_bytes as u64, leaf_hash: None }
}

#[expect(clippy::disallowed_methods, reason = "the stores under test judge signatures by the real time")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// Two hours ago: what was signed then has expired.
pub(super) fn long_ago() -> Timestamp {
    now() - SignedDuration::from_hours(2)
}
