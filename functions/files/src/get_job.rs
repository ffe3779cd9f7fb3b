use axum::Json;
use axum::extract::State;
use straightway_api::files::{Job, JobState};
use straightway_core::{Error, JobId};
use straightway_http::{Caller, NoParams, PathId, Problem};

use crate::Ports;

/// Work that goes on after its request was answered.
#[utoipa::path(
    get, path = "/v1/jobs/{id}",
    params(("id" = String, Path, description = "Job")),
    responses((status = 200, body = Job), straightway_http::openapi::Problems),
)]
pub(crate) async fn get_job(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    PathId(id): PathId<JobId>,
    _: NoParams,
) -> Result<Json<Job>, Problem> {
    let job = ports.lifecycle.catalog.job(&id).await?.filter(|job| job.owner_id == owner).ok_or(Error::NotFound)?;
    let state = if job.pending.is_empty() { JobState::Done } else { JobState::Running };
    Ok(Json(Job { job_id: job.job_id.to_string(), state }))
}
