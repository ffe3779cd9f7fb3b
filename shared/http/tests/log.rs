//! What the edge writes into the log. One test in a process of its own: its subscriber is the process's.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::routing::get;
use http::Request;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};
use straightway_core::Error;
use straightway_http::{EdgeConfig, Problem, edge};
use tower::ServiceExt;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_names_routes_and_causes_but_never_paths_queries_or_tokens() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let routes = axum::Router::new()
        .route("/v1/things/{id}", get(async || "a thing"))
        .route("/v1/down", get(async || Problem::from(Error::unavailable("reading", "the table is away"))));
    let app = edge(routes, EdgeConfig::default());

    for path in ["/v1/things/the-id?q=the-query", "/u/an-upload-token/x", "/v1/down"] {
        let request = Request::get(path).header(AUTHORIZATION, "Bearer the-token").body(Body::empty()).unwrap();
        app.clone().oneshot(request).await.unwrap();
    }

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<_> =
        lines.iter().map(|line| (&line["fields"]["http.route"], &line["fields"]["http.status"])).collect();
    let expected = [(json!("/v1/things/{id}"), json!(200)), (json!("-"), json!(404)), (json!("/v1/down"), json!(503))];
    assert_eq!(seen, expected.each_ref().map(|(route, status)| (route, status)));
    assert_eq!(lines[2]["level"], "ERROR");
    assert_eq!(lines[2]["fields"]["error"], "reading: the table is away");
    assert!(lines.iter().all(|line| line["fields"]["request_id"].as_str().unwrap().len() == 32));
    for secret in ["the-id", "the-query", "an-upload-token", "the-token"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}
