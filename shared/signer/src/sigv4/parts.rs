//! The part URLs of one upload.
//!
//! They differ in the part number, the length and the checksum; all else is hashed once. What is left for each
//! further URL is the end of the canonical request, from the part number on (five to seven blocks of SHA-256),
//! the end of the string to sign (two) and the outer hash of the HMAC (one).

use std::{borrow::Cow, fmt, sync::Arc};

use data_encoding::BASE64;

use super::{keys::DayKey, presign::Draft};
use crate::{
    BucketAddress, Error, Expiry, Part, PresignedUrl, Request,
    encode::{self, Decimal},
    sha256::{Midstate, Tail},
    time::SigningTime,
};

/// Signs many parts of one multipart upload. Made by [`Presigner::parts`](crate::Presigner::parts).
pub struct PartPresigner<'a> {
    address: &'a BucketAddress,
    day_key: Arc<DayKey>,
    key: &'a str,
    multipart_upload_id: &'a str,
    headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    expiry: Expiry,
    time: SigningTime,
    layout: Option<Layout>,
}

impl<'a> PartPresigner<'a> {
    pub(crate) fn new(
        address: &'a BucketAddress,
        day_key: Arc<DayKey>,
        key: &'a str,
        multipart_upload_id: &'a str,
        expiry: Expiry,
        time: SigningTime,
    ) -> Self {
        Self {
            address,
            day_key,
            key,
            multipart_upload_id,
            headers: Vec::new(),
            expiry,
            time,
            layout: None,
        }
    }

    /// Adds a header that every part has to be sent with.
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self.layout = None;
        self
    }

    /// The URL of one part, the same that [`Presigner::presign`](crate::Presigner::presign) makes of
    /// [`Request::upload_part`].
    ///
    /// Fast as long as consecutive parts have numbers and lengths of equally many digits and the same things
    /// signed: otherwise what is common is hashed again.
    pub fn presign(&mut self, part: &Part) -> Result<PresignedUrl, Error> {
        part.require_valid_number()?;
        let shape = Shape::of(part);
        let layout = match self.layout.take() {
            Some(layout) if layout.shape == shape => layout,
            _ => self.lay_out(part)?,
        };
        Ok(self.layout.insert(layout).presign(part))
    }

    fn lay_out(&self, part: &Part) -> Result<Layout, Error> {
        let mut request = Request::upload_part(self.key, self.multipart_upload_id, part)?;
        request.headers.extend_from_slice(&self.headers);
        let draft = Draft::new(
            self.address,
            &self.day_key,
            &request,
            self.expiry,
            &self.time,
        )?;
        let string_to_sign = self.day_key.string_to_sign(&self.time);
        Ok(Layout::new(part, &draft, &string_to_sign, &self.day_key))
    }
}

impl fmt::Debug for PartPresigner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartPresigner")
            .field("address", self.address)
            .field("key", &self.key)
            .field("expiry", &self.expiry)
            .finish_non_exhaustive()
    }
}

/// Parts of one shape have everything at the same places.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    number_digits: usize,
    length_digits: Option<usize>,
    has_checksum: bool,
}

impl Shape {
    fn of(part: &Part) -> Self {
        let digits = |value| Decimal::new(value).as_str().len();
        Self {
            number_digits: digits(part.number.into()),
            length_digits: part.content_length.map(digits),
            has_checksum: part.checksum_sha256.is_some(),
        }
    }
}

/// The three messages that are hashed for a URL, and the URL, each with places to be filled in.
struct Layout {
    shape: Shape,
    canonical: Tail,
    number_at: usize,
    length_at: Option<usize>,
    checksum_at: Option<usize>,
    string_to_sign: Tail,
    digest_at: usize,
    outer: Tail,
    before_number: String,
    before_signature: String,
    after_signature: String,
}

impl Layout {
    fn new(part: &Part, draft: &Draft, string_to_sign: &str, day_key: &DayKey) -> Self {
        let shape = Shape::of(part);

        // These texts occur once: `&` and line ends are never left unencoded inside a value.
        let number_at = end_of("&partNumber=", &draft.canonical);
        let length_at = part
            .content_length
            .map(|_| end_of("\ncontent-length:", &draft.canonical));
        let checksum_at = part
            .checksum_sha256
            .map(|_| end_of("\nx-amz-checksum-sha256:", &draft.canonical));

        let digest_at = string_to_sign.len();
        let unknown_digest = [b'0'; 64];
        let string_to_sign = [string_to_sign.as_bytes(), &unknown_digest].concat();

        let url = &draft.before_signature;
        let (before_number, rest) = url.split_at(end_of("&partNumber=", url));
        Self {
            shape,
            canonical: Tail::new(Midstate::START, draft.canonical.as_bytes(), number_at),
            number_at,
            length_at,
            checksum_at,
            string_to_sign: Tail::new(day_key.key().inner(), &string_to_sign, digest_at),
            digest_at,
            outer: Tail::new(day_key.key().outer(), &[0; 32], 0),
            before_number: before_number.to_owned(),
            before_signature: rest[shape.number_digits..].to_owned(),
            after_signature: draft.after_signature.clone(),
        }
    }

    fn presign(&mut self, part: &Part) -> PresignedUrl {
        let number = Decimal::new(part.number.into());
        self.canonical.patch(self.number_at, number.as_bytes());
        if let (Some(at), Some(length)) = (self.length_at, part.content_length) {
            self.canonical.patch(at, Decimal::new(length).as_bytes());
        }
        if let (Some(at), Some(checksum)) = (self.checksum_at, part.checksum_sha256) {
            let mut digits = [0; 44];
            BASE64.encode_mut(&checksum, &mut digits);
            self.canonical.patch(at, &digits);
        }
        let digest = encode::hex(&self.canonical.digest());
        self.string_to_sign.patch(self.digest_at, &digest);
        self.outer.patch(0, &self.string_to_sign.digest());
        let signature = encode::hex(&self.outer.digest());
        self.url(number.as_str(), encode::ascii(&signature))
    }

    fn url(&self, number: &str, signature: &str) -> PresignedUrl {
        let pieces = [
            &self.before_number,
            number,
            &self.before_signature,
            signature,
            &self.after_signature,
        ];
        PresignedUrl(pieces.concat())
    }
}

fn end_of(label: &str, text: &str) -> usize {
    let start = text.find(label).expect("the draft has every signed value");
    start + label.len()
}
