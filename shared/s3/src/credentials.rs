//! Credentials that the SDK and the presigner share, followed as their provider changes them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{self, future};
use jiff::{SignedDuration, Timestamp};
use straightway_core::Error;
use straightway_signer::Presigner;

use crate::{ProvideCredentials, SharedCredentialsProvider};

/// How often a provider is asked that does not say when its credentials end (a function's environment).
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// How long before their known end credentials are asked for again.
const RENEW_BEFORE_END: SignedDuration = SignedDuration::from_mins(10);

/// Signing is synchronous, providers are not: the presigner works with the credentials seen last, and looks for
/// newer ones on the side.
#[derive(Debug)]
pub(crate) struct FollowedCredentials {
    provider: SharedCredentialsProvider,
    presigner: Presigner,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    credentials: Credentials,
    look_again_at: Timestamp,
}

impl FollowedCredentials {
    /// Asks the provider for the first time, and gives its answer to `presigner`.
    pub(crate) async fn load(
        provider: SharedCredentialsProvider,
        presigner: impl FnOnce(straightway_signer::Credentials) -> Result<Presigner, straightway_signer::Error>,
    ) -> Result<Arc<Self>, Error> {
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| Error::unavailable("load the store's credentials", error))?;
        let presigner = for_signer(&credentials).and_then(presigner).map_err(invalid_signer)?;
        let seen = Mutex::new(Seen { credentials, look_again_at: Timestamp::MIN });
        Ok(Arc::new(Self { provider, presigner, seen }))
    }

    /// The same credentials for the SDK. What the SDK learns, the presigner learns.
    pub(crate) fn provider(self: &Arc<Self>) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(Shared(Arc::clone(self)))
    }

    /// The presigner, with the end of its credentials when that is known.
    ///
    /// # Errors
    /// `Unavailable` when they have ended: new ones are being asked for.
    pub(crate) fn presigner(self: &Arc<Self>, now: Timestamp) -> Result<(&Presigner, Option<Timestamp>), Error> {
        let end = self.look_at(now);
        if end.is_some_and(|end| end <= now) {
            let context = "sign: the credentials have ended and their provider gave no others yet".to_owned();
            return Err(Error::Unavailable { context, source: None });
        }
        Ok((&self.presigner, end))
    }

    /// When the present credentials end. Asks for new ones when it is time, in a task of its own.
    fn look_at(self: &Arc<Self>, now: Timestamp) -> Option<Timestamp> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let end = seen.credentials.expiry().and_then(timestamp);
        let due = end.is_none_or(|end| end - RENEW_BEFORE_END <= now);
        if due
            && seen.look_again_at <= now
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            seen.look_again_at = now + LOOK_AGAIN;
            runtime.spawn(Arc::clone(self).look());
        }
        end
    }

    async fn look(self: Arc<Self>) {
        if let Err(error) = self.ask().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the store's credentials could not be renewed");
        }
    }

    async fn ask(&self) -> provider::Result {
        let credentials = self.provider.provide_credentials().await?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.credentials != credentials {
            let for_signer = for_signer(&credentials).map_err(provider::error::CredentialsError::unhandled)?;
            self.presigner.replace_credentials(for_signer);
            seen.credentials = credentials.clone();
        }
        Ok(credentials)
    }
}

#[derive(Debug)]
struct Shared(Arc<FollowedCredentials>);

impl ProvideCredentials for Shared {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.0.ask())
    }
}

fn for_signer(credentials: &Credentials) -> Result<straightway_signer::Credentials, straightway_signer::Error> {
    let secret = credentials.secret_access_key().into();
    let token = credentials.session_token().map(Into::into);
    straightway_signer::Credentials::new(credentials.access_key_id(), secret, token)
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    Timestamp::try_from(time).ok()
}

pub(crate) fn invalid_signer(error: straightway_signer::Error) -> Error {
    Error::Internal { context: "sign for the store".to_owned(), source: Some(Box::new(error)) }
}
