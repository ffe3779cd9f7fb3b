use std::time::Duration;

use axum::Json;
use axum::extract::State;
use jiff::SignedDuration;
use serde::Deserialize;
use straightway_api::uploads::Session;
use straightway_core::{Error, OwnerId, SessionId, SessionState, UploadMethod, UploadSession, Violation};
use straightway_http::{Caller, Params, PathId, Problem};
use tokio::time::{Instant, sleep, timeout};
use utoipa::IntoParams;

use crate::Ports;
use crate::limits::Counted;
use crate::wire::progress_without;

/// Longest wait for a change, in seconds (API Gateway ends a call at 30).
const MAX_WAIT: u64 = 20;
/// How often a waiting call looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How to look.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LookParams {
    /// Seconds to wait for the state to change: 0 to 20.
    #[param(default = 0, maximum = 20)]
    wait: Option<u64>,
    /// `true`: ask the store which parts are missing.
    missing: Option<bool>,
}

/// An upload session; with `missing=true` as the store sees it.
#[utoipa::path(
    get, path = "/v1/uploads/{id}",
    params(("id" = String, Path, description = "Upload session"), LookParams),
    responses((status = 200, body = Session), straightway_http::openapi::Problems),
)]
pub(crate) async fn get_upload(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    id: PathId<SessionId>,
    Params(look): Params<LookParams>,
) -> Result<Json<Session>, Problem> {
    let wait = look.wait.unwrap_or(0);
    if wait > MAX_WAIT {
        return Err(Error::invalid("wait", Violation::new("range", "must be 0 to 20 seconds")).into());
    }
    let session = ports.session_of(&owner, &id.0).await?;
    let session = ports.finalize_unannounced(session).await?;
    let session = ports.wait_for_change(&owner, session, Duration::from_secs(wait)).await?;
    let mut answer = ports.session(&session).await?;
    if look.missing == Some(true) {
        let missing = ports.missing(&owner, &session).await?;
        answer.progress = progress_without(&session, &missing);
        answer.missing = Some(missing);
    }
    Ok(Json(answer))
}

impl Ports {
    /// Parts that the store does not have; none of a session that has become a file, all of one that ended otherwise.
    pub(crate) async fn missing(&self, owner: &OwnerId, session: &UploadSession) -> Result<Vec<[u16; 2]>, Error> {
        match session.state {
            SessionState::Stored => Ok(Vec::new()),
            state if state.is_live() => {
                self.count(owner, Counted::StoreCall).await?;
                self.lifecycle.missing_parts(session).await
            }
            _ => Ok(vec![[1, session.plan.part_count()]]),
        }
    }

    /// Finalizes a single PUT whose event is late or lost.
    async fn finalize_unannounced(&self, session: UploadSession) -> Result<UploadSession, Error> {
        if session.state != SessionState::Open || session.method != UploadMethod::Put {
            return Ok(session);
        }
        let inline = self.settings.inline;
        let deadline = self.lifecycle.clock.now() + SignedDuration::try_from(inline).unwrap_or(SignedDuration::ZERO);
        if let Ok(finalized) = timeout(inline, self.lifecycle.finalize(&session.session_id, deadline)).await {
            finalized?;
        }
        self.session_of(&session.owner_id, &session.session_id).await
    }

    async fn wait_for_change(
        &self,
        owner: &OwnerId,
        mut session: UploadSession,
        wait: Duration,
    ) -> Result<UploadSession, Error> {
        let until = Instant::now() + wait;
        let before = session.state;
        while session.state == before && before.is_live() && Instant::now() < until {
            sleep(LOOK_EVERY.min(until - Instant::now())).await;
            session = self.session_of(owner, &session.session_id).await?;
        }
        Ok(session)
    }
}
