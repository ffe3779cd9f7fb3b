//! Who signs.

use secrecy::{ExposeSecret, SecretString};

use crate::Error;

/// An access key, possibly a temporary one. `Debug` shows nothing but the key id.
#[derive(Clone, Debug)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: SecretString,
    session_token: Option<SecretString>,
}

impl Credentials {
    /// Key id, secret and, for temporary credentials, their session token.
    ///
    /// An empty token is no token: environments often set the variable to nothing.
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: SecretString,
        session_token: Option<SecretString>,
    ) -> Result<Self, Error> {
        let access_key_id = access_key_id.into();
        let session_token = session_token.filter(|token| !token.expose_secret().is_empty());

        require("access key id", &access_key_id)?;
        require("secret access key", secret_access_key.expose_secret())?;
        if let Some(token) = &session_token {
            require("session token", token.expose_secret())?;
        }
        Ok(Self { access_key_id, secret_access_key, session_token })
    }

    /// The public half of the key.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret half of the key.
    pub fn secret_access_key(&self) -> &SecretString {
        &self.secret_access_key
    }

    /// The token that goes with temporary credentials.
    pub fn session_token(&self) -> Option<&SecretString> {
        self.session_token.as_ref()
    }
}

/// All three travel in headers, where only visible ASCII is safe.
fn require(field: &'static str, value: &str) -> Result<(), Error> {
    let visible = value.bytes().all(|byte| byte.is_ascii_graphic());
    if value.is_empty() || !visible {
        return Err(Error::InvalidCredentials { field });
    }
    Ok(())
}
