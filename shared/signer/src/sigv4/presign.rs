//! Presigned URLs.

use std::iter;

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::{
    ALGORITHM, UNSIGNED_PAYLOAD,
    canonical::{CanonicalHeaders, Duplicates, Encoded, canonical_request, encoded, push_pairs},
    keys::{DayKey, KeyCache, Scope},
    parts::PartPresigner,
};
use crate::{BucketAddress, Credentials, Error, Expiry, PresignedUrl, Request, encode, time::SigningTime};

/// Signs URLs of one bucket. Share one between threads: the day's key is derived once and read under a lock
/// that is held for a few nanoseconds.
#[derive(Debug)]
pub struct Presigner {
    address: BucketAddress,
    keys: KeyCache,
}

impl Presigner {
    /// A presigner for the bucket at `address`, which is the address the URL's user can reach.
    pub fn new(address: BucketAddress, scope: Scope, credentials: Credentials) -> Self {
        Self { address, keys: KeyCache::new(scope, credentials) }
    }

    /// Every URL from now on is signed by `credentials`; a [`PartPresigner`] keeps those it began with.
    pub fn replace_credentials(&self, credentials: Credentials) {
        self.keys.replace_credentials(credentials);
    }

    /// The URL by which anybody may send `request` from `now` on until `expiry` has passed.
    ///
    /// It is, character by character, the URL that `aws-sdk-s3` makes of the same input.
    pub fn presign(&self, request: &Request<'_>, expiry: Expiry, now: Timestamp) -> Result<PresignedUrl, Error> {
        let time = SigningTime::new(now)?;
        let key = self.keys.for_day(time.day());
        let draft = Draft::new(&self.address, &key, request, expiry, &time)?;
        let signature = key.sign(&time, &draft.canonical);
        Ok(draft.into_url(encode::ascii(&signature)))
    }

    /// Signs the part URLs of one multipart upload, all of them at the same time and with the same life.
    pub fn parts<'a>(
        &'a self,
        key: &'a str,
        multipart_upload_id: &'a str,
        expiry: Expiry,
        now: Timestamp,
    ) -> Result<PartPresigner<'a>, Error> {
        let time = SigningTime::new(now)?;
        let day_key = self.keys.for_day(time.day());
        if key.is_empty() {
            return Err(Error::EmptyKey);
        }
        if multipart_upload_id.is_empty() {
            return Err(Error::EmptyMultipartUploadId);
        }
        Ok(PartPresigner::new(&self.address, day_key, key, multipart_upload_id, expiry, time))
    }
}

/// A URL that lacks nothing but its signature.
pub(crate) struct Draft {
    pub(crate) canonical: String,
    pub(crate) before_signature: String,
    pub(crate) after_signature: String,
}

impl Draft {
    pub(crate) fn new(
        address: &BucketAddress,
        key: &DayKey,
        request: &Request<'_>,
        expiry: Expiry,
        time: &SigningTime,
    ) -> Result<Self, Error> {
        if request.key.is_empty() {
            return Err(Error::EmptyKey);
        }
        let query = encoded_query(request)?;
        let headers = signed_headers(address.host(), request)?;
        let names = headers.names();
        let signature_query = SignatureQuery::new(key, expiry, time, &names);

        let canonical = canonical_request(
            request.method,
            |out| address.push_path(out, &request.key),
            |out| signature_query.push_canonical(out, &query),
            &headers,
            &names,
            UNSIGNED_PAYLOAD,
        );
        let mut before_signature = String::with_capacity(canonical.len());
        address.push_origin(&mut before_signature);
        address.push_path(&mut before_signature, &request.key);
        before_signature.push('?');
        push_pairs(&mut before_signature, query.iter());
        if !query.is_empty() {
            before_signature.push('&');
        }
        signature_query.push_for_url(&mut before_signature);
        Ok(Self { canonical, before_signature, after_signature: signature_query.token })
    }

    fn into_url(self, signature: &str) -> PresignedUrl {
        let mut url = self.before_signature;
        url.reserve_exact(signature.len() + self.after_signature.len());
        url.push_str(signature);
        url.push_str(&self.after_signature);
        PresignedUrl(url)
    }
}

/// Parameters of the signature begin with this, and no others may.
const RESERVED: &str = "X-Amz-";

fn encoded_query(request: &Request<'_>) -> Result<Vec<Encoded>, Error> {
    let mut query: Vec<Encoded> = Vec::with_capacity(request.query.len());
    for (name, value) in &request.query {
        let pair = encoded(name, value);
        if pair.0.starts_with(RESERVED) {
            let name = name.to_string();
            return Err(Error::ReservedParameter { name });
        }
        if query.iter().any(|(other, _)| *other == pair.0) {
            let name = name.to_string();
            return Err(Error::DuplicateParameter { name });
        }
        query.push(pair);
    }
    Ok(query)
}

fn signed_headers<'a>(host: &'a str, request: &'a Request<'_>) -> Result<CanonicalHeaders<'a>, Error> {
    let is_host = |name: &str| name.eq_ignore_ascii_case("host");
    if let Some((name, _)) = request.headers().find(|(name, _)| is_host(name)) {
        let name = name.to_owned();
        return Err(Error::ReservedHeader { name });
    }
    let headers = iter::once(("host", host)).chain(request.headers());
    CanonicalHeaders::new(headers, Duplicates::Refuse)
}

/// The parameters of the signature itself. AWS's SDK puts the token last; canonical order does not.
struct SignatureQuery {
    common: String,
    token: String,
    signed_headers: String,
}

impl SignatureQuery {
    fn new(key: &DayKey, expiry: Expiry, time: &SigningTime, names: &str) -> Self {
        let mut common = String::with_capacity(192);
        common.extend(["X-Amz-Algorithm=", ALGORITHM, "&X-Amz-Credential="]);
        encode::push_query(&mut common, &key.credential());
        common.extend(["&X-Amz-Date=", time.as_str(), "&X-Amz-Expires="]);
        common.push_str(encode::Decimal::new(expiry.as_secs().into()).as_str());

        let mut token = String::new();
        if let Some(secret) = key.session_token() {
            token.push_str("&X-Amz-Security-Token=");
            encode::push_query(&mut token, secret.expose_secret());
        }
        let mut signed_headers = String::from("&X-Amz-SignedHeaders=");
        encode::push_query(&mut signed_headers, names);
        Self { common, token, signed_headers }
    }

    fn push_for_url(&self, out: &mut String) {
        out.extend([self.common.as_str(), &self.signed_headers, "&X-Amz-Signature="]);
    }

    fn push_canonical(&self, out: &mut String, query: &[Encoded]) {
        let mut sorted: Vec<&Encoded> = query.iter().collect();
        sorted.sort_unstable();
        let reserved_at = sorted.partition_point(|(name, _)| name.as_str() < RESERVED);
        let (before, after) = sorted.split_at(reserved_at);

        push_pairs(out, before.iter().copied());
        if !before.is_empty() {
            out.push('&');
        }
        out.extend([self.common.as_str(), &self.token, &self.signed_headers]);
        if !after.is_empty() {
            out.push('&');
        }
        push_pairs(out, after.iter().copied());
    }
}
