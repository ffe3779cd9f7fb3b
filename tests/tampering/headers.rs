use data_encoding::BASE64;
use e2e::{Content, TestApp, session_id, with};
use serde_json::{Value, json};

use crate::{both, expect_unharmed, send};

/// The part with other headers.
fn with_headers(part: &Value, headers: &Value) -> Value {
    with(part.clone(), json!({"headers": headers}))
}

#[tokio::test]
async fn an_altered_signed_header_is_refused() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for (content, upload) in both(&app, &ada).await {
        let part = &upload["parts"][0];
        // Other bytes with their own right digest.
        let other = Content::random(content.part(1).len());
        let digest = BASE64.encode(other.leaves[0].as_bytes());
        let altered = with(part["headers"].clone(), json!({"x-amz-checksum-sha256": digest}));
        assert_eq!(app.put_part(&with_headers(part, &altered), other.part(1).to_vec()).await, 403);
        for name in part["headers"].as_object().unwrap().keys() {
            let altered = with(part["headers"].clone(), json!({name: "text/html"}));
            assert_eq!(app.put_part(&with_headers(part, &altered), content.part(1).to_vec()).await, 403, "{name}");
        }
        expect_unharmed(&ada, &upload, &content).await;
    }
}

#[tokio::test]
async fn a_missing_signed_header_is_refused() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for (content, upload) in both(&app, &ada).await {
        let part = &upload["parts"][0];
        for name in part["headers"].as_object().unwrap().keys() {
            let mut fewer = part["headers"].clone();
            fewer.as_object_mut().unwrap().remove(name);
            assert_eq!(app.put_part(&with_headers(part, &fewer), content.part(1).to_vec()).await, 403, "{name}");
        }
        expect_unharmed(&ada, &upload, &content).await;
    }
}

#[tokio::test]
async fn an_unsigned_amz_header_is_refused() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for (content, upload) in both(&app, &ada).await {
        for (name, value) in [
            ("x-amz-meta-owner", "bob"),
            ("x-amz-acl", "public-read"),
            ("x-amz-storage-class", "GLACIER"),
            ("x-amz-tagging", "a=b"),
            ("x-amz-website-redirect-location", "https://elsewhere.example"),
            ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
        ] {
            let more = with(upload["parts"][0]["headers"].clone(), json!({name: value}));
            let part = with_headers(&upload["parts"][0], &more);
            assert_eq!(app.put_part(&part, content.part(1).to_vec()).await, 403, "{name}");
        }
        expect_unharmed(&ada, &upload, &content).await;
    }
}

#[tokio::test]
async fn content_headers_that_a_client_adds_never_reach_those_who_share_the_file() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for (name, value) in [
        ("content-encoding", "gzip"),
        ("content-language", "de"),
        ("content-disposition", "inline"),
        ("cache-control", "public, max-age=31536000"),
    ] {
        let content = Content::random(1000);
        let upload = ada.open("poisoned", &content).await;
        let poisoned = app.part_request(&upload["parts"][0], content.bytes.clone()).header(name, value);
        // No signature needs to cover these, so the store takes them; the finalizer does not.
        assert_eq!(send(poisoned).await, 200, "{name}");
        let gone = ada.complete_upload(session_id(&upload), &json!({})).await.expect_problem(410, "session-ended");
        assert_eq!((&gone["state"], &gone["reason"]), (&json!("rejected"), &json!("foreign-metadata")));
        app.wait_until_deleted(session_id(&upload)).await;
    }
    assert_eq!(ada.list_files("").await.expect(200)["items"], json!([]));
    assert_eq!(ada.usage().await, (0, 0));
    app.audit().await;
}
