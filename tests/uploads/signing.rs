//! Which parts are signed, and when.

use e2e::{Content, TestApp, session_id, with};
use serde_json::{Value, json};

use crate::MIB;

fn numbers(parts: &Value) -> Vec<u64> {
    parts.as_array().unwrap().iter().map(|part| part["part_number"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn read_signs_the_first_eight_parts_unasked_and_leaf_only_those_asked_for() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let size = 160 * MIB;
    let read = ada.create_upload(&json!({"name": "a", "size_bytes": size})).await.expect(201);
    assert_eq!(numbers(&read["parts"]), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(read["parts"][1]["offset"], 16 * MIB);
    let asked = json!({"name": "b", "size_bytes": size, "parts": [{"part_number": 10}, {"part_number": 3}]});
    let asked = ada.create_upload(&asked).await.expect(201);
    assert_eq!(asked["session"]["integrity"], "read");
    assert_eq!(numbers(&asked["parts"]), [10, 3]);
    let leaf = json!({"name": "c", "size_bytes": size, "integrity": "leaf"});
    let leaf = ada.create_upload(&leaf).await.expect(201);
    assert_eq!(numbers(&leaf["parts"]), [0; 0]);
}

#[tokio::test]
async fn a_leaf_put_without_its_hash_gets_its_url_with_the_sign_call() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(1000);
    let create = json!({"name": "file", "size_bytes": 1000, "integrity": "leaf"});
    let upload = ada.create_upload(&create).await.expect(201);
    assert_eq!(upload["session"]["integrity"], "leaf");
    assert_eq!(upload["parts"], json!([]));
    let id = session_id(&upload);
    let signed = ada.sign_parts(id, &json!({"sign": content.parts()})).await.expect(200);
    ada.send_parts(&signed, &content).await;
    let session = ada.complete_upload(id, &json!({})).await.expect(200);
    assert_eq!(session["entry"]["content_hash"], content.hash.to_hex());
    app.audit().await;
}

#[tokio::test]
async fn a_leaf_multipart_needs_no_content_hash_at_all() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(17 * MIB);
    let create = json!({"name": "file", "size_bytes": content.size(), "parts": content.parts()});
    let upload = ada.create_upload(&create).await.expect(201);
    assert_eq!(upload["session"]["integrity"], "leaf");
    let entry = ada.finish(&upload, &content).await;
    assert_eq!(entry["content_hash"], content.hash.to_hex(), "the composite is the content hash");
    assert!(entry.get("sha1").is_none(), "nobody read it");
}

#[tokio::test]
async fn signed_parts_hold_all_that_a_client_sends_and_no_more() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(17 * MIB);
    let answer = ada.create("file", &content).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let upload = answer.expect(201);
    let part = &upload["parts"][1];
    assert_eq!((&part["method"], &part["offset"], &part["size_bytes"]), (&json!("PUT"), &json!(16 * MIB), &json!(MIB)));
    assert_eq!(part["expires_in"], 3600);
    let headers: Vec<_> = part["headers"].as_object().unwrap().keys().map(|name| name.to_lowercase()).collect();
    for forbidden in ["content-length", "host"] {
        assert!(!headers.iter().any(|name| name == forbidden), "browsers forbid {forbidden}");
    }
    let small = ada.create("small", &Content::random(10)).await.expect(201);
    assert_eq!(small["parts"][0]["expires_in"], 900);
    let headers = small["parts"][0]["headers"].as_object().unwrap();
    assert_eq!(headers["if-none-match"], "*");
    assert_eq!(headers["content-type"], "application/octet-stream");
}

#[tokio::test]
async fn a_client_may_shorten_the_life_of_its_urls_and_not_lengthen_it() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let upload = ada.create_upload(&json!({"name": "a", "size_bytes": 17 * MIB})).await.expect(201);
    for (wanted, got) in [(60, 60), (1_000_000, 3600)] {
        let sign = json!({"sign": [{"part_number": 1}], "expires_in": wanted});
        let signed = ada.sign_parts(session_id(&upload), &sign).await.expect(200);
        assert_eq!(signed["parts"][0]["expires_in"], got);
    }
    let never = json!({"sign": [{"part_number": 1}], "expires_in": 0});
    ada.sign_parts(session_id(&upload), &never).await.expect_problem(422, "invalid");
}

#[tokio::test]
async fn a_call_names_every_part_that_cannot_be_signed() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(17 * MIB);
    let upload = ada.open("film", &content).await;
    let id = session_id(&upload);
    let pointers = |problem: Value| -> Vec<String> {
        let errors = problem["errors"].as_array().unwrap().clone();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    };
    let hash = content.leaves[0].to_hex();
    let sign = json!({"sign": [
        {"part_number": 1, "leaf_hash": hash}, {"part_number": 3, "leaf_hash": hash}, {"part_number": 0, "leaf_hash": hash},
        {"part_number": 2}, {"part_number": 2, "leaf_hash": "abc"},
    ]});
    assert_eq!(
        pointers(ada.sign_parts(id, &sign).await.expect_problem(422, "invalid")),
        ["/sign/1/part_number", "/sign/2/part_number", "/sign/3/leaf_hash", "/sign/4/leaf_hash"]
    );
    let done = json!({"done": [1, 3]});
    assert_eq!(pointers(ada.sign_parts(id, &done).await.expect_problem(422, "invalid")), ["/done/1"]);
    let many: Vec<_> = (0..1001).map(|_| json!({"part_number": 1, "leaf_hash": hash})).collect();
    assert_eq!(pointers(ada.sign_parts(id, &json!({"sign": many})).await.expect_problem(422, "invalid")), ["/sign"]);
    let create = with(content.upload("other"), json!({"parts": many}));
    assert_eq!(pointers(ada.create_upload(&create).await.expect_problem(422, "invalid")), ["/parts"]);
    let beyond = with(content.upload("other"), json!({"parts": [{"part_number": 9, "leaf_hash": hash}]}));
    assert_eq!(pointers(ada.create_upload(&beyond).await.expect_problem(422, "invalid")), ["/parts/0/part_number"]);
    ada.finish(&upload, &content).await;
}

#[tokio::test]
async fn a_thousand_parts_are_signed_in_one_call() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let size = 1000 * 16 * MIB;
    let leaf = "ab".repeat(32);
    let parts: Vec<_> = (1..=1000).map(|number| json!({"part_number": number, "leaf_hash": leaf})).collect();
    let create = json!({"name": "huge", "size_bytes": size, "integrity": "leaf"});
    let upload = ada.create_upload(&create).await.expect(201);
    let signed = ada.sign_parts(session_id(&upload), &json!({"sign": parts})).await.expect(200);
    assert_eq!(signed["parts"].as_array().unwrap().len(), 1000);
    assert_eq!(signed["parts"][999]["part_number"], 1000);
}

#[tokio::test]
async fn a_new_leaf_hash_for_a_part_replaces_the_former() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (old, new) = (Content::random(17 * MIB), Content::random(17 * MIB));
    let create = json!({"name": "log", "size_bytes": old.size(), "parts": old.parts()});
    let upload = ada.create_upload(&create).await.expect(201);
    ada.send_parts(&upload, &old).await;
    // The file changed before it was complete: hash, sign, send again.
    let signed = ada.sign_parts(session_id(&upload), &json!({"sign": new.parts()})).await.expect(200);
    ada.send_parts(&signed, &new).await;
    let session = ada.complete_upload(session_id(&upload), &json!({})).await.expect(200);
    assert_eq!(session["entry"]["content_hash"], new.hash.to_hex());
    assert_eq!(ada.download(e2e::entry_id(&session)).await, new.bytes);
}

#[tokio::test]
async fn parts_of_an_ended_session_are_not_signed() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let sign = json!({"sign": content.parts()});
    let cancelled = ada.open("a", &content).await;
    ada.cancel_upload(session_id(&cancelled)).await;
    let gone = ada.sign_parts(session_id(&cancelled), &sign).await.expect_problem(410, "session-ended");
    assert_eq!(gone["state"], "aborted");
    let stored = ada.open("b", &content).await;
    ada.finish(&stored, &content).await;
    ada.sign_parts(session_id(&stored), &sign).await.expect_problem(409, "already-stored");
}
