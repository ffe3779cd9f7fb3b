//! Where a login is kept between requests, and between processes.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use straightway_api::accounts::Tokens;

/// An access token that ends within this time is renewed before it is used.
const RENEW_BEFORE: Duration = Duration::from_secs(30);

/// The tokens of one login.
#[derive(Clone, Debug)]
pub struct Login {
    /// Goes into `Authorization: Bearer`.
    pub access_token: SecretString,
    /// When it ends, by this machine's clock.
    pub access_expires_at: Timestamp,
    /// Makes the next tokens; used once.
    pub refresh_token: SecretString,
}

impl Login {
    /// The login that these tokens, just received, make.
    pub fn received(tokens: Tokens) -> Self {
        // The server says how long, not when: this machine's clock may be wrong, but it is the one we compare with.
        let life = Duration::from_secs(tokens.expires_in.min(24 * 3600));
        Self {
            access_token: tokens.access_token.into(),
            access_expires_at: now() + life,
            refresh_token: tokens.refresh_token.into(),
        }
    }

    pub(crate) fn needs_renewal(&self) -> bool {
        self.access_expires_at <= now() + RENEW_BEFORE
    }

    pub(crate) fn has_access_token(&self, token: &SecretString) -> bool {
        self.access_token.expose_secret() == token.expose_secret()
    }
}

/// Keeps one login. Another process may use the same store: what is read is only as old as the last [`load`].
///
/// [`load`]: Credentials::load
pub trait Credentials: Send + Sync {
    /// The login, if there is one.
    ///
    /// # Errors
    /// When the store cannot be read or must not be trusted.
    fn load(&self) -> io::Result<Option<Login>>;

    /// Replaces the login; `None` forgets it.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn save(&self, login: Option<&Login>) -> io::Result<()>;

    /// Keeps other processes from renewing the login until the guard is dropped; may block.
    ///
    /// # Errors
    /// When the lock cannot be had.
    fn lock(&self) -> io::Result<Box<dyn Send>>;
}

/// Keeps a login in memory, for programs that sign in each time and for tests.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<Option<Login>>);

impl InMemory {
    /// A store that holds this login.
    pub fn new(login: Login) -> Self {
        Self(Mutex::new(Some(login)))
    }
}

impl Credentials for InMemory {
    fn load(&self) -> io::Result<Option<Login>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn save(&self, login: Option<&Login>) -> io::Result<()> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = login.cloned();
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        Ok(Box::new(()))
    }
}

#[expect(clippy::disallowed_methods, reason = "a client has no Clock port: this is its one clock")]
fn now() -> Timestamp {
    Timestamp::now()
}
