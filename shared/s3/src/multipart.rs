//! Multipart uploads: start, list, abort.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{ChecksumAlgorithm, Part};
use straightway_core::ports::UploadedPart;
use straightway_core::{Error, Integrity, LeafHash, MultipartUploadId, PartNumber};

use crate::S3Store;
use crate::failure::StoreFailure;
use crate::presign::OBJECT_TYPE;

impl S3Store {
    pub(crate) async fn create_multipart(&self, key: &str, integrity: Integrity) -> Result<MultipartUploadId, Error> {
        let keeps_checksums = integrity == Integrity::Leaf && self.abilities.vouches;
        let answer = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(key)
            .content_type(OBJECT_TYPE)
            // Composite is the only kind of SHA-256 that multipart uploads have.
            .set_checksum_algorithm(keeps_checksums.then_some(ChecksumAlgorithm::Sha256))
            .send()
            .await
            .map_err(|error| StoreFailure::new(error).during(format!("start a multipart upload of {key}")))?;
        let id = answer.upload_id.filter(|id| !id.is_empty());
        id.map(MultipartUploadId).ok_or_else(|| Error::internal("the store started a multipart upload without an id"))
    }

    /// `None` when the store does not know the upload.
    pub(crate) async fn uploaded_parts(
        &self,
        key: &str,
        multipart_id: &MultipartUploadId,
    ) -> Result<Option<Vec<UploadedPart>>, Error> {
        let request = self.client.list_parts().bucket(&self.bucket).key(key).upload_id(&multipart_id.0);
        let mut pages = request.into_paginator().send();
        let mut newest = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = match page.map_err(StoreFailure::new) {
                Ok(page) => page,
                Err(failure) if failure.is_no_such_upload() => return Ok(None),
                Err(failure) => return Err(failure.during(format!("list the parts of {key}"))),
            };
            for row in page.parts() {
                keep_newest(&mut newest, row)?;
            }
        }
        Ok(Some(newest.into_values().map(|(_, part)| part).collect()))
    }

    pub(crate) async fn abort(&self, key: &str, multipart_id: &MultipartUploadId) -> Result<(), Error> {
        let request = self.client.abort_multipart_upload().bucket(&self.bucket).key(key).upload_id(&multipart_id.0);
        match request.send().await.map_err(StoreFailure::new) {
            Ok(_) => Ok(()),
            Err(failure) if failure.is_no_such_upload() => Ok(()),
            Err(failure) => Err(failure.during(format!("abort a multipart upload of {key}"))),
        }
    }

    /// The store matches keys by prefix and pages by markers, for which the SDK has no paginator.
    pub(crate) async fn uploads_of(&self, key: &str) -> Result<Vec<MultipartUploadId>, Error> {
        let mut found = Vec::new();
        let mut marker: Option<(String, String)> = None;
        loop {
            let (key_marker, id_marker) = marker.clone().unzip();
            let page = self
                .client
                .list_multipart_uploads()
                .bucket(&self.bucket)
                .prefix(key)
                .set_key_marker(key_marker)
                .set_upload_id_marker(id_marker)
                .send()
                .await
                .map_err(|error| StoreFailure::new(error).during(format!("list the multipart uploads of {key}")))?;

            let of_key = page.uploads().iter().filter(|upload| upload.key() == Some(key));
            found.extend(of_key.filter_map(|upload| upload.upload_id()).map(|id| MultipartUploadId(id.to_owned())));

            if page.is_truncated != Some(true) {
                return Ok(found);
            }
            let next = page.next_key_marker.zip(page.next_upload_id_marker);
            if next.is_none() || next == marker {
                return Err(Error::internal("the store cut a list of multipart uploads without saying where"));
            }
            marker = next;
        }
    }
}

/// SeaweedFS lists a part twice that was sent twice, in no order, with times in seconds.
fn keep_newest(newest: &mut BTreeMap<PartNumber, (Option<DateTime>, UploadedPart)>, row: &Part) -> Result<(), Error> {
    let part = uploaded_part(row)?;
    let sent_at = row.last_modified().copied();
    if newest.get(&part.part_number).is_none_or(|(other, _)| *other <= sent_at) {
        newest.insert(part.part_number, (sent_at, part));
    }
    Ok(())
}

fn uploaded_part(part: &Part) -> Result<UploadedPart, Error> {
    let number = part.part_number().and_then(|number| u64::try_from(number).ok());
    let size = part.size().and_then(|size| u64::try_from(size).ok());
    let (Some(number), Some(size_bytes), Some(etag)) = (number, size, part.e_tag()) else {
        return Err(Error::internal("the store lists a part without number, size or ETag"));
    };
    let part_number = PartNumber::new(number)
        .map_err(|_| Error::internal(format!("the store lists a part with the number {number}")))?;
    let leaf_hash = part.checksum_sha256().and_then(LeafHash::from_base64);
    Ok(UploadedPart { part_number, size_bytes, etag: etag.to_owned(), leaf_hash })
}
