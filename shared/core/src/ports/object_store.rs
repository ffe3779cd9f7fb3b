use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use jiff::Timestamp;

use crate::session::Integrity;
use crate::{ContentHash, Error, LeafHash, MultipartUploadId, ObjectKey, PartNumber};

/// A bucket that clients upload to straight. Not for listing, copying or anything else a bucket can do.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// What the store was seen to do when it was probed.
    fn abilities(&self) -> Abilities;

    /// A URL for one PUT of the whole object: exact length, never overwrites; with a leaf hash the store refuses
    /// other bytes.
    fn sign_put(
        &self,
        key: &ObjectKey,
        size_bytes: u64,
        leaf_hash: Option<LeafHash>,
        life: Duration,
        now: Timestamp,
    ) -> Result<SignedRequest, Error>;

    /// URLs for parts of a multipart upload, in the order asked for.
    fn sign_parts(
        &self,
        key: &ObjectKey,
        multipart_id: &MultipartUploadId,
        parts: &[PartToSign],
        life: Duration,
        now: Timestamp,
    ) -> Result<Vec<SignedRequest>, Error>;

    /// A URL for a download that answers with these headers, whatever the object says.
    fn sign_get(
        &self,
        key: &ObjectKey,
        headers: &ResponseHeaders,
        life: Duration,
        now: Timestamp,
    ) -> Result<SignedRequest, Error>;

    /// Starts a multipart upload. With [`Integrity::Leaf`] the store keeps a composite SHA-256.
    async fn start_multipart(&self, key: &ObjectKey, integrity: Integrity) -> Result<MultipartUploadId, Error>;

    /// Every uploaded part, ascending (all pages); `None` when the store does not know the upload.
    async fn list_parts(
        &self,
        key: &ObjectKey,
        multipart_id: &MultipartUploadId,
    ) -> Result<Option<Vec<UploadedPart>>, Error>;

    /// Completes a multipart upload of `size_bytes`. `parts` hold a leaf hash each when the upload keeps checksums.
    async fn complete_multipart(
        &self,
        key: &ObjectKey,
        multipart_id: &MultipartUploadId,
        parts: &[UploadedPart],
        size_bytes: u64,
    ) -> Result<Completed, Error>;

    /// Aborts a multipart upload; nothing happens when the store does not know it.
    async fn abort_multipart(&self, key: &ObjectKey, multipart_id: &MultipartUploadId) -> Result<(), Error>;

    /// Every multipart upload that is under way for exactly this key.
    async fn multipart_uploads(&self, key: &ObjectKey) -> Result<Vec<MultipartUploadId>, Error>;

    /// What the store says of the object; `None` when it is absent (which a refusal never means).
    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectHead>, Error>;

    /// Streams a range of the object as long as its ETag is this one.
    ///
    /// # Errors
    /// `Changed` when the object has another ETag, `NotFound` when it is absent.
    async fn read(&self, key: &ObjectKey, range: Range<u64>, etag: &str) -> Result<ObjectBody, Error>;

    /// Deletes the object; nothing happens when it is absent.
    async fn delete(&self, key: &ObjectKey) -> Result<(), Error>;
}

/// The bytes of a range, as they arrive.
pub type ObjectBody = BoxStream<'static, Result<Bytes, Error>>;

/// What a store can be trusted with; seen by a probe, never assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Wrong digests and lengths are refused and the SHA-256 (composite for multiparts) is returned: the store
    /// vouches for content, nobody reads it again.
    pub vouches: bool,
    /// A second PUT under a key is refused when the URL says so. Without it there is no single PUT.
    pub conditional_put: bool,
}

/// A part to be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartToSign {
    /// Which part.
    pub part_number: PartNumber,
    /// Its exact length in bytes.
    pub size_bytes: u64,
    /// Its hash, where the store checks it.
    pub leaf_hash: Option<LeafHash>,
}

/// A request that a client can send by itself. The URL is a credential: never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// Where to.
    pub url: String,
    /// Sent as they are, and no others; never `host` or `content-length`, which clients set from the body.
    pub headers: Vec<(&'static str, String)>,
    /// When the store stops taking it.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedRequest").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Headers that a download answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHeaders {
    /// `Content-Type`.
    pub content_type: String,
    /// `Content-Disposition`.
    pub content_disposition: String,
    /// `Cache-Control`.
    pub cache_control: String,
}

/// A part that the store holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedPart {
    /// Which part.
    pub part_number: PartNumber,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// Its ETag; opaque.
    pub etag: String,
    /// Its SHA-256, where the store lists it.
    pub leaf_hash: Option<LeafHash>,
}

/// What became of a Complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completed {
    /// The object is there.
    Done,
    /// The store does not know the upload: completed before, or aborted. The object tells.
    NoSuchUpload,
}

/// What the store says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectHead {
    /// Length in bytes.
    pub size_bytes: u64,
    /// ETag; opaque.
    pub etag: String,
    /// The SHA-256 that the store keeps of it.
    pub checksum: Option<StoreChecksum>,
    /// Whether it carries headers or metadata that we never set.
    pub foreign_metadata: bool,
}

/// A SHA-256 that a store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreChecksum {
    /// Of the whole object.
    Full(LeafHash),
    /// Of the concatenated part hashes, with the number of parts.
    Composite(ContentHash, u16),
}
