//! Storage events: late, doubled, lost or forged, they change nothing in the end.

use e2e::{Content, TestApp, session_id};
use serde_json::json;
use straightway_core::{ObjectKey, Queue, SessionId};

use crate::MIB;

/// The event that S3 sends for a session's object.
fn event_of(session: &str) -> String {
    let key = ObjectKey::of_session(&SessionId::parse(session).unwrap());
    event(key.as_str())
}

fn event(key: &str) -> String {
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "straightway"}, "object": {"key": key, "size": 10, "eTag": "x"}},
    }]})
    .to_string()
}

#[tokio::test]
async fn a_client_that_vanishes_after_its_put_has_its_file_all_the_same() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(1000);
    let upload = ada.open("film.mp4", &content).await;
    ada.send_parts(&upload, &content).await;
    let entry = ada.wait_for_file("film.mp4").await;
    assert_eq!(entry["content_hash"], content.hash.to_hex());
    assert_eq!(ada.download(e2e::entry_id(&entry)).await, content.bytes);
    let session = ada.get_upload(session_id(&upload), "").await.expect(200);
    assert_eq!((&session["state"], &session["entry"]), (&json!("stored"), &entry));
    // Back again, the client completes as if nothing had happened.
    assert_eq!(ada.complete_upload(session_id(&upload), &json!({})).await.expect(200)["entry"], entry);
    app.audit().await;
}

#[tokio::test]
async fn a_client_that_vanishes_without_having_given_hashes_has_its_file_too() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(1000);
    let upload = ada.create_upload(&json!({"name": "film.mp4", "size_bytes": 1000})).await.expect(201);
    ada.send_parts(&upload, &content).await;
    let entry = ada.wait_for_file("film.mp4").await;
    assert_eq!(entry["content_hash"], content.hash.to_hex());
    assert_eq!(entry["sha1"], content.sha1(), "read back");
    app.audit().await;
}

#[tokio::test]
async fn the_same_event_ten_times_makes_one_file() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(1000);
    let upload = ada.open("film.mp4", &content).await;
    ada.send_parts(&upload, &content).await;
    for _ in 0..10 {
        app.finalize_queue.send(event_of(session_id(&upload))).await.unwrap();
    }
    let entry = ada.wait_for_file("film.mp4").await;
    app.audit().await;
    assert_eq!(app.records.refs(&content.file_key()).await, 1);
    assert_eq!(ada.list_files("").await.expect(200)["items"], json!([entry]));
    assert_eq!(ada.usage().await, (1000, 0));
    let events = app.records.all("outbox").await;
    assert_eq!(events.iter().filter(|event| event.text("type") == "file.stored").count(), 1);
}

#[tokio::test]
async fn a_late_event_changes_nothing_whatever_became_of_the_upload() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (kept, deleted, cancelled) = (Content::random(10), Content::random(20), Content::random(30));
    let sessions =
        [ada.open("kept", &kept).await, ada.open("deleted", &deleted).await, ada.open("cancelled", &cancelled).await];
    let entry = ada.finish(&sessions[0], &kept).await;
    let gone = ada.finish(&sessions[1], &deleted).await;
    assert_eq!(ada.delete_file(e2e::entry_id(&gone)).await.status, 204);
    ada.cancel_upload(session_id(&sessions[2])).await;
    for upload in &sessions {
        app.finalize_queue.send(event_of(session_id(upload))).await.unwrap();
    }
    app.audit().await;
    assert_eq!(ada.list_files("").await.expect(200)["items"], json!([entry]));
    assert_eq!(ada.usage().await, (10, 0));
    let states: Vec<_> = [
        ada.get_upload(session_id(&sessions[0]), "").await,
        ada.get_upload(session_id(&sessions[1]), "").await,
        ada.get_upload(session_id(&sessions[2]), "").await,
    ]
    .into_iter()
    .map(|session| session.expect(200)["state"].clone())
    .collect();
    assert_eq!(states, ["stored", "stored", "aborted"]);
}

#[tokio::test]
async fn forged_messages_have_no_effect() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let stored = Content::random(10);
    let entry = ada.put("stored", &stored).await;
    let waiting = Content::random(20);
    let open = ada.open("open", &waiting).await;
    let large = Content::random(17 * MIB);
    let parts = ada.open("large", &large).await;
    app.put_part(&parts["parts"][0], large.part(1).to_vec()).await;
    let nobody = "0".repeat(32);
    for message in [
        event_of(&nobody),
        // Objects that are not there yet.
        event_of(session_id(&open)),
        event_of(session_id(&parts)),
        event("probe/canary"),
        event("objects/ab/../../etc/passwd"),
        event("incoming/x"),
        event(""),
        json!({"type": "finalize", "session_id": session_id(&open)}).to_string(),
        json!({"type": "finalize", "session_id": session_id(&parts)}).to_string(),
        json!({"type": "finalize", "session_id": nobody}).to_string(),
        json!({"type": "finalize", "session_id": "../.."}).to_string(),
        json!({"type": "delete_tree", "job_id": nobody}).to_string(),
        json!({"type": "delete_tree", "job_id": e2e::entry_id(&entry)}).to_string(),
        json!({"type": "drop_everything"}).to_string(),
        json!({"Records": [{"eventName": "ObjectRemoved:Delete", "s3": {"object": {"key": "x"}}}]}).to_string(),
        json!({"Records": [{}]}).to_string(),
        json!({"Service": "Amazon S3", "Event": "s3:TestEvent"}).to_string(),
        "{".to_owned(),
        String::new(),
        "\u{0}\u{202e}".to_owned(),
    ] {
        app.finalize_queue.send(message).await.unwrap();
    }
    app.audit().await;
    assert_eq!(ada.list_files("").await.expect(200)["items"], json!([entry]));
    for upload in [&open, &parts] {
        assert_eq!(ada.get_upload(session_id(upload), "").await.expect(200)["state"], "open");
    }
    // Both go on as if nothing had been.
    ada.finish(&open, &waiting).await;
    ada.finish(&parts, &large).await;
    app.audit().await;
}

#[tokio::test]
async fn looking_at_an_upload_finalizes_a_put_that_nothing_announced() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(1000);
    let upload = ada.open("film.mp4", &content).await;
    ada.send_parts(&upload, &content).await;
    // The event is two seconds away: this look is what makes the file.
    let session = ada.get_upload(session_id(&upload), "").await.expect(200);
    assert_eq!(session["state"], "stored");
    assert_eq!(session["entry"]["content_hash"], content.hash.to_hex());
    app.audit().await;
}

#[tokio::test]
async fn stored_files_are_told_to_the_outbox_once_each() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    ada.put("a", &content).await;
    assert_eq!(ada.create("b", &content).await.expect(201)["outcome"], "stored");
    let events = app.records.all("outbox").await;
    let told: Vec<_> = events.iter().map(|event| (event.text("type"), event.text("owner_id"))).collect();
    assert_eq!(told, [("file.stored", ada.user_id.as_str()); 2]);
}
