use e2e::{Answer, Content, TestApp, TestUser, entry_id, eventually, with};
use futures::{StreamExt, stream};
use jiff::SignedDuration;
use serde_json::json;

#[tokio::test]
async fn deleting_a_file_gives_reference_and_quota_back() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(1000);
    let (adas, bobs) = (ada.put("film", &content).await, bob.put("film", &content).await);
    assert_eq!(app.records.refs(&content.file_key()).await, 2);
    assert_eq!(ada.delete_file(entry_id(&adas)).await.status, 204);
    assert_eq!(ada.usage().await, (0, 0));
    ada.get_file(entry_id(&adas)).await.expect_problem(404, "not-found");
    ada.delete_file(entry_id(&adas)).await.expect_problem(404, "not-found");
    ada.download_file(entry_id(&adas), "").await.expect_problem(404, "not-found");
    assert_eq!(app.records.refs(&content.file_key()).await, 1);
    assert_eq!(bob.download(entry_id(&bobs)).await, content.bytes, "nobody else notices");
    app.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_deletions_at_once_one_counts() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(1000);
    ada.put("kept", &content).await;
    let entry = ada.create("film", &content).await.expect(201);
    let answers = futures::future::join_all((0..10).map(|_| ada.delete_file(entry_id(&entry)))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 404).count(), 9);
    assert_eq!(ada.usage().await, (1000, 0));
    app.audit().await;
}

#[tokio::test]
async fn permanent_is_the_only_parameter() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let id = ada.folder("a", "root").await;
    for wrong in ["?permanent=maybe", "?force=true"] {
        ada.delete_file(&format!("{id}{wrong}")).await.expect_problem(422, "invalid");
    }
    assert_eq!(ada.delete_file(&format!("{id}?permanent=true")).await.status, 204);
}

/// A tree of folders three deep with a copy of `content` in each; how many files it has.
async fn plant(user: &TestUser<'_>, top: &str, content: &Content) -> usize {
    let mut files = 0;
    let mut folders = vec![(top.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let create = with(content.upload("file"), json!({"parent_id": folder}));
        assert_eq!(user.create_upload(&create).await.expect(201)["outcome"], "stored");
        files += 1;
        if depth < 3 {
            for name in ["left", "right"] {
                folders.push((user.folder(name, &folder).await, depth + 1));
            }
        }
    }
    files
}

#[tokio::test]
async fn a_folder_goes_with_the_whole_tree_below() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    ada.put("kept", &content).await;
    let top = ada.folder("top", "root").await;
    let files = plant(&ada, &top, &content).await;
    assert_eq!(app.records.refs(&content.file_key()).await, files as u64 + 1);
    assert_eq!(ada.delete_file(&top).await.status, 204);
    assert_eq!(e2e::names(&ada.list_files("").await.expect(200)), ["kept"]);
    ada.list_files(&format!("?parent_id={top}")).await.expect_problem(404, "not-found");
    assert_eq!(ada.usage().await, (10, 0));
    assert_eq!(app.records.all("entries").await.len(), 2, "one entry, in two items");
    app.audit().await;
}

#[tokio::test]
async fn a_large_folder_is_deleted_by_a_job() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(10);
    let kept = ada.put("kept", &content).await;
    let top = ada.folder("top", "root").await;
    let creates: Vec<_> =
        (0..150).map(|number| with(content.upload(&format!("{number}")), json!({"parent_id": top}))).collect();
    let made: Vec<Answer> = stream::iter(&creates).map(|create| ada.create_upload(create)).buffered(16).collect().await;
    assert!(made.iter().all(|answer| answer.status == 201));

    // As slow as a folder of a million files.
    app.clock.slow_down(SignedDuration::from_millis(500));
    let job = ada.delete_file(&top).await.expect(202);
    app.clock.slow_down(SignedDuration::ZERO);
    // At once it is gone as far as anybody can see.
    ada.get_file(&top).await.expect_problem(404, "not-found");
    assert_eq!(e2e::names(&ada.list_files("").await.expect(200)), ["kept"]);
    let job_id = job["job_id"].as_str().unwrap();
    assert_eq!(job["state"], "running");
    bob.get_job(job_id).await.expect_problem(404, "not-found");
    let done = eventually("the end of the job", async || {
        let job = ada.get_job(job_id).await.expect(200);
        (job["state"] == "done").then_some(job)
    });
    assert_eq!(done.await["job_id"], job_id);
    assert_eq!(ada.usage().await, (10, 0));
    assert_eq!(app.records.refs(&content.file_key()).await, 1);
    assert_eq!(ada.download(entry_id(&kept)).await, content.bytes);
    app.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_into_a_folder_that_is_being_deleted_are_never_lost() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let top = ada.folder("top", "root").await;
    let contents: Vec<_> = (0..10).map(|_| Content::random(10)).collect();
    let mut uploads = Vec::new();
    for (number, content) in contents.iter().enumerate() {
        uploads.push(ada.open_with(content, json!({"name": format!("{number}"), "parent_id": top})).await);
    }
    let finish = uploads.iter().zip(&contents).map(|(upload, content)| ada.finish(upload, content));
    let (deleted, entries) = tokio::join!(ada.delete_file(&top), futures::future::join_all(finish));
    assert!(deleted.status.is_success());
    app.audit().await;
    // Each was below the folder and went with it, or came too late and is in the root.
    for entry in entries {
        let answer = ada.get_file(entry_id(&entry)).await;
        if answer.status == 200 {
            assert_eq!(answer.json["parent_id"], "root");
        } else {
            answer.expect_problem(404, "not-found");
            assert_eq!(entry["parent_id"], top);
        }
    }
}
