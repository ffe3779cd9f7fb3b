//! The API's document, and what the server says about itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::Path;

use e2e::TestApp;
use serde_json::{Value, json};
use straightway_local::gateway;

/// Where the document is committed.
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json");

fn generated() -> String {
    gateway::document().to_pretty_json().unwrap() + "\n"
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch of the test, not a setting of the product")]
fn the_committed_openapi_document_is_what_the_code_says() {
    if std::env::var("UPDATE_OPENAPI").is_ok_and(|value| value == "1") {
        std::fs::write(COMMITTED, generated()).unwrap();
    }
    let committed = std::fs::read_to_string(Path::new(COMMITTED)).expect("openapi.json is committed: run make openapi");
    assert!(committed == generated(), "openapi.json is stale: run make openapi");
}

#[tokio::test]
async fn the_openapi_document_is_served_to_everybody() {
    let app = TestApp::start().await;
    let answer = app.get("/openapi.json").await;
    assert_eq!(answer.headers["content-type"], "application/json");
    let document = answer.expect(200);
    assert_eq!(document, serde_json::from_str::<Value>(&generated()).unwrap());
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
}

#[test]
fn every_openapi_operation_has_a_name_a_description_its_problems_and_known_schemas() {
    let text = generated();
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name"));
            assert!(names.insert(name), "{name} twice");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name} says nothing");
            // The two that cannot fail have no problems.
            let cannot_fail = ["getCapabilities"].contains(&name);
            assert!(cannot_fail || operation["responses"].get("default").is_some(), "{name} has no problems");
        }
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name} is not described");
    }
}

#[tokio::test]
async fn capabilities_say_what_this_server_can_do() {
    let app = TestApp::start().await;
    let expected = json!({
        "version": env!("CARGO_PKG_VERSION"), "identity": "builtin", "signup": "open", "instant": "global",
        "min_instant_bytes": 1 << 20, "max_file_bytes": 53_687_091_200_000_u64, "max_parts_per_call": 1000,
        "integrity": ["leaf", "read"], "trash_days": 0, "session_days": 30, "features": [],
    });
    assert_eq!(app.get("/v1/capabilities").await.expect(200), expected);
}

#[tokio::test]
async fn the_part_plan_is_a_function_of_the_size() {
    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;
    let app = TestApp::start().await;
    for (size, method, part_size, part_count) in [
        (0, "put", 16 * MIB, 1),
        (1, "put", 16 * MIB, 1),
        (16 * MIB, "put", 16 * MIB, 1),
        (16 * MIB + 1, "multipart", 16 * MIB, 2),
        (160_000 * MIB, "multipart", 16 * MIB, 10_000),
        (160_000 * MIB + 1, "multipart", 32 * MIB, 5_001),
        (42_949_672_960_000, "multipart", 4 * GIB, 10_000),
        (42_949_672_960_001, "multipart", 5 * GIB, 8_001),
        (53_687_091_200_000, "multipart", 5 * GIB, 10_000),
    ] {
        let plan = app.get(&format!("/v1/part-plan?size_bytes={size}")).await.expect(200);
        assert_eq!(plan, json!({"method": method, "part_size": part_size, "part_count": part_count}), "{size}");
    }
    app.get("/v1/part-plan?size_bytes=53687091200001").await.expect_problem(413, "too-large");
    for wrong in ["", "?size_bytes=", "?size_bytes=-1", "?size_bytes=x", "?size_bytes=1&size=2"] {
        app.get(&format!("/v1/part-plan{wrong}")).await.expect_problem(422, "invalid");
    }
}
