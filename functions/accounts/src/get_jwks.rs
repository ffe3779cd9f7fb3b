use axum::Json;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::CACHE_CONTROL;
use straightway_http::openapi::Problems;
use straightway_http::{Jwks, NoParams};

use crate::ports::Ports;

/// The keys that verify access tokens. A key stands here for at least 5 minutes before it signs.
#[utoipa::path(get, path = "/.well-known/jwks.json", security(()),
    responses((status = 200, description = "A JSON Web Key Set", body = Jwks), Problems))]
pub(crate) async fn get_jwks(State(ports): State<Ports>, _: NoParams) -> ([(HeaderName, &'static str); 1], Json<Jwks>) {
    ([(CACHE_CONTROL, "public, max-age=300")], Json(ports.jwks().clone()))
}
