use e2e::{Content, TestApp, entry_id, names};
use serde_json::{Value, json};

#[tokio::test]
async fn a_rename_keeps_everything_but_name_and_revision() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let before = ada.put("film.mp4", &content).await;
    let id = entry_id(&before);
    assert_eq!(ada.get_file(id).await.headers["etag"], "\"1\"");
    let answer = ada.update_file(id, &json!({"name": "Film.mkv"})).await;
    assert_eq!(answer.headers["etag"], "\"2\"");
    let after = answer.expect(200);
    let mut expected = before.clone();
    for (member, value) in
        [("name", json!("Film.mkv")), ("revision", json!(2)), ("updated_at", after["updated_at"].clone())]
    {
        expected[member] = value;
    }
    assert_eq!(after, expected);
    assert_eq!(names(&ada.list_files("").await.expect(200)), ["Film.mkv"]);
    assert_eq!(ada.list_files("?name=film.mp4").await.expect(200)["items"], json!([]));
    assert_eq!(ada.download(id).await, content.bytes);
    // Another spelling of the same name is a rename as well.
    assert_eq!(ada.update_file(id, &json!({"name": "FILM.MKV"})).await.expect(200)["name"], "FILM.MKV");
    assert_eq!(names(&ada.list_files("").await.expect(200)), ["FILM.MKV"]);
    app.audit().await;
}

#[tokio::test]
async fn what_changes_nothing_keeps_the_revision() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let before = ada.put("film.mp4", &Content::random(10)).await;
    for same in [json!({}), json!({"name": "film.mp4"}), json!({"parent_id": "root"}), json!({"metadata": {}})] {
        assert_eq!(ada.update_file(entry_id(&before), &same).await.expect(200), before, "{same}");
    }
}

#[tokio::test]
async fn files_and_folders_move_with_all_that_is_below() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (from, to) = (ada.folder("from", "root").await, ada.folder("to", "root").await);
    let inner = ada.folder("inner", &from).await;
    let content = Content::random(10);
    let file = ada.put_with(&content, json!({"name": "file", "parent_id": inner})).await;
    let moved = ada.update_file(&inner, &json!({"parent_id": to, "name": "renamed"})).await.expect(200);
    assert_eq!((&moved["parent_id"], &moved["name"]), (&json!(to), &json!("renamed")));
    assert_eq!(ada.list_files(&format!("?parent_id={from}")).await.expect(200)["items"], json!([]));
    assert_eq!(ada.list_files(&format!("?parent_id={inner}")).await.expect(200)["items"][0], file);
    let up = ada.update_file(entry_id(&file), &json!({"parent_id": "root"})).await.expect(200);
    assert_eq!(up["parent_id"], "root");
    assert_eq!(ada.download(entry_id(&file)).await, content.bytes);
    app.audit().await;
}

#[tokio::test]
async fn a_folder_cannot_move_into_itself_or_below() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let top = ada.folder("top", "root").await;
    let middle = ada.folder("middle", &top).await;
    let bottom = ada.folder("bottom", &middle).await;
    for target in [&top, &middle, &bottom] {
        let problem = ada.update_file(&top, &json!({"parent_id": target})).await.expect_problem(422, "invalid");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!("/parent_id"), &json!("cycle"))
        );
    }
    ada.update_file(&bottom, &json!({"parent_id": top})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_folders_that_move_into_one_another_at_once_make_no_cycle() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for round in 0..5 {
        let (a, b) = (ada.folder(&format!("a{round}"), "root").await, ada.folder(&format!("b{round}"), "root").await);
        let (into_b, into_a) = (json!({"parent_id": b}), json!({"parent_id": a}));
        let (first, second) = tokio::join!(ada.update_file(&a, &into_b), ada.update_file(&b, &into_a));
        let statuses = [first.status.as_u16(), second.status.as_u16()];
        assert!(statuses == [200, 422] || statuses == [422, 200], "{statuses:?}");
        let in_root = ada.list_files("").await.expect(200);
        assert_eq!(names(&in_root).len(), round + 1, "one of them can still be reached from the root");
    }
}

#[tokio::test]
async fn a_target_that_is_unknown_foreign_or_a_file_is_not_found() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (mine, file) = (ada.folder("mine", "root").await, ada.put("file", &Content::random(10)).await);
    let bobs = bob.folder("bobs", "root").await;
    for parent in [bobs.as_str(), entry_id(&file), &"0".repeat(32), "nonsense", ""] {
        ada.update_file(&mine, &json!({"parent_id": parent})).await.expect_problem(404, "not-found");
    }
    assert_eq!(ada.get_file(&mine).await.expect(200)["parent_id"], "root");
}

#[tokio::test]
async fn a_taken_name_fails_unless_the_client_says_otherwise() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (content, other) = (Content::random(10), Content::random(20));
    let (mover, holder) = (ada.put("mover", &content).await, ada.put("holder", &other).await);
    let folder = ada.folder("folder", "root").await;
    let id = entry_id(&mover);
    for on_conflict in [json!({"name": "HOLDER"}), json!({"name": "holder", "on_conflict": "fail"})] {
        let taken = ada.update_file(id, &on_conflict).await.expect_problem(409, "name-taken");
        assert_eq!(taken["entry_id"], holder["entry_id"]);
    }
    let renamed = ada.update_file(id, &json!({"name": "holder", "on_conflict": "rename"})).await.expect(200);
    assert_eq!(renamed["name"], "holder (1)");
    // Nothing replaces a folder, and a folder replaces nothing.
    for (id, name) in [(id, "folder"), (folder.as_str(), "holder")] {
        let replace = json!({"name": name, "on_conflict": "replace"});
        ada.update_file(id, &replace).await.expect_problem(409, "name-taken");
    }
    let replaced = ada.update_file(id, &json!({"name": "holder", "on_conflict": "replace"})).await.expect(200);
    assert_eq!(replaced["name"], "holder");
    ada.get_file(entry_id(&holder)).await.expect_problem(404, "not-found");
    assert_eq!(app.records.refs(&other.file_key()).await, 0);
    assert_eq!(ada.usage().await, (10, 0));
    assert_eq!(names(&ada.list_files("").await.expect(200)), ["folder", "holder"]);
    app.audit().await;
}

#[tokio::test]
async fn if_match_refuses_a_change_of_what_has_changed() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let file = ada.put("film", &Content::random(10)).await;
    let id = entry_id(&file);
    for wrong in ["\"0\"", "\"2\"", "W/\"1\"", "1", ""] {
        ada.update_file_if(id, wrong, &json!({"name": "other"})).await.expect_problem(412, "changed");
        ada.delete_file_if(id, wrong).await.expect_problem(412, "changed");
    }
    ada.update_file_if(id, "\"1\"", &json!({"name": "second"})).await.expect(200);
    ada.update_file_if(id, "\"1\"", &json!({"name": "third"})).await.expect_problem(412, "changed");
    ada.update_file_if(id, "*", &json!({"name": "fourth"})).await.expect(200);
    ada.update_file_if(id, "\"7\", \"3\"", &json!({"name": "fifth"})).await.expect(200);
    ada.delete_file_if(id, "\"3\"").await.expect_problem(412, "changed");
    assert_eq!(ada.delete_file_if(id, "\"4\"").await.status, 204);
    app.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_changes_of_one_revision_one_wins() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let file = ada.put("film", &Content::random(10)).await;
    let bodies: Vec<_> = (0..10).map(|number| json!({"name": format!("name {number}")})).collect();
    let answers =
        futures::future::join_all(bodies.iter().map(|body| ada.update_file_if(entry_id(&file), "\"1\"", body))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 412).count(), 9);
    assert_eq!(ada.list_files("").await.expect(200)["items"].as_array().unwrap().len(), 1);
    app.audit().await;
}

#[tokio::test]
async fn metadata_and_type_are_replaced_and_what_is_wrong_is_named() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let file = ada.put_with(&Content::random(10), json!({"name": "film", "metadata": {"a": "1", "b": "2"}})).await;
    let (id, folder) = (entry_id(&file), ada.folder("folder", "root").await);
    let change = json!({"metadata": {"c": "3"}, "content_type": "video/mp4"});
    let changed = ada.update_file(id, &change).await.expect(200);
    assert_eq!((&changed["metadata"], &changed["content_type"]), (&json!({"c": "3"}), &json!("video/mp4")));
    assert_eq!(
        ada.update_file(&folder, &json!({"metadata": {"d": "4"}})).await.expect(200)["metadata"],
        json!({"d": "4"})
    );
    let pointer = |problem: Value| problem["errors"][0]["pointer"].as_str().unwrap().to_owned();
    for (body, expected) in [
        (json!({"name": null}), "/name"),
        (json!({"parent_id": null}), "/parent_id"),
        (json!({"content_type": null}), "/content_type"),
        (json!({"metadata": null}), "/metadata"),
        (json!({"on_conflict": null}), "/on_conflict"),
        (json!({"name": "a/b"}), "/name"),
        (json!({"content_type": "none"}), "/content_type"),
        (json!({"metadata": {"k": "v".repeat(3000)}}), "/metadata"),
        (json!({"size_bytes": 1}), "/size_bytes"),
        (json!({"content_hash": "x"}), "/content_hash"),
    ] {
        assert_eq!(pointer(ada.update_file(id, &body).await.expect_problem(422, "invalid")), expected, "{body}");
    }
    let typed = ada.update_file(&folder, &json!({"content_type": "video/mp4"})).await.expect_problem(422, "invalid");
    assert_eq!(pointer(typed), "/content_type");
    assert_eq!(ada.get_file(id).await.expect(200), changed);
}
