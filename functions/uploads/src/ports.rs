use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use straightway_core::seal::SealingKey;
use straightway_core::settings::{InstantUpload, OwnerLimits, UrlLives};
use straightway_core::{Limits, ports::Requests};
use straightway_http::{Authenticator, Cursors};
use straightway_lifecycle::Lifecycle;

/// What this function reaches: exactly what its role grants.
#[derive(Clone)]
pub struct Ports {
    /// Catalog, primary store, finalizer's queue and clock, under the protocol.
    pub lifecycle: Lifecycle,
    /// Counters of what an owner does.
    pub limits: Arc<dyn Limits>,
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
    /// Public origin of the API: part of every proof.
    pub origin: String,
    /// Whose content an upload may find.
    pub instant: InstantUpload,
    /// How long presigned URLs live.
    pub lives: UrlLives,
    /// How often an owner may do what costs money.
    pub limits: OwnerLimits,
    /// Who may sign up, as `capabilities` says it.
    pub signup: String,
    /// How long a call works inline before it answers `verifying`.
    pub inline: Duration,
    /// Seals challenges; decides the ranges they ask for.
    pub challenges: SealingKey,
    /// Seals cursors.
    pub cursors: Cursors,
}

/// API Gateway ends a call at 30 s; what is left pays for a cold start.
pub(crate) const INLINE: Duration = Duration::from_secs(20);

impl Settings {
    /// Settings whose keys are derived from the deployment's secret; everything else as the design has it.
    pub fn new(origin: String, secret: &[u8]) -> Self {
        Self {
            origin,
            instant: InstantUpload::Global,
            lives: UrlLives::default(),
            limits: OwnerLimits::default(),
            signup: "invite".to_owned(),
            inline: INLINE,
            challenges: SealingKey::derive(secret, "challenge"),
            cursors: Cursors::derive(secret),
        }
    }
}

impl FromRef<Ports> for Authenticator {
    fn from_ref(ports: &Ports) -> Self {
        ports.authenticator.clone()
    }
}

/// 128 fresh random bits for an id.
///
/// # Errors
/// When the operating system has none.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], straightway_core::Error> {
    let mut bits = [0; N];
    getrandom::fill(&mut bits)
        .map_err(|error| straightway_core::Error::internal(format!("no random numbers: {error}")))?;
    Ok(bits)
}
