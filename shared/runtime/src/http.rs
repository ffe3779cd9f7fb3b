//! An HTTP function on Lambda.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::Router;
use axum::response::Response;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use straightway_http::{EdgeConfig, PeerAddress, edge};
use tower::ServiceExt;

/// Serves a function's routes until Lambda ends the process. The client's address is what API Gateway says.
///
/// # Errors
/// When Lambda's runtime ends.
pub async fn serve(router: Router, config: EdgeConfig) -> anyhow::Result<()> {
    let router = edge(router, config);
    let handler = lambda_http::service_fn(move |mut request: Request| {
        let router = router.clone();
        if let Some(peer) = peer(&request) {
            request.extensions_mut().insert(PeerAddress(peer));
        }
        async move { Ok::<Response, Infallible>(answer(router, request).await) }
    });
    lambda_http::run(handler).await.map_err(anyhow::Error::from_boxed)
}

async fn answer(router: Router, request: Request) -> Response {
    match router.oneshot(request.map(into_axum)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn into_axum(body: lambda_http::Body) -> axum::body::Body {
    match body {
        lambda_http::Body::Text(text) => text.into(),
        lambda_http::Body::Binary(bytes) => bytes.into(),
        _ => axum::body::Body::empty(),
    }
}

fn peer(request: &Request) -> Option<IpAddr> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref()?.parse().ok(),
        _ => None,
    }
}
