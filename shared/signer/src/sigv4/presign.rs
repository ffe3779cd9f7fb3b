//! Presigned URLs.

use std::{borrow::Cow, iter};

use jiff::Timestamp;

use super::{
    ALGORITHM, UNSIGNED_PAYLOAD,
    canonical::{CanonicalHeaders, CanonicalRequest, Duplicates, Encoded, push_pairs},
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
        let mut query = encoded_query(request)?;
        let headers = signed_headers(address.host(), request)?;
        let names = headers.names();
        let signature_query = SignatureQuery { key, expiry, time, signed_headers: encode::query(&names) };
        let path = address.path(&request.key);

        let query_room = signature_query.room() + pairs_room(&query);

        let room = address.host().len() + path.len() + query_room + SIGNATURE_ROOM;
        let mut before_signature = String::with_capacity(room);
        address.push_origin(&mut before_signature);
        before_signature.extend([&path, "?"]);
        push_pairs(&mut before_signature, &query);
        if !query.is_empty() {
            before_signature.push('&');
        }
        signature_query.push_for_url(&mut before_signature);

        query.sort_unstable();
        let canonical = CanonicalRequest {
            method: request.method,
            path: &path,
            headers: &headers,
            names: &names,
            payload: UNSIGNED_PAYLOAD,
        };
        let canonical = canonical.write(query_room, |out| signature_query.push_canonical(out, &query));
        Ok(Self { canonical, before_signature, after_signature: key.token_query().to_owned() })
    }

    fn into_url(self, signature: &str) -> PresignedUrl {
        let mut url = self.before_signature;
        url.extend([signature, &self.after_signature]);
        PresignedUrl(url)
    }
}

/// The scheme, the signature and its name.
const SIGNATURE_ROOM: usize = 96;

/// Parameters of the signature begin with this, and no others may.
const RESERVED: &str = "X-Amz-";

fn encoded_query<'a>(request: &'a Request<'_>) -> Result<Vec<Encoded<'a>>, Error> {
    let mut query: Vec<Encoded<'_>> = Vec::with_capacity(request.query.len());
    for (name, value) in &request.query {
        let pair = (encode::query(name), encode::query(value));
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

fn pairs_room(pairs: &[Encoded<'_>]) -> usize {
    pairs.iter().map(|(name, value)| name.len() + value.len() + 2).sum()
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
struct SignatureQuery<'a> {
    key: &'a DayKey,
    expiry: Expiry,
    time: &'a SigningTime,
    signed_headers: Cow<'a, str>,
}

impl SignatureQuery<'_> {
    fn room(&self) -> usize {
        // The names, the algorithm, the time and the expiry.
        let fixed = 144;
        fixed + self.key.credential_query().len() + self.key.token_query().len() + self.signed_headers.len()
    }

    fn push_for_url(&self, out: &mut String) {
        self.push_common(out);
        out.extend(["&X-Amz-SignedHeaders=", &self.signed_headers, "&X-Amz-Signature="]);
    }

    fn push_canonical(&self, out: &mut String, sorted: &[Encoded<'_>]) {
        let reserved_at = sorted.partition_point(|(name, _)| name.as_ref() < RESERVED);
        let (before, after) = sorted.split_at(reserved_at);

        push_pairs(out, before);
        if !before.is_empty() {
            out.push('&');
        }
        self.push_common(out);
        out.extend([self.key.token_query(), "&X-Amz-SignedHeaders=", &self.signed_headers]);
        if !after.is_empty() {
            out.push('&');
        }
        push_pairs(out, after);
    }

    fn push_common(&self, out: &mut String) {
        out.extend(["X-Amz-Algorithm=", ALGORITHM, "&X-Amz-Credential=", self.key.credential_query()]);
        let expiry = encode::Decimal::new(self.expiry.as_secs().into());
        out.extend(["&X-Amz-Date=", self.time.as_str(), "&X-Amz-Expires=", expiry.as_str()]);
    }
}
