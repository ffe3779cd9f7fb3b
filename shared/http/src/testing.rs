//! What the tests of this crate share: a key, a clock that stands still, tokens of any kind.

use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use straightway_core::Clock;

use crate::{ACCESS_TOKEN_TYPE, Authenticator, Claims, Jwk, Jwks, Parties};

pub(crate) struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Timestamp::from_second(1_800_000_000).unwrap())))
    }

    pub(crate) fn forward(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub(crate) struct Signer {
    pkcs8: Vec<u8>,
    pub(crate) jwk: Jwk,
}

impl Signer {
    pub(crate) fn generate() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let pkcs8 = pair.to_pkcs8v1().unwrap().as_ref().to_vec();
        Self { pkcs8, jwk: Jwk::ed25519(pair.public_key().as_ref().try_into().unwrap()) }
    }

    pub(crate) fn header(&self) -> Header {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(ACCESS_TOKEN_TYPE.into());
        header.kid = Some(self.jwk.kid.clone());
        header
    }

    pub(crate) fn sign(&self, header: &Header, claims: &impl serde::Serialize) -> String {
        jsonwebtoken::encode(header, claims, &EncodingKey::from_ed_der(&self.pkcs8)).unwrap()
    }
}

pub(crate) fn parties() -> Parties {
    Parties { issuer: "https://api.example".into(), audience: "straightway".into() }
}

pub(crate) fn authenticator(signers: &[&Signer], clock: Arc<ManualClock>) -> Authenticator {
    let jwks = Jwks { keys: signers.iter().map(|signer| signer.jwk.clone()).collect() };
    Authenticator::new(&jwks, &parties(), clock).unwrap()
}

/// The claims of a right token, made now.
pub(crate) fn claims(clock: &ManualClock) -> Claims {
    let now = clock.now().as_second();
    Claims {
        iss: "https://api.example".into(),
        aud: "straightway".into(),
        sub: "0a".repeat(16),
        login: "0b".repeat(16),
        iat: now,
        exp: now + 600,
        nbf: None,
        jti: "1".into(),
    }
}
