//! A PUT URL outlives its session: while it does, its object key is covered by garbage.

use e2e::{Content, TestApp, TestUser, entry_id, session_id};
use serde_json::{Value, json};
use straightway_core::{ObjectKey, SessionId};

use crate::{MIB, three_parts};

fn key_of(upload: &Value) -> String {
    ObjectKey::of_session(&SessionId::parse(session_id(upload)).unwrap()).to_string()
}

/// Uses a URL once more, and checks that whatever the store makes of it, it never becomes a file.
async fn expect_nothing_from(user: &TestUser<'_>, upload: &Value, content: &Content) {
    let app = user.app;
    let (files, usage) = (user.list_files("").await.expect(200), user.usage().await);
    // Once the object is gone the store takes it again.
    app.wait_until_deleted(session_id(upload)).await;
    assert_eq!(app.put_part(&upload["parts"][0], content.bytes.clone()).await, 200);
    assert!(app.has_object(session_id(upload)).await);
    // Its event is handled by now: nothing has come of it.
    app.audit().await;
    assert_eq!(user.list_files("").await.expect(200), files);
    assert_eq!(user.usage().await, usage);
    let garbage = app.records.all("garbage").await;
    let item = garbage.iter().find(|item| item.text("id") == key_of(upload)).expect("the key is garbage");
    // Long after the URL has died.
    let now = straightway_core::Clock::now(&*app.clock).as_millisecond();
    assert!(item.number("not_before") > u64::try_from(now).unwrap() + 23 * 3_600_000);
}

#[tokio::test]
async fn a_second_put_to_a_finished_object_is_refused() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(1000);
    let upload = ada.open("film", &content).await;
    ada.send_parts(&upload, &content).await;
    assert_eq!(app.put_part(&upload["parts"][0], content.bytes.clone()).await, 412, "before the complete");
    let entry = ada.finish_sent(&upload).await;
    assert_eq!(app.put_part(&upload["parts"][0], content.bytes.clone()).await, 412, "after it");
    assert_eq!(ada.delete_file(entry_id(&entry)).await.status, 204);
    assert_eq!(app.put_part(&upload["parts"][0], content.bytes.clone()).await, 412, "until it is collected");
    app.audit().await;
}

#[tokio::test]
async fn a_part_of_a_finished_upload_is_refused() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = three_parts();
    let upload = ada.open("film", &content).await;
    let entry = ada.finish(&upload, &content).await;
    assert_eq!(app.put_part(&upload["parts"][0], content.part(1).to_vec()).await, 404);
    assert_eq!(ada.download(entry_id(&entry)).await, content.bytes);
    app.audit().await;
}

#[tokio::test]
async fn nothing_comes_of_a_put_after_a_cancel() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(1000);
    for sent in [false, true] {
        let upload = ada.open("film", &content).await;
        if sent {
            ada.send_parts(&upload, &content).await;
        }
        assert_eq!(ada.cancel_upload(session_id(&upload)).await.status, 204);
        expect_nothing_from(&ada, &upload, &content).await;
        let state = ada.get_upload(session_id(&upload), "").await.expect(200)["state"].clone();
        assert_eq!(state, "aborted");
    }
}

#[tokio::test]
async fn nothing_comes_of_a_put_after_a_rejection() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (content, declared) = (Content::random(1000), Content::random(1000));
    let create = json!({
        "name": "film", "size_bytes": 1000, "integrity": "read", "content_hash": declared.hash.to_hex(),
    });
    let upload = ada.create_upload(&create).await.expect(201);
    ada.send_parts(&upload, &content).await;
    ada.complete_upload(session_id(&upload), &json!({})).await.expect_problem(422, "hash-mismatch");
    // Neither of the wrong bytes nor, by now, of the right ones.
    expect_nothing_from(&ada, &upload, &declared).await;
    let state = ada.get_upload(session_id(&upload), "").await.expect(200)["state"].clone();
    assert_eq!(state, "rejected");
}

#[tokio::test]
async fn nothing_comes_of_a_put_after_a_deduplication() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(1000);
    let upload = bob.open("film", &content).await;
    ada.put("film", &content).await;
    let entry = bob.finish(&upload, &content).await;
    expect_nothing_from(&bob, &upload, &content).await;
    assert_eq!(app.records.refs(&content.file_key()).await, 2);
    assert_eq!(bob.download(entry_id(&entry)).await, content.bytes);
}

#[tokio::test]
async fn a_deduplicated_multipart_leaves_garbage_and_no_object() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(17 * MIB);
    let upload = bob.open("film", &content).await;
    ada.put("film", &content).await;
    let entry = bob.finish(&upload, &content).await;
    app.wait_until_deleted(session_id(&upload)).await;
    assert_eq!(app.records.garbage().await, [key_of(&upload)]);
    assert_eq!(app.put_part(&upload["parts"][0], content.part(1).to_vec()).await, 404);
    assert_eq!(bob.download(entry_id(&entry)).await, content.bytes);
    app.audit().await;
}
