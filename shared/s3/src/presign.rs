//! The requests that clients send by themselves.

use std::time::Duration;

use jiff::Timestamp;
use straightway_core::ports::{PartToSign, ResponseHeaders, SignedRequest};
use straightway_core::{Error, LeafHash, MultipartUploadId};
use straightway_signer::{Expiry, Part, Request};

use crate::S3Store;
use crate::credentials::invalid_signer;

/// The one media type that objects have: downloads get theirs from the URL that asks.
pub(crate) const OBJECT_TYPE: &str = "application/octet-stream";

/// What a PUT does to an object that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    Keep,
    Overwrite,
}

impl S3Store {
    pub(crate) fn presign_put(
        &self,
        key: &str,
        size_bytes: u64,
        leaf_hash: Option<LeafHash>,
        existing: Existing,
        life: Life,
    ) -> Result<SignedRequest, Error> {
        let mut put = Request::put_object(key).content_length(size_bytes).content_type(OBJECT_TYPE);
        if existing == Existing::Keep {
            put = put.if_none_match_any();
        }
        if let Some(leaf_hash) = leaf_hash {
            put = put.checksum_sha256(leaf_hash.as_bytes());
        }
        self.presign(&put, life)
    }

    pub(crate) fn presign_parts(
        &self,
        key: &str,
        multipart_id: &MultipartUploadId,
        parts: &[PartToSign],
        life: Life,
    ) -> Result<Vec<SignedRequest>, Error> {
        let (presigner, end) = self.credentials.presigner(life.from)?;
        let expiry = life.expiry()?;
        let mut batch = presigner.parts(key, &multipart_id.0, expiry, life.from).map_err(invalid_signer)?;
        let expires_at = life.expires_at(expiry, end);
        let sign = |part: &PartToSign| {
            let part = Part {
                number: part.part_number.get(),
                content_length: Some(part.size_bytes),
                checksum_sha256: part.leaf_hash.map(|leaf| *leaf.as_bytes()),
            };
            let url = batch.presign(&part).map_err(invalid_signer)?.into_string();
            let headers = part.headers().filter(|(name, _)| is_for_client(name)).collect();
            Ok(SignedRequest { url, headers, expires_at })
        };
        parts.iter().map(sign).collect()
    }

    pub(crate) fn presign_get(&self, key: &str, headers: &ResponseHeaders, life: Life) -> Result<SignedRequest, Error> {
        let get = Request::get_object(key)
            .response_content_type(&headers.content_type)
            .response_content_disposition(&headers.content_disposition)
            .response_cache_control(&headers.cache_control);
        self.presign(&get, life)
    }

    fn presign(&self, request: &Request<'_>, life: Life) -> Result<SignedRequest, Error> {
        let (presigner, end) = self.credentials.presigner(life.from)?;
        let expiry = life.expiry()?;
        let url = presigner.presign(request, expiry, life.from).map_err(invalid_signer)?;
        let headers = request.headers().filter_map(|(name, value)| Some((client_header(name)?, value.to_owned())));
        Ok(SignedRequest {
            url: url.into_string(),
            headers: headers.collect(),
            expires_at: life.expires_at(expiry, end),
        })
    }
}

/// How long a URL lives, from when.
#[derive(Clone, Copy)]
pub(crate) struct Life {
    pub(crate) from: Timestamp,
    pub(crate) length: Duration,
}

impl Life {
    fn expiry(self) -> Result<Expiry, Error> {
        Expiry::try_from(self.length).map_err(invalid_signer)
    }

    /// Signatures count whole seconds, and die with the credentials that made them.
    fn expires_at(self, expiry: Expiry, credentials_end: Option<Timestamp>) -> Timestamp {
        let end = self.from.as_second().saturating_add(i64::from(expiry.as_secs()));
        let end = Timestamp::from_second(end).unwrap_or(Timestamp::MAX);
        credentials_end.map_or(end, |credentials_end| end.min(credentials_end))
    }
}

/// Browsers set the length from the body and forbid doing it by hand.
fn is_for_client(name: &str) -> bool {
    name != "content-length"
}

fn client_header(name: &str) -> Option<&'static str> {
    ["content-type", "if-none-match", "x-amz-checksum-sha256"].into_iter().find(|known| *known == name)
}
