use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use straightway_api::files as api;
use straightway_core::ports::Requests;
use straightway_core::settings::UrlLives;
use straightway_core::{Entry, EntryId, Error, OwnerId};
use straightway_http::wire::entry_with_file;
use straightway_http::{Authenticator, Cursors};
use straightway_lifecycle::Lifecycle;

/// What this function reaches: exactly what its role grants.
#[derive(Clone)]
pub struct Ports {
    /// Catalog, primary store, finalizer's queue and clock, under the protocol.
    pub lifecycle: Lifecycle,
    /// Idempotency keys.
    pub requests: Arc<dyn Requests>,
    /// Who calls.
    pub authenticator: Authenticator,
    /// What the deployment chose.
    pub settings: Arc<Settings>,
}

/// What the deployment chose.
#[derive(Debug)]
pub struct Settings {
    /// How long presigned URLs live.
    pub lives: UrlLives,
    /// How long a call works inline before it goes on as a job.
    pub inline: Duration,
    /// Seals cursors.
    pub cursors: Cursors,
}

impl Settings {
    /// Settings whose keys are derived from the deployment's secret; everything else as the design has it.
    pub fn new(secret: &[u8]) -> Self {
        // API Gateway ends a call at 30 s; what is left pays for a cold start.
        Self { lives: UrlLives::default(), inline: Duration::from_secs(20), cursors: Cursors::derive(secret) }
    }
}

impl FromRef<Ports> for Authenticator {
    fn from_ref(ports: &Ports) -> Self {
        ports.authenticator.clone()
    }
}

impl Ports {
    /// The owner's entry with this id.
    ///
    /// # Errors
    /// `NotFound`, for another owner's too.
    pub(crate) async fn entry_of(&self, owner: &OwnerId, id: &EntryId) -> Result<Entry, Error> {
        self.lifecycle.catalog.entry(owner, id).await?.ok_or(Error::NotFound)
    }

    /// An entry with what its file's record adds.
    pub(crate) async fn shown(&self, entry: &Entry) -> Result<api::Entry, Error> {
        let file = match entry.file() {
            Some(key) => self.lifecycle.catalog.file(key).await?,
            None => None,
        };
        Ok(entry_with_file(entry, file.as_ref()))
    }
}

/// 128 fresh random bits for an id.
///
/// # Errors
/// When the operating system has none.
pub(crate) fn random() -> Result<[u8; 16], Error> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| Error::internal(format!("no random numbers: {error}")))?;
    Ok(bits)
}
