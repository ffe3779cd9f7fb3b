//! The part URLs of one upload.
//!
//! They differ in the part number, the length and the checksum; all else is hashed once. What is left for each
//! further URL is the end of the canonical request, from the part number on (five to seven blocks of SHA-256),
//! the end of the string to sign (two) and the outer hash of the HMAC (one).

use std::{array, borrow::Cow, fmt, sync::Arc};

use data_encoding::BASE64;

use super::{keys::DayKey, presign::Draft};
use crate::{
    BucketAddress, Error, Expiry, Part, PresignedUrl, Request,
    encode::{self, Decimal},
    hmac::HmacKey,
    sha256::{Digest, Midstate, Tail},
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
        Self { address, day_key, key, multipart_upload_id, headers: Vec::new(), expiry, time, layout: None }
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
        let [url] = self.layout_for(part)?.presign([part]);
        Ok(url)
    }

    /// The URLs of many parts, in their order. A fifth faster than one after another.
    pub fn presign_all(&mut self, parts: &[Part]) -> Result<Vec<PresignedUrl>, Error> {
        let mut urls = Vec::with_capacity(parts.len());
        let mut rest = parts;
        while let [part, others @ ..] = rest {
            let layout = self.layout_for(part)?;
            match others {
                [other, others @ ..] if Shape::of(other)? == layout.shape => {
                    urls.extend(layout.presign([part, other]));
                    rest = others;
                }
                _ => {
                    urls.extend(layout.presign([part]));
                    rest = others;
                }
            }
        }
        Ok(urls)
    }

    fn layout_for(&mut self, part: &Part) -> Result<&mut Layout, Error> {
        let shape = Shape::of(part)?;
        if self.layout.as_ref().is_none_or(|layout| layout.shape != shape) {
            self.layout = Some(self.lay_out(part, shape)?);
        }
        Ok(self.layout.as_mut().expect("it has just been laid out"))
    }

    fn lay_out(&self, part: &Part, shape: Shape) -> Result<Layout, Error> {
        let mut request = Request::upload_part(self.key, self.multipart_upload_id, part)?;
        request.headers.extend_from_slice(&self.headers);
        let draft = Draft::new(self.address, &self.day_key, &request, self.expiry, &self.time)?;
        let string_to_sign = self.day_key.string_to_sign(&self.time);
        let key = self.day_key.key();
        Ok(Layout::new(shape, &draft, &string_to_sign, key))
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
    fn of(part: &Part) -> Result<Self, Error> {
        part.require_valid_number()?;
        let digits = |value: u64| value.checked_ilog10().map_or(1, |exponent| exponent as usize + 1);
        Ok(Self {
            number_digits: digits(part.number.into()),
            length_digits: part.content_length.map(digits),
            has_checksum: part.checksum_sha256.is_some(),
        })
    }
}

/// How many URLs are made in step; more gained nothing.
const LANES: usize = 2;

/// What the URLs of one shape have in common.
struct Layout {
    shape: Shape,
    lanes: [Messages; LANES],
    places: Places,
    before_number: String,
    before_signature: String,
    after_signature: String,
}

/// The three messages that are hashed for a URL.
#[derive(Clone)]
struct Messages {
    canonical: Tail,
    string_to_sign: Tail,
    outer: Tail,
}

/// Where in the messages the things that differ have to be written.
struct Places {
    number: usize,
    length: usize,
    checksum: usize,
    digest: usize,
}

impl Layout {
    fn new(shape: Shape, draft: &Draft, string_to_sign: &str, key: &HmacKey) -> Self {
        let places = Places::find(&draft.canonical, string_to_sign);
        let unknown_digest = "0".repeat(64);
        let string_to_sign = [string_to_sign, &unknown_digest].concat();
        let messages = Messages {
            canonical: Tail::new(Midstate::START, draft.canonical.as_bytes(), places.number),
            string_to_sign: Tail::new(key.inner(), string_to_sign.as_bytes(), places.digest),
            outer: Tail::new(key.outer(), &[0; 32], 0),
        };

        let url = &draft.before_signature;
        let (before_number, rest) = url.split_at(end_of(NUMBER, url).unwrap_or_default());
        Self {
            shape,
            lanes: [messages.clone(), messages],
            places,
            before_number: before_number.to_owned(),
            before_signature: rest[shape.number_digits..].to_owned(),
            after_signature: draft.after_signature.clone(),
        }
    }

    /// The URLs of up to [`LANES`] parts of this shape.
    fn presign<const N: usize>(&mut self, parts: [&Part; N]) -> [PresignedUrl; N] {
        const { assert!(N <= LANES) };

        for (lane, part) in self.lanes.iter_mut().zip(parts) {
            self.places.write_part(&mut lane.canonical, part);
        }
        let digests = self.digests::<N>(|lane| &lane.canonical);
        for (lane, digest) in self.lanes.iter_mut().zip(digests) {
            let digits = encode::hex(&digest);
            lane.string_to_sign.patch(self.places.digest, &digits);
        }
        let digests = self.digests::<N>(|lane| &lane.string_to_sign);
        for (lane, digest) in self.lanes.iter_mut().zip(digests) {
            lane.outer.patch(0, &digest);
        }
        let signatures = self.digests::<N>(|lane| &lane.outer);
        array::from_fn(|lane| self.url(parts[lane].number, &signatures[lane]))
    }

    fn digests<const N: usize>(&self, message: impl Fn(&Messages) -> &Tail) -> [Digest; N] {
        Tail::digests(array::from_fn(|lane| message(&self.lanes[lane])))
    }

    fn url(&self, number: u16, signature: &Digest) -> PresignedUrl {
        let number = Decimal::new(number.into());
        let signature = encode::hex(signature);
        let pieces = [
            &self.before_number,
            number.as_str(),
            &self.before_signature,
            encode::ascii(&signature),
            &self.after_signature,
        ];
        PresignedUrl(pieces.concat())
    }
}

/// These texts occur at most once: `&` and line ends never stand unencoded inside a value.
const NUMBER: &str = "&partNumber=";
const LENGTH: &str = "\ncontent-length:";
const CHECKSUM: &str = "\nx-amz-checksum-sha256:";

impl Places {
    fn find(canonical: &str, string_to_sign: &str) -> Self {
        let place = |label| end_of(label, canonical).unwrap_or_default();
        Self { number: place(NUMBER), length: place(LENGTH), checksum: place(CHECKSUM), digest: string_to_sign.len() }
    }

    fn write_part(&self, canonical: &mut Tail, part: &Part) {
        let number = Decimal::new(part.number.into());
        canonical.patch(self.number, number.as_bytes());
        if let Some(length) = part.content_length {
            canonical.patch(self.length, Decimal::new(length).as_bytes());
        }
        if let Some(checksum) = part.checksum_sha256 {
            let mut digits = [0; 44];
            BASE64.encode_mut(&checksum, &mut digits);
            canonical.patch(self.checksum, &digits);
        }
    }
}

fn end_of(label: &str, text: &str) -> Option<usize> {
    text.find(label).map(|start| start + label.len())
}
