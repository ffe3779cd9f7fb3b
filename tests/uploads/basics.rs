//! From creation to download, in every way there is.

use e2e::{Content, TestApp};
use serde_json::json;

use crate::MIB;

#[tokio::test]
async fn a_small_file_is_one_put_and_comes_back_byte_for_byte() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(100_000);
    let upload = ada.create("film.mp4", &content).await.expect(201);
    assert_eq!(upload["session"]["method"], "put");
    assert_eq!(upload["missing"], json!([[1, 1]]));
    ada.send_parts(&upload, &content).await;
    let id = upload["session"]["session_id"].as_str().unwrap();
    let session = ada.complete_upload(id, &json!({})).await.expect(200);
    assert_eq!(session["state"], "stored");
    let entry = &session["entry"];
    assert_eq!(entry["content_hash"], content.hash.to_hex());
    assert_eq!(ada.list_files("").await.expect(200)["items"], json!([entry]));
    assert_eq!(ada.download(entry["entry_id"].as_str().unwrap()).await, content.bytes);
    assert_eq!(ada.usage().await, (100_000, 0));
}

#[tokio::test]
async fn a_large_file_goes_in_parts_and_the_finalizer_reads_none_of_it() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(40 * MIB + 7);
    let entry = ada.put("film.mp4", &content).await;
    assert_eq!(entry["content_hash"], content.hash.to_hex());
    // A read-back would have computed the SHA-1 on the way.
    assert!(entry.get("sha1").is_none());
    assert_eq!(ada.download(entry["entry_id"].as_str().unwrap()).await, content.bytes);
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::of(Vec::new());
    let entry = ada.put("empty", &content).await;
    assert_eq!(entry["size_bytes"], 0);
    assert!(ada.download(entry["entry_id"].as_str().unwrap()).await.is_empty());
    app.audit().await;
}

#[tokio::test]
async fn without_hashes_the_finalizer_reads_back_and_deduplicates() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for size in [1000, 20 * MIB] {
        let content = Content::random(size);
        let name = format!("first-{size}");
        let first = ada.put(&name, &content).await;
        let create = json!({"name": format!("second-{size}"), "size_bytes": content.size()});
        let upload = ada.create_upload(&create).await.expect(201);
        assert_eq!(upload["session"]["integrity"], "read");
        ada.send_parts(&upload, &content).await;
        let id = upload["session"]["session_id"].as_str().unwrap();
        let session = ada.complete_upload(id, &json!({})).await.expect(200);
        assert_eq!(session["entry"]["content_hash"], first["content_hash"]);
        let object = ada.download_file(session["entry"]["entry_id"].as_str().unwrap(), "").await.expect(200);
        let original = ada.download_file(first["entry_id"].as_str().unwrap(), "").await.expect(200);
        let path =
            |download: &serde_json::Value| download["url"].as_str().unwrap().split('?').next().unwrap().to_owned();
        assert_eq!(path(&object), path(&original), "both entries refer to one object");
        assert_eq!(app.records.refs(&content.file_key()).await, 2);
    }
    app.audit().await;
}
