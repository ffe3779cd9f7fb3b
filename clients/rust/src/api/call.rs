//! One request: sent, authorised, tried again as long as that can help.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, IF_MATCH};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Api, chain};
use crate::error::{ApiError, Error};

/// Longer than `complete` (20 s inline) and `?wait=20`, and than what any gateway allows.
const TIMEOUT: Duration = Duration::from_mins(1);
/// A fault of the server is not mended by patience, but it may have been a moment's.
const INTERNAL_TRIES: u32 = 4;

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeat {
    Always,
    /// Only when it certainly did not arrive: it makes something, or counts a guess.
    IfUnsent,
}

/// A request to the API.
#[derive(Clone, Debug)]
pub(super) struct Call {
    method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    public: bool,
    repeat: Repeat,
}

impl Call {
    pub(super) fn new<S: Into<String>>(method: Method, path: impl IntoIterator<Item = S>) -> Self {
        Self {
            method,
            path: path.into_iter().map(Into::into).collect(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            public: false,
            repeat: Repeat::Always,
        }
    }

    /// Sent without a token.
    pub(super) const fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// Not sent again unless it certainly did not arrive.
    pub(super) const fn once(mut self) -> Self {
        self.repeat = Repeat::IfUnsent;
        self
    }

    /// Makes a POST that creates repeatable: the server recognises it.
    pub(super) fn idempotent(mut self) -> Result<Self, Error> {
        let mut key = [0; 16];
        getrandom::fill(&mut key).map_err(|error| Error::Protocol(format!("no random numbers: {error}")))?;
        self.headers.push(("idempotency-key", data_encoding::HEXLOWER.encode(&key)));
        Ok(self)
    }

    pub(super) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    pub(super) fn if_match(mut self, revision: Option<u64>) -> Self {
        self.headers.extend(revision.map(|revision| (IF_MATCH.as_str(), format!("\"{revision}\""))));
        self
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let json = serde_json::to_vec(body).map_err(|error| Error::Protocol(format!("request: {error}")))?;
        self.body = Some(json);
        Ok(self)
    }
}

/// A success: its status and body.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Protocol(error.to_string()))
    }
}

/// What one try came to.
enum Tried {
    Success(Answer),
    Refused(ApiError),
    NoAnswer { reason: String, certainly_unsent: bool },
}

impl Api {
    pub(super) async fn call(&self, call: &Call) -> Result<Answer, Error> {
        let mut failures = self.failures();
        let mut refused_token = None;
        loop {
            let token = if call.public { None } else { Some(self.access_token(refused_token.as_ref()).await?) };
            let (last, reason, asked) = match self.try_once(call, token.as_ref()).await? {
                Tried::Success(answer) => return Ok(answer),
                Tried::Refused(error) => {
                    if error.status == 401 && !call.public && error.problem != "wrong-credentials" {
                        if refused_token.is_some() {
                            return Err(Error::SignedOut);
                        }
                        refused_token = token;
                        continue;
                    }
                    if !may_help(&error, call.repeat, failures.count()) {
                        return Err(error.into());
                    }
                    let (reason, asked) = (error.title.clone(), error.retry_after);
                    (error.into(), reason, asked)
                }
                Tried::NoAnswer { reason, certainly_unsent } => {
                    let last = Error::Unreachable { whom: "the server", reason: reason.clone() };
                    if call.repeat == Repeat::IfUnsent && !certainly_unsent {
                        return Err(last);
                    }
                    (last, format!("the server does not answer: {reason}"), None)
                }
            };
            if !self.pause(&mut failures, asked, &reason).await {
                return Err(last);
            }
        }
    }

    async fn try_once(&self, call: &Call, token: Option<&SecretString>) -> Result<Tried, Error> {
        let mut url = self.base().clone();
        url.path_segments_mut()
            .map_err(|()| Error::Protocol("the server's address takes no path".into()))?
            .pop_if_empty()
            .extend(&call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = self.http().request(call.method.clone(), url).timeout(TIMEOUT);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, bearer(token)?);
        }
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                return Ok(Tried::NoAnswer { reason: chain(&error), certainly_unsent: error.is_connect() });
            }
        };
        self.was_reached();
        let (status, headers) = (response.status(), response.headers().clone());
        match response.bytes().await {
            Ok(body) if status.is_success() => Ok(Tried::Success(Answer { status, body: body.into() })),
            Ok(body) => Ok(Tried::Refused(ApiError::read(status, &headers, &body))),
            Err(error) => Ok(Tried::NoAnswer { reason: chain(&error), certainly_unsent: false }),
        }
    }
}

/// Whether the same request may succeed later.
fn may_help(error: &ApiError, repeat: Repeat, failures: u32) -> bool {
    match (error.status, error.problem.as_str()) {
        // For `IfUnsent` a limit is the answer: it tells whoever types a password to wait.
        (408 | 429 | 502..=504, _) | (409, "in-progress") => repeat == Repeat::Always,
        (500, _) => repeat == Repeat::Always && failures + 1 < INTERNAL_TRIES,
        _ => false,
    }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
        .map_err(|_| Error::Protocol("the access token is no header value".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn may(status: u16, problem: &str, repeat: Repeat, failures: u32) -> bool {
        let status = StatusCode::from_u16(status).unwrap();
        let mut error = ApiError::read(status, &HeaderMap::new(), b"");
        error.problem = problem.to_owned();
        may_help(&error, repeat, failures)
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (status, problem) in [(429, "too-many-requests"), (503, "unavailable"), (502, "unavailable"), (504, "")] {
            assert!(may(status, problem, Repeat::Always, 50), "{status}");
            assert!(!may(status, problem, Repeat::IfUnsent, 0), "{status}");
        }
        assert!(may(409, "in-progress", Repeat::Always, 50));
        for (status, problem) in
            [(409, "name-taken"), (409, "parts-missing"), (404, "not-found"), (507, "quota-exceeded")]
        {
            assert!(!may(status, problem, Repeat::Always, 0), "{problem}");
        }
    }

    #[test]
    fn an_internal_error_is_tried_a_few_times_and_no_more() {
        assert!(may(500, "internal", Repeat::Always, 0));
        assert!(may(500, "internal", Repeat::Always, 2));
        assert!(!may(500, "internal", Repeat::Always, 3));
    }
}
