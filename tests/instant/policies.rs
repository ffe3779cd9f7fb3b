//! `STRAIGHTWAY_INSTANT` and `STRAIGHTWAY_DEDUPE`.

use e2e::{Content, TestApp, TestUser, entry_id, session_id};
use serde_json::{Value, json};
use straightway_core::settings::{Dedupe, InstantUpload};

use crate::MIB;

/// An answer without what differs between any two uploads.
fn without_identity(mut answer: Value) -> Value {
    for pointer in ["/session/session_id", "/session/created_at", "/session/expires_at", "/session/content_hash"] {
        *answer.pointer_mut(pointer).unwrap() = json!("-");
    }
    for part in answer["parts"].as_array_mut().unwrap() {
        for member in ["url", "headers", "expires_at"] {
            part[member] = json!("-");
        }
    }
    answer
}

async fn answer_for(user: &TestUser<'_>, content: &Content) -> Value {
    let upload = user.open("film", content).await;
    user.cancel_upload(session_id(&upload)).await;
    without_identity(upload)
}

#[tokio::test]
async fn own_answers_the_same_whether_others_have_the_content_or_not() {
    let app = TestApp::start_with(|options| options.instant = InstantUpload::Own).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    for size in [10, 2 * MIB, 17 * MIB] {
        let (present, absent) = (Content::random(size), Content::random(size));
        ada.put(&format!("film {size}"), &present).await;
        assert_eq!(answer_for(&bob, &present).await, answer_for(&bob, &absent).await);
        // Nor with a proof at hand.
        for content in [&present, &absent] {
            let proof = json!({"challenge": "x", "mac": "0".repeat(64)});
            let create = e2e::with(content.upload("other"), json!({"proof": proof}));
            let upload = bob.create_upload(&create).await.expect(201);
            assert_eq!(upload["outcome"], "upload");
            bob.cancel_upload(session_id(&upload)).await;
        }
        assert_eq!(ada.create(&format!("copy {size}"), &present).await.expect(201)["outcome"], "stored");
    }
    let read = Content::random(2 * MIB);
    let upload = ada.create_upload(&json!({"name": "read", "size_bytes": read.size()})).await.expect(201);
    ada.finish(&upload, &read).await;
    let hint = json!({"name": "hint", "size_bytes": read.size(), "sha1": read.sha1()});
    assert_eq!(bob.create_upload(&hint).await.expect(201)["outcome"], "upload");
    assert_eq!(ada.create_upload(&hint).await.expect(200)["outcome"], "hash");
    assert_eq!(app.get("/v1/capabilities").await.expect(200)["instant"], "own");
    app.audit().await;
}

#[tokio::test]
async fn off_finds_not_even_ones_own() {
    let app = TestApp::start_with(|options| options.instant = InstantUpload::Off).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(2 * MIB);
    ada.put("film", &content).await;
    for user in [&ada, &bob] {
        let upload = user.open("copy", &content).await;
        user.finish(&upload, &content).await;
    }
    assert_eq!(app.records.refs(&content.file_key()).await, 3, "deduplicated all the same");
    // What is there under this very name is there.
    assert_eq!(ada.create("film", &content).await.expect(200)["outcome"], "stored");
    assert_eq!(app.get("/v1/capabilities").await.expect(200)["instant"], "off");
    app.audit().await;
}

#[tokio::test]
async fn deduplication_within_owners_leaves_no_trace_of_others() {
    let app = TestApp::start_with(|options| options.dedupe = Dedupe::Owner).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(2 * MIB);
    ada.put("film", &content).await;
    assert_eq!(answer_for(&bob, &content).await, answer_for(&bob, &Content::random(2 * MIB)).await);
    let entry = bob.put("film", &content).await;
    for user in [&ada, &bob] {
        assert_eq!(user.create("copy", &content).await.expect(201)["outcome"], "stored");
        let key = format!("{}/{}", user.user_id, content.file_key());
        assert_eq!(app.records.refs(&key).await, 2, "a file of each owner's");
    }
    assert_eq!(bob.download(entry_id(&entry)).await, content.bytes);
    app.audit().await;
}
