//! The function as its callers see it: whole requests against the router, with the time in our hands.

mod contract;
mod limits;
mod logins;
mod password;
mod racing;
mod refresh;
mod sign_up;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use straightway_catalog::{DynamoCatalog, create_tables};
use straightway_core::{Clock, Login};
use straightway_http::{EdgeConfig, Jwks, Parties, PeerAddress, edge};
use straightway_local::dynamo::{self, EmbeddedDynamo};
use tower::ServiceExt;

use crate::{AttemptLimits, Ports, Settings, Signup, generate_signing_key};
use racing::Racing;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    pub(crate) fn forward(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub(crate) struct App {
    pub(crate) ports: Ports,
    pub(crate) racing: Arc<Racing>,
    pub(crate) clock: Arc<ManualClock>,
    router: Router,
}

/// An answer: status, headers, and the body as JSON (null when empty).
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// Status and problem name.
    pub(crate) fn problem(&self) -> (u16, &str) {
        let kind = self.body["type"].as_str().unwrap_or_else(|| panic!("no problem: {} {}", self.status, self.body));
        (self.status, kind.strip_prefix("urn:straightway:problem:").unwrap())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// A text member of the body.
    pub(crate) fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member}: {} {}", self.status, self.body)).to_owned()
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        parties: Parties { issuer: "https://api.example".into(), audience: "straightway".into() },
        signing_key: generate_signing_key().unwrap(),
        other_keys: Jwks::default(),
        refresh_secret: "a secret of at least 32 characters".into(),
        signup: Signup::Open,
        quota_bytes: 1_000,
        attempts: AttemptLimits::default(),
    }
}

impl App {
    pub(crate) async fn new() -> Self {
        Self::with(settings()).await
    }

    /// The function over the real catalog and an embedded DynamoDB in memory.
    pub(crate) async fn with(settings: Settings) -> Self {
        let client = dynamo::client(&EmbeddedDynamo::memory().unwrap());
        create_tables(&client, "test-").await.unwrap();
        let catalog = Arc::new(DynamoCatalog::new(client, "test-"));
        let racing = Arc::new(Racing::over(catalog.clone()));
        // Five minutes into both windows of the attempt limits.
        let clock = Arc::new(ManualClock(Mutex::new(Timestamp::from_second(1_800_000_300).unwrap())));
        let ports = Ports::new(racing.clone(), catalog, clock.clone(), settings).unwrap();
        let router = edge(crate::router(ports.clone()), EdgeConfig::default());
        Self { ports, racing, clock, router }
    }

    /// The login that a refresh token belongs to, as it is.
    pub(crate) async fn login_of(&self, refresh_token: &str) -> Option<Login> {
        let presented = self.ports.refresh_tokens.open(refresh_token).unwrap();
        self.ports.accounts.login(&presented.login_id).await.unwrap()
    }

    /// Sends a request from an address.
    pub(crate) async fn send_from(
        &self,
        address: &str,
        request: http::request::Builder,
        body: Option<Value>,
    ) -> Answer {
        let peer = PeerAddress(address.parse::<IpAddr>().unwrap());
        let request = request.extension(peer);
        let request = match body {
            Some(body) => {
                request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())).unwrap()
            }
            None => request.body(Body::empty()).unwrap(),
        };
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send_from("203.0.113.7", request, body).await
    }

    pub(crate) async fn sign_up(&self, username: &str) -> Answer {
        let body = json!({"username": username, "password": PASSWORD});
        self.send(Method::POST, "/v1/accounts", "", Some(body)).await
    }

    pub(crate) async fn log_in_with(&self, username: &str, password: &str) -> Answer {
        let body = json!({"username": username, "password": password});
        self.send(Method::POST, "/v1/logins", "", Some(body)).await
    }

    /// Tokens of a new login: access, refresh.
    pub(crate) async fn log_in(&self, username: &str) -> (String, String) {
        let answer = self.log_in_with(username, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        (answer.text("access_token"), answer.text("refresh_token"))
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        self.send(Method::POST, "/v1/logins/refresh", "", Some(json!({"refresh_token": refresh_token}))).await
    }

    /// The successor of a valid refresh token.
    pub(crate) async fn successor(&self, refresh_token: &str) -> String {
        let answer = self.refresh(refresh_token).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.text("refresh_token")
    }

    pub(crate) async fn me(&self, access_token: &str) -> Answer {
        self.send(Method::GET, "/v1/me", access_token, None).await
    }
}
