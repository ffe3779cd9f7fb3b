//! What the store says of an object.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{ChecksumMode, ChecksumType};
use straightway_core::ports::{ObjectHead, StoreChecksum};
use straightway_core::{ContentHash, Error, LeafHash};

use crate::S3Store;
use crate::failure::StoreFailure;
use crate::presign::OBJECT_TYPE;

impl S3Store {
    /// `None` when the store says 404. A 403 is an error: without `s3:ListBucket` S3 hides absence behind it.
    pub(crate) async fn head_object(&self, key: &str) -> Result<Option<ObjectHead>, Error> {
        let request = self.client.head_object().bucket(&self.bucket).key(key).checksum_mode(ChecksumMode::Enabled);
        match request.send().await.map_err(StoreFailure::new) {
            Ok(head) => object_head(&head).map(Some),
            Err(failure) if failure.is_absent() => Ok(None),
            Err(failure) => Err(failure.during(format!("head {key}"))),
        }
    }
}

fn object_head(head: &HeadObjectOutput) -> Result<ObjectHead, Error> {
    let size_bytes = head.content_length().and_then(|length| u64::try_from(length).ok());
    let (Some(size_bytes), Some(etag)) = (size_bytes, head.e_tag()) else {
        return Err(Error::internal("the store's head lacks Content-Length or ETag"));
    };
    Ok(ObjectHead {
        size_bytes,
        etag: etag.to_owned(),
        checksum: head.checksum_sha256().and_then(|text| checksum(text, head.checksum_type())),
        foreign_metadata: has_foreign_metadata(head),
    })
}

/// A composite comes as `base64-n`. What cannot be read vouches for nothing, so it is as good as absent.
fn checksum(text: &str, kind: Option<&ChecksumType>) -> Option<StoreChecksum> {
    if let Some((digest, parts)) = text.split_once('-') {
        let digest = ContentHash::from_bytes(*LeafHash::from_base64(digest)?.as_bytes());
        return Some(StoreChecksum::Composite(digest, parts.parse().ok()?));
    }
    let is_composite = kind == Some(&ChecksumType::Composite);
    LeafHash::from_base64(text).filter(|_| !is_composite).map(StoreChecksum::Full)
}

/// Our uploads set the media type and nothing else; anything more was put there by whoever had the URL.
fn has_foreign_metadata(head: &HeadObjectOutput) -> bool {
    let ours = |media_type: &str| media_type.eq_ignore_ascii_case(OBJECT_TYPE);
    let headers = [
        head.content_encoding(),
        head.cache_control(),
        head.content_disposition(),
        head.content_language(),
        head.expires_string(),
        head.website_redirect_location(),
    ];
    head.content_type().is_some_and(|media_type| !ours(media_type))
        || headers.into_iter().flatten().any(|value| !value.is_empty())
        || head.metadata().is_some_and(|metadata| !metadata.is_empty())
        || head.missing_meta().is_some_and(|count| count > 0)
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::operation::head_object::builders::HeadObjectOutputBuilder;

    use super::*;

    fn head() -> HeadObjectOutputBuilder {
        HeadObjectOutput::builder().content_length(5).e_tag("\"e\"").content_type(OBJECT_TYPE)
    }

    #[test]
    fn a_composite_comes_with_its_part_count() {
        let leaf = LeafHash::of(b"hello");
        let composite = Some(StoreChecksum::Composite(ContentHash::from_bytes(*leaf.as_bytes()), 3));
        assert_eq!(checksum(&format!("{}-3", leaf.to_base64()), Some(&ChecksumType::Composite)), composite);
        assert_eq!(checksum(&format!("{}-3", leaf.to_base64()), None), composite);
        assert_eq!(checksum(&leaf.to_base64(), Some(&ChecksumType::FullObject)), Some(StoreChecksum::Full(leaf)));
        assert_eq!(checksum(&leaf.to_base64(), None), Some(StoreChecksum::Full(leaf)));
    }

    #[test]
    fn a_checksum_that_cannot_be_read_vouches_for_nothing() {
        let digest = LeafHash::of(b"hello").to_base64();
        for text in ["", "-", "-3", "AAAA", "AAAA-3", &format!("{digest}-"), &format!("{digest}-99999")] {
            assert_eq!(checksum(text, None), None, "{text}");
        }
        assert_eq!(checksum(&digest, Some(&ChecksumType::Composite)), None);
    }

    #[test]
    fn metadata_that_we_never_set_is_foreign() {
        assert!(!object_head(&head().build()).unwrap().foreign_metadata);
        let foreign = [
            head().content_type("text/html"),
            head().content_encoding("gzip"),
            head().cache_control("max-age=1"),
            head().content_disposition("inline"),
            head().content_language("de"),
            head().expires_string("Thu, 01 Jan 2099 00:00:00 GMT"),
            head().website_redirect_location("/elsewhere"),
            head().metadata("k", "v"),
            head().missing_meta(1),
        ];
        for head in foreign {
            let head = head.build();
            assert!(object_head(&head).unwrap().foreign_metadata, "{head:?}");
        }
    }

    #[test]
    fn a_head_without_length_or_etag_is_a_fault_of_the_store() {
        for head in [head().set_content_length(None), head().set_e_tag(None), head().content_length(-1)] {
            assert!(matches!(object_head(&head.build()), Err(Error::Internal { .. })));
        }
    }
}
