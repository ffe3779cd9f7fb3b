use e2e::{Content, TestApp, entry_id, names};
use serde_json::json;

#[tokio::test]
async fn a_folder_is_an_entry_with_a_name_and_nothing_else() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let answer = ada.create_folder(&json!({"name": "Holiday"})).await;
    assert_eq!(answer.headers["etag"], "\"1\"");
    let folder = answer.expect(201);
    assert_eq!(
        (&folder["kind"], &folder["name"], &folder["parent_id"]),
        (&json!("folder"), &json!("Holiday"), &json!("root"))
    );
    assert_eq!(
        (&folder["size_bytes"], &folder["content_hash"], &folder["content_type"]),
        (&json!(0), &json!(null), &json!(null))
    );
    assert_eq!(ada.get_file(entry_id(&folder)).await.expect(200), folder);
    assert_eq!(ada.usage().await, (0, 0));
}

#[tokio::test]
async fn a_taken_name_is_refused_or_merged_into() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let folder = ada.create_folder(&json!({"name": "Holiday"})).await.expect(201);
    let file = ada.put("file", &Content::random(10)).await;
    let taken = ada.create_folder(&json!({"name": "HOLIDAY"})).await.expect_problem(409, "name-taken");
    assert_eq!(taken["entry_id"], folder["entry_id"]);
    let merge = |name: &str| json!({"name": name, "on_conflict": "merge"});
    assert_eq!(ada.create_folder(&merge("holiday")).await.expect(200), folder, "spelled as before");
    ada.create_folder(&merge("new")).await.expect(201);
    // Nothing merges into a file.
    let taken = ada.create_folder(&merge("file")).await.expect_problem(409, "name-taken");
    assert_eq!(taken["entry_id"], file["entry_id"]);
    for wrong in [json!({"name": "x", "on_conflict": "rename"}), json!({"name": "x", "parent": "root"}), json!({})] {
        ada.create_folder(&wrong).await.expect_problem(422, "invalid");
    }
    assert_eq!(names(&ada.list_files("").await.expect(200)), ["file", "Holiday", "new"]);
}

#[tokio::test]
async fn the_same_key_makes_one_folder_and_gives_the_original_answer() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let key = "a-key-of-some-length";
    let create = json!({"name": "Holiday"});
    let first = ada.create_folder_once(key, &create).await.expect(201);
    assert_eq!(ada.create_folder_once(key, &create).await.expect(201), first);
    // Without the key the name is taken.
    ada.create_folder(&create).await.expect_problem(409, "name-taken");
    ada.create_folder_once(key, &json!({"name": "Other"})).await.expect_problem(422, "invalid");
    // A refusal leaves its key free.
    let other = "another-key-of-some-length";
    ada.create_folder_once(other, &create).await.expect_problem(409, "name-taken");
    assert_eq!(ada.delete_file(entry_id(&first)).await.status, 204);
    let again = ada.create_folder_once(other, &create).await.expect(201);
    assert_ne!(again["entry_id"], first["entry_id"]);
}

#[tokio::test]
async fn one_of_ten_creates_at_once_makes_the_folder() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let create = json!({"name": "Holiday"});
    let answers = futures::future::join_all((0..10).map(|_| ada.create_folder(&create))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), 9);
    assert_eq!(names(&ada.list_files("").await.expect(200)), ["Holiday"]);
}
