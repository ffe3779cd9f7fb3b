//! Refresh tokens: what they say, and how a wrong secret is told from an old token.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use straightway_core::account::TokenHash;
use straightway_core::seal::SealingKey;
use straightway_core::{Error, LoginId};

use crate::ports::random;

/// Makes and opens refresh tokens. They are sealed: one that opens was made here once, so one that is not valid any
/// more was used before; one that does not open is anybody's invention and revokes nothing.
#[derive(Debug)]
pub(crate) struct RefreshTokens(SealingKey);

/// What a refresh token says.
#[derive(Serialize, Deserialize)]
struct Content {
    login: String,
    generation: u64,
    nonce: String,
}

/// A refresh token that was made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Presented {
    pub(crate) login_id: LoginId,
    /// Of the login when the token was made.
    pub(crate) generation: u64,
    pub(crate) hash: TokenHash,
}

/// A refresh token to be handed out.
pub(crate) struct Minted {
    /// What the client gets.
    pub(crate) token: String,
    /// What the record keeps.
    pub(crate) hash: TokenHash,
}

impl RefreshTokens {
    pub(crate) fn derive(secret: &[u8]) -> Self {
        Self(SealingKey::derive(secret, "refresh"))
    }

    /// A new token of a login's generation.
    pub(crate) fn mint(&self, login: &LoginId, generation: u64) -> Result<Minted, Error> {
        let nonce = HEXLOWER.encode(&random::<16>()?);
        let token = self.0.seal(&Content { login: login.to_string(), generation, nonce });
        let hash = hash(&token);
        Ok(Minted { token, hash })
    }

    /// What a token says; `None` for one that was not made here.
    pub(crate) fn open(&self, token: &str) -> Option<Presented> {
        let content: Content = self.0.open(token)?;
        let login_id = LoginId::parse(&content.login)?;
        Some(Presented { login_id, generation: content.generation, hash: hash(token) })
    }
}

/// A token has one spelling only (its base64url is strict), so its text can be hashed.
fn hash(token: &str) -> TokenHash {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_its_login_and_every_one_is_different() {
        let (tokens, login) = (RefreshTokens::derive(b"secret"), LoginId::from_random([1; 16]));
        let (first, second) = (tokens.mint(&login, 3).unwrap(), tokens.mint(&login, 3).unwrap());
        let opened = tokens.open(&first.token).unwrap();
        assert_eq!(opened, Presented { login_id: login, generation: 3, hash: first.hash });
        assert_ne!(first.hash, second.hash);
    }

    #[test]
    fn a_token_that_was_not_made_here_does_not_open() {
        let (tokens, login) = (RefreshTokens::derive(b"secret"), LoginId::from_random([1; 16]));
        let token = tokens.mint(&login, 3).unwrap().token;
        let other_secret = RefreshTokens::derive(b"other").mint(&login, 3).unwrap().token;
        let other_kind = SealingKey::derive(b"secret", "cursor").seal(&("a", 1));
        let no_token = SealingKey::derive(b"secret", "refresh").seal(&("a", 1));
        for wrong in ["", "x", &token[1..], &format!("{token}="), &other_secret, &other_kind, &no_token] {
            assert_eq!(tokens.open(wrong), None, "{wrong}");
        }
    }
}
