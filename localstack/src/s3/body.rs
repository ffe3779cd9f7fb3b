//! Receiving a body: streamed to the engine, believed only when it is what was declared.

use std::time::Duration;

use futures::StreamExt as _;
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders, s3_error};

use super::checks::Declared;
use crate::bucket::{Algorithm, Blob, Bucket};

/// S3 gives up on a connection that nothing arrives on.
const IDLE: Duration = Duration::from_mins(1);

/// The body, complete, durable-to-be and verified; nothing stays of one that is not.
pub(super) async fn receive(
    engine: &Bucket,
    body: Option<StreamingBlob>,
    trailing: Option<&TrailingHeaders>,
    declared: &Declared,
    algorithms: &[Algorithm],
) -> S3Result<Blob> {
    let mut writer = engine.receive(algorithms);
    let mut received = 0_u64;
    if let Some(mut body) = body {
        while let Some(bytes) = next(&mut body).await? {
            received += bytes.len() as u64;
            if received > declared.length {
                return Err(incomplete());
            }
            writer.write(bytes).await?;
        }
    }
    if received != declared.length {
        return Err(incomplete());
    }
    let blob = writer.finish().await?;
    let trailers = trailing.and_then(TrailingHeaders::take);
    declared.verify(&blob, trailers.as_ref())?;
    Ok(blob)
}

async fn next(body: &mut StreamingBlob) -> S3Result<Option<bytes::Bytes>> {
    let arrived = tokio::time::timeout(IDLE, body.next()).await.map_err(|_| {
        s3_error!(
            RequestTimeout,
            "Your socket connection to the server was not read from or written to within the timeout period."
        )
    })?;
    arrived.transpose().map_err(|error| judge(error.as_ref()))
}

/// The stream's error types are private to `s3s`; their names in the text are all there is to tell them apart.
fn judge(error: &(dyn std::error::Error + Send + Sync + 'static)) -> S3Error {
    let text = error.to_string();
    if text.contains("Sha256Mismatch") {
        let mut error = S3Error::with_message(
            S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()),
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
        error.set_status_code(http::StatusCode::BAD_REQUEST);
        return error;
    }
    if text.contains("SignatureMismatch") {
        return s3_error!(SignatureDoesNotMatch, "The signature of a chunk does not match.");
    }
    if text.contains("FormatError") || text.contains("TooLarge") || text.contains("TooMany") {
        return s3_error!(InvalidRequest, "The chunked body is not well-formed.");
    }
    incomplete()
}

fn incomplete() -> S3Error {
    s3_error!(IncompleteBody, "You did not provide the number of bytes specified by the Content-Length HTTP header.")
}
