use axum::extract::State;
use http::StatusCode;
use straightway_core::SessionId;
use straightway_http::{Caller, NoParams, PathId, Problem};

use crate::Ports;

/// Gives an upload up: its parts are freed, its quota is given back. Repeatable.
#[utoipa::path(
    delete, path = "/v1/uploads/{id}",
    params(("id" = String, Path, description = "Upload session")),
    responses((status = 204), straightway_http::openapi::Problems),
)]
pub(crate) async fn cancel_upload(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    id: PathId<SessionId>,
    _: NoParams,
) -> Result<StatusCode, Problem> {
    ports.lifecycle.cancel(&owner, &id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
