//! The gateway: every function's routes behind one way in, as API Gateway has them in the cloud.

use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::json;
use straightway_http::{EdgeConfig, edge, openapi};
use utoipa::openapi::OpenApi;

/// What `/readyz` waits for at most.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// The ports of every HTTP function.
#[derive(Clone)]
pub struct Functions {
    /// Sign up, sign in.
    pub accounts: straightway_accounts::Ports,
    /// Uploads.
    pub uploads: straightway_uploads::Ports,
    /// Files and folders.
    pub files: straightway_files::Ports,
}

/// All routes of the API.
pub fn router(functions: Functions, config: EdgeConfig) -> Router {
    let store = functions.uploads.lifecycle.store.clone();
    let ready = async move || {
        // A key that cannot be there: what counts is that the store answers.
        let canary = straightway_core::ObjectKey::of_session(&straightway_core::SessionId::from_random([0; 16]));
        match tokio::time::timeout(READY_WITHIN, store.head(&canary)).await {
            Ok(Ok(_)) => (StatusCode::OK, Json(json!({"status": "ready"}))),
            Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "unavailable"}))),
        }
    };
    let routes = straightway_accounts::router(functions.accounts)
        .merge(straightway_uploads::router(functions.uploads))
        .merge(straightway_files::router(functions.files))
        .merge(openapi::serve(&document()))
        .route("/healthz", get(async || Json(json!({"status": "ok"}))))
        .route("/readyz", get(ready));
    edge(routes, config)
}

/// The OpenAPI document of the whole API.
pub fn document() -> OpenApi {
    let functions = [
        straightway_accounts::routes().into_openapi(),
        straightway_uploads::routes().into_openapi(),
        straightway_files::routes().into_openapi(),
    ];
    openapi::document(functions, env!("CARGO_PKG_VERSION"))
}
