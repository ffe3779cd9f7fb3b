//! What can go wrong, by what the caller can do about it.

use std::io;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde_json::{Map, Value};
use straightway_api::uploads::State;
use straightway_api::{FieldProblem, PROBLEM_CONTENT_TYPE, Problem};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The API refused: [`ApiError::problem`] says why.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// Nobody is signed in, or the login has ended: sign in again.
    #[error("not signed in")]
    SignedOut,
    /// The credentials could not be read or kept.
    #[error("cannot use the credentials")]
    Credentials(#[source] io::Error),
    /// The server, or the store, did not answer within our patience.
    #[error("{whom} does not answer: {reason}")]
    Unreachable {
        /// `the server` or `the store`.
        whom: &'static str,
        /// What happened at the last try.
        reason: String,
    },
    /// A local file could not be read or written.
    #[error("{context}")]
    File {
        /// What was being done.
        context: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// A local file changed every time it was read.
    #[error("the file keeps changing while it is read")]
    KeepsChanging,
    /// The store refused a request that the server signed: a fault of the deployment, not of the bytes.
    #[error("the store refused {what}: {answer}")]
    Store {
        /// Which request.
        what: String,
        /// Status, code and message of the store.
        answer: String,
    },
    /// The upload ended without a file each time it was tried.
    #[error("the upload was {}{}", state_word(*state), reason.as_ref().map(|r| format!(" ({r})")).unwrap_or_default())]
    Ended {
        /// How the session ended.
        state: State,
        /// Why, when it was rejected.
        reason: Option<String>,
    },
    /// The bytes that came down are not those of the entry.
    #[error("the downloaded bytes do not match the content hash {expected}")]
    Corrupt {
        /// What they should hash to.
        expected: String,
    },
    /// An answer that the API does not document.
    #[error("unexpected answer: {0}")]
    Protocol(String),
}

impl Error {
    /// A failure of a local file.
    pub fn file(context: impl Into<String>, source: io::Error) -> Self {
        Self::File { context: context.into(), source }
    }

    /// The API's refusal, if it is one.
    pub fn api(&self) -> Option<&ApiError> {
        if let Self::Api(error) = self { Some(error) } else { None }
    }

    /// Whether the API refused with this problem.
    pub fn is_problem(&self, name: &str) -> bool {
        self.api().is_some_and(|error| error.problem == name)
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

/// The word for a state in messages.
pub(crate) const fn state_word(state: State) -> &'static str {
    match state {
        State::Open => "open",
        State::Verifying => "verifying",
        State::Stored => "stored",
        State::Rejected => "rejected",
        State::Aborted => "aborted",
        State::Expired => "expired",
    }
}

/// A refusal by the API.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", detail.as_deref().unwrap_or(title))]
pub struct ApiError {
    /// Stable name of the problem: `name-taken`, `quota-exceeded`, ...
    pub problem: String,
    /// HTTP status.
    pub status: u16,
    /// What kind of problem it is, for people.
    pub title: String,
    /// What the caller can do about it.
    pub detail: Option<String>,
    /// Names the request in the server's logs.
    pub request_id: Option<String>,
    /// Which fields are wrong.
    pub errors: Vec<FieldProblem>,
    /// Members of this kind of problem: `entry_id`, `missing`, `needed_bytes`, ...
    pub members: Map<String, Value>,
    /// How long the server asks us to wait.
    pub retry_after: Option<Duration>,
}

impl ApiError {
    /// Reads an answer that is no success. Without our media type it came from a gateway: its status speaks.
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let retry_after = retry_after(headers);
        let ours = header(headers, CONTENT_TYPE.as_str()).is_some_and(|kind| kind.starts_with(PROBLEM_CONTENT_TYPE));
        let problem = ours.then(|| serde_json::from_slice::<Problem>(body).ok()).flatten();
        match problem {
            Some(problem) => Self {
                problem: problem.name().to_owned(),
                status: status.as_u16(),
                title: problem.title,
                detail: problem.detail.or_else(|| fields(&problem.errors)),
                request_id: Some(problem.request_id),
                errors: problem.errors,
                members: problem.members,
                retry_after,
            },
            None => Self {
                problem: name_of(status).to_owned(),
                status: status.as_u16(),
                title: format!("the server answered {status}"),
                detail: None,
                request_id: header(headers, "x-request-id").map(str::to_owned),
                errors: Vec::new(),
                members: Map::new(),
                retry_after,
            },
        }
    }

    /// A member as text.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member)?.as_str()
    }

    /// The parts that the store does not have, of `parts-missing`.
    pub fn missing(&self) -> Option<Vec<[u16; 2]>> {
        serde_json::from_value(self.members.get("missing")?.clone()).ok()
    }
}

fn fields(errors: &[FieldProblem]) -> Option<String> {
    let one = |field: &FieldProblem| format!("{}: {}", field.pointer, field.detail);
    (!errors.is_empty()).then(|| errors.iter().map(one).collect::<Vec<_>>().join("; "))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// `Retry-After` in seconds (a date, which our servers never send, is not read).
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    header(headers, RETRY_AFTER.as_str())?.trim().parse().ok().map(Duration::from_secs)
}

const fn name_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not-found",
        413 => "too-large",
        429 => "too-many-requests",
        502..=504 => "unavailable",
        500..=599 => "internal",
        _ => "malformed",
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_problem_is_read_with_its_members_and_retry_after() {
        let headers = headers(&[("content-type", "application/problem+json; charset=utf-8"), ("retry-after", "7")]);
        let body = br#"{"type": "urn:straightway:problem:parts-missing", "title": "Parts are missing", "status": 409,
                        "request_id": "r1", "missing": [[1, 2], [5, 5]]}"#;
        let error = ApiError::read(StatusCode::CONFLICT, &headers, body);
        assert_eq!(error.problem, "parts-missing");
        assert_eq!(error.missing(), Some(vec![[1, 2], [5, 5]]));
        assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
        assert_eq!(error.to_string(), "Parts are missing");
    }

    #[test]
    fn wrong_fields_become_the_detail_when_there_is_none() {
        let headers = headers(&[("content-type", PROBLEM_CONTENT_TYPE)]);
        let body =
            br#"{"type": "urn:straightway:problem:invalid", "title": "Invalid", "status": 422, "request_id": "r",
                        "errors": [{"pointer": "/name", "code": "name", "detail": "a name has no `/`"}]}"#;
        let error = ApiError::read(StatusCode::UNPROCESSABLE_ENTITY, &headers, body);
        assert_eq!(error.to_string(), "/name: a name has no `/`");
    }

    #[test]
    fn an_answer_of_the_gateway_is_treated_by_its_status() {
        let error = ApiError::read(StatusCode::BAD_GATEWAY, &headers(&[("content-type", "text/html")]), b"<html>");
        assert_eq!((error.problem.as_str(), error.status), ("unavailable", 502));
    }
}
