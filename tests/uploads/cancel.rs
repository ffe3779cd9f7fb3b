//! Giving an upload up.

use e2e::{Content, TestApp, session_id};
use serde_json::json;

use crate::MIB;

#[tokio::test]
async fn cancelling_frees_parts_and_quota_and_can_be_repeated() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(17 * MIB);
    let upload = ada.open("film", &content).await;
    let id = session_id(&upload);
    assert_eq!(app.put_part(&upload["parts"][0], content.part(1).to_vec()).await, 200);
    assert_eq!(ada.usage().await, (0, content.size()));
    for _ in 0..3 {
        assert_eq!(ada.cancel_upload(id).await.status, 204);
    }
    assert_eq!(ada.usage().await, (0, 0));
    assert_eq!(ada.list_uploads("").await.expect(200)["items"], json!([]));
    let session = ada.get_upload(id, "?missing=true").await.expect(200);
    assert_eq!((&session["state"], &session["missing"]), (&json!("aborted"), &json!([[1, 2]])));
    let gone = ada.complete_upload(id, &json!({})).await.expect_problem(410, "session-ended");
    assert_eq!(gone["state"], "aborted");
    // The store has forgotten the upload: the URL is good for nothing.
    assert_eq!(app.put_part(&upload["parts"][1], content.part(2).to_vec()).await, 404);
    assert_eq!(app.records.garbage().await.len(), 1);
    app.audit().await;
}

#[tokio::test]
async fn a_stored_upload_cannot_be_cancelled() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let upload = ada.open("film", &content).await;
    let entry = ada.finish(&upload, &content).await;
    ada.cancel_upload(session_id(&upload)).await.expect_problem(409, "already-stored");
    assert_eq!(ada.download(e2e::entry_id(&entry)).await, content.bytes);
}

#[tokio::test]
async fn the_same_content_goes_up_again_after_a_cancel() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let first = ada.open("film", &content).await;
    ada.send_parts(&first, &content).await;
    ada.cancel_upload(session_id(&first)).await;
    let entry = ada.put("film", &content).await;
    assert_eq!(entry["name"], "film");
    app.wait_until_deleted(session_id(&first)).await;
    app.audit().await;
}

#[tokio::test]
async fn cancel_and_complete_at_once_have_one_winner() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for round in 0..5 {
        let content = Content::random(10);
        let upload = ada.open(&format!("film {round}"), &content).await;
        ada.send_parts(&upload, &content).await;
        let id = session_id(&upload);
        let nothing = json!({});
        let (cancelled, completed) = tokio::join!(ada.cancel_upload(id), ada.complete_upload(id, &nothing));
        let state = ada.get_upload(id, "").await.expect(200)["state"].clone();
        match (cancelled.status.as_u16(), completed.status.as_u16()) {
            (204, 410) => assert_eq!(state, "aborted"),
            (409, 200) => assert_eq!(state, "stored"),
            other => panic!("{other:?}: {} {}", cancelled.json, completed.json),
        }
    }
    app.audit().await;
}
