use axum::body::{Body, to_bytes};
use axum::extract::FromRef;
use axum::routing::{get, post};
use http::header::{ALLOW, AUTHORIZATION, ORIGIN, VARY, WWW_AUTHENTICATE};
use serde::Deserialize;
use serde_json::{Value, json};
use straightway_core::{EntryId, Error};
use tower::ServiceExt;

use super::*;
use crate::testing::{ManualClock, Signer, authenticator, claims};
use crate::{
    Authenticator, Caller, CallerLogin, IfMatch, JsonBody, NoIdempotencyKey, NoStore, Params, PathId, PeerAddress,
};

const PAGE: &str = "https://app.example";

#[derive(Clone)]
struct Ports(Authenticator);

impl FromRef<Ports> for Authenticator {
    fn from_ref(ports: &Ports) -> Self {
        ports.0.clone()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

async fn list(Caller(owner): Caller, Params(query): Params<ListQuery>) -> Result<String, Problem> {
    Ok(format!("{owner} {}", crate::page_limit(query.limit)?))
}

async fn create(_: Caller, JsonBody(thing): JsonBody<Named>) -> NoStore<String> {
    NoStore(thing.name)
}

async fn read(_: Caller, PathId(id): PathId<EntryId>, if_match: IfMatch) -> Result<String, Problem> {
    if_match.check(7)?;
    Ok(id.to_string())
}

async fn fail() -> String {
    panic!("secret of the house")
}

fn app(config: EdgeConfig) -> (Router, String) {
    let (clock, signer) = (ManualClock::new(), Signer::generate());
    let token = signer.sign(&signer.header(), &claims(&clock));
    let routes = Router::new()
        .route("/v1/things", get(list).post(create))
        .route("/v1/things/{id}", get(read))
        .route("/v1/login", get(|login: CallerLogin| async move { login.login_id.to_string() }))
        .route("/v1/public", post(|_: NoIdempotencyKey, JsonBody(thing): JsonBody<Named>| async move { thing.name }))
        .route("/v1/address", get(|ClientAddress(address): ClientAddress| async move { address.to_string() }))
        .route("/v1/panic", get(fail))
        .route("/v1/down", get(|| async { Problem::from(Error::unavailable("reading", "secret of the house")) }))
        .with_state(Ports(authenticator(&[&signer], clock)));
    (edge(routes, config), format!("Bearer {token}"))
}

fn with_page() -> EdgeConfig {
    EdgeConfig { cors: Cors { origins: [PAGE.to_owned()].into(), credentials: false }, ..EdgeConfig::default() }
}

async fn send(router: &Router, request: http::request::Builder, body: impl Into<Body>) -> (Response, String) {
    let mut response = router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let body = to_bytes(std::mem::take(response.body_mut()), 1 << 20).await.unwrap();
    (response, String::from_utf8(body.to_vec()).unwrap())
}

async fn problem(router: &Router, request: http::request::Builder, body: impl Into<Body>) -> (u16, String, Value) {
    let (response, body) = send(router, request, body).await;
    assert_eq!(response.headers()["content-type"], "application/problem+json", "{body}");
    let problem: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(problem["request_id"], response.headers()[REQUEST_ID].to_str().unwrap());
    assert_eq!(problem["request_id"].as_str().unwrap().len(), 32);
    let name = problem["type"].as_str().unwrap().strip_prefix("urn:straightway:problem:").unwrap().to_owned();
    (response.status().as_u16(), name, problem)
}

#[tokio::test]
async fn the_caller_is_whoever_the_token_names() {
    let (app, token) = app(EdgeConfig::default());
    let (response, body) = send(&app, Request::get("/v1/things?limit=5").header(AUTHORIZATION, &token), "").await;
    assert_eq!((response.status().as_u16(), body), (200, format!("{} 5", "0a".repeat(16))));
    assert_eq!(response.headers()[REQUEST_ID].len(), 32);
    let lower = token.replace("Bearer", "bearer");
    assert_eq!(send(&app, Request::get("/v1/login").header(AUTHORIZATION, lower), "").await.1, "0b".repeat(16));
}

#[tokio::test]
async fn a_request_without_exactly_one_bearer_token_is_nobodys() {
    let (app, token) = app(EdgeConfig::default());
    let basic = token.replace("Bearer", "Basic");
    let bare = token.replace("Bearer ", "");
    for wrong in [&[][..], &[""], &["Bearer"], &["Bearer "], &[&basic], &[&bare], &[&token, &token]] {
        let request =
            wrong.iter().fold(Request::get("/v1/things"), |request, value| request.header(AUTHORIZATION, *value));
        let (response, body) = send(&app, request, "").await;
        assert_eq!(response.status(), 401, "{wrong:?}: {body}");
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
        assert!(body.contains("urn:straightway:problem:unauthorized"), "{body}");
    }
}

#[tokio::test]
async fn authentication_is_judged_first_then_media_type_size_syntax_and_fields() {
    let (app, token) = app(EdgeConfig::default());
    let large = "x".repeat(crate::DEFAULT_BODY_BYTES + 1);
    let json = "application/json";
    let cases = [
        (None, "text/plain", large.as_str(), 401, "unauthorized"),
        (Some(&token), "text/plain", large.as_str(), 415, "unsupported-media-type"),
        (Some(&token), json, large.as_str(), 413, "too-large"),
        (Some(&token), json, r#"{"nam": 1"#, 400, "malformed"),
        (Some(&token), json, r#"{"nam": 1}"#, 422, "invalid"),
    ];
    for (token, media_type, body, status, name) in cases {
        let mut request = Request::post("/v1/things").header("content-type", media_type);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, token);
        }
        let (got_status, got_name, _) = problem(&app, request, body.to_owned()).await;
        assert_eq!((got_status, got_name.as_str()), (status, name));
    }
    let (status, ..) = problem(&app, Request::get("/v1/things/no-id?x=1"), "").await;
    assert_eq!(status, 401, "before the id");
}

#[tokio::test]
async fn an_answer_with_a_token_is_not_stored() {
    let (app, token) = app(EdgeConfig::default());
    let request = Request::post("/v1/things").header(AUTHORIZATION, token).header("content-type", "application/json");
    let (response, body) = send(&app, request, r#"{"name": "a"}"#).await;
    assert_eq!((response.headers()["cache-control"].to_str().unwrap(), body.as_str()), ("no-store", "a"));
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let (app, token) = app(EdgeConfig::default());
    let cases = [
        ("limit=0", "limit", "range"),
        ("limit=x", "limit", "type"),
        ("limit=1&limit=2", "", "type"),
        ("limt=1", "limt", "unknown"),
        ("%00=1", "\0", "unknown"),
    ];
    for (query, pointer, code) in cases {
        let request = Request::get(format!("/v1/things?{query}")).header(AUTHORIZATION, &token);
        let (status, name, body) = problem(&app, request, "").await;
        assert_eq!((status, name.as_str()), (422, "invalid"));
        let error = &body["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{query}: {error}");
    }
}

#[tokio::test]
async fn an_id_that_cannot_be_one_is_not_found() {
    let (app, token) = app(EdgeConfig::default());
    let id = "0c".repeat(16);
    let get = |id: &str| Request::get(format!("/v1/things/{id}")).header(AUTHORIZATION, &token);
    assert_eq!(send(&app, get(&id), "").await.1, id);
    for wrong in ["x", &id[1..], &id.to_uppercase(), "%ff", "..%2f"] {
        let (status, name, _) = problem(&app, get(wrong), "").await;
        assert_eq!((status, name.as_str()), (404, "not-found"), "{wrong}");
    }
    let (status, name, _) = problem(&app, get(&id).header("if-match", "\"6\""), "").await;
    assert_eq!((status, name.as_str()), (412, "changed"));
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems_for_everybody() {
    let (app, _) = app(with_page());
    let (status, name, _) = problem(&app, Request::get("/v1/nothing"), "").await;
    assert_eq!((status, name.as_str()), (404, "not-found"));
    let (response, body) = send(&app, Request::delete("/v1/things").header(ORIGIN, PAGE), "").await;
    assert_eq!(response.status(), 405, "{body}");
    assert!(body.contains("method-not-allowed"));
    assert_eq!(response.headers()[ALLOW], "GET,HEAD,POST");
    assert_eq!(response.headers()["access-control-allow-origin"], PAGE);
}

#[tokio::test]
async fn public_routes_take_no_idempotency_key() {
    let (app, _) = app(EdgeConfig::default());
    let request = || Request::post("/v1/public").header("content-type", "application/json");
    assert_eq!(send(&app, request(), r#"{"name": "a"}"#).await.1, "a");
    let (status, name, _) = problem(&app, request().header("idempotency-key", "0123456789abcdef"), "{}").await;
    assert_eq!((status, name.as_str()), (400, "malformed"));
}

#[tokio::test]
async fn a_panic_or_a_failure_below_tells_nothing_of_the_inside() {
    let (app, _) = app(EdgeConfig::default());
    let (status, name, body) = problem(&app, Request::get("/v1/panic"), "").await;
    assert_eq!((status, name.as_str()), (500, "internal"));
    assert!(!body.to_string().contains("secret"), "{body}");
    let (response, body) = send(&app, Request::get("/v1/down"), "").await;
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (503, "2"));
    assert!(!body.contains("secret"), "{body}");
}

#[tokio::test]
async fn a_page_from_the_list_may_use_every_route() {
    let (app, token) = app(with_page());
    for path in ["/v1/things", "/v1/nothing"] {
        let preflight = Request::options(path)
            .header(ORIGIN, PAGE)
            .header("access-control-request-method", "PATCH")
            .header("access-control-request-headers", "authorization,if-match");
        let (response, _) = send(&app, preflight, "").await;
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        assert_eq!(response.status(), 204);
        assert_eq!(header("access-control-allow-origin"), PAGE);
        assert_eq!(header("access-control-allow-methods"), "GET, HEAD, POST, PATCH, PUT, DELETE");
        assert_eq!(
            header("access-control-allow-headers"),
            "authorization, content-type, accept, idempotency-key, if-match, uppy-auth-token, uppy-credentials-params"
        );
        assert_eq!(header("vary"), "origin");
        assert!(!response.headers().contains_key("access-control-allow-credentials"));
    }
    for request in [Request::get("/v1/things").header(AUTHORIZATION, &token), Request::get("/v1/things")] {
        let (response, _) = send(&app, request.header(ORIGIN, PAGE), "").await;
        assert_eq!(response.headers()["access-control-allow-origin"], PAGE, "also on problems");
        assert_eq!(response.headers()["access-control-expose-headers"], "etag, location, retry-after, x-request-id");
    }
    let with_credentials = EdgeConfig { cors: Cors { credentials: true, ..with_page().cors }, ..with_page() };
    let (response, _) = send(&self::app(with_credentials).0, Request::get("/v1/things").header(ORIGIN, PAGE), "").await;
    assert_eq!(response.headers()["access-control-allow-credentials"], "true");
}

#[tokio::test]
async fn any_other_page_may_change_nothing_and_is_shown_nothing() {
    let (app, token) = app(with_page());
    for foreign in
        ["https://evil.example", "null", "https://app.example:8443", "http://app.example", "HTTPS://APP.EXAMPLE"]
    {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let request = Request::builder().method(method).uri("/v1/things").header(AUTHORIZATION, &token);
            let (status, name, _) = problem(&app, request.header(ORIGIN, foreign), "").await;
            assert_eq!((status, name.as_str()), (403, "forbidden"), "{foreign}");
        }
        let get = Request::get("/v1/things").header(AUTHORIZATION, &token).header(ORIGIN, foreign);
        let preflight = Request::options("/v1/things").header("access-control-request-method", "POST");
        for request in [get, preflight.header(ORIGIN, foreign)] {
            let (response, _) = send(&app, request, "").await;
            assert!(response.status().is_success());
            assert!(!response.headers().keys().any(|name| name.as_str().starts_with("access-control-")), "{foreign}");
            assert_eq!(response.headers()[VARY], "origin");
        }
    }
    let twice = Request::post("/v1/things").header(ORIGIN, PAGE).header(ORIGIN, "https://evil.example");
    assert_eq!(problem(&app, twice, "").await.0, 403);
}

#[tokio::test]
async fn a_host_that_is_not_ours_is_misdirected() {
    let hosts = Some(["localhost:8080".to_owned()].into());
    let (app, token) = app(EdgeConfig { hosts, ..EdgeConfig::default() });
    let get = |uri: &str| Request::get(uri).header(AUTHORIZATION, &token);
    for right in [get("/v1/things").header(HOST, "LocalHost:8080"), get("http://localhost:8080/v1/things")] {
        assert_eq!(send(&app, right, "").await.0.status(), 200);
    }
    let two = get("/v1/things").header(HOST, "localhost:8080").header(HOST, "evil.example");
    let rebound = get("http://evil.example/v1/things").header(HOST, "localhost:8080");
    for wrong in [
        get("/v1/things"),
        get("/v1/things").header(HOST, "evil.example"),
        get("/v1/things").header(HOST, "localhost"),
        two,
        rebound,
    ] {
        let (status, name, _) = problem(&app, wrong, "").await;
        assert_eq!((status, name.as_str()), (421, "misdirected"));
    }
}

#[tokio::test]
async fn the_clients_address_is_the_peers_unless_a_trusted_proxy_says_otherwise() {
    let (app, _) = app(EdgeConfig { trusted_proxies: vec!["10.0.0.1".parse().unwrap()], ..EdgeConfig::default() });
    let from = |peer: &str| {
        let peer = PeerAddress(peer.parse().unwrap());
        Request::get("/v1/address").header("x-forwarded-for", "203.0.113.9").extension(peer)
    };
    assert_eq!(send(&app, from("198.51.100.1"), "").await.1, "198.51.100.1");
    assert_eq!(send(&app, from("10.0.0.1"), "").await.1, "203.0.113.9");
    assert_eq!(problem(&app, Request::get("/v1/address"), "").await.0, 500, "a host must say it");
}
