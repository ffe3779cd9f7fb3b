use axum::extract::{FromRef, FromRequestParts};
use http::header::AUTHORIZATION;
use http::request::Parts;
use straightway_core::{Error, LoginId, OwnerId, Unauthorized, UserId};

use crate::Problem;
use crate::authenticator::{Authenticated, Authenticator};

/// The authenticated caller, as the owner of their space. Put it before every other extractor but `State`:
/// authentication is judged first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(pub OwnerId);

/// The authenticated caller and the login that their token belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerLogin {
    /// Who.
    pub user_id: UserId,
    /// By which login.
    pub login_id: LoginId,
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Authenticator: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(authenticate(parts, state)?.user_id.into()))
    }
}

impl<S> FromRequestParts<S> for CallerLogin
where
    S: Send + Sync,
    Authenticator: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Authenticated { user_id, login_id } = authenticate(parts, state)?;
        Ok(Self { user_id, login_id })
    }
}

fn authenticate<S>(parts: &Parts, state: &S) -> Result<Authenticated, Error>
where
    Authenticator: FromRef<S>,
{
    let token = bearer(parts).ok_or(Error::Unauthorized(Unauthorized::Token))?;
    Authenticator::from_ref(state).verify(token)
}

/// The bearer token of a request that has exactly one: of two, nobody could say which one counts.
fn bearer(parts: &Parts) -> Option<&str> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
}
