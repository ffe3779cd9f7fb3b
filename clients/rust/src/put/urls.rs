//! Presigned URLs of one session: asked for in batches, together with the report of what is done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use straightway_api::uploads::{PartToSign, SignParts, SignedPart};
use straightway_core::{PartNumber, PartPlan};

use crate::api::Api;
use crate::error::Error;
use crate::hash::Hashed;

/// Parts asked for in one call.
pub(super) const BATCH: usize = 32;
/// A URL that ends within this time is not used: the store looks at it only when the request arrives.
const MARGIN: Duration = Duration::from_secs(5);

/// A signed part and when its URL ends.
#[derive(Clone)]
pub(super) struct Signed {
    pub(super) part: SignedPart,
    until: Instant,
}

impl Signed {
    fn new(part: SignedPart) -> Self {
        // By the server's own count of seconds: the clocks may differ.
        let until = Instant::now() + Duration::from_secs(part.expires_in.min(7 * 24 * 3600)).saturating_sub(MARGIN);
        Self { part, until }
    }

    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// The URLs of one session.
pub(super) struct PartUrls<'a> {
    api: &'a Api,
    session_id: &'a str,
    hashed: &'a Hashed,
    pool: tokio::sync::Mutex<Pool>,
    done: Mutex<Vec<u32>>,
}

/// What is signed and unused, and what was never asked for.
struct Pool {
    ready: BTreeMap<PartNumber, Signed>,
    unasked: BTreeSet<PartNumber>,
}

impl<'a> PartUrls<'a> {
    /// The URLs for the parts in `missing`; `signed` came with the session.
    pub(super) fn new(
        api: &'a Api,
        session_id: &'a str,
        hashed: &'a Hashed,
        missing: &[PartNumber],
        signed: Vec<SignedPart>,
    ) -> Result<Self, Error> {
        let mut pool = Pool { ready: BTreeMap::new(), unasked: missing.iter().copied().collect() };
        pool.add(&hashed.plan, signed)?;
        Ok(Self { api, session_id, hashed, pool: tokio::sync::Mutex::new(pool), done: Mutex::default() })
    }

    /// A fresh URL for a part: one that is at hand, else one asked for together with those that come next.
    pub(super) async fn take(&self, number: PartNumber) -> Result<Signed, Error> {
        let mut pool = self.pool.lock().await;
        if let Some(signed) = pool.ready.remove(&number).filter(|signed| !signed.is_over()) {
            return Ok(signed);
        }
        let numbers = pool.next_batch(number);
        let done = std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner));
        let request = SignParts { sign: parts_to_sign(self.hashed, &numbers), done, expires_in: None };
        let answer = self.api.sign_parts(self.session_id, &request).await?;
        pool.add(&self.hashed.plan, answer.parts)?;
        pool.ready.remove(&number).ok_or_else(|| Error::Protocol(format!("part {number} was not signed")))
    }

    /// To be reported with the next call.
    pub(super) fn is_done(&self, number: PartNumber) {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push(number.get().into());
    }
}

/// What to ask for: numbers with their leaf hashes.
pub(super) fn parts_to_sign(hashed: &Hashed, numbers: &[PartNumber]) -> Vec<PartToSign> {
    let one = |number: &PartNumber| PartToSign {
        part_number: number.get().into(),
        leaf_hash: Some(hashed.leaf(*number).to_hex()),
    };
    numbers.iter().map(one).collect()
}

impl Pool {
    /// The wanted part, and after it what was never asked for or has ended unused.
    fn next_batch(&mut self, wanted: PartNumber) -> Vec<PartNumber> {
        self.unasked.extend(self.ready.extract_if(.., |_, signed| signed.is_over()).map(|(number, _)| number));
        self.unasked.remove(&wanted);
        let mut numbers = vec![wanted];
        while numbers.len() < BATCH {
            let Some(next) = self.unasked.pop_first() else { break };
            numbers.push(next);
        }
        numbers
    }

    fn add(&mut self, plan: &PartPlan, signed: Vec<SignedPart>) -> Result<(), Error> {
        for part in signed {
            let number = PartNumber::new(part.part_number.into()).ok().filter(|number| {
                plan.part(*number).is_some_and(|ours| (ours.offset, ours.size_bytes) == (part.offset, part.size_bytes))
            });
            let number =
                number.ok_or_else(|| Error::Protocol(format!("part {} is not in the plan", part.part_number)))?;
            self.unasked.remove(&number);
            self.ready.insert(number, Signed::new(part));
        }
        Ok(())
    }
}
