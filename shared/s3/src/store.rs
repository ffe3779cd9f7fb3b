//! The port, on S3.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use jiff::Timestamp;
use straightway_core::ports::{
    Abilities, Completed, ObjectBody, ObjectHead, PartToSign, ResponseHeaders, SignedRequest, UploadedPart,
};
use straightway_core::{Error, Integrity, LeafHash, MultipartUploadId, ObjectKey, ObjectStore};
use straightway_signer::{BucketAddress, Presigner, Scope};

use crate::credentials::FollowedCredentials;
use crate::presign::{Existing, Life};
use crate::{S3Config, Timeouts};

/// A bucket of S3, or of a store that speaks it.
#[derive(Clone)]
pub struct S3Store {
    pub(crate) client: Client,
    pub(crate) bucket: String,
    pub(crate) credentials: Arc<FollowedCredentials>,
    pub(crate) abilities: Abilities,
    pub(crate) timeouts: Timeouts,
}

impl S3Store {
    /// The bucket of `config`, trusted with `abilities`: those that [`S3Store::probe`] saw, here or at deployment.
    ///
    /// # Errors
    /// `Unavailable` when the credentials cannot be loaded, `Internal` when the configuration makes no address.
    pub async fn new(config: &S3Config, abilities: Abilities) -> Result<Self, Error> {
        let presigner = |credentials| {
            let address = BucketAddress::new(&config.public_endpoint(), &config.bucket, config.address_style)?;
            Ok(Presigner::new(address, Scope::s3(&config.region)?, credentials))
        };
        let credentials = FollowedCredentials::load(config.credentials.clone(), presigner).await?;
        Ok(Self {
            client: config.client(credentials.provider()),
            bucket: config.bucket.clone(),
            credentials,
            abilities,
            timeouts: config.timeouts,
        })
    }

    /// Opens a connection, so that the first real call need not: for a function's INIT phase.
    ///
    /// # Errors
    /// When the store does not answer; a refusal is an answer.
    pub async fn warm(&self) -> Result<(), Error> {
        match self.head_object("probe/warm").await {
            Err(error) if error.is_transient() => Err(error),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Store")
            .field("bucket", &self.bucket)
            .field("abilities", &self.abilities)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    fn abilities(&self) -> Abilities {
        self.abilities
    }

    fn sign_put(
        &self,
        key: &ObjectKey,
        size_bytes: u64,
        leaf_hash: Option<LeafHash>,
        life: Duration,
        now: Timestamp,
    ) -> Result<SignedRequest, Error> {
        let existing = if self.abilities.conditional_put { Existing::Keep } else { Existing::Overwrite };
        self.presign_put(key.as_str(), size_bytes, leaf_hash, existing, Life { from: now, length: life })
    }

    fn sign_parts(
        &self,
        key: &ObjectKey,
        multipart_id: &MultipartUploadId,
        parts: &[PartToSign],
        life: Duration,
        now: Timestamp,
    ) -> Result<Vec<SignedRequest>, Error> {
        self.presign_parts(key.as_str(), multipart_id, parts, Life { from: now, length: life })
    }

    fn sign_get(
        &self,
        key: &ObjectKey,
        headers: &ResponseHeaders,
        life: Duration,
        now: Timestamp,
    ) -> Result<SignedRequest, Error> {
        self.presign_get(key.as_str(), headers, Life { from: now, length: life })
    }

    async fn start_multipart(&self, key: &ObjectKey, integrity: Integrity) -> Result<MultipartUploadId, Error> {
        self.create_multipart(key.as_str(), integrity).await
    }

    async fn list_parts(
        &self,
        key: &ObjectKey,
        multipart_id: &MultipartUploadId,
    ) -> Result<Option<Vec<UploadedPart>>, Error> {
        self.uploaded_parts(key.as_str(), multipart_id).await
    }

    async fn complete_multipart(
        &self,
        key: &ObjectKey,
        multipart_id: &MultipartUploadId,
        parts: &[UploadedPart],
        size_bytes: u64,
    ) -> Result<Completed, Error> {
        self.complete(key.as_str(), multipart_id, parts, size_bytes).await
    }

    async fn abort_multipart(&self, key: &ObjectKey, multipart_id: &MultipartUploadId) -> Result<(), Error> {
        self.abort(key.as_str(), multipart_id).await
    }

    async fn multipart_uploads(&self, key: &ObjectKey) -> Result<Vec<MultipartUploadId>, Error> {
        self.uploads_of(key.as_str()).await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectHead>, Error> {
        self.head_object(key.as_str()).await
    }

    async fn read(&self, key: &ObjectKey, range: Range<u64>, etag: &str) -> Result<ObjectBody, Error> {
        self.read_object(key.as_str(), range, etag).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), Error> {
        self.delete_object(key.as_str()).await
    }
}
