//! A whole-file SHA-1 is a hint: it makes a client compute the content hash, never more.

use e2e::{Content, TestApp, TestUser};
use serde_json::{Value, json};

use crate::{MIB, take};

/// A file whose SHA-1 is known because it was read back.
async fn read_back(user: &TestUser<'_>, name: &str, content: &Content) -> Value {
    let create = json!({"name": name, "size_bytes": content.size()});
    let upload = user.create_upload(&create).await.expect(201);
    let entry = user.finish(&upload, content).await;
    assert_eq!(entry["sha1"], content.sha1());
    entry
}

fn hint(name: &str, content: &Content) -> Value {
    json!({"name": name, "size_bytes": content.size(), "sha1": content.sha1()})
}

#[tokio::test]
async fn a_known_sha1_asks_for_the_content_hash() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(2 * MIB);
    read_back(&ada, "film", &content).await;
    for user in [&ada, &bob] {
        assert_eq!(user.create_upload(&hint("copy", &content)).await.expect(200), json!({"outcome": "hash"}));
    }
    assert_eq!(bob.usage().await, (0, 0), "nothing was made");
    take(&bob, "copy", &content).await;
    app.audit().await;
}

#[tokio::test]
async fn small_content_of_others_is_not_told_by_its_sha1_but_ones_own_is() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(1000);
    read_back(&ada, "film", &content).await;
    assert_eq!(ada.create_upload(&hint("copy", &content)).await.expect(200)["outcome"], "hash");
    assert_eq!(bob.create_upload(&hint("copy", &content)).await.expect(201)["outcome"], "upload");
}

#[tokio::test]
async fn an_unknown_sha1_or_another_size_is_an_ordinary_upload() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(2 * MIB);
    read_back(&ada, "film", &content).await;
    let other = Content::random(2 * MIB);
    assert_eq!(ada.create_upload(&hint("a", &other)).await.expect(201)["outcome"], "upload");
    let other_size = e2e::with(hint("b", &content), json!({"size_bytes": 2 * MIB + 1}));
    assert_eq!(ada.create_upload(&other_size).await.expect(201)["outcome"], "upload");
}

#[tokio::test]
async fn a_false_sha1_beside_a_content_hash_changes_nothing() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (film, song) = (Content::random(2 * MIB), Content::random(2 * MIB));
    read_back(&ada, "film", &film).await;
    let create = e2e::with(song.upload("song"), json!({"sha1": film.sha1()}));
    let entry = ada.finish(&ada.create_upload(&create).await.expect(201), &song).await;
    assert_eq!(entry["content_hash"], song.hash.to_hex());
    assert!(entry.get("sha1").is_none(), "never trusted from a client");
}
