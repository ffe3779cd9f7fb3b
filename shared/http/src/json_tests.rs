use std::collections::BTreeMap;

use axum::Router;
use axum::body::to_bytes;
use axum::routing::post;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
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
