//! What is signed, and what comes out.

use std::{borrow::Cow, fmt, time::Duration};

use data_encoding::BASE64;

use crate::Error;

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `PUT`
    Put,
    /// `POST`
    Post,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
    /// `OPTIONS`
    Options,
}

impl Method {
    /// As it stands in the request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

/// How long a presigned URL lives: 1 second to 7 days, and never longer than the credentials that signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry(u32);

impl Expiry {
    /// S3's limit, 7 days.
    pub const MAX: Self = Self(604_800);

    /// A life in seconds.
    pub fn from_secs(seconds: u32) -> Result<Self, Error> {
        if !(1..=Self::MAX.0).contains(&seconds) {
            let seconds = seconds.into();
            return Err(Error::InvalidExpiry { seconds });
        }
        Ok(Self(seconds))
    }

    /// The life in seconds.
    pub fn as_secs(self) -> u32 {
        self.0
    }
}

impl TryFrom<Duration> for Expiry {
    type Error = Error;

    /// Whole seconds; a fraction is dropped.
    fn try_from(life: Duration) -> Result<Self, Error> {
        let seconds = life.as_secs();
        let narrow = u32::try_from(seconds).map_err(|_| Error::InvalidExpiry { seconds })?;
        Self::from_secs(narrow)
    }
}

/// One request to an object, to be presigned.
///
/// Query parameters stand in the URL in the order they are added. Every header is signed: whoever uses the URL
/// has to send exactly these, with exactly these values. The constructors add the `x-id` parameter that AWS's
/// own SDKs add, so that the URL is the one they would make.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) key: Cow<'a, str>,
    pub(crate) query: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(crate) headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Request<'a> {
    /// Any request to the object `key`, given as it is (not percent-encoded).
    pub fn new(method: Method, key: impl Into<Cow<'a, str>>) -> Self {
        Self { method, key: key.into(), query: Vec::new(), headers: Vec::new() }
    }

    /// `PutObject`.
    pub fn put_object(key: impl Into<Cow<'a, str>>) -> Self {
        Self::new(Method::Put, key).query("x-id", "PutObject")
    }

    /// `GetObject`. Its `response_*` parameters decide what the answer's headers say.
    pub fn get_object(key: impl Into<Cow<'a, str>>) -> Self {
        Self::new(Method::Get, key).query("x-id", "GetObject")
    }

    /// `HeadObject`.
    pub fn head_object(key: impl Into<Cow<'a, str>>) -> Self {
        Self::new(Method::Head, key)
    }

    /// `DeleteObject`.
    pub fn delete_object(key: impl Into<Cow<'a, str>>) -> Self {
        Self::new(Method::Delete, key).query("x-id", "DeleteObject")
    }

    /// `UploadPart`, one of them. [`Presigner::parts`](crate::Presigner::parts) is the fast way to many.
    pub fn upload_part(
        key: impl Into<Cow<'a, str>>,
        multipart_upload_id: impl Into<Cow<'a, str>>,
        part: &Part,
    ) -> Result<Self, Error> {
        part.require_valid_number()?;
        let multipart_upload_id = multipart_upload_id.into();
        if multipart_upload_id.is_empty() {
            return Err(Error::EmptyMultipartUploadId);
        }
        let request = Self::new(Method::Put, key)
            .query("x-id", "UploadPart")
            .query("partNumber", part.number.to_string())
            .query("uploadId", multipart_upload_id);
        Ok(part.headers().fold(request, |request, (name, value)| request.header(name, value)))
    }

    /// Adds a query parameter, given as it is.
    #[must_use]
    pub fn query(mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Adds a header to be signed.
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The body has to have exactly this many bytes.
    #[must_use]
    pub fn content_length(self, bytes: u64) -> Self {
        self.header("content-length", bytes.to_string())
    }

    /// The upload has to declare this media type.
    #[must_use]
    pub fn content_type(self, media_type: impl Into<Cow<'a, str>>) -> Self {
        self.header("content-type", media_type)
    }

    /// The store refuses a body with any other SHA-256.
    #[must_use]
    pub fn checksum_sha256(self, digest: &[u8; 32]) -> Self {
        self.header(CHECKSUM_SHA256, BASE64.encode(digest))
    }

    /// The store refuses to overwrite an object.
    #[must_use]
    pub fn if_none_match_any(self) -> Self {
        self.header("if-none-match", "*")
    }

    /// The `Cache-Control` of the answer.
    #[must_use]
    pub fn response_cache_control(self, value: impl Into<Cow<'a, str>>) -> Self {
        self.query("response-cache-control", value)
    }

    /// The `Content-Disposition` of the answer.
    #[must_use]
    pub fn response_content_disposition(self, value: impl Into<Cow<'a, str>>) -> Self {
        self.query("response-content-disposition", value)
    }

    /// The `Content-Type` of the answer.
    #[must_use]
    pub fn response_content_type(self, value: impl Into<Cow<'a, str>>) -> Self {
        self.query("response-content-type", value)
    }

    /// The signed headers but `host`, as given: what the user of the URL has to send.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

const CHECKSUM_SHA256: &str = "x-amz-checksum-sha256";

/// One part of a multipart upload. What is `None` is not signed, and so not checked by the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// From 1 to 10,000.
    pub number: u16,
    /// The exact size of the body.
    pub content_length: Option<u64>,
    /// The SHA-256 of the body.
    pub checksum_sha256: Option<[u8; 32]>,
}

impl Part {
    /// The signed headers but `host`: what the user of the URL has to send.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let length = self.content_length.map(|bytes| ("content-length", bytes.to_string()));
        let checksum = self.checksum_sha256.map(|digest| (CHECKSUM_SHA256, BASE64.encode(&digest)));
        length.into_iter().chain(checksum)
    }

    pub(crate) fn require_valid_number(&self) -> Result<(), Error> {
        let number = self.number;
        if !(1..=10_000).contains(&number) {
            return Err(Error::InvalidPartNumber { number });
        }
        Ok(())
    }
}

/// A presigned URL. Whoever has it may do what it says, so `Debug` hides the query and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct PresignedUrl(pub(crate) String);

impl PresignedUrl {
    /// The whole URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The whole URL.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for PresignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.0.split('?').next().unwrap_or_default();
        write!(f, "PresignedUrl({address}?[REDACTED])")
    }
}
