//! Names that are taken, at creation and meanwhile.

use e2e::{Content, TestApp, entry_id, names, session_id};
use serde_json::json;

#[tokio::test]
async fn a_taken_name_is_numbered_unless_the_client_says_otherwise() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for expected in ["film.mp4", "film (1).mp4", "film (2).mp4"] {
        assert_eq!(ada.put("film.mp4", &Content::random(10)).await["name"], expected);
    }
    // Case does not make another name.
    assert_eq!(ada.put("FILM.mp4", &Content::random(10)).await["name"], "FILM (3).mp4");
    app.audit().await;
}

#[tokio::test]
async fn fail_refuses_a_taken_name_at_creation_and_names_the_holder() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let holder = ada.put("film.mp4", &Content::random(10)).await;
    let content = Content::random(10);
    let create = e2e::with(content.upload("Film.mp4"), json!({"on_conflict": "fail"}));
    let taken = ada.create_upload(&create).await.expect_problem(409, "name-taken");
    assert_eq!(taken["entry_id"], holder["entry_id"]);
    assert_eq!(ada.usage().await, (10, 0));
}

#[tokio::test]
async fn the_same_name_and_content_is_the_entry_that_is_there_even_with_fail() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let there = ada.put("film.mp4", &content).await;
    for on_conflict in ["rename", "fail", "replace"] {
        let create = e2e::with(content.upload("film.mp4"), json!({"on_conflict": on_conflict}));
        let answer = ada.create_upload(&create).await.expect(200);
        assert_eq!((&answer["outcome"], &answer["entry"]), (&json!("stored"), &there));
    }
    assert_eq!(ada.usage().await, (10, 0));
    app.audit().await;
}

#[tokio::test]
async fn replace_takes_the_name_and_purges_the_old_content() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (old, new) = (Content::random(1000), Content::random(300));
    let before = ada.put("film.mp4", &old).await;
    let upload = ada.open_with(&new, json!({"name": "film.mp4", "on_conflict": "replace"})).await;
    // Until the new one is there the old one is.
    assert_eq!(ada.usage().await, (1000, 300));
    ada.get_file(entry_id(&before)).await.expect(200);
    let after = ada.finish(&upload, &new).await;
    assert_eq!(after["name"], "film.mp4");
    ada.get_file(entry_id(&before)).await.expect_problem(404, "not-found");
    assert_eq!(names(&ada.list_files("").await.expect(200)), ["film.mp4"]);
    assert_eq!(ada.usage().await, (300, 0));
    assert_eq!(app.records.refs(&old.file_key()).await, 0);
    assert_eq!(ada.download(entry_id(&after)).await, new.bytes);
    app.audit().await;
}

#[tokio::test]
async fn replace_does_not_replace_a_folder() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let folder = ada.folder("film", "root").await;
    let content = Content::random(10);
    let entry = ada.put_with(&content, json!({"name": "film", "on_conflict": "replace"})).await;
    assert_eq!(entry["name"], "film (1)");
    ada.get_file(&folder).await.expect(200);
}

#[tokio::test]
async fn a_name_taken_meanwhile_is_numbered_at_commit() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for on_conflict in ["rename", "fail"] {
        let content = Content::random(10);
        let name = format!("{on_conflict}.txt");
        let upload = ada.open_with(&content, json!({"name": name, "on_conflict": on_conflict})).await;
        ada.folder(&name, "root").await;
        // Uploaded bytes are never thrown away for a name.
        assert_eq!(ada.finish(&upload, &content).await["name"], format!("{on_conflict} (1).txt"));
    }
    app.audit().await;
}

#[tokio::test]
async fn replace_at_commit_purges_who_took_the_name_meanwhile() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (mine, theirs) = (Content::random(10), Content::random(20));
    let upload = ada.open_with(&mine, json!({"name": "film", "on_conflict": "replace"})).await;
    let holder = ada.put("film", &theirs).await;
    let entry = ada.finish(&upload, &mine).await;
    assert_eq!(entry["name"], "film");
    ada.get_file(entry_id(&holder)).await.expect_problem(404, "not-found");
    assert_eq!(ada.usage().await, (10, 0));
    app.audit().await;
}

#[tokio::test]
async fn a_name_taken_meanwhile_by_the_same_content_keeps_both_entries_and_one_object() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    // `read` without a hash: no marker, so both sessions are their own.
    let create = json!({"name": "film", "size_bytes": 10, "on_conflict": "replace"});
    let uploads = [ada.create_upload(&create).await.expect(201), ada.create_upload(&create).await.expect(201)];
    assert_ne!(session_id(&uploads[0]), session_id(&uploads[1]));
    let first = ada.finish(&uploads[0], &content).await;
    let second = ada.finish(&uploads[1], &content).await;
    assert_eq!(second["name"], "film");
    ada.get_file(entry_id(&first)).await.expect_problem(404, "not-found");
    assert_eq!(app.records.refs(&content.file_key()).await, 1, "same file: refs unchanged");
    assert_eq!(ada.download(entry_id(&second)).await, content.bytes);
    assert_eq!(ada.usage().await, (10, 0));
    app.audit().await;
}
