//! Access tokens: Ed25519 JWTs that every function can check and only this one can make.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::{BASE64, HEXLOWER};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use straightway_core::{BoxError, Error, LoginId, UserId};
use straightway_http::{ACCESS_TOKEN_TYPE, Claims, Jwk, Parties};

use crate::ports::random;

/// 10 minutes. An access token outlives its login by as much: other functions look at the token alone.
pub const ACCESS_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// Signs access tokens.
pub(crate) struct AccessTokens {
    key: EncodingKey,
    header: Header,
    public_key: Jwk,
    parties: Parties,
}

impl AccessTokens {
    /// Signs with this PKCS#8 PEM key; its name is the thumbprint of its public half.
    pub(crate) fn new(pem: &SecretString, parties: Parties) -> Result<Self, Error> {
        let (key, public_key) = read_key(pem)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(ACCESS_TOKEN_TYPE.to_owned());
        header.kid = Some(public_key.kid.clone());
        Ok(Self { key, header, public_key, parties })
    }

    /// What verifies these tokens.
    pub(crate) const fn public_key(&self) -> &Jwk {
        &self.public_key
    }

    /// A token of this user by this login, for [`ACCESS_LIFE`] from now.
    pub(crate) fn mint(&self, user: &UserId, login: &LoginId, now: Timestamp) -> Result<String, Error> {
        let claims = Claims {
            iss: self.parties.issuer.clone(),
            aud: self.parties.audience.clone(),
            sub: user.to_string(),
            login: login.to_string(),
            iat: now.as_second(),
            exp: now.as_second() + ACCESS_LIFE.as_secs(),
            nbf: None,
            jti: HEXLOWER.encode(&random::<16>()?),
        };
        encode(&self.header, &claims, &self.key)
            .map_err(|error| Error::Internal { context: "signing a token".to_owned(), source: Some(error.into()) })
    }
}

/// A new key for [`crate::Settings::signing_key`], as PKCS#8 PEM: what a first run generates.
///
/// # Errors
/// `Unavailable` when the operating system has no random numbers.
pub fn generate_signing_key() -> Result<SecretString, Error> {
    let no_key = |error| Error::unavailable("generating a signing key", error);
    let pair = Ed25519KeyPair::generate().map_err(no_key)?;
    let der = pair.to_pkcs8v1().map_err(no_key)?;
    // 48 bytes are 64 characters: one line.
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", BASE64.encode(der.as_ref())).into())
}

/// The public half of a signing key: what the deployment's key set holds for it.
///
/// # Errors
/// `Internal` when it is no Ed25519 key in PKCS#8 PEM.
pub fn public_key(signing_key: &SecretString) -> Result<Jwk, Error> {
    read_key(signing_key).map(|(_, public_key)| public_key)
}

fn read_key(pem: &SecretString) -> Result<(EncodingKey, Jwk), Error> {
    let key = EncodingKey::from_ed_pem(pem.expose_secret().as_bytes()).map_err(unusable)?;
    let pair = Ed25519KeyPair::from_pkcs8(key.as_bytes()).map_err(unusable)?;
    let public_key = pair.public_key().as_ref().try_into().map_err(unusable)?;
    Ok((key, Jwk::ed25519(public_key)))
}

fn unusable(error: impl Into<BoxError>) -> Error {
    Error::Internal {
        context: "the signing key is no Ed25519 key in PKCS#8 PEM".to_owned(),
        source: Some(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use straightway_core::Clock;
    use straightway_http::{Authenticator, Jwks};

    use super::*;

    struct Fixed(Timestamp);

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    #[test]
    fn a_minted_token_holds_for_ten_minutes_and_names_user_and_login() {
        let parties = Parties { issuer: "https://api.example".into(), audience: "straightway".into() };
        let tokens = AccessTokens::new(&generate_signing_key().unwrap(), parties.clone()).unwrap();
        let (user, login) = (UserId::from_random([1; 16]), LoginId::from_random([2; 16]));
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let token = tokens.mint(&user, &login, now).unwrap();
        let jwks = Jwks { keys: vec![tokens.public_key().clone()] };
        let verify_at = |now| Authenticator::new(&jwks, &parties, Arc::new(Fixed(now))).unwrap().verify(&token);
        let caller = verify_at(now).unwrap();
        assert_eq!((caller.user_id, caller.login_id), (user.clone(), login.clone()));
        assert!(verify_at(now + ACCESS_LIFE - SignedDuration::from_secs(1)).is_ok());
        assert!(verify_at(now + ACCESS_LIFE).is_err());
        assert_ne!(token, tokens.mint(&user, &login, now).unwrap(), "every token has its own id");
    }

    #[test]
    fn only_an_ed25519_key_in_pem_signs() {
        let parties = Parties { issuer: String::new(), audience: String::new() };
        let right = generate_signing_key().unwrap();
        let broken = right.expose_secret().replace('M', "N");
        for wrong in ["", "secret", &broken] {
            let refused = AccessTokens::new(&SecretString::from(wrong), parties.clone());
            assert!(matches!(refused, Err(Error::Internal { .. })), "{wrong}");
        }
    }
}
