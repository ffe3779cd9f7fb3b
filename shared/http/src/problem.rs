use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use straightway_api as api;
use straightway_core::{BoxError, Conflict, Error, Forbidden, Unauthorized, Violation};

use crate::kind::{self, Kind};

/// How long a client waits after a 503: long enough to spare us, short enough that nobody notices.
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(2);

/// An error on its way out: what the caller learns (RFC 9457) and, apart from it, what only the log learns.
///
/// Handlers return `Result<_, Problem>`; `?` turns every [`Error`] into one. The edge fills in the request id and
/// writes the log line.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: &'static Kind,
    detail: Option<String>,
    errors: Vec<Violation>,
    members: Map<String, Value>,
    retry_after: Option<Duration>,
    cause: Option<Arc<Cause>>,
}

/// Why, for the log alone.
#[derive(Debug)]
struct Cause {
    context: String,
    source: Option<BoxError>,
}

impl Problem {
    /// A problem that says nothing but its title.
    pub fn new(kind: &'static Kind) -> Self {
        Self { kind, detail: None, errors: Vec::new(), members: Map::new(), retry_after: None, cause: None }
    }

    /// What the caller can do about it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// One more member beside those that every problem has.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// After how long the same request can work; rounded up to a second.
    #[must_use]
    pub const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// A fault of ours that has no [`Error`]: only the log learns `context`.
    pub fn internal(context: impl Into<String>) -> Self {
        Error::internal(context).into()
    }

    fn because(mut self, context: String, source: Option<BoxError>) -> Self {
        self.cause = Some(Arc::new(Cause { context, source }));
        self
    }

    /// Which kind it is.
    pub const fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// What was being done and what the components below said, outermost first; `None` when the caller knows all.
    pub(crate) fn causes(&self) -> Option<String> {
        let cause = self.cause.as_deref()?;
        let mut text = cause.context.clone();
        let mut next: Option<&dyn std::error::Error> = cause.source.as_deref().map(|source| source as _);
        while let Some(source) = next {
            text.push_str(": ");
            text.push_str(&source.to_string());
            next = source.source();
        }
        Some(text)
    }

    /// The answer, naming the request.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let body = api::Problem {
            kind: format!("{}{}", api::PROBLEM_PREFIX, self.kind.name),
            title: self.kind.title.to_owned(),
            status: self.kind.status,
            detail: self.detail.clone(),
            request_id: request_id.to_owned(),
            errors: self.errors.iter().map(field_problem).collect(),
            members: self.members.clone(),
        };
        let status = StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(api::PROBLEM_CONTENT_TYPE));
        // 404, 405 and 410 may otherwise be kept by caches.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// The answer without a request id; the edge finds the problem in the extensions and renders it anew with one.
    fn into_response(self) -> Response {
        let mut response = self.render("");
        response.extensions_mut().insert(self);
        response
    }
}

/// The one table from what went wrong to what the caller is told.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(errors) => Self { errors, ..Self::new(&kind::INVALID) },
            Error::Unauthorized(Unauthorized::Token) => Self::new(&kind::UNAUTHORIZED)
                .detail("Send a valid access token as `Authorization: Bearer`; refresh the login for a new one."),
            Error::Unauthorized(Unauthorized::WrongCredentials) => Self::new(&kind::WRONG_CREDENTIALS),
            Error::Forbidden(Forbidden::SignupClosed) => Self::new(&kind::SIGNUP_CLOSED),
            Error::Forbidden(Forbidden::ForeignOrigin) => {
                Self::new(&kind::FORBIDDEN).detail("Web pages of this origin may not change anything here.")
            }
            Error::NotFound => Self::new(&kind::NOT_FOUND),
            Error::Conflict(conflict) => conflict.into(),
            Error::Gone { state, reason } => {
                let ended = Self::new(&kind::SESSION_ENDED).member("state", state.as_str());
                match reason {
                    Some(reason) => ended.member("reason", reason.as_str()),
                    None => ended,
                }
                .detail("Create a new upload.")
            }
            Error::TooLarge { max_bytes } => Self::new(&kind::TOO_LARGE).member("max_bytes", max_bytes),
            Error::HashMismatch => Self::new(&kind::HASH_MISMATCH),
            Error::Changed => Self::new(&kind::CHANGED).detail("Read it again and decide anew."),
            Error::TooMany { retry_after } => Self::new(&kind::TOO_MANY_REQUESTS).retry_after(retry_after),
            Error::QuotaExceeded { needed_bytes, available_bytes } => Self::new(&kind::QUOTA_EXCEEDED)
                .member("needed_bytes", needed_bytes)
                .member("available_bytes", available_bytes),
            Error::Unavailable { context, source } => {
                Self::new(&kind::UNAVAILABLE).retry_after(RETRY_UNAVAILABLE).because(context, source)
            }
            Error::Internal { context, source } => Self::new(&kind::INTERNAL).because(context, source),
        }
    }
}

impl From<Conflict> for Problem {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::NameTaken { entry_id } => Self::new(&kind::NAME_TAKEN).member("entry_id", entry_id.as_str()),
            Conflict::UsernameTaken => Self::new(&kind::USERNAME_TAKEN),
            Conflict::PartsMissing { missing } => Self::new(&kind::PARTS_MISSING)
                .member("missing", json!(missing))
                .detail("Upload the missing parts, then complete again."),
            Conflict::AlreadyStored => Self::new(&kind::ALREADY_STORED).detail("Delete the file instead."),
            Conflict::InProgress => Self::new(&kind::IN_PROGRESS)
                .retry_after(Duration::from_secs(1))
                .detail("Repeat the request with the same key in a moment."),
        }
    }
}

fn field_problem(violation: &Violation) -> api::FieldProblem {
    api::FieldProblem {
        pointer: violation.pointer.clone(),
        code: violation.code.to_owned(),
        detail: violation.detail.clone(),
    }
}

/// `Retry-After` counts whole seconds; too early would fail again, 0 would be a busy loop.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
#[path = "problem_tests.rs"]
mod tests;
