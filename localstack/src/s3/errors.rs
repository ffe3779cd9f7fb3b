//! Errors of the engine as S3 names them.

use http::header::{self, HeaderMap, HeaderValue};
use s3s::{S3Error, S3ErrorCode, s3_error};

use super::convert::http_date;
use crate::bucket::BucketError;

/// The engine's error in S3's words. What is our fault is logged here, once.
impl From<BucketError> for S3Error {
    fn from(error: BucketError) -> Self {
        answer(&error)
    }
}

fn answer(error: &BucketError) -> S3Error {
    use S3ErrorCode as Code;
    let code = match error {
        BucketError::NoSuchBucket => Code::NoSuchBucket,
        BucketError::BucketNotEmpty => Code::BucketNotEmpty,
        BucketError::NoSuchKey => Code::NoSuchKey,
        BucketError::NoSuchUpload => Code::NoSuchUpload,
        BucketError::PreconditionFailed => Code::PreconditionFailed,
        BucketError::NotModified { etag, modified_at } => return not_modified(etag, *modified_at),
        BucketError::InvalidPart(_) => Code::InvalidPart,
        BucketError::InvalidPartOrder => Code::InvalidPartOrder,
        BucketError::EntityTooSmall(_) => Code::EntityTooSmall,
        BucketError::SizeMismatch { .. } | BucketError::Contradiction(_) => Code::InvalidRequest,
        BucketError::ChecksumMismatch => Code::BadDigest,
        BucketError::InvalidRange { size } => return invalid_range(*size),
        BucketError::Full(_)
        | BucketError::ReadOnly(_)
        | BucketError::Corrupt { .. }
        | BucketError::Closed
        | BucketError::InUse(_) => return unavailable(error),
        BucketError::Io(_) | BucketError::Metadata(_) => return internal(error),
    };
    S3Error::with_message(code, capitalised(error))
}

/// The bytes will come when the cause is gone: a client that waits and tries again loses nothing.
fn unavailable(error: &BucketError) -> S3Error {
    tracing::error!(error = %chain(error), "the bucket is unavailable");
    let mut answer = s3_error!(ServiceUnavailable, "The bucket cannot be written or read at the moment.");
    if let BucketError::Full(_) | BucketError::ReadOnly(_) = error {
        answer.set_message(capitalised(error));
    }
    let retry_after = (header::RETRY_AFTER, HeaderValue::from_static("5"));
    answer.set_headers(HeaderMap::from_iter([retry_after]));
    answer
}

fn internal(error: &BucketError) -> S3Error {
    tracing::error!(error = %chain(error), "the bucket failed");
    s3_error!(InternalError, "We encountered an internal error. Please try again.")
}

fn not_modified(etag: &str, modified_at: jiff::Timestamp) -> S3Error {
    let mut answer = S3Error::new(S3ErrorCode::NotModified);
    let headers = [(header::ETAG, format!("\"{etag}\"")), (header::LAST_MODIFIED, http_date(modified_at))];
    answer.set_headers(
        headers.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?))).collect(),
    );
    answer
}

fn invalid_range(size: u64) -> S3Error {
    let mut answer = s3_error!(InvalidRange, "The requested range is not satisfiable");
    if let Ok(range) = HeaderValue::try_from(format!("bytes */{size}")) {
        answer.set_headers(HeaderMap::from_iter([(header::CONTENT_RANGE, range)]));
    }
    answer
}

fn capitalised(error: &BucketError) -> String {
    let message = error.to_string();
    let mut letters = message.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str().trim_end_matches('.')),
        None => message,
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn what_passes_is_told_apart_from_what_is_broken() {
        let full = BucketError::Full("no space".into());
        let answer = S3Error::from(full);
        assert_eq!(answer.status_code(), Some(StatusCode::SERVICE_UNAVAILABLE));
        assert_eq!(answer.message(), Some("No space left on the disk that holds the data folder."));
        assert!(answer.headers().is_some_and(|headers| headers.contains_key(header::RETRY_AFTER)));
        let broken = BucketError::Io(std::io::Error::other("a secret path"));
        let answer = S3Error::from(broken);
        assert_eq!(answer.status_code(), Some(StatusCode::INTERNAL_SERVER_ERROR));
        assert!(answer.message().is_some_and(|message| !message.contains("secret")));
    }
}
