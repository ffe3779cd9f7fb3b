//! The SigV4-checked front: over TCP with the real SDK, and request by request.

use std::fmt::Write as _;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents};
use aws_smithy_types::body::SdkBody;
use axum::body::Body;
use axum::response::Response;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};
use straightway_core::Clock;
use straightway_local::dynamo::{self, EmbeddedDynamo, Keys};
use tower::ServiceExt;

use crate::support::{WallClock, code, create_table, get, item, memory, put};

const KEY_ID: &str = "LOCALKEY";
const SECRET: &str = "a secret/with+signs";
const REGION: &str = "us-east-1";
const HOST: &str = "127.0.0.1:8000";

fn keys() -> Keys {
    Keys { access_key_id: KEY_ID.into(), secret_access_key: SECRET.into(), region: REGION.into() }
}

/// Serves a database on a port of its own and returns its address.
async fn serve(db: EmbeddedDynamo) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = dynamo::router(db, keys(), vec![address.clone()], Arc::new(WallClock));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn config(address: &str, key_id: &str, secret: &str) -> aws_sdk_dynamodb::config::Builder {
    let credentials =
        Credentials::builder().access_key_id(key_id).secret_access_key(secret).provider_name("test").build();
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .endpoint_url(format!("http://{address}"))
}

/// Changes a request after it was signed.
#[derive(Debug)]
struct Tamper(fn(&mut aws_smithy_runtime_api::client::orchestrator::HttpRequest));

impl Intercept for Tamper {
    fn name(&self) -> &'static str {
        "Tamper"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), aws_sdk_dynamodb::error::BoxError> {
        (self.0)(context.request_mut());
        Ok(())
    }
}

#[tokio::test]
async fn the_real_sdk_works_over_tcp_with_the_right_keys() {
    let (db, in_process) = memory().await;
    let address = serve(db).await;
    let client = Client::from_conf(config(&address, KEY_ID, SECRET).build());

    put(&client, item("ann", "a b+c/ü.txt", "file-1")).await;

    assert!(get(&client, "ann", "a b+c/ü.txt").await.is_some());
    assert!(get(&in_process, "ann", "a b+c/ü.txt").await.is_some());
}

#[tokio::test]
async fn the_sdk_can_create_a_table_over_tcp() {
    let address = serve(EmbeddedDynamo::memory().unwrap()).await;

    create_table(&Client::from_conf(config(&address, KEY_ID, SECRET).build())).await;
}

#[tokio::test]
async fn a_wrong_secret_and_a_foreign_key_are_refused_by_their_names() {
    let (db, _) = memory().await;
    let address = serve(db).await;
    let cases = [(KEY_ID, "guessed", "InvalidSignatureException"), ("STRANGER", SECRET, "UnrecognizedClientException")];

    for (key_id, secret, expected) in cases {
        let client = Client::from_conf(config(&address, key_id, secret).build());
        let error = client.list_tables().send().await.unwrap_err();

        assert_eq!(code(&error), Some(expected));
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    }
}

#[tokio::test]
async fn a_request_changed_after_signing_is_refused() {
    let (db, _) = memory().await;
    let address = serve(db).await;
    let changes: [Tamper; 3] = [
        Tamper(|request| *request.body_mut() = SdkBody::from(r#"{"Limit":1}"#)),
        Tamper(|request| {
            request.headers_mut().insert("x-amz-target", "DynamoDB_20120810.Scan");
        }),
        Tamper(|request| {
            request.headers_mut().insert("x-amz-user-agent", "another");
        }),
    ];

    for change in changes {
        let config = config(&address, KEY_ID, SECRET).interceptor(change).build();
        let error = Client::from_conf(config).list_tables().send().await.unwrap_err();

        assert_eq!(code(&error), Some("InvalidSignatureException"));
    }
}

/// The time of the server that requests signed by hand are sent to.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-11-01T12:00:00Z".parse().unwrap()
    }
}

/// A `POST /`, signed by hand so that every part of it can be wrong.
struct SignedRequest {
    target: &'static str,
    body: Vec<u8>,
    date: Timestamp,
    region: &'static str,
    names: &'static [&'static str],
    more_headers: Vec<(&'static str, &'static str)>,
}

impl Default for SignedRequest {
    fn default() -> Self {
        Self {
            target: "DynamoDB_20120810.ListTables",
            body: b"{}".into(),
            date: Noon.now(),
            region: REGION,
            names: &["content-type", "host", "x-amz-date", "x-amz-target"],
            more_headers: Vec::new(),
        }
    }
}

impl SignedRequest {
    fn request(self) -> Request<Body> {
        let amz_date = self.date.strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut headers = vec![
            ("content-type", "application/x-amz-json-1.0"),
            ("host", HOST),
            ("x-amz-date", amz_date.as_str()),
            ("x-amz-target", self.target),
        ];
        headers.extend(self.more_headers);
        let mut canonical = "POST\n/\n\n".to_owned();
        for name in self.names {
            let value = headers.iter().find(|(found, _)| found == name).unwrap().1;
            writeln!(canonical, "{name}:{value}").unwrap();
        }
        let joined = self.names.join(";");
        let hash = HEXLOWER.encode(&Sha256::digest(&self.body));
        write!(canonical, "\n{joined}\n{hash}").unwrap();
        let scope = format!("{}/{}/dynamodb/aws4_request", &amz_date[..8], self.region);
        let text = format!("AWS4-HMAC-SHA256\n{amz_date}\n{scope}\n{}", HEXLOWER.encode(&Sha256::digest(canonical)));
        let mut key = format!("AWS4{SECRET}").into_bytes();
        for part in scope.split('/').chain([text.as_str()]) {
            let mut hmac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            hmac.update(part.as_bytes());
            key = hmac.finalize().into_bytes().to_vec();
        }
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, SignedHeaders={joined}, Signature={}",
            HEXLOWER.encode(&key),
        );
        let mut request = Request::post("/").header("authorization", authorization);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body)).unwrap()
    }
}

async fn ask(request: Request<Body>) -> (StatusCode, String) {
    let db = EmbeddedDynamo::memory().unwrap();
    let front = dynamo::router(db, keys(), vec![HOST.into()], Arc::new(Noon));
    let response: Response = front.oneshot(request).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let kind = body["__type"].as_str().unwrap_or_default();
    (status, kind.rsplit_once('#').map_or("", |(_, name)| name).to_owned())
}

#[tokio::test]
async fn a_request_signed_by_hand_is_accepted() {
    assert_eq!(ask(SignedRequest::default().request()).await, (StatusCode::OK, String::new()));
}

#[tokio::test]
async fn an_old_or_future_date_is_refused() {
    for minutes in [-16, 16, -24 * 60] {
        let date = Noon.now() + SignedDuration::from_mins(minutes);

        let (status, kind) = ask(SignedRequest { date, ..SignedRequest::default() }.request()).await;

        assert_eq!((status.as_u16(), kind.as_str()), (400, "InvalidSignatureException"));
    }
}

#[tokio::test]
async fn a_signature_for_another_region_is_refused() {
    let (status, kind) = ask(SignedRequest { region: "eu-west-1", ..SignedRequest::default() }.request()).await;

    assert_eq!((status.as_u16(), kind.as_str()), (400, "InvalidSignatureException"));
}

#[tokio::test]
async fn a_header_with_a_meaning_may_not_be_left_unsigned() {
    let all = ["content-type", "host", "x-amz-date", "x-amz-target"];
    let subsets: [&'static [&'static str]; 4] = [
        &["content-type", "x-amz-date", "x-amz-target"],
        &["content-type", "host", "x-amz-target"],
        &["content-type", "host", "x-amz-date"],
        &["host", "x-amz-date", "x-amz-target"],
    ];
    for names in subsets {
        assert_eq!(names.len(), all.len() - 1);

        let (status, kind) = ask(SignedRequest { names, ..SignedRequest::default() }.request()).await;

        assert_eq!((status.as_u16(), kind.as_str()), (400, "InvalidSignatureException"), "{names:?}");
    }
}

#[tokio::test]
async fn a_session_token_is_foreign() {
    let signed = SignedRequest {
        names: &["content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"],
        more_headers: vec![("x-amz-security-token", "from elsewhere")],
        ..SignedRequest::default()
    };

    let (status, kind) = ask(signed.request()).await;

    assert_eq!((status.as_u16(), kind.as_str()), (400, "UnrecognizedClientException"));
}

#[tokio::test]
async fn a_missing_or_broken_authorization_is_refused() {
    let date = Noon.now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let scope = format!("{KEY_ID}/{}/{REGION}/dynamodb/aws4_request", &date[..8]);
    let cases = [
        (None, "MissingAuthenticationTokenException"),
        (Some("Bearer abc".to_owned()), "MissingAuthenticationTokenException"),
        (Some(format!("AWS4-HMAC-SHA256 Credential={scope}")), "IncompleteSignatureException"),
        (
            Some(format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=zz")),
            "IncompleteSignatureException",
        ),
        (
            Some(format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=")),
            "InvalidSignatureException",
        ),
        (
            Some(format!("AWS4-HMAC-SHA256 Credential={scope}, Credential={scope}, SignedHeaders=host, Signature=00")),
            "IncompleteSignatureException",
        ),
    ];
    for (authorization, expected) in cases {
        let mut request = Request::post("/").header("host", HOST).header("x-amz-date", &date);
        if let Some(authorization) = &authorization {
            request = request.header("authorization", authorization);
        }

        let (status, kind) = ask(request.body(Body::from("{}")).unwrap()).await;

        assert_eq!((status.as_u16(), kind.as_str()), (400, expected), "{authorization:?}");
    }
}

#[tokio::test]
async fn a_foreign_host_is_misdirected_however_well_it_signs() {
    for host in ["evil.example", "127.0.0.1", "127.0.0.1:8001", "localhost:8000", ""] {
        let mut request = SignedRequest::default().request();
        request.headers_mut().insert("host", host.parse().unwrap());

        assert_eq!(ask(request).await.0, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
}

#[tokio::test]
async fn a_web_page_is_refused_however_well_it_signs() {
    for origin in ["https://evil.example", "null", "http://127.0.0.1:8000"] {
        let more_headers = vec![("origin", origin)];

        let (status, kind) = ask(SignedRequest { more_headers, ..SignedRequest::default() }.request()).await;

        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(kind, "AccessDeniedException");
    }
}

#[tokio::test]
async fn a_preflight_gets_no_permission() {
    let request = Request::options("/")
        .header("host", HOST)
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST");

    assert_eq!(ask(request.body(Body::empty()).unwrap()).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_unknown_operation_and_malformed_json_are_named_as_dynamodb_names_them() {
    let unknown = SignedRequest { target: "DynamoDB_20120810.DropEverything", ..SignedRequest::default() };
    let malformed = SignedRequest { body: b"{\"Limit\":".into(), ..SignedRequest::default() };

    let unknown = ask(unknown.request()).await;
    let malformed = ask(malformed.request()).await;

    assert_eq!(unknown, (StatusCode::BAD_REQUEST, "UnknownOperationException".into()));
    assert_eq!(malformed, (StatusCode::BAD_REQUEST, "SerializationException".into()));
}

#[tokio::test]
async fn a_body_beyond_dynamodbs_limit_is_refused() {
    let body = vec![b' '; 16 * 1024 * 1024 + 1];

    let (status, _) = ask(SignedRequest { body, ..SignedRequest::default() }.request()).await;

    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}
