use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::to_bytes;
use axum::response::IntoResponse;
use axum::routing::post;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use straightway_api::uploads::{CreateUpload, SignParts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape matters")]
struct Sample {
    name: String,
    size: u64,
    #[serde(default)]
    parts: Vec<Part>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape matters")]
struct Part {
    number: u32,
}

async fn take(JsonBody(_): JsonBody<Sample, 1024>) -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn take_optional(body: Option<JsonBody<Sample, 1024>>) -> StatusCode {
    if body.is_some() { StatusCode::OK } else { StatusCode::NO_CONTENT }
}

async fn send(path: &str, content_type: Option<&str>, body: impl Into<Body>) -> (u16, Value) {
    let router = Router::new().route("/", post(take)).route("/optional", post(take_optional));
    let mut request = Request::post(path);
    if let Some(content_type) = content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    let response = router.oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

async fn judge(body: &str) -> (u16, Value) {
    send("/", Some("application/json"), body.to_owned()).await
}

const RIGHT: &str = r#"{"name": "a", "size": 1}"#;

#[tokio::test]
async fn only_application_json_is_read() {
    for right in ["application/json", "Application/JSON; charset=utf-8", r#"application/json;charset="UTF-8""#] {
        assert_eq!(send("/", Some(right), RIGHT).await.0, 204, "{right}");
    }
    for wrong in
        [None, Some(""), Some("text/plain"), Some("application/jsonp"), Some("application/json; charset=latin1")]
    {
        let (status, problem) = send("/", wrong, RIGHT).await;
        assert_eq!(
            (status, &problem["type"]),
            (415, &json!("urn:straightway:problem:unsupported-media-type")),
            "{wrong:?}"
        );
    }
}

#[tokio::test]
async fn a_larger_body_is_refused_whether_or_not_it_says_its_length() {
    let large = format!(r#"{{"name": "{}", "size": 1}}"#, "x".repeat(1024));
    let (status, problem) = judge(&large).await;
    assert_eq!((status, &problem["max_bytes"]), (413, &json!(1024)));
    let chunks = futures::stream::iter([Ok::<_, std::io::Error>(large.into_bytes())]);
    assert_eq!(send("/", Some("application/json"), Body::from_stream(chunks)).await.0, 413);
}

/// What a client reads that sends its whole request before it reads anything.
async fn send_all_then_read(address: SocketAddr, head: &str, body: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("POST / HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n").as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_client_that_still_sends_can_read_that_its_body_is_too_large() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(axum::serve(listener, Router::new().route("/", post(take))).into_future());
    let json = "content-type: application/json\r\nconnection: close";
    let large = vec![b' '; DRAINED_BYTES - (64 << 10)];
    let declared = format!("{json}\r\ncontent-length: {}", large.len());
    let chunk = [format!("{:x}\r\n", large.len()).as_bytes(), &large, b"\r\n0\r\n\r\n"].concat();
    let chunked = format!("{json}\r\ntransfer-encoding: chunked");
    for attempt in 0..20 {
        for (head, body) in [(&declared, &large), (&chunked, &chunk)] {
            let answer = send_all_then_read(address, head, body).await;
            assert!(answer.as_ref().is_ok_and(|text| text.starts_with("HTTP/1.1 413 ")), "{attempt}: {answer:?}");
        }
    }
    // Who asks first gets the answer without sending anything.
    let asks = format!("{declared}\r\nexpect: 100-continue");
    let answer = send_all_then_read(address, &asks, b"").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    server.abort();
}

#[tokio::test]
async fn a_body_without_end_is_refused_all_the_same() {
    let endless = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 64 << 10]));
    assert_eq!(send("/", Some("application/json"), Body::from_stream(endless)).await.0, 413);
    let stalled = futures::stream::pending::<std::io::Result<Vec<u8>>>();
    drain(Body::from_stream(stalled), Duration::from_millis(10)).await;
}

#[tokio::test]
async fn what_is_no_json_is_malformed_even_after_a_wrong_field() {
    for wrong in ["", "{", "nonsense", r#"{"name": 1, "size": "#, r#"{"name": "a", "size": 1} x"#, "\u{feff}{}"] {
        let (status, problem) = judge(wrong).await;
        assert_eq!((status, &problem["type"]), (400, &json!("urn:straightway:problem:malformed")), "{wrong}");
    }
    let not_utf8 = b"{\"name\": \"\xff\", \"size\": 1}".to_vec();
    assert_eq!(send("/", Some("application/json"), not_utf8).await.0, 400);
}

#[tokio::test]
async fn a_wrong_field_is_named_by_its_pointer() {
    let cases = [
        (r#"{"name": "a"}"#, "/size", "required"),
        (r#"{"name": "a", "size": "1"}"#, "/size", "type"),
        (r#"{"name": "a", "size": -1}"#, "/size", "type"),
        (r#"{"name": "a", "size": 1, "sise": 1}"#, "/sise", "unknown"),
        (r#"{"name": "a", "size": 1, "size": 2}"#, "", "type"),
        (r#"{"name": "a", "size": 1, "parts": [{"number": 1}, {}]}"#, "/parts/1/number", "required"),
        (r#"{"name": "a", "size": 1, "parts": [{"number": 1, "etag": ""}]}"#, "/parts/0/etag", "unknown"),
        (r#"{"name": "a", "size": 1, "metadata": {"a/b~c": 1}}"#, "/metadata/a~1b~0c", "type"),
        ("[]", "", "type"),
        (r#"["a", 1, [], {}]"#, "", "type"),
        ("null", "", "type"),
    ];
    for (body, pointer, code) in cases {
        let (status, problem) = judge(body).await;
        assert_eq!(status, 422, "{body}");
        assert_eq!(problem["type"], "urn:straightway:problem:invalid");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{body}: {error}");
        assert!(!error["detail"].as_str().unwrap().contains("line"), "{error}");
    }
}

#[tokio::test]
async fn an_array_is_no_object_wherever_it_stands_and_no_rust_word_is_said() {
    let created = |body: &str| parse::<CreateUpload>(body.as_bytes()).err();
    let signed = |body: &str| parse::<SignParts>(body.as_bytes()).err();
    let cases = [
        (created(r#"["x", "y", null]"#), ""),
        (created(r#"{"name": "a", "size_bytes": 1, "parts": [[1, null]]}"#), "/parts/0"),
        (created(r#"{"name": "a", "size_bytes": 1, "parts": [{"part_number": 1}, [2, null]]}"#), "/parts/1"),
        (created(r#"{"name": "a", "size_bytes": 1, "proof": ["c", "m"]}"#), "/proof"),
        (signed("[[], [], null]"), ""),
        (signed(r#"{"sign": [[1, null]]}"#), "/sign/0"),
    ];
    for (problem, pointer) in cases {
        let problem = problem.unwrap().into_response();
        assert_eq!(problem.status(), 422, "{pointer}");
        let body = to_bytes(problem.into_body(), 1 << 20).await.unwrap();
        let error = &serde_json::from_slice::<Value>(&body).unwrap()["errors"][0];
        let expected = json!({"pointer": pointer, "code": "type", "detail": "must be an object"});
        assert_eq!(error, &expected);
    }
    let nested = parse::<CreateUpload>(br#"{"name": "a", "size_bytes": 1, "parts": [{"part_number": "1"}]}"#);
    let body = to_bytes(nested.unwrap_err().into_response().into_body(), 1 << 20).await.unwrap();
    let error = &serde_json::from_slice::<Value>(&body).unwrap()["errors"][0];
    assert_eq!(error["pointer"], "/parts/0/part_number");
}

#[tokio::test]
async fn a_number_in_place_of_a_word_is_a_wrong_field_and_not_bad_syntax() {
    let problem = parse::<CreateUpload>(br#"{"name": "a", "size_bytes": 1, "on_conflict": 1}"#).unwrap_err();
    let response = problem.into_response();
    assert_eq!(response.status(), 422);
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let error = &serde_json::from_slice::<Value>(&body).unwrap()["errors"][0];
    let expected = json!({"pointer": "/on_conflict", "code": "type", "detail": "must be one of the known words"});
    assert_eq!(error, &expected);
}

#[tokio::test]
async fn an_optional_body_may_be_left_out_but_not_be_wrong() {
    assert_eq!(send("/optional", None, Body::empty()).await.0, 204);
    assert_eq!(send("/optional", Some("application/json"), Body::empty()).await.0, 204);
    assert_eq!(send("/optional", Some("application/json"), RIGHT).await.0, 200);
    assert_eq!(send("/optional", None, RIGHT).await.0, 415);
    assert_eq!(send("/optional", Some("text/plain"), Body::empty()).await.0, 415);
    assert_eq!(send("/optional", Some("application/json"), "{").await.0, 400);
}

#[tokio::test]
async fn a_body_is_an_object_and_never_its_fields_in_a_row() {
    for wrong in [r#"["a", 1]"#, r#" ["a", 1, [], {}]"#, "[]", "null", "1", r#""a""#] {
        let (status, problem) = judge(wrong).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("")), "{wrong}");
    }
    assert_eq!(judge(&format!("\r\n\t {RIGHT}")).await.0, 204);
}
