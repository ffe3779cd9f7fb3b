use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use serde::Serialize;
use sha2::{Digest, Sha256};
use straightway_core::ports::{RequestBegun, Requests};
use straightway_core::{Clock, Conflict, Error, OwnerId, Violation};

use crate::{Problem, kind};

const HEADER: &str = "idempotency-key";

/// `Idempotency-Key` of a request that creates: repeating the request does not repeat what it does.
///
/// The extractor never refuses; a malformed key is judged by [`IdempotencyKey::begin`], after the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdempotencyKey(Sent);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Sent {
    #[default]
    Nothing,
    Malformed,
    Key(String),
}

impl Sent {
    fn read(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Self::Nothing };
        match value.to_str() {
            Ok(key) if values.next().is_none() && (16..=128).contains(&key.len()) => Self::Key(key.to_owned()),
            _ => Self::Malformed,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Sent::read(&parts.headers)))
    }
}

/// What [`IdempotencyKey::begin`] found.
#[derive(Debug)]
pub enum Begun {
    /// Do it, then [`Claim::settle`].
    Fresh(Claim),
    /// It was done: the answer that [`Claim::settle`] recorded, to be rendered anew.
    Done(String),
}

impl IdempotencyKey {
    /// Claims the key for this request of this owner. Without a key every request is fresh. A key counts for its
    /// route: on another one it is another key.
    ///
    /// # Errors
    /// `Invalid` for a malformed key or one that was used for another request, `Conflict(InProgress)` while the
    /// first request with it still runs.
    pub async fn begin(
        self,
        requests: &Arc<dyn Requests>,
        clock: &Arc<dyn Clock>,
        owner: &OwnerId,
        route: &str,
        body: &impl Serialize,
    ) -> Result<Begun, Error> {
        let key = match self.0 {
            Sent::Nothing => return Ok(Begun::Fresh(Claim(None))),
            Sent::Malformed => {
                return Err(refuse("idempotency-key", "must be 16 to 128 visible ASCII characters, once"));
            }
            Sent::Key(key) => format!("{route}#{key}"),
        };
        match requests.begin_request(owner, &key, fingerprint(route, body)?, clock.now()).await? {
            RequestBegun::Fresh => {
                let (requests, clock) = (Arc::clone(requests), Arc::clone(clock));
                Ok(Begun::Fresh(Claim(Some(Held { requests, clock, owner: owner.clone(), key }))))
            }
            RequestBegun::Running => Err(Error::Conflict(Conflict::InProgress)),
            RequestBegun::Done(answer) => Ok(Begun::Done(answer)),
            RequestBegun::Mismatch => Err(refuse("idempotency-key-reused", "the key was used for another request")),
        }
    }
}

fn refuse(code: &'static str, detail: &str) -> Error {
    Error::invalid("Idempotency-Key", Violation::new(code, detail))
}

/// Hash of the route and of what the body says: white space and the order of its members do not matter.
fn fingerprint(route: &str, body: &impl Serialize) -> Result<[u8; 32], Error> {
    let body = serde_json::to_vec(body).map_err(|error| Error::internal(format!("a request is no JSON: {error}")))?;
    let mut hash = Sha256::new();
    hash.update(route);
    hash.update([0]);
    hash.update(body);
    Ok(hash.finalize().into())
}

/// The right to carry out a request that has an idempotency key; nothing without one.
#[derive(Debug)]
#[must_use = "settle it, or the key stays claimed for a minute"]
pub struct Claim(Option<Held>);

struct Held {
    requests: Arc<dyn Requests>,
    clock: Arc<dyn Clock>,
    owner: OwnerId,
    /// `<route>#<key>`.
    key: String,
}

impl Claim {
    /// Records what the request came to: `answer` of a result (ids and status, never a URL or token), or gives the
    /// key up after an error. The result itself goes through unchanged: what was done was done.
    ///
    /// # Errors
    /// Those of `result`.
    pub async fn settle<T, E>(self, result: Result<T, E>, answer: impl FnOnce(&T) -> String) -> Result<T, E> {
        let Some(Held { requests, clock, owner, key }) = self.0 else { return result };
        let recorded = match &result {
            Ok(value) => requests.finish_request(&owner, &key, &answer(value), clock.now()).await,
            Err(_) => requests.forget_request(&owner, &key).await,
        };
        if let Err(error) = recorded {
            tracing::warn!(%error, "the outcome of an idempotency key was not recorded");
        }
        result
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("owner", &self.owner).field("key", &self.key).finish_non_exhaustive()
    }
}

/// Guard of public and credential-issuing routes: an idempotency key is refused with 400, since no answer with a
/// token may be kept, and a client that relies on the key must learn it.
#[derive(Clone, Copy, Debug)]
pub struct NoIdempotencyKey;

impl<S: Send + Sync> FromRequestParts<S> for NoIdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if parts.headers.contains_key(HEADER) {
            return Err(Problem::new(&kind::MALFORMED).detail("This route takes no Idempotency-Key."));
        }
        Ok(Self)
    }
}

#[cfg(test)]
#[path = "idempotency_tests.rs"]
mod tests;
