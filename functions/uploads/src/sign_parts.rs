use std::time::Duration;

use axum::Json;
use axum::extract::State;
use straightway_api::uploads::{PartsSigned, SignParts};
use straightway_core::{Conflict, Error, SessionId, SessionState, UploadSession, Violation};
use straightway_http::{Caller, JsonBody, NoParams, NoStore, PathId, Problem};

use crate::limits::Counted;
use crate::{Ports, signing, wire};

/// Most parts to sign, and to report, in one call.
pub(crate) const MAX_PARTS_PER_CALL: u32 = 1_000;
/// 1 MiB: 1,000 parts with their hashes and some air.
const MAX_BODY: usize = 1 << 20;

/// Signs parts of an upload, and takes note of finished ones in the same call.
#[utoipa::path(
    post, path = "/v1/uploads/{id}/parts",
    params(("id" = String, Path, description = "Upload session")),
    request_body = SignParts,
    responses((status = 200, body = PartsSigned), straightway_http::openapi::Problems),
)]
pub(crate) async fn sign_parts(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    id: PathId<SessionId>,
    _: NoParams,
    JsonBody(request): JsonBody<SignParts, MAX_BODY>,
) -> Result<NoStore<Json<PartsSigned>>, Problem> {
    check_counts(&request)?;
    let session = ports.session_of(&owner, &id.0).await?;
    require_open(&session)?;
    let wanted = signing::wanted((&session).into(), &request.sign, "/sign")?;
    let done = done(&session, &request.done)?;
    ports.count(&owner, Counted::Sign).await?;
    let session = ports.lifecycle.catalog.record_done(&session, &done, ports.lifecycle.clock.now()).await?;
    require_open(&session)?;
    let signed = ports.sign(&session, &wanted, request.expires_in.map(Duration::from_secs)).await?;
    Ok(NoStore(Json(PartsSigned { parts: signed, progress: wire::progress(session.progress()) })))
}

fn check_counts(request: &SignParts) -> Result<(), Error> {
    let most = MAX_PARTS_PER_CALL as usize;
    let too_many = |pointer: &str| Violation::new("too-many", "at most 1000 parts a call").at(pointer);
    let mut violations = Vec::new();
    if request.sign.len() > most {
        violations.push(too_many("/sign"));
    }
    if request.done.len() > most {
        violations.push(too_many("/done"));
    }
    if request.expires_in == Some(0) {
        violations.push(Violation::new("range", "must be at least 1 second").at("/expires_in"));
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::Invalid(violations)) }
}

fn done(session: &UploadSession, numbers: &[u32]) -> Result<Vec<straightway_core::PartNumber>, Error> {
    let check = |(index, number): (usize, &u32)| {
        signing::part_number(&session.plan, *number)
            .map_err(|violation| Error::invalid(format!("/done/{index}"), violation))
    };
    numbers.iter().enumerate().map(check).collect()
}

fn require_open(session: &UploadSession) -> Result<(), Error> {
    match session.state {
        SessionState::Open => Ok(()),
        SessionState::Verifying => Err(Error::Conflict(Conflict::InProgress)),
        SessionState::Stored => Err(Error::Conflict(Conflict::AlreadyStored)),
        state => Err(Error::Gone { state, reason: session.reason }),
    }
}

impl Ports {
    /// The owner's session with this id.
    ///
    /// # Errors
    /// `NotFound`, for another owner's too.
    pub(crate) async fn session_of(
        &self,
        owner: &straightway_core::OwnerId,
        id: &SessionId,
    ) -> Result<UploadSession, Error> {
        let session = self.lifecycle.catalog.session(id).await?;
        session.filter(|session| session.owner_id == *owner).ok_or(Error::NotFound)
    }
}
