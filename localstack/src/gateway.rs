//! The gateway: every function's routes behind one way in, as API Gateway has them in the cloud.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::map_request;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue};
use serde_json::json;
use straightway_http::{EdgeConfig, edge, openapi};
use utoipa::openapi::OpenApi;

use crate::s3::S3Service;

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

/// The API and, on the same port, the objects of a bucket under `/{bucket}/`: what presigned URLs name. The bucket
/// judges `Host` and `Origin` itself.
pub fn with_bucket(api: Router, bucket: &str, s3: S3Service) -> Router {
    let objects = Router::new().route_service(&format!("/{bucket}/{{*key}}"), s3);
    objects.layer(map_request(without_bearer)).fallback_service(api)
}

/// Clients that follow a redirect within one origin send their token along, which is none of the bucket's business.
async fn without_bearer(mut request: Request) -> Request {
    let token = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    if token.and_then(|value| value.get(..7)).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"Bearer ")) {
        request.headers_mut().remove(AUTHORIZATION);
    }
    request
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
