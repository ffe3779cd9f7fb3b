//! Saying that everything is there.

use e2e::{Content, TestApp, session_id};
use serde_json::json;

use crate::MIB;

#[tokio::test]
async fn completing_can_be_repeated_at_will() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let upload = ada.open("film", &content).await;
    let entry = ada.finish(&upload, &content).await;
    for body in [json!({}), json!({"content_hash": content.hash.to_hex()})] {
        let session = ada.complete_upload(session_id(&upload), &body).await.expect(200);
        assert_eq!((&session["state"], &session["entry"]), (&json!("stored"), &entry));
    }
    assert_eq!(ada.usage().await, (10, 0));
    // A hash that is another's after all is told, and changes nothing.
    let wrong = json!({"content_hash": Content::random(10).hash.to_hex()});
    ada.complete_upload(session_id(&upload), &wrong).await.expect_problem(422, "hash-mismatch");
    assert_eq!(ada.get_file(e2e::entry_id(&entry)).await.expect(200), entry);
}

#[tokio::test]
async fn completing_needs_no_body() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let upload = ada.open("film", &content).await;
    ada.send_parts(&upload, &content).await;
    let path = format!("/v1/uploads/{}/complete", session_id(&upload));
    let session = app.send(ada.request(reqwest::Method::POST, &path)).await.expect(200);
    assert_eq!(session["state"], "stored");
}

#[tokio::test]
async fn completing_twenty_times_at_once_has_one_result() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for content in [Content::random(10), Content::random(17 * MIB)] {
        let upload = ada.open("film", &content).await;
        ada.send_parts(&upload, &content).await;
        let (id, nothing) = (session_id(&upload), json!({}));
        let answers = futures::future::join_all((0..20).map(|_| ada.complete_upload(id, &nothing))).await;
        for answer in answers {
            // Whoever comes between the others may be told to ask again.
            let session = answer.expect(200);
            assert!(["stored", "verifying"].contains(&session["state"].as_str().unwrap()), "{session}");
        }
        let session = ada.complete_upload(id, &nothing).await.expect(200);
        assert_eq!(session["state"], "stored");
        assert_eq!(app.records.refs(&content.file_key()).await, 1);
        assert_eq!(ada.download(e2e::entry_id(&session)).await, content.bytes);
    }
    assert_eq!(ada.list_files("").await.expect(200)["items"].as_array().unwrap().len(), 2);
    app.audit().await;
}

#[tokio::test]
async fn missing_parts_are_named_and_the_upload_goes_on() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(50 * MIB);
    let upload = ada.open("film", &content).await;
    let id = session_id(&upload);
    let missing = |answer: e2e::Answer| answer.expect_problem(409, "parts-missing")["missing"].clone();
    assert_eq!(missing(ada.complete_upload(id, &json!({})).await), json!([[1, 4]]));
    for number in [1_usize, 4] {
        assert_eq!(app.put_part(&upload["parts"][number - 1], content.part(number as u64).to_vec()).await, 200);
    }
    assert_eq!(missing(ada.complete_upload(id, &json!({})).await), json!([[2, 3]]));
    assert_eq!(ada.get_upload(id, "").await.expect(200)["state"], "open");
    ada.finish(&upload, &content).await;

    let small = Content::random(10);
    let upload = ada.open("small", &small).await;
    assert_eq!(missing(ada.complete_upload(session_id(&upload), &json!({})).await), json!([[1, 1]]));
    ada.finish(&upload, &small).await;
    app.audit().await;
}

#[tokio::test]
async fn a_content_hash_may_come_with_complete() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(17 * MIB);
    let create = json!({"name": "film", "size_bytes": content.size(), "parts": content.parts()});
    let upload = ada.create_upload(&create).await.expect(201);
    ada.send_parts(&upload, &content).await;
    let declared = json!({"content_hash": content.hash.to_hex()});
    let session = ada.complete_upload(session_id(&upload), &declared).await.expect(200);
    assert_eq!(session["entry"]["content_hash"], content.hash.to_hex());
    app.audit().await;
}

#[tokio::test]
async fn a_complete_whose_answer_was_lost_is_finished_by_the_next() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(17 * MIB);
    let upload = ada.open("film", &content).await;
    ada.send_parts(&upload, &content).await;
    let (id, nothing) = (session_id(&upload), json!({}));
    // The client hangs up at once, wherever the server is by then.
    for patience in [0, 1, 5, 20] {
        let patience = std::time::Duration::from_millis(patience);
        // An answer or none: both are fine here.
        let _ = tokio::time::timeout(patience, ada.complete_upload(id, &nothing)).await;
    }
    let session = e2e::eventually("the file", async || {
        let session = ada.complete_upload(id, &nothing).await.expect(200);
        (session["state"] == "stored").then_some(session)
    })
    .await;
    assert_eq!(ada.download(e2e::entry_id(&session)).await, content.bytes);
    app.audit().await;
}
