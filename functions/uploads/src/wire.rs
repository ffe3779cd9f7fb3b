//! From our records to what clients see.

use jiff::Timestamp;
use straightway_api::uploads as api;
use straightway_core::ports::{Abilities, SignedRequest};
use straightway_core::session::{self, Progress};
use straightway_core::{Entry, Error, Integrity, PartNumber, PartPlan, SessionState, UploadMethod, UploadSession};
use straightway_http::wire::{entry_with_file, seconds_until};

use crate::Ports;

impl Ports {
    /// A session as its owner sees it: with the entry once it is stored.
    pub(crate) async fn session(&self, session: &UploadSession) -> Result<api::Session, Error> {
        let entry = match session.state {
            SessionState::Stored => self.lifecycle.catalog.entry(&session.owner_id, &session.entry_id).await?,
            _ => None,
        };
        self.session_with_entry(session, entry.as_ref()).await
    }

    /// A session with an entry that was just read.
    pub(crate) async fn session_with_entry(
        &self,
        session: &UploadSession,
        entry: Option<&Entry>,
    ) -> Result<api::Session, Error> {
        let entry = match entry {
            Some(entry) => Some(self.entry(entry).await?),
            None => None,
        };
        let declared = session.content_hash.map(|hash| hash.to_hex());
        Ok(api::Session {
            session_id: session.session_id.to_string(),
            state: state(session.state),
            name: session.name.to_string(),
            parent_id: session.parent.to_string(),
            size_bytes: session.plan.size_bytes(),
            content_type: session.content_type.clone(),
            method: method(session.method),
            integrity: integrity(session.integrity),
            part_size: session.plan.part_size(),
            part_count: session.plan.part_count(),
            content_hash: declared.or_else(|| entry.as_ref().and_then(|entry| entry.content_hash.clone())),
            client_modified_at: session.client_modified_at,
            metadata: session.metadata.pairs().clone(),
            created_at: session.created_at,
            expires_at: session.expires_at,
            expires_in: seconds_until(session.expires_at, self.lifecycle.clock.now()),
            progress: progress(session.progress()),
            reason: session.reason.map(|reason| reason.as_str().to_owned()),
            entry,
            missing: None,
        })
    }

    /// An entry with what its file's record adds.
    pub(crate) async fn entry(&self, entry: &Entry) -> Result<straightway_api::files::Entry, Error> {
        let file = match entry.file() {
            Some(key) => self.lifecycle.catalog.file(key).await?,
            None => None,
        };
        Ok(entry_with_file(entry, file.as_ref()))
    }
}

/// A signed request as a part; `None` for a number outside the plan.
pub(crate) fn signed_part(
    session: &UploadSession,
    number: PartNumber,
    request: SignedRequest,
    now: Timestamp,
) -> Option<api::SignedPart> {
    let part = session.part(number)?;
    Some(api::SignedPart {
        part_number: number.get(),
        offset: part.offset,
        size_bytes: part.size_bytes,
        method: "PUT".to_owned(),
        url: request.url,
        headers: request.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        expires_at: request.expires_at,
        expires_in: seconds_until(request.expires_at, now),
    })
}

/// A plan with the method that this server has for it.
pub(crate) fn part_plan(plan: &PartPlan, abilities: Abilities) -> api::PartPlan {
    api::PartPlan {
        method: method(method_for(plan, abilities)),
        part_size: plan.part_size(),
        part_count: plan.part_count(),
    }
}

/// One PUT for one part, where the store refuses a second one; else parts, which only we complete.
pub(crate) const fn method_for(plan: &PartPlan, abilities: Abilities) -> UploadMethod {
    if plan.is_single() && abilities.conditional_put { UploadMethod::Put } else { UploadMethod::Multipart }
}

const fn method(method: UploadMethod) -> api::Method {
    match method {
        UploadMethod::Put => api::Method::Put,
        UploadMethod::Multipart => api::Method::Multipart,
    }
}

const fn integrity(integrity: Integrity) -> api::Integrity {
    match integrity {
        Integrity::Leaf => api::Integrity::Leaf,
        Integrity::Read => api::Integrity::Read,
    }
}

const fn state(state: SessionState) -> api::State {
    match state {
        SessionState::Open => api::State::Open,
        SessionState::Verifying => api::State::Verifying,
        SessionState::Stored => api::State::Stored,
        SessionState::Rejected => api::State::Rejected,
        SessionState::Aborted => api::State::Aborted,
        SessionState::Expired => api::State::Expired,
    }
}

/// How far an upload is.
pub(crate) const fn progress(progress: Progress) -> api::Progress {
    api::Progress { parts: progress.parts, bytes: progress.bytes, percent: progress.percent }
}

/// How far an upload is of which the store lacks these parts: what the store says counts, not what was reported.
pub(crate) fn progress_without(session: &UploadSession, missing: &[[u16; 2]]) -> api::Progress {
    let lacks = |number: PartNumber| missing.iter().any(|[first, last]| (*first..=*last).contains(&number.get()));
    progress(session::progress(&session.plan, |number| !lacks(number)))
}
