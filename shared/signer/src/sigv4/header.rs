//! Signatures in the `Authorization` header.

use std::{borrow::Cow, fmt, iter};

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::{
    ALGORITHM, UNSIGNED_PAYLOAD,
    canonical::{CanonicalHeaders, CanonicalRequest, Duplicates, Encoded, push_pairs},
    keys::{KeyCache, Scope},
};
use crate::{Credentials, Error, Method, encode, sha256, time::SigningTime};

/// Signs requests to any service that takes Signature Version 4.
#[derive(Debug)]
pub struct HeaderSigner {
    keys: KeyCache,
}

/// A request as it will be sent.
#[derive(Debug, Clone, Copy)]
pub struct RawRequest<'a> {
    /// The method.
    pub method: Method,
    /// The `Host` header: a default port left out.
    pub host: &'a str,
    /// The path of the request line, percent-encoded, beginning with a slash.
    pub path: &'a str,
    /// The query of the request line, percent-encoded, without the question mark; spaces as `%20`.
    pub query: &'a str,
    /// Every other header to be signed. Those that proxies may change are better left out.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub payload: Payload<'a>,
}

/// How the body takes part in the signature.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// The body itself.
    Bytes(&'a [u8]),
    /// The body's SHA-256, where the body is not at hand.
    Sha256([u8; 32]),
    /// Not at all; only S3 accepts that.
    Unsigned,
}

/// The headers to add to a request before it is sent. `Debug` shows their names only.
pub struct SignedHeaders {
    headers: Vec<(&'static str, String)>,
}

impl SignedHeaders {
    /// Names in lower case, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

impl fmt::Debug for SignedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.headers.iter().map(|(name, _)| name)).finish()
    }
}

impl HeaderSigner {
    /// A signer for one region of one service.
    pub fn new(scope: Scope, credentials: Credentials) -> Self {
        Self { keys: KeyCache::new(scope, credentials) }
    }

    /// Every request from now on is signed by `credentials`.
    pub fn replace_credentials(&self, credentials: Credentials) {
        self.keys.replace_credentials(credentials);
    }

    /// Signs `request`, to be sent within 15 minutes of `now` (the limit AWS sets).
    pub fn sign(&self, request: &RawRequest<'_>, now: Timestamp) -> Result<SignedHeaders, Error> {
        let time = SigningTime::new(now)?;
        let key = self.keys.for_day(time.day());
        let payload = request.payload.hash();
        let mut added = vec![("x-amz-date", time.as_str().to_owned())];
        if self.keys.scope().is_s3() {
            added.push(("x-amz-content-sha256", payload.to_string()));
        }
        if let Some(token) = key.session_token() {
            added.push(("x-amz-security-token", token.expose_secret().to_owned()));
        }

        let headers = signed_headers(request, &added)?;
        let names = headers.names();
        let path = self.canonical_path(request.path)?;
        let canonical = CanonicalRequest {
            method: request.method,
            path: &path,
            headers: &headers,
            names: &names,
            payload: &payload,
        };
        let canonical = canonical.write(request.query.len(), |out| push_pairs(out, &canonical_query(request.query)));
        let signature = key.sign(&time, &canonical);
        let authorization = format!(
            "{ALGORITHM} Credential={}, SignedHeaders={names}, Signature={}",
            key.credential(),
            encode::ascii(&signature),
        );
        added.push(("authorization", authorization));
        Ok(SignedHeaders { headers: added })
    }

    /// S3 takes keys as they are; every other service resolves dots and encodes what was sent once more.
    fn canonical_path(&self, sent: &str) -> Result<String, Error> {
        if !sent.starts_with('/') {
            return Err(Error::InvalidPath);
        }
        let mut path = String::with_capacity(sent.len());
        if self.keys.scope().is_s3() {
            encode::push_recoded_path(&mut path, sent);
        } else {
            encode::push_path(&mut path, &without_dots(sent));
        }
        Ok(path)
    }
}

impl Payload<'_> {
    fn hash(&self) -> Cow<'static, str> {
        let digest = match self {
            Self::Bytes(body) => sha256::digest(body),
            Self::Sha256(digest) => *digest,
            Self::Unsigned => return UNSIGNED_PAYLOAD.into(),
        };
        encode::ascii(&encode::hex(&digest)).to_owned().into()
    }
}

fn signed_headers<'a>(
    request: &'a RawRequest<'_>,
    added: &'a [(&'static str, String)],
) -> Result<CanonicalHeaders<'a>, Error> {
    let own = iter::once(("host", request.host)).chain(added.iter().map(|(name, value)| (*name, value.as_str())));
    for (name, _) in request.headers {
        let written = |reserved: &str| name.eq_ignore_ascii_case(reserved);
        if written("authorization") || own.clone().any(|(reserved, _)| written(reserved)) {
            let name = (*name).to_owned();
            return Err(Error::ReservedHeader { name });
        }
    }
    CanonicalHeaders::new(own.chain(request.headers.iter().copied()), Duplicates::Join)
}

fn canonical_query(sent: &str) -> Vec<Encoded<'_>> {
    let mut pairs: Vec<Encoded<'_>> = sent.split('&').filter(|pair| !pair.is_empty()).map(recoded).collect();
    pairs.sort_unstable();
    pairs
}

fn recoded(pair: &str) -> Encoded<'_> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (encode::recoded_query(name).into(), encode::recoded_query(value).into())
}

/// RFC 3986, section 5.2.4, and repeated slashes made one.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let is_folder = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    let end = if is_folder && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}
