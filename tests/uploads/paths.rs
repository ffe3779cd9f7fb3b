//! Where an upload goes: a parent, or a path below it.

use e2e::{Content, TestApp, entry_id, names, with};
use serde_json::{Value, json};

/// A create by path.
fn at_path(content: &Content, path: &str) -> Value {
    with(content.upload(""), json!({"name": null, "path": path}))
}

#[tokio::test]
async fn a_path_makes_the_folders_that_are_missing_and_follows_those_that_are_there() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let first = Content::random(100);
    let upload = ada.create_upload(&at_path(&first, "holiday/2026/film.mp4")).await.expect(201);
    let film = ada.finish(&upload, &first).await;
    assert_eq!(film["name"], "film.mp4");
    // Another case, the same folders.
    let second = Content::random(100);
    let upload = ada.create_upload(&at_path(&second, "Holiday/2026/photo.jpg")).await.expect(201);
    let photo = ada.finish(&upload, &second).await;
    assert_eq!(photo["parent_id"], film["parent_id"]);

    let root = ada.list_files("").await.expect(200);
    assert_eq!(names(&root), ["holiday"]);
    let holiday = entry_id(&root["items"][0]);
    let years = ada.list_files(&format!("?parent_id={holiday}")).await.expect(200);
    assert_eq!(names(&years), ["2026"]);
    assert_eq!(years["items"][0]["entry_id"], film["parent_id"]);
    let year = entry_id(&years["items"][0]);
    let files = ada.list_files(&format!("?parent_id={year}")).await.expect(200);
    assert_eq!(names(&files), ["film.mp4", "photo.jpg"]);
    app.audit().await;
}

#[tokio::test]
async fn a_path_is_relative_to_the_parent() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let top = ada.folder("top", "root").await;
    let content = Content::random(10);
    let create = with(at_path(&content, "below/file"), json!({"parent_id": top}));
    let file = ada.finish(&ada.create_upload(&create).await.expect(201), &content).await;
    let below = ada.get_file(file["parent_id"].as_str().unwrap()).await.expect(200);
    assert_eq!((&below["name"], &below["parent_id"]), (&json!("below"), &json!(top)));
}

#[tokio::test]
async fn uploads_to_one_new_folder_at_the_same_time_share_it() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let contents: Vec<_> = (0..8).map(|_| Content::random(50)).collect();
    let uploads = contents.iter().enumerate().map(|(i, content)| {
        let ada = &ada;
        async move { ada.create_upload(&at_path(content, &format!("new/deep/{i}"))).await.expect(201) }
    });
    let uploads = futures::future::join_all(uploads).await;
    let parents: std::collections::BTreeSet<_> =
        uploads.iter().map(|upload| upload["session"]["parent_id"].as_str().unwrap()).collect();
    assert_eq!(parents.len(), 1);
    assert_eq!(names(&ada.list_files("").await.expect(200)), ["new"]);
}

#[tokio::test]
async fn a_file_in_the_way_of_a_path_is_a_name_that_is_taken() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let holiday = ada.put("holiday", &Content::random(10)).await;
    let content = Content::random(10);
    for on_conflict in ["rename", "fail", "replace"] {
        let create = with(at_path(&content, "holiday/film.mp4"), json!({"on_conflict": on_conflict}));
        let taken = ada.create_upload(&create).await.expect_problem(409, "name-taken");
        assert_eq!(taken["entry_id"], holiday["entry_id"]);
    }
    assert_eq!(ada.usage().await, (10, 0));
}

#[tokio::test]
async fn a_parent_that_is_unknown_foreign_or_a_file_is_not_found() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let foreign = bob.folder("bobs", "root").await;
    let file = ada.put("file", &Content::random(10)).await;
    let content = Content::random(10);
    for parent in [foreign.as_str(), entry_id(&file), &"0".repeat(32), "nonsense", "", "ROOT"] {
        let below = json!({"parent_id": parent});
        let create = with(content.upload("new"), below.clone());
        ada.create_upload(&create).await.expect_problem(404, "not-found");
        ada.create_upload(&with(at_path(&content, "a/b"), below)).await.expect_problem(404, "not-found");
        let folder = json!({"name": "new", "parent_id": parent});
        ada.create_folder(&folder).await.expect_problem(404, "not-found");
        // In a query, a parameter without a value is one that was left out.
        if !parent.is_empty() {
            ada.list_files(&format!("?parent_id={parent}")).await.expect_problem(404, "not-found");
        }
    }
    assert_eq!(names(&ada.list_files("").await.expect(200)), ["file"]);
}

#[tokio::test]
async fn a_path_with_empty_or_dot_segments_is_invalid() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    for path in ["", "/a", "a/", "a//b", "./a", "a/../b", "a/.", "a/b\u{7f}", &"a/".repeat(70)] {
        let problem = ada.create_upload(&at_path(&content, path)).await.expect_problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/path", "{path:?}");
    }
    let both = with(content.upload("a"), json!({"path": "a"}));
    ada.create_upload(&both).await.expect_problem(422, "invalid");
    let neither = with(content.upload("a"), json!({"name": null}));
    ada.create_upload(&neither).await.expect_problem(422, "invalid");
    assert_eq!(names(&ada.list_files("").await.expect(200)), [""; 0]);
}

#[tokio::test]
async fn a_parent_deleted_meanwhile_becomes_root() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let folder = ada.folder("folder", "root").await;
    let content = Content::random(10);
    let upload = ada.open_with(&content, json!({"name": "file", "parent_id": folder})).await;
    assert_eq!(ada.delete_file(&folder).await.status, 204);
    let entry = ada.finish(&upload, &content).await;
    assert_eq!(entry["parent_id"], "root");
    app.audit().await;
}
