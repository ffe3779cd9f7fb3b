//! Completing a multipart upload, whose answer may be lost, late, or an error under a 200.

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use straightway_core::ports::{Completed, UploadedPart};
use straightway_core::{Error, MultipartUploadId};

use crate::S3Store;
use crate::failure::StoreFailure;

impl S3Store {
    pub(crate) async fn complete(
        &self,
        key: &str,
        multipart_id: &MultipartUploadId,
        parts: &[UploadedPart],
        size_bytes: u64,
    ) -> Result<Completed, Error> {
        match self.send_complete(key, multipart_id, parts, size_bytes).await {
            Ok(()) => Ok(Completed::Done),
            Err(failure) => self.after_failed_complete(key, size_bytes, failure).await,
        }
    }

    async fn send_complete(
        &self,
        key: &str,
        multipart_id: &MultipartUploadId,
        parts: &[UploadedPart],
        size_bytes: u64,
    ) -> Result<(), StoreFailure> {
        let request = self
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(key)
            .upload_id(&multipart_id.0)
            .multipart_upload(completed_upload(parts))
            // The store compares; larger than its integers cannot be, the plan's maximum is 2^46.
            .set_mpu_object_size(i64::try_from(size_bytes).ok());
        let request = request.customize().config_override(self.timeouts.for_complete());
        request.send().await.map(|_| ()).map_err(StoreFailure::new)
    }

    /// NoSuchUpload is also what a second attempt hears when the first one's answer was lost. The object decides.
    async fn after_failed_complete(
        &self,
        key: &str,
        size_bytes: u64,
        failure: StoreFailure,
    ) -> Result<Completed, Error> {
        let unknown = failure.is_no_such_upload();
        let perhaps_done = unknown || failure.is_passing() || matches!(failure.status(), Some(200 | 412));
        if perhaps_done && self.is_there(key, size_bytes).await? {
            return Ok(Completed::Done);
        }
        if unknown {
            return Ok(Completed::NoSuchUpload);
        }
        Err(error(key, failure))
    }

    async fn is_there(&self, key: &str, size_bytes: u64) -> Result<bool, Error> {
        let head = self.head_object(key).await?;
        Ok(head.is_some_and(|object| object.size_bytes == size_bytes))
    }
}

/// InvalidPart: a part was sent again since it was listed. Listing again mends it, so it is no fault of ours.
fn error(key: &str, failure: StoreFailure) -> Error {
    let context = format!("complete the multipart upload of {key}");
    if failure.is("InvalidPart") {
        return Error::unavailable(context, failure);
    }
    failure.during(context)
}

/// Ascending, as the store demands; each with its checksum where the upload keeps them.
fn completed_upload(parts: &[UploadedPart]) -> CompletedMultipartUpload {
    let mut parts: Vec<&UploadedPart> = parts.iter().collect();
    parts.sort_by_key(|part| part.part_number);
    let completed = parts.into_iter().map(|part| {
        CompletedPart::builder()
            .part_number(part.part_number.get().into())
            .e_tag(&part.etag)
            .set_checksum_sha256(part.leaf_hash.map(|leaf| leaf.to_base64()))
            .build()
    });
    CompletedMultipartUpload::builder().set_parts(Some(completed.collect())).build()
}
