use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use straightway_api::List;
use straightway_api::uploads::Session;
use straightway_core::SessionId;
use straightway_http::{Caller, Params, Problem, page_limit};
use utoipa::IntoParams;

use crate::Ports;

const LIST: &str = "uploads";

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// Items on the page: 1 to 1,000.
    #[param(default = 100, minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// The former page's `next_cursor`.
    cursor: Option<String>,
}

/// The caller's live uploads.
#[utoipa::path(
    get, path = "/v1/uploads", params(PageParams),
    responses((status = 200, body = List<Session>), straightway_http::openapi::Problems),
)]
pub(crate) async fn list_uploads(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Session>>, Problem> {
    let limit = page_limit(page.limit)?;
    let cursors = &ports.settings.cursors;
    let after: Option<String> = cursors.open(&owner, LIST, page.cursor.as_deref())?;
    let after = after.as_deref().and_then(SessionId::parse);
    let found = ports.lifecycle.catalog.live_sessions(&owner, after.as_ref(), limit).await?;
    let mut items = Vec::with_capacity(found.items.len());
    for session in &found.items {
        items.push(ports.session_with_entry(session, None).await?);
    }
    let next_cursor = found.next.map(|id| cursors.seal(&owner, LIST, &id.as_str()));
    Ok(Json(List { items, next_cursor }))
}
