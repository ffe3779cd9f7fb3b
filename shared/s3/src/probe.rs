//! Seeing what a store does, before it is trusted with anything.

mod canary;
mod report;
mod send;

pub use report::{Check, Outcome, ProbeReport};

use std::time::Duration;

use jiff::Timestamp;
use straightway_core::Error;
use straightway_core::ports::Abilities;

use crate::{S3Config, S3Store, Timeouts};
use canary::Canaries;

/// 5 MiB over a slow line.
const PATIENCE: Duration = Duration::from_mins(2);

impl S3Store {
    /// Tries the store on canary objects (`probe/<random>`, removed afterwards) with requests as clients send them,
    /// but to our own endpoint: the public one need not be reachable from here. Sends about 5 MiB.
    ///
    /// What fails is logged and is missing in [`ProbeReport::abilities`].
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer, and whatever stands in the way of a plain PUT: then nothing was
    /// learnt about the store.
    pub async fn probe(config: &S3Config, now: Timestamp) -> Result<ProbeReport, Error> {
        let timeouts = Timeouts { attempt: PATIENCE, call: PATIENCE, ..config.timeouts };
        let config = S3Config { public_url: None, timeouts, ..config.clone() };
        let everything = Abilities { vouches: true, conditional_put: true };
        let canaries = Canaries::new(Self::new(&config, everything).await?, now)?;

        let report = canaries.fly().await;
        canaries.remove().await;

        let report = report?;
        report.log();
        Ok(report)
    }
}
