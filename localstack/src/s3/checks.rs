//! What a request declares about its body, and whether the body that came is that one.

use data_encoding::BASE64;
use http::header::{CONTENT_LENGTH, HeaderMap};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::bucket::{Algorithm, Blob, Md5Sum};

const MAX_BODY: u64 = 5 * 1024 * 1024 * 1024;
const PREFIX: &str = "x-amz-checksum-";

/// What the head of a request says of its body.
pub(super) struct Declared {
    pub(super) length: u64,
    md5: Option<Md5Sum>,
    checksum: Option<(Algorithm, Vec<u8>)>,
    trailer: Option<Algorithm>,
}

impl Declared {
    pub(super) fn parse(headers: &HeaderMap) -> S3Result<Self> {
        Ok(Self {
            length: length(headers)?,
            md5: md5(headers)?,
            checksum: checksum(headers)?,
            trailer: trailer(headers)?,
        })
    }

    /// The algorithm the client computed, if any.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        self.checksum.as_ref().map(|(algorithm, _)| *algorithm).or(self.trailer)
    }

    /// The body is the one that was declared, or nothing is published.
    pub(super) fn verify(&self, blob: &Blob, trailers: Option<&HeaderMap>) -> S3Result<()> {
        if self.md5.is_some_and(|md5| md5 != *blob.md5()) {
            return Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."));
        }
        if let Some((algorithm, value)) = &self.checksum {
            compare(blob, *algorithm, value)?;
        }
        if let Some(algorithm) = self.trailer {
            let value = trailers
                .and_then(|trailers| trailers.get(header_name(algorithm)))
                .ok_or_else(|| malformed_trailer("The request contained trailing data that was not well-formed"))?;
            let value = decode(algorithm, value.as_bytes())?;
            compare(blob, algorithm, &value)?;
        }
        Ok(())
    }
}

pub(super) fn header_name(algorithm: Algorithm) -> String {
    format!("{PREFIX}{}", algorithm.name().to_ascii_lowercase())
}

fn compare(blob: &Blob, algorithm: Algorithm, value: &[u8]) -> S3Result<()> {
    if blob.checksums().get(algorithm) == Some(value) {
        return Ok(());
    }
    Err(s3_error!(BadDigest, "The {} you specified did not match the calculated checksum.", algorithm.name()))
}

fn length(headers: &HeaderMap) -> S3Result<u64> {
    let number = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        value.parse::<u64>().ok()
    };
    let length = number("x-amz-decoded-content-length")
        .or_else(|| number(CONTENT_LENGTH.as_str()))
        .ok_or_else(|| s3_error!(MissingContentLength, "You must provide the Content-Length HTTP header."))?;
    if length > MAX_BODY {
        return Err(s3_error!(EntityTooLarge, "Your proposed upload exceeds the maximum allowed size of 5 GiB."));
    }
    Ok(length)
}

fn md5(headers: &HeaderMap) -> S3Result<Option<Md5Sum>> {
    let Some(value) = headers.get("content-md5") else {
        return Ok(None);
    };
    let md5 = BASE64.decode(value.as_bytes()).ok().and_then(|md5| md5.try_into().ok());
    match md5 {
        Some(md5) => Ok(Some(md5)),
        None => Err(s3_error!(InvalidDigest, "The Content-MD5 you specified was invalid.")),
    }
}

fn checksum(headers: &HeaderMap) -> S3Result<Option<(Algorithm, Vec<u8>)>> {
    let mut found = Algorithm::ALL.into_iter().filter_map(|algorithm| {
        let value = headers.get(header_name(algorithm))?;
        Some((algorithm, value))
    });
    let Some((algorithm, value)) = found.next() else {
        return Ok(None);
    };
    if found.next().is_some() {
        return Err(s3_error!(
            InvalidRequest,
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        ));
    }
    Ok(Some((algorithm, decode(algorithm, value.as_bytes())?)))
}

fn decode(algorithm: Algorithm, value: &[u8]) -> S3Result<Vec<u8>> {
    BASE64
        .decode(value)
        .ok()
        .filter(|value| value.len() == algorithm.length())
        .ok_or_else(|| s3_error!(InvalidRequest, "Value for {} header is invalid.", header_name(algorithm)))
}

fn trailer(headers: &HeaderMap) -> S3Result<Option<Algorithm>> {
    let streams = headers.get("x-amz-content-sha256").is_some_and(|value| value.as_bytes().ends_with(b"-TRAILER"));
    let announced = headers.get("x-amz-trailer").filter(|_| streams);
    let Some(name) = announced.and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    let name = name.trim().to_ascii_lowercase();
    let algorithm = name.strip_prefix(PREFIX).and_then(Algorithm::from_name);
    algorithm
        .map(Some)
        .ok_or_else(|| s3_error!(InvalidRequest, "The value specified in the x-amz-trailer header is not supported"))
}

fn malformed_trailer(message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom("MalformedTrailerError".into()), message);
    error.set_status_code(http::StatusCode::BAD_REQUEST);
    error
}
