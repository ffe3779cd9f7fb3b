use std::collections::HashSet;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use futures::FutureExt;
use http::header::HOST;
use http::{HeaderName, HeaderValue, Method};
use tracing::Instrument;

use crate::address::{self, ClientAddress};
use crate::cors::Cors;
use crate::{Problem, kind};

/// On every answer; names the request in our logs.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a deployment says about the way in.
#[derive(Clone, Debug, Default)]
pub struct EdgeConfig {
    /// Which web pages may use the API.
    pub cors: Cors,
    /// The only `Host` values that are answered, in lower case with their port; `None` where a gateway has judged
    /// already. It keeps DNS rebinding away from a server on a private address.
    pub hosts: Option<HashSet<String>>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
}

/// Puts the way in around all routes of a host: request ids, allowed hosts and origins, problems for what no route
/// answers, caught panics, the access log. Apply it once, after merging the functions' routers.
pub fn edge(router: Router, config: EdgeConfig) -> Router {
    router
        .fallback(|| async { Problem::new(&kind::NOT_FOUND) })
        .method_not_allowed_fallback(|| async { Problem::new(&kind::METHOD_NOT_ALLOWED) })
        .layer(from_fn_with_state(Arc::new(config), around))
}

async fn around(State(config): State<Arc<EdgeConfig>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let seen = Seen::of(&request);
    let span = tracing::info_span!("request", request_id = %seen.request_id);
    let mut response = admit(&config, request, next).instrument(span).await;
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        let mut rendered = problem.render(&seen.request_id);
        // What layers below added (Allow, CORS) stays.
        for (name, value) in response.headers() {
            if !rendered.headers().contains_key(name) {
                rendered.headers_mut().append(name, value.clone());
            }
        }
        response = rendered;
    }
    if let Ok(value) = HeaderValue::from_str(&seen.request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    seen.log(&response, problem.as_ref(), started.elapsed());
    response
}

/// Lets a request through to its route, or answers it here.
async fn admit(config: &EdgeConfig, mut request: Request, next: Next) -> Response {
    if !host_is_ours(config.hosts.as_ref(), &request) {
        return Problem::new(&kind::MISDIRECTED).into_response();
    }
    if let Some(peer) = address::peer(request.extensions()) {
        let client = address::client(peer, &config.trusted_proxies, request.headers());
        request.extensions_mut().insert(ClientAddress(client));
    }
    let from = config.cors.origin(request.headers());
    let mut response = match from.settle(request.method(), request.headers()) {
        Some(Ok(answer)) => answer,
        Some(Err(error)) => Problem::from(error).into_response(),
        None => route(request, next).await,
    };
    config.cors.mark(&from, response.headers_mut());
    response
}

async fn route(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => Problem::internal(format!("panic: {}", panic_text(&*panic))).into_response(),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text")
}

fn host_is_ours(hosts: Option<&HashSet<String>>, request: &Request) -> bool {
    let Some(hosts) = hosts else { return true };
    let named = request.headers().get_all(HOST).iter().map(|host| host.to_str().ok());
    // HTTP/2 has no Host header but an authority; where both stand, both must fit.
    let authority = request.uri().authority().map(|authority| Some(authority.as_str()));
    let mut named = named.chain(authority).peekable();
    named.peek().is_some() && named.all(|host| host.is_some_and(|host| hosts.contains(&host.to_ascii_lowercase())))
}

/// What the log says about a request. Never its path: ids and, with Uppy, tokens stand there.
struct Seen {
    request_id: String,
    method: Method,
    route: Option<MatchedPath>,
}

impl Seen {
    fn of(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>().cloned();
        Self { request_id: new_request_id(), method: request.method().clone(), route }
    }

    fn log(&self, response: &Response, problem: Option<&Problem>, duration: Duration) {
        let Self { request_id, method, route } = self;
        let route = route.as_ref().map_or("-", MatchedPath::as_str);
        let status = response.status().as_u16();
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let problem_name = problem.map(|problem| problem.kind().name);
        let causes = problem.and_then(Problem::causes);
        if status >= 500 {
            tracing::error!(request_id, http.method = %method, http.route = route, http.status = status, duration_ms, problem = problem_name, error = causes, "answered");
        } else {
            tracing::info!(request_id, http.method = %method, http.route = route, http.status = status, duration_ms, problem = problem_name, error = causes, "answered");
        }
    }
}

fn new_request_id() -> String {
    let mut bits = [0; 16];
    // A request is worth more than its name: without randomness it is answered all the same.
    let drawn = getrandom::fill(&mut bits).is_ok();
    if drawn { HEXLOWER.encode(&bits) } else { "unnamed".to_owned() }
}

#[cfg(test)]
#[path = "edge_tests.rs"]
mod tests;
