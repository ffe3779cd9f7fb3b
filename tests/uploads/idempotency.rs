//! `Idempotency-Key`: repeating a create does not repeat what it does.

use e2e::{Content, TestApp, entry_id, session_id, with};
use reqwest::Method;
use serde_json::json;

const KEY: &str = "0123456789abcdef";

#[tokio::test]
async fn the_same_key_gives_the_same_session_with_fresh_urls() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    // Without a hash nothing but the key tells a repetition from another upload.
    let create = json!({"name": "film", "size_bytes": 10});
    let first = ada.create_upload_once(KEY, &create).await.expect(201);
    app.clock.advance(jiff::SignedDuration::from_secs(5));
    let second = ada.create_upload_once(KEY, &create).await.expect(201);
    assert_eq!(session_id(&first), session_id(&second));
    assert_eq!(first["resumed"], second["resumed"]);
    assert_ne!(first["parts"][0]["url"], second["parts"][0]["url"], "no URL is ever stored");
    assert_eq!(ada.usage().await, (0, 10));
    let content = Content::random(10);
    ada.finish(&second, &content).await;
    // The key lives on after the session: it still names it.
    let third = ada.create_upload_once(KEY, &create).await.expect(201);
    assert_eq!((session_id(&third), &third["session"]["state"]), (session_id(&first), &json!("stored")));
    assert_eq!(third["parts"], json!([]));
}

#[tokio::test]
async fn the_same_key_gives_the_same_entry() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    ada.put("film", &content).await;
    let create = content.upload("copy");
    let first = ada.create_upload_once(KEY, &create).await.expect(201);
    let second = ada.create_upload_once(KEY, &create).await.expect(201);
    assert_eq!(first, second, "the original status, the same id");
    assert_eq!(entry_id(&first), entry_id(&second));
    assert_eq!(ada.list_files("").await.expect(200)["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused_and_so_is_a_malformed_one() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(10);
    let create = content.upload("film");
    let first = ada.create_upload_once(KEY, &create).await.expect(201);
    let other = with(create.clone(), json!({"name": "other"}));
    ada.create_upload_once(KEY, &other).await.expect_problem(422, "invalid");
    for malformed in ["x".repeat(15), "x".repeat(129), "ü".repeat(20)] {
        ada.create_upload_once(&malformed, &create).await.expect_problem(422, "invalid");
    }
    // Keys are per owner and route.
    ada.create_folder_once(KEY, &json!({"name": "film"})).await.expect(201);
    let bobs = bob.create_upload_once(KEY, &other).await.expect(201);
    assert_ne!(session_id(&bobs), session_id(&first));
}

#[tokio::test]
async fn a_refused_create_leaves_its_key_free() {
    let app = TestApp::start_with(|options| options.quota_bytes = 100).await;
    let ada = app.user("ada").await;
    let big = ada.open("big", &Content::random(95)).await;
    let content = Content::random(10);
    let create = content.upload("film");
    ada.create_upload_once(KEY, &create).await.expect_problem(507, "quota-exceeded");
    ada.cancel_upload(session_id(&big)).await;
    ada.create_upload_once(KEY, &create).await.expect(201);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    ada.create_upload_once(KEY, &json!({"name": "film", "size_bytes": 10})).await.expect(201);
    app.clock.advance(jiff::SignedDuration::from_hours(25));
    let ada = app.sign_in("ada").await;
    ada.create_upload_once(KEY, &json!({"name": "other", "size_bytes": 20})).await.expect(201);
}

#[tokio::test]
async fn the_same_key_at_once_creates_once() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let create = json!({"name": "film", "size_bytes": 10});
    let answers = futures::future::join_all((0..10).map(|_| ada.create_upload_once(KEY, &create))).await;
    let mut ids = std::collections::BTreeSet::new();
    for answer in answers {
        if answer.status == 409 {
            assert!(answer.headers.contains_key("retry-after"));
            answer.expect_problem(409, "in-progress");
        } else {
            ids.insert(session_id(&answer.expect(201)).to_owned());
        }
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(ada.usage().await, (0, 10));
}

#[tokio::test]
async fn public_routes_take_no_key() {
    let app = TestApp::start().await;
    for path in ["/v1/accounts", "/v1/logins", "/v1/logins/refresh"] {
        let request = app.request(Method::POST, path).header("idempotency-key", KEY).json(&json!({}));
        app.send(request).await.expect_problem(400, "malformed");
    }
}
