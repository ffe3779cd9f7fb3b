//! What costs money in the cloud can be done so often and no more, each owner for themselves.

use e2e::{Answer, Content, TestApp, session_id};
use jiff::SignedDuration;
use serde_json::json;
use straightway_core::Clock;

use crate::MIB;

/// Goes to the beginning of a minute, so that all that follows is in it.
fn begin_minute(app: &TestApp) {
    let second = app.clock.now().as_second().rem_euclid(60);
    app.clock.advance(SignedDuration::from_secs(60 - second));
}

/// The seconds to wait that a refusal names.
#[track_caller]
fn expect_limited(answer: Answer) -> i64 {
    let wait = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    answer.expect_problem(429, "too-many-requests");
    wait
}

#[tokio::test]
async fn creates_are_limited_by_the_minute() {
    let app = TestApp::start_with(|options| options.limits.creates = 2).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(10);
    begin_minute(&app);
    ada.open("a", &content).await;
    ada.open("b", &content).await;
    let wait = expect_limited(ada.create("c", &content).await);
    assert!((30..=60).contains(&wait), "{wait}");
    bob.open("a", &content).await;
    app.clock.advance(SignedDuration::from_secs(wait));
    ada.open("c", &content).await;
    app.audit().await;
}

#[tokio::test]
async fn open_sessions_are_limited() {
    let app = TestApp::start_with(|options| options.limits.open_sessions = 2).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(10);
    let first = ada.open("a", &content).await;
    ada.open("b", &content).await;
    expect_limited(ada.create("c", &content).await);
    assert_eq!(ada.usage().await, (0, 20), "a refused create reserves nothing");
    bob.open("a", &content).await;
    // Live ones are resumed, ended ones do not count.
    assert_eq!(ada.open("b", &content).await["resumed"], true);
    ada.cancel_upload(session_id(&first)).await;
    ada.open("c", &content).await;
    app.audit().await;
}

#[tokio::test]
async fn calls_that_sign_are_limited_and_not_the_urls_in_them() {
    let app = TestApp::start_with(|options| options.limits.signs = 2).await;
    let ada = app.user("ada").await;
    let upload = ada.create_upload(&json!({"name": "a", "size_bytes": 160 * MIB})).await.expect(201);
    let id = session_id(&upload);
    let ten: Vec<_> = (1..=10).map(|number| json!({"part_number": number})).collect();
    begin_minute(&app);
    for _ in 0..2 {
        let signed = ada.sign_parts(id, &json!({"sign": ten})).await.expect(200);
        assert_eq!(signed["parts"].as_array().unwrap().len(), 10);
    }
    expect_limited(ada.sign_parts(id, &json!({"sign": ten})).await);
    ada.get_upload(id, "").await.expect(200);
}

#[tokio::test]
async fn calls_that_ask_the_store_are_limited() {
    let app = TestApp::start_with(|options| options.limits.store_calls = 2).await;
    let ada = app.user("ada").await;
    let content = Content::random(17 * MIB);
    let upload = ada.open("a", &content).await;
    let id = session_id(&upload);
    begin_minute(&app);
    ada.get_upload(id, "?missing=true").await.expect(200);
    ada.complete_upload(id, &json!({})).await.expect_problem(409, "parts-missing");
    expect_limited(ada.get_upload(id, "?missing=true").await);
    let wait = expect_limited(ada.complete_upload(id, &json!({})).await);
    // Looking is free.
    ada.get_upload(id, "").await.expect(200);
    app.clock.advance(SignedDuration::from_secs(wait));
    ada.finish(&upload, &content).await;
    app.audit().await;
}

#[tokio::test]
async fn what_is_read_back_is_limited_by_the_day() {
    let app = TestApp::start_with(|options| options.limits.read_back_bytes = 1000).await;
    let ada = app.user("ada").await;
    let read = |name: &str, size: usize| json!({"name": name, "size_bytes": size});
    ada.create_upload(&read("a", 600)).await.expect(201);
    expect_limited(ada.create_upload(&read("b", 500)).await);
    ada.create_upload(&read("c", 400)).await.expect(201);
    // What the store vouches for is not read.
    ada.put("d", &Content::random(5000)).await;
    app.clock.advance(SignedDuration::from_hours(24));
    let ada = app.sign_in("ada").await;
    ada.create_upload(&read("b", 500)).await.expect(201);
}
