use axum::body::Body;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use straightway_core::{Error, Violation};

use crate::{Problem, fields, kind};

/// 64 KiB: what a body may have unless its route says otherwise.
pub const DEFAULT_BODY_BYTES: usize = 64 << 10;

/// A JSON body of at most `MAX` bytes. Put it last: it is judged after authentication and path.
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
    let too_large = || Problem::from(Error::TooLarge { max_bytes: max as u64 });
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|bytes| bytes > max as u64) {
        return Err(too_large());
    }
    match Limited::new(request.into_body(), max).collect().await {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(Problem::new(&kind::MALFORMED).detail("The body broke off.")),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let malformed =
        |error: serde_json::Error| Problem::new(&kind::MALFORMED).detail(format!("No valid JSON: {error}."));
    // First the whole syntax: a wrong field before a missing bracket must not hide that this is no JSON.
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(malformed)?;
    // Serde would read an array as the fields in their order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Error::invalid("", Violation::new("type", "the body must be an object")).into());
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| match error.inner().classify() {
        Category::Data => Error::Invalid(vec![fields::in_body(error.path(), error.inner())]).into(),
        Category::Syntax | Category::Eof | Category::Io => malformed(error.into_inner()),
    })
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
