//! Presigned requests for the parts of a session.

use std::time::Duration;

use straightway_api::uploads as api;
use straightway_core::ports::{PartToSign, RecordedMultipart, SignedRequest};
use straightway_core::{
    ContentHash, Error, Integrity, LeafHash, MultipartUploadId, PartNumber, PartPlan, UploadMethod, UploadSession,
    Violation,
};

use crate::{Ports, wire};

/// A part that a client wants signed, checked against the session's plan.
pub(crate) type Wanted = (PartNumber, Option<LeafHash>);

/// What decides which parts can be signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartRules {
    pub(crate) plan: PartPlan,
    pub(crate) integrity: Integrity,
    pub(crate) content_hash: Option<ContentHash>,
}

impl From<&UploadSession> for PartRules {
    fn from(session: &UploadSession) -> Self {
        Self { plan: session.plan, integrity: session.integrity, content_hash: session.content_hash }
    }
}

/// Checks the parts that a request asks for. `pointer` is where they stand in the body.
///
/// # Errors
/// `Invalid` for numbers outside the plan, broken hashes, and hashes that `leaf` needs and are missing.
pub(crate) fn wanted(rules: PartRules, parts: &[api::PartToSign], pointer: &str) -> Result<Vec<Wanted>, Error> {
    let check = |(index, part): (usize, &api::PartToSign)| {
        let at = |field: &str| format!("{pointer}/{index}/{field}");
        let number = part_number(&rules.plan, part.part_number).map_err(|violation| violation.at(at("part_number")))?;
        let leaf = part.leaf_hash.as_deref().map(LeafHash::from_hex).transpose();
        let leaf = leaf.map_err(|violation| violation.at(at("leaf_hash")))?;
        check_leaf(rules, leaf).map_err(|violation| violation.at(at("leaf_hash")))?;
        Ok((number, leaf))
    };
    let (mut wanted, mut violations) = (Vec::with_capacity(parts.len()), Vec::new());
    for part in parts.iter().enumerate() {
        match check(part) {
            Ok(part) => wanted.push(part),
            Err(violation) => violations.push(violation),
        }
    }
    if violations.is_empty() { Ok(wanted) } else { Err(Error::Invalid(violations)) }
}

/// A part number of the plan.
pub(crate) fn part_number(plan: &PartPlan, number: u32) -> Result<PartNumber, Violation> {
    let number = PartNumber::new(number.into())?;
    match plan.part(number) {
        Some(_) => Ok(number),
        None => Err(Violation::new("range", format!("this upload has {} parts", plan.part_count()))),
    }
}

fn check_leaf(rules: PartRules, leaf: Option<LeafHash>) -> Result<(), Violation> {
    if rules.integrity == Integrity::Read {
        return Ok(());
    }
    let Some(leaf) = leaf else {
        return Err(Violation::new("required", "integrity `leaf` needs every part's hash"));
    };
    match rules.content_hash {
        Some(content_hash) if rules.plan.is_single() && content_hash != leaf.into() => {
            Err(Violation::new("hash", "the content hash of one part is its leaf hash; these differ"))
        }
        _ => Ok(()),
    }
}

impl Ports {
    /// Signs parts of an open session. Leaf hashes are recorded first; the store learns of a multipart upload when its
    /// first part is signed.
    pub(crate) async fn sign(
        &self,
        session: &UploadSession,
        wanted: &[Wanted],
        life: Option<Duration>,
    ) -> Result<Vec<api::SignedPart>, Error> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let signed = match session.method {
            UploadMethod::Put => self.sign_put(session, wanted, life)?,
            UploadMethod::Multipart => self.sign_multipart(session, wanted, life).await?,
        };
        let now = self.lifecycle.clock.now();
        let parts = wanted.iter().zip(signed);
        Ok(parts.filter_map(|((number, _), request)| wire::signed_part(session, *number, request, now)).collect())
    }

    fn sign_put(
        &self,
        session: &UploadSession,
        wanted: &[Wanted],
        life: Option<Duration>,
    ) -> Result<Vec<SignedRequest>, Error> {
        let life = life.unwrap_or(self.settings.lives.put).min(self.settings.lives.put);
        let (key, size, now) = (session.object_key(), session.plan.size_bytes(), self.lifecycle.clock.now());
        let sign = |(_, leaf): &Wanted| {
            let leaf = leaf.filter(|_| session.integrity == Integrity::Leaf);
            self.lifecycle.store.sign_put(&key, size, leaf, life, now)
        };
        wanted.iter().map(sign).collect()
    }

    async fn sign_multipart(
        &self,
        session: &UploadSession,
        wanted: &[Wanted],
        life: Option<Duration>,
    ) -> Result<Vec<SignedRequest>, Error> {
        let life = life.unwrap_or(self.settings.lives.part).min(self.settings.lives.part);
        let multipart_id = self.multipart_of(session).await?;
        let leaf_of = |leaf: Option<LeafHash>| leaf.filter(|_| session.integrity == Integrity::Leaf);
        let leaves: Vec<_> =
            wanted.iter().filter_map(|(number, leaf)| leaf_of(*leaf).map(|leaf| (*number, leaf))).collect();
        if !leaves.is_empty() {
            self.lifecycle.catalog.record_leaves(&session.session_id, &leaves).await?;
        }
        let parts: Vec<_> = wanted
            .iter()
            .filter_map(|(number, leaf)| {
                let size_bytes = session.part(*number)?.size_bytes;
                Some(PartToSign { part_number: *number, size_bytes, leaf_hash: leaf_of(*leaf) })
            })
            .collect();
        let now = self.lifecycle.clock.now();
        self.lifecycle.store.sign_parts(&session.object_key(), &multipart_id, &parts, life, now)
    }

    /// The session's multipart upload; made now if it has none. The loser of a race aborts its own.
    async fn multipart_of(&self, session: &UploadSession) -> Result<MultipartUploadId, Error> {
        if let Some(id) = &session.multipart_id {
            return Ok(id.clone());
        }
        let (store, key) = (&self.lifecycle.store, session.object_key());
        let own = store.start_multipart(&key, session.integrity).await?;
        match self.lifecycle.catalog.record_multipart(&session.session_id, &own).await? {
            RecordedMultipart::Done => Ok(own),
            RecordedMultipart::Other(id) => {
                store.abort_multipart(&key, &own).await?;
                Ok(id)
            }
            RecordedMultipart::NotOpen(state) => {
                store.abort_multipart(&key, &own).await?;
                Err(Error::Gone { state, reason: None })
            }
        }
    }
}
