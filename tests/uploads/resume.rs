//! The same upload again: resumed, from any device.

use e2e::{Content, TestApp, session_id};
use serde_json::json;

use crate::MIB;

#[tokio::test]
async fn creating_again_resumes_on_another_device_and_says_what_is_missing() {
    let app = TestApp::start().await;
    let phone = app.user("ada").await;
    let content = Content::random(50 * MIB);
    let first = phone.open("film.mp4", &content).await;
    assert_eq!((&first["resumed"], &first["missing"]), (&json!(false), &json!([[1, 4]])));
    assert_eq!(app.put_part(&first["parts"][1], content.part(2).to_vec()).await.as_u16(), 200);

    let laptop = app.sign_in("ada").await;
    let second = laptop.open("film.mp4", &content).await;
    assert_eq!(second["resumed"], true);
    assert_eq!(session_id(&second), session_id(&first));
    assert_eq!(second["missing"], json!([[1, 1], [3, 4]]));
    assert_eq!(laptop.usage().await, (0, content.size()), "room is reserved once");

    let entry = laptop.finish(&second, &content).await;
    assert_eq!(entry["name"], "film.mp4");
    // Now the name holds the content.
    let third = phone.create("film.mp4", &content).await.expect(200);
    assert_eq!((&third["outcome"], &third["entry"]), (&json!("stored"), &entry));
    app.audit().await;
}

#[tokio::test]
async fn another_name_parent_size_hash_or_owner_is_a_session_of_its_own() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(10);
    let folder = ada.folder("folder", "root").await;
    let one = ada.open("film", &content).await;
    let others = [
        ada.open("other", &content).await,
        ada.open_with(&content, json!({"name": "film", "parent_id": folder})).await,
        ada.open("film", &Content::random(10)).await,
        ada.open("film", &Content::random(11)).await,
        bob.open("film", &content).await,
    ];
    for other in others {
        assert_eq!(other["resumed"], false, "{other}");
        assert_ne!(session_id(&other), session_id(&one));
    }
    // Names that fold alike are the same.
    assert_eq!(session_id(&ada.open("FILM", &content).await), session_id(&one));
    app.audit().await;
}

#[tokio::test]
async fn without_a_content_hash_nothing_is_resumed() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let create = json!({"name": "film", "size_bytes": 10});
    let first = ada.create_upload(&create).await.expect(201);
    let second = ada.create_upload(&create).await.expect(201);
    assert_ne!(session_id(&first), session_id(&second));
    assert_eq!(second["session"]["name"], "film", "names are taken by entries, not by sessions");
}

#[tokio::test]
async fn an_ended_session_is_not_resumed() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let first = ada.open("film", &content).await;
    assert_eq!(ada.cancel_upload(session_id(&first)).await.status, 204);
    let second = ada.open("film", &content).await;
    assert_eq!(second["resumed"], false);
    assert_ne!(session_id(&first), session_id(&second));
    ada.finish(&second, &content).await;
    app.audit().await;
}

#[tokio::test]
async fn the_same_create_ten_times_at_once_is_one_session() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let created = futures::future::join_all((0..10).map(|_| ada.open("film", &content))).await;
    let ids: std::collections::BTreeSet<_> = created.iter().map(session_id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(created.iter().filter(|upload| upload["resumed"] == false).count(), 1);
    assert_eq!(ada.usage().await, (0, 10));
    app.audit().await;
}

#[tokio::test]
async fn missing_is_asked_of_the_store_and_stands_in_a_session_only_when_asked_for() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(80 * MIB);
    let upload = ada.open("film", &content).await;
    let id = session_id(&upload);
    for number in [2, 4] {
        assert_eq!(app.put_part(&upload["parts"][number - 1], content.part(number as u64).to_vec()).await, 200);
    }
    assert!(ada.get_upload(id, "").await.expect(200).get("missing").is_none());
    assert_eq!(ada.get_upload(id, "?missing=true").await.expect(200)["missing"], json!([[1, 1], [3, 3], [5, 5]]));
    ada.finish(&upload, &content).await;
    assert_eq!(ada.get_upload(id, "?missing=true").await.expect(200)["missing"], json!([]));
}
