//! Content that is not what was declared.

use e2e::{Content, TestApp, TestUser, session_id, with};
use serde_json::{Value, json};

use crate::MIB;

/// What is true of every rejected upload.
async fn expect_rejected(ada: &TestUser<'_>, upload: &Value) {
    let id = session_id(upload);
    for _ in 0..2 {
        let gone = ada.complete_upload(id, &json!({})).await.expect_problem(410, "session-ended");
        assert_eq!((&gone["state"], &gone["reason"]), (&json!("rejected"), &json!("hash-mismatch")));
    }
    ada.sign_parts(id, &json!({})).await.expect_problem(410, "session-ended");
    let session = ada.get_upload(id, "").await.expect(200);
    assert_eq!((&session["state"], &session["reason"]), (&json!("rejected"), &json!("hash-mismatch")));
    assert_eq!(ada.cancel_upload(id).await.status, 204);
    ada.app.wait_until_deleted(id).await;
    assert_eq!(ada.usage().await, (0, 0), "the quota is given back");
    assert_eq!(ada.list_files("").await.expect(200)["items"], json!([]));
    let garbage = ada.app.records.garbage().await;
    assert!(garbage.iter().any(|key| key.ends_with(id)), "{garbage:?}");
    let events = ada.app.records.all("outbox").await;
    assert_eq!(events.iter().filter(|event| event.text("type") == "upload.rejected").count(), 1);
    ada.app.audit().await;
}

#[tokio::test]
async fn a_hash_declared_at_creation_that_the_parts_do_not_make_is_rejected() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (content, other) = (Content::random(17 * MIB), Content::random(17 * MIB));
    let upload = ada.open_with(&content, json!({"name": "film", "content_hash": other.hash.to_hex()})).await;
    ada.send_parts(&upload, &content).await;
    ada.complete_upload(session_id(&upload), &json!({})).await.expect_problem(422, "hash-mismatch");
    expect_rejected(&ada, &upload).await;
}

#[tokio::test]
async fn a_wrong_hash_at_complete_is_rejected() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (content, other) = (Content::random(17 * MIB), Content::random(17 * MIB));
    let create = json!({"name": "film", "size_bytes": content.size(), "parts": content.parts()});
    let upload = ada.create_upload(&create).await.expect(201);
    ada.send_parts(&upload, &content).await;
    let wrong = json!({"content_hash": other.hash.to_hex()});
    ada.complete_upload(session_id(&upload), &wrong).await.expect_problem(422, "hash-mismatch");
    expect_rejected(&ada, &upload).await;
}

#[tokio::test]
async fn two_declared_hashes_that_differ_are_rejected_even_if_one_is_right() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (content, other) = (Content::random(17 * MIB), Content::random(17 * MIB));
    let upload = ada.open("film", &content).await;
    ada.send_parts(&upload, &content).await;
    let wrong = json!({"content_hash": other.hash.to_hex()});
    ada.complete_upload(session_id(&upload), &wrong).await.expect_problem(422, "hash-mismatch");
    expect_rejected(&ada, &upload).await;
}

#[tokio::test]
async fn a_read_back_that_finds_another_hash_is_rejected() {
    for size in [1000, 17 * MIB] {
        let app = TestApp::start().await;
        let ada = app.user("ada").await;
        let (content, other) = (Content::random(size), Content::random(size));
        let create =
            json!({"name": "film", "size_bytes": size, "integrity": "read", "content_hash": other.hash.to_hex()});
        let upload = ada.create_upload(&create).await.expect(201);
        assert_eq!(upload["session"]["integrity"], "read");
        ada.send_parts(&upload, &content).await;
        ada.complete_upload(session_id(&upload), &json!({})).await.expect_problem(422, "hash-mismatch");
        expect_rejected(&ada, &upload).await;
    }
}

#[tokio::test]
async fn a_put_whose_client_vanished_is_rejected_by_its_event_when_the_hash_is_wrong() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (content, other) = (Content::random(1000), Content::random(1000));
    let create = json!({"name": "film", "size_bytes": 1000, "integrity": "read", "content_hash": other.hash.to_hex()});
    let upload = ada.create_upload(&create).await.expect(201);
    ada.send_parts(&upload, &content).await;
    let ended = e2e::eventually("the end", async || {
        let sessions = app.records.all("sessions").await;
        sessions.into_iter().find(|session| session.text("state") == "rejected")
    });
    assert_eq!(ended.await.text("reason"), "hash-mismatch");
    expect_rejected(&ada, &upload).await;
}

#[tokio::test]
async fn the_right_content_goes_up_under_the_same_name_after_a_rejection() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (wrong, right) = (Content::random(17 * MIB), Content::random(17 * MIB));
    let create = with(wrong.upload("film"), json!({"content_hash": right.hash.to_hex()}));
    let upload = ada.create_upload(&create).await.expect(201);
    ada.send_parts(&upload, &wrong).await;
    ada.complete_upload(session_id(&upload), &json!({})).await.expect_problem(422, "hash-mismatch");
    let entry = ada.put("film", &right).await;
    assert_eq!((&entry["name"], &entry["content_hash"]), (&json!("film"), &json!(right.hash.to_hex())));
    app.audit().await;
}
