use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::ETAG;
use straightway_api::files as api;
use straightway_core::{Entry, EntryId};
use straightway_http::{Caller, NoParams, PathId, Problem, etag};

use crate::Ports;

/// A file or folder.
#[utoipa::path(
    get, path = "/v1/files/{id}",
    params(("id" = String, Path, description = "Entry")),
    responses((status = 200, body = api::Entry), straightway_http::openapi::Problems),
)]
pub(crate) async fn get_file(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    PathId(id): PathId<EntryId>,
    _: NoParams,
) -> Result<Response, Problem> {
    let entry = ports.entry_of(&owner, &id).await?;
    answer(&ports, &entry).await
}

/// An entry as an answer: its revision is the ETag.
pub(crate) async fn answer(ports: &Ports, entry: &Entry) -> Result<Response, Problem> {
    Ok(([(ETAG, etag(entry.revision))], Json(ports.shown(entry).await?)).into_response())
}
