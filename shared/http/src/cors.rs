//! Which web pages may use the API: origins by exact match from a list.

use std::collections::HashSet;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use axum::response::{IntoResponse, Response};
use straightway_core::{Error, Forbidden};

const METHODS: &str = "GET, HEAD, POST, PATCH, PUT, DELETE";
const ALLOWED_HEADERS: &str =
    "authorization, content-type, accept, idempotency-key, if-match, uppy-auth-token, uppy-credentials-params";
const EXPOSED_HEADERS: &str = "etag, location, retry-after, x-request-id";
/// 2 hours: the longest that Chromium keeps a preflight's answer.
const PREFLIGHT_SECONDS: &str = "7200";

/// The origins whose pages may use the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// `scheme://host[:port]`, as browsers write it.
    pub origins: HashSet<String>,
    /// Whether browsers may send cookies and client certificates along. We use neither.
    pub credentials: bool,
}

/// Where a request comes from.
#[derive(Debug)]
pub(crate) enum From {
    /// From no web page, or one whose browser does not say so.
    Nowhere,
    /// From a page that may use the API.
    Allowed(HeaderValue),
    /// From any other page.
    Foreign,
}

impl Cors {
    pub(crate) fn origin(&self, headers: &HeaderMap) -> From {
        let mut values = headers.get_all(ORIGIN).iter();
        match (values.next(), values.next()) {
            (None, _) => From::Nowhere,
            (Some(origin), None) if origin.to_str().is_ok_and(|text| self.origins.contains(text)) => {
                From::Allowed(origin.clone())
            }
            _ => From::Foreign,
        }
    }

    /// Adds what a browser needs to show the answer to the page.
    pub(crate) fn mark(&self, from: &From, headers: &mut HeaderMap) {
        // Also without an origin: a cache must not give this answer to a page.
        headers.append(VARY, HeaderValue::from_static("origin"));
        let From::Allowed(origin) = from else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        if self.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}

impl From {
    /// The answer that this origin gets without asking any route: a preflight's, or a refusal. A page that may not
    /// use the API may at most read what everybody may, and its browser will not show it.
    pub(crate) fn settle(&self, method: &Method, headers: &HeaderMap) -> Option<Result<Response, Error>> {
        let preflight = method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        match self {
            Self::Allowed(_) if preflight => Some(Ok(preflight_answer())),
            Self::Foreign if preflight => Some(Ok(StatusCode::NO_CONTENT.into_response())),
            Self::Foreign if ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method) => {
                Some(Err(Error::Forbidden(Forbidden::ForeignOrigin)))
            }
            _ => None,
        }
    }
}

fn preflight_answer() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
        (ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
