//! In which order requests are judged: who, then the form of the body, then what it says.

use e2e::TestApp;
use reqwest::RequestBuilder;

use crate::world::{Operation, Owned, operations, protected};

const HUGE: usize = 3 << 20;

fn with_bodies() -> Vec<Operation> {
    let with_bodies: Vec<_> = operations().into_iter().filter(|operation| operation.takes_body).collect();
    assert!(with_bodies.len() >= 9, "{}", with_bodies.len());
    with_bodies
}

fn typed(request: RequestBuilder, media_type: &str, body: &str) -> RequestBuilder {
    request.header("content-type", media_type).body(body.to_owned())
}

#[tokio::test]
async fn media_type_then_size_then_json_then_fields() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let owned = Owned::by(&ada).await;
    for operation in with_bodies() {
        let name = &operation.name;
        let request = || operation.request(&app, &owned).bearer_auth(&ada.token);
        let huge = "x".repeat(HUGE);
        for media_type in
            ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded", "application/jsonp"]
        {
            let answer = app.send(typed(request(), media_type, "{")).await;
            assert_eq!(answer.status, 415, "{name}: {media_type}");
            answer.expect_problem(415, "unsupported-media-type");
        }
        let answer = app.send(typed(request(), "application/json", &huge)).await;
        assert_eq!(answer.status, 413, "{name}");
        for malformed in ["{", "{\"name\": \"a\",}", "nothing", "{} {}", "{\"name\": \u{1}}"] {
            let answer = app.send(typed(request(), "application/json", malformed)).await;
            assert_eq!(answer.status, 400, "{name}: {malformed}");
            answer.expect_problem(400, "malformed");
        }
        for wrong in [r#"{"no_such_field": 1}"#, "[]", "1", "\"text\"", "null"] {
            let answer = app.send(typed(request(), "application/json", wrong)).await;
            assert_eq!(answer.status, 422, "{name}: {wrong}");
            let problem = answer.expect_problem(422, "invalid");
            assert!(problem["errors"][0]["code"].is_string(), "{problem}");
        }
        let charset = app.send(typed(request(), "application/json; charset=utf-8", r#"{"no_such_field": 1}"#)).await;
        assert_eq!(charset.status, 422, "{name}");
    }
}

#[tokio::test]
async fn who_comes_before_what() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let owned = Owned::by(&ada).await;
    for operation in protected() {
        let request = || operation.request(&app, &owned);
        for request in [
            typed(request(), "text/plain", "x"),
            typed(request(), "application/json", "{"),
            typed(request(), "application/json", r#"{"no_such_field": 1}"#),
            operation.request_with("limit=x&no_such_parameter=1", &app, &owned),
            request().header("idempotency-key", "short"),
            request().header("if-match", "\"0\""),
        ] {
            assert_eq!(request.send().await.unwrap().status(), 401, "{}", operation.name);
        }
    }
}

#[tokio::test]
async fn an_unknown_query_parameter_is_never_silent() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let owned = Owned::by(&ada).await;
    for operation in operations() {
        let request = operation.request_with("no_such_parameter=1", &app, &owned).bearer_auth(&ada.token);
        let request = if operation.takes_body { request.json(&serde_json::json!({})) } else { request };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 422, "{}", operation.name);
    }
    owned.seen_by(&ada).await;
}
