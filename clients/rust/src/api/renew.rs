//! The access token: renewed before it ends or when it was refused, one renewal at a time, also among processes.

use std::sync::Arc;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use straightway_api::accounts::{RefreshLogin, Tokens};

use super::Api;
use super::call::Call;
use crate::credentials::Login;
use crate::error::Error;

impl Api {
    /// A token to send; not `refused`, which the server did not take.
    pub(super) async fn access_token(&self, refused: Option<&SecretString>) -> Result<SecretString, Error> {
        let mut held = self.inner.login.lock().await;
        let usable =
            |login: &Login| !login.needs_renewal() && !refused.is_some_and(|token| login.has_access_token(token));
        if held.is_none() {
            *held = self.with_credentials(|credentials| credentials.load()).await?;
        }
        match held.as_ref() {
            None => return Err(Error::SignedOut),
            Some(login) if usable(login) => return Ok(login.access_token.clone()),
            Some(_) => {}
        }
        // From here on no other process renews; one may have done it while we waited for the lock.
        let (_guard, stored) =
            self.with_credentials(|credentials| Ok((credentials.lock()?, credentials.load()?))).await?;
        let stored = stored.ok_or(Error::SignedOut)?;
        let login = if usable(&stored) { stored } else { self.renew(&stored).await? };
        let token = login.access_token.clone();
        *held = Some(login);
        Ok(token)
    }

    /// Uses this login from now on; `None` forgets it.
    pub(super) async fn keep_login(&self, login: Option<Login>) -> Result<(), Error> {
        let mut held = self.inner.login.lock().await;
        held.clone_from(&login);
        self.with_credentials(move |credentials| {
            let _guard = credentials.lock()?;
            credentials.save(login.as_ref())
        })
        .await
    }

    async fn renew(&self, login: &Login) -> Result<Login, Error> {
        let body = RefreshLogin { refresh_token: login.refresh_token.expose_secret().to_owned() };
        let call = Call::new(Method::POST, ["v1", "logins", "refresh"]).public().json(&body)?;
        // Boxed: a renewal is a call, and a call may need a renewal (this one, being public, does not).
        let answer = match Box::pin(self.call(&call)).await {
            Err(error) if error.api().is_some_and(|api| api.status == 401) => return Err(Error::SignedOut),
            answer => answer?,
        };
        let renewed = Login::received(answer.json::<Tokens>()?);
        let kept = renewed.clone();
        self.with_credentials(move |credentials| credentials.save(Some(&kept))).await?;
        Ok(renewed)
    }

    /// Credentials may block (files, locks): never on the runtime's threads.
    async fn with_credentials<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn crate::credentials::Credentials) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let credentials = Arc::clone(&self.inner.credentials);
        tokio::task::spawn_blocking(move || work(credentials.as_ref()))
            .await
            .map_err(|error| Error::Protocol(error.to_string()))?
            .map_err(Error::Credentials)
    }
}
