use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::error::Category;
use straightway_api::Object;
use straightway_core::Error;

use crate::{Problem, fields, kind};

/// 64 KiB: what a body may have unless its route says otherwise.
pub const DEFAULT_BODY_BYTES: usize = 64 << 10;

/// 4 MiB: how much of a body that is too large is read for nothing before that is said.
const DRAINED_BYTES: usize = 4 << 20;
/// And how long that may take.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// A JSON body, always an object, of at most `MAX` bytes. Put it last: it is judged after authentication and path.
///
/// In this order: another media type is 415, more bytes are 413, what is no JSON is 400, and what is not the JSON
/// that `T` describes is 422 with the pointer of the field. `Option<JsonBody<T>>` is `None` for a request without a body.
#[derive(Clone, Copy, Debug)]
pub struct JsonBody<T, const MAX: usize = DEFAULT_BODY_BYTES>(pub T);

impl<T: DeserializeOwned, S: Send + Sync, const MAX: usize> FromRequest<S> for JsonBody<T, MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        require_json(request.headers())?;
        let bytes = read(request, MAX).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync, const MAX: usize> OptionalFromRequest<S> for JsonBody<T, MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, Problem> {
        let typed = request.headers().contains_key(CONTENT_TYPE);
        if typed {
            require_json(request.headers())?;
        }
        let bytes = read(request, MAX).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if !typed {
            return Err(Problem::new(&kind::UNSUPPORTED_MEDIA_TYPE));
        }
        parse(&bytes).map(|value| Some(Self(value)))
    }
}

/// `application/json`, with no charset but the only one JSON has.
fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let parameters_fit = parts.all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if essence.eq_ignore_ascii_case("application/json") && parameters_fit {
        Ok(())
    } else {
        Err(Problem::new(&kind::UNSUPPORTED_MEDIA_TYPE).detail("Send Content-Type: application/json."))
    }
}

async fn read(request: Request<Body>, max: usize) -> Result<Vec<u8>, Problem> {
    let (head, mut body) = request.into_parts();
    let declared = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|bytes| bytes > max as u64) {
        // A client that asks first has sent nothing yet.
        if !head.headers.contains_key(EXPECT) {
            drain(body, DRAIN_TIME).await;
        }
        return Err(too_large(max));
    }
    match Limited::new(&mut body, max).collect().await {
        Ok(whole) => Ok(whole.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => {
            drain(body, DRAIN_TIME).await;
            Err(too_large(max))
        }
        Err(_) => Err(Problem::new(&kind::MALFORMED).detail("The body broke off.")),
    }
}

fn too_large(max: usize) -> Problem {
    Error::TooLarge { max_bytes: max as u64 }.into()
}

/// Reads on for nothing: the connection closes after our answer, and a client that was still sending then would see
/// it break instead of the answer.
async fn drain(body: Body, at_most: Duration) {
    let mut rest = Limited::new(body, DRAINED_BYTES);
    let to_its_end = async { while let Some(Ok(_)) = rest.frame().await {} };
    // Who is too slow or sends too much has had its chance.
    let _ = tokio::time::timeout(at_most, to_its_end).await;
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let malformed =
        |error: serde_json::Error| Problem::new(&kind::MALFORMED).detail(format!("No valid JSON: {error}."));
    // First the whole syntax: a wrong field before a missing bracket must not hide that this is no JSON.
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(malformed)?;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut deserializer);
    parsed.map(|Object(value)| value).map_err(|error| match error.inner().classify() {
        // Where one of several words is expected, serde_json calls any other kind of value bad syntax.
        Category::Syntax if serde_json::from_slice::<Value>(bytes).is_err() => malformed(error.into_inner()),
        Category::Eof | Category::Io => malformed(error.into_inner()),
        Category::Syntax | Category::Data => Error::Invalid(vec![fields::in_body(error.path(), error.inner())]).into(),
    })
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
