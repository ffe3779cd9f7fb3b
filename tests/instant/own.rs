//! Content that the caller has already.

use e2e::{Content, TestApp, entry_id, with};
use serde_json::json;

use crate::{MIB, take};

#[tokio::test]
async fn own_content_of_any_size_is_stored_at_once() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for size in [0, 10, 2 * MIB, 17 * MIB] {
        let content = Content::random(size);
        ada.put(&format!("first {size}"), &content).await;
        let name = format!("second {size}");
        let answer = ada.create(&name, &content).await.expect(201);
        assert_eq!((&answer["outcome"], &answer["entry"]["name"]), (&json!("stored"), &json!(name)));
        assert!(answer.get("parts").is_none(), "nothing to send");
        assert_eq!(ada.download(entry_id(&answer)).await, content.bytes);
        assert_eq!(app.records.refs(&content.file_key()).await, 2);
    }
    let total: usize = [10, 2 * MIB, 17 * MIB].iter().map(|size| 2 * size).sum();
    assert_eq!(ada.usage().await, (total as u64, 0), "every entry counts its full size");
    app.audit().await;
}

#[tokio::test]
async fn an_instant_upload_minds_names_like_any_other() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (content, other) = (Content::random(10), Content::random(20));
    ada.put("film", &content).await;
    let holder = ada.put("other", &other).await;
    let create = |on_conflict: &str| with(content.upload("other"), json!({"on_conflict": on_conflict}));
    ada.create_upload(&create("fail")).await.expect_problem(409, "name-taken");
    let renamed = ada.create_upload(&create("rename")).await.expect(201);
    assert_eq!(renamed["entry"]["name"], "other (1)");
    let replaced = ada.create_upload(&create("replace")).await.expect(201);
    assert_eq!(replaced["entry"]["name"], "other");
    ada.get_file(entry_id(&holder)).await.expect_problem(404, "not-found");
    assert_eq!(app.records.refs(&other.file_key()).await, 0);
    assert_eq!(ada.usage().await, (30, 0));
    app.audit().await;
}

#[tokio::test]
async fn an_instant_upload_by_path_makes_its_folders_and_a_challenge_makes_none() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(MIB);
    ada.put("film", &content).await;
    let create = with(content.upload(""), json!({"name": null, "path": "a/b/film"}));
    let stored = ada.create_upload(&create).await.expect(201);
    assert_eq!(stored["outcome"], "stored");
    assert_ne!(stored["entry"]["parent_id"], "root");

    let challenge = bob.create_upload(&create).await.expect(200);
    assert_eq!(challenge["outcome"], "prove");
    assert_eq!(bob.list_files("").await.expect(200)["items"], json!([]), "nothing was asked for yet");
    let proven = with(create, json!({"proof": bob.prove(&challenge, &content)}));
    assert_eq!(bob.create_upload(&proven).await.expect(201)["outcome"], "stored");
    assert_eq!(e2e::names(&bob.list_files("").await.expect(200)), ["a"]);
    app.audit().await;
}

#[tokio::test]
async fn content_whose_last_entry_is_gone_is_revived_until_it_is_collected() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(2 * MIB);
    let entry = ada.put("film", &content).await;
    assert_eq!(ada.delete_file(entry_id(&entry)).await.status, 204);
    assert_eq!(ada.usage().await, (0, 0));
    let file = app.records.file(&content.file_key()).await.unwrap();
    assert!(file.number("refs") == 0 && file.has("collectable_at"), "{file:?}");
    // Whoever has it still, proves it: the former owner like anybody else.
    for (count, user) in [(1, &ada), (2, &bob)] {
        take(user, "film", &content).await;
        let file = app.records.file(&content.file_key()).await.unwrap();
        assert!(file.number("refs") == count && !file.has("collectable_at"), "{file:?}");
    }
    app.audit().await;
}

#[tokio::test]
async fn an_ordinary_upload_revives_small_content_and_keeps_one_object() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    for round in 1..=3 {
        let entry = ada.put("film", &content).await;
        assert_eq!(app.records.refs(&content.file_key()).await, 1);
        assert_eq!(app.records.garbage().await.len(), round - 1, "all but the first object");
        assert_eq!(ada.download(entry_id(&entry)).await, content.bytes);
        assert_eq!(ada.delete_file(entry_id(&entry)).await.status, 204);
    }
    assert_eq!(ada.usage().await, (0, 0));
    app.audit().await;
}

#[tokio::test]
async fn a_file_of_two_leaves_is_not_the_file_above_them() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let film = Content::random(17 * MIB);
    let leaves = Content::of([*film.leaves[0].as_bytes(), *film.leaves[1].as_bytes()].concat());
    assert_eq!((leaves.hash, leaves.size()), (film.hash, 64));
    let large = ada.put("film", &film).await;
    let upload = ada.open("leaves", &leaves).await;
    let small = ada.finish(&upload, &leaves).await;
    assert_eq!(small["content_hash"], large["content_hash"]);
    assert_eq!(ada.download(entry_id(&small)).await, leaves.bytes);
    assert_eq!(ada.download(entry_id(&large)).await, film.bytes);
    assert_eq!((small["size_bytes"].as_u64(), large["size_bytes"].as_u64()), (Some(64), Some(film.size())));
    app.audit().await;
}
