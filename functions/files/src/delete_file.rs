use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::SignedDuration;
use serde::Deserialize;
use straightway_api::files::{Job, JobState};
use straightway_core::{EntryId, JobId};
use straightway_http::{Caller, IfMatch, Params, PathId, Problem};
use straightway_lifecycle::PurgeProgress;
use utoipa::IntoParams;

use crate::Ports;
use crate::ports::random;

/// How to delete.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteParams {
    /// `true`: not to the trash. Until there is a trash, every deletion is permanent.
    #[expect(dead_code, reason = "checked and documented; both values mean the same until there is a trash")]
    permanent: Option<bool>,
}

/// Deletes a file, or a folder with all that is below. A large folder goes on as a job.
#[utoipa::path(
    delete, path = "/v1/files/{id}",
    params(("id" = String, Path, description = "Entry"), DeleteParams,
        ("If-Match" = Option<String>, Header, description = "Only if it still has this ETag")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 202, body = Job, description = "What is below is still being deleted"),
        straightway_http::openapi::Problems,
    ),
)]
pub(crate) async fn delete_file(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    PathId(id): PathId<EntryId>,
    _checked: Params<DeleteParams>,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    let seen = ports.entry_of(&owner, &id).await?.revision;
    if_match.check(seen)?;
    let revision = (if_match != IfMatch::default()).then_some(seen);
    let inline = SignedDuration::try_from(ports.settings.inline).unwrap_or(SignedDuration::ZERO);
    let deadline = ports.lifecycle.clock.now() + inline;
    let new_job = JobId::from_random(random()?);
    match ports.lifecycle.purge(&owner, &id, revision, new_job, deadline).await? {
        PurgeProgress::Done => Ok(StatusCode::NO_CONTENT.into_response()),
        PurgeProgress::Goes(job) => {
            let job = Job { job_id: job.to_string(), state: JobState::Running };
            Ok((StatusCode::ACCEPTED, Json(job)).into_response())
        }
    }
}
