use std::collections::HashMap;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};
use straightway_core::{Clock, Error, LoginId, Unauthorized, UserId};

use crate::jwks::Jwks;

/// 10 minutes: the longest life of an access token, and so the longest time for which one outlives its login.
pub const MAX_ACCESS_LIFE_SECONDS: i64 = 600;
/// `typ` of an access token (RFC 9068): no other kind of token is ever taken for one.
pub const ACCESS_TOKEN_TYPE: &str = "at+jwt";
/// How far in the future a token may claim to be made: the clocks of two machines differ a little.
const CLOCK_SKEW_SECONDS: i64 = 60;
/// Longer than any token of ours.
const MAX_TOKEN_BYTES: usize = 4096;

/// What an access token says (RFC 9068).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// Who made it.
    pub iss: String,
    /// For whom it was made.
    pub aud: String,
    /// The user's id.
    pub sub: String,
    /// The login's id.
    pub login: String,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// When it expires, in seconds since 1970.
    pub exp: i64,
    /// Before when it does not hold yet, in seconds since 1970; ours have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Its own random id.
    pub jti: String,
}

/// Who makes access tokens and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parties {
    /// The `iss` claim: the address of the API that signs.
    pub issuer: String,
    /// The `aud` claim: the deployment that the tokens are for.
    pub audience: String,
}

/// Verifies access tokens with public keys it was given; it never fetches one.
#[derive(Clone)]
pub struct Authenticator(Arc<Inner>);

struct Inner {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
    clock: Arc<dyn Clock>,
}

/// Somebody whose access token holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// Who.
    pub user_id: UserId,
    /// By which login.
    pub login_id: LoginId,
}

impl Authenticator {
    /// Trusts these keys for tokens between these parties.
    ///
    /// # Errors
    /// `Internal` when a key is no Ed25519 key.
    pub fn new(keys: &Jwks, parties: &Parties, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let keys =
            keys.keys.iter().map(|key| Ok((key.kid.clone(), key.decoding_key()?))).collect::<Result<_, Error>>()?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&parties.issuer]);
        validation.set_audience(&[&parties.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_exp = false; // by our own clock, below
        Ok(Self(Arc::new(Inner { keys, validation, clock })))
    }

    /// Whose access token this is.
    ///
    /// # Errors
    /// `Unauthorized(Token)` for anything but a token that one of our keys signed, in the one way we sign, and that
    /// holds now. It never says why: the caller can do nothing but sign in.
    pub fn verify(&self, token: &str) -> Result<Authenticated, Error> {
        self.check(token).ok_or(Error::Unauthorized(Unauthorized::Token))
    }

    fn check(&self, token: &str) -> Option<Authenticated> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let header = decode_header(token).ok()?;
        if header.typ.as_deref() != Some(ACCESS_TOKEN_TYPE) || header.crit.is_some() {
            return None;
        }
        let key = self.0.keys.get(header.kid.as_deref()?)?;
        let claims = decode::<Claims>(token, key, &self.0.validation).ok()?.claims;
        if !holds(&claims, self.0.clock.now().as_second()) {
            return None;
        }
        Some(Authenticated { user_id: UserId::parse(&claims.sub)?, login_id: LoginId::parse(&claims.login)? })
    }
}

/// Whether the token holds at `now`. A life longer than ours was not signed by our `accounts`.
fn holds(claims: &Claims, now: i64) -> bool {
    let life = claims.exp.checked_sub(claims.iat);
    now < claims.exp
        && claims.iat <= now + CLOCK_SKEW_SECONDS
        && life.is_some_and(|life| life <= MAX_ACCESS_LIFE_SECONDS)
        && claims.nbf.is_none_or(|nbf| nbf <= now + CLOCK_SKEW_SECONDS)
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").field("keys", &self.0.keys.keys()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "authenticator_tests.rs"]
mod tests;
