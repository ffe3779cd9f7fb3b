use std::sync::Arc;

use axum::extract::FromRef;
use secrecy::{ExposeSecret, SecretString};
use straightway_core::{Accounts, Clock, Error, Limits};
use straightway_http::{Authenticator, Jwks, Parties};

use crate::access_token::AccessTokens;
use crate::attempts::AttemptLimits;
use crate::passwords::Passwords;
use crate::refresh_token::RefreshTokens;
use crate::signup::Signup;

/// 10 GiB: what a new user may use unless the deployment says otherwise.
pub const DEFAULT_QUOTA_BYTES: u64 = 10 << 30;

/// What this function reaches, and the keys that only it has.
#[derive(Clone)]
pub struct Ports {
    /// Users and logins.
    pub accounts: Arc<dyn Accounts>,
    /// Counters of wrong passwords and of sign-ups.
    pub limits: Arc<dyn Limits>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Verifies what `access_tokens` signs, and what its neighbours in time signed.
    pub authenticator: Authenticator,
    pub(crate) access_tokens: Arc<AccessTokens>,
    pub(crate) refresh_tokens: Arc<RefreshTokens>,
    pub(crate) jwks: Arc<Jwks>,
    pub(crate) passwords: Passwords,
    pub(crate) policy: Arc<Policy>,
}

/// What the deployment chose.
#[derive(Debug)]
pub struct Settings {
    /// Who makes access tokens and for whom.
    pub parties: Parties,
    /// The Ed25519 key that signs access tokens, as PKCS#8 PEM.
    pub signing_key: SecretString,
    /// Public keys before and after the signing key's: what they signed holds too, so that keys can change quietly.
    pub other_keys: Jwks,
    /// What refresh tokens are authenticated with; no other function has it.
    pub refresh_secret: SecretString,
    /// Who may make an account.
    pub signup: Signup,
    /// What a new user may use, in bytes.
    pub quota_bytes: u64,
    /// How often passwords may be wrong and accounts be made.
    pub attempts: AttemptLimits,
}

/// The part of the settings that holds no key.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) signup: Signup,
    pub(crate) quota_bytes: u64,
    pub(crate) attempts: AttemptLimits,
}

impl Ports {
    /// The function's ports with what follows from its settings.
    ///
    /// # Errors
    /// `Internal` when a key cannot be read.
    pub fn new(
        accounts: Arc<dyn Accounts>,
        limits: Arc<dyn Limits>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Result<Self, Error> {
        let access_tokens = AccessTokens::new(&settings.signing_key, settings.parties.clone())?;
        let mut jwks = Jwks { keys: vec![access_tokens.public_key().clone()] };
        // The same set may go to every function: it holds the signing key's own half too.
        jwks.keys.extend(settings.other_keys.keys.into_iter().filter(|key| key != access_tokens.public_key()));
        Ok(Self {
            accounts,
            limits,
            authenticator: Authenticator::new(&jwks, &settings.parties, Arc::clone(&clock))?,
            clock,
            access_tokens: Arc::new(access_tokens),
            refresh_tokens: Arc::new(RefreshTokens::derive(settings.refresh_secret.expose_secret().as_bytes())),
            jwks: Arc::new(jwks),
            passwords: Passwords::default(),
            policy: Arc::new(Policy {
                signup: settings.signup,
                quota_bytes: settings.quota_bytes,
                attempts: settings.attempts,
            }),
        })
    }

    /// The keys that verify access tokens: what other functions on this host are given.
    pub fn jwks(&self) -> &Jwks {
        &self.jwks
    }
}

impl FromRef<Ports> for Authenticator {
    fn from_ref(ports: &Ports) -> Self {
        ports.authenticator.clone()
    }
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ports").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Fresh random bytes.
///
/// # Errors
/// `Unavailable` when the operating system has none.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::unavailable("drawing random bytes", error))?;
    Ok(bytes)
}
