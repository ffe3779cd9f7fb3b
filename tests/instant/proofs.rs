//! Content that others have: for who proves to have it too.

use e2e::{Content, TestApp, entry_id};
use serde_json::{Value, json};

use crate::{MIB, answer, challenge, take};

#[tokio::test]
async fn another_user_proves_possession_and_gets_the_file() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    for size in [MIB, 16 * MIB, 20 * MIB + 3] {
        let content = Content::random(size);
        ada.put(&format!("ada {size}"), &content).await;
        let entry = take(&bob, &format!("bob {size}"), &content).await;
        assert_eq!(entry["content_hash"], content.hash.to_hex());
        assert_eq!(bob.download(entry_id(&entry)).await, content.bytes);
        assert_eq!(app.records.refs(&content.file_key()).await, 2);
        // From now on it is bob's own.
        let again = bob.create(&format!("again {size}"), &content).await.expect(201);
        assert_eq!(again["outcome"], "stored");
    }
    assert_eq!(app.records.garbage().await, [""; 0]);
    app.audit().await;
}

#[tokio::test]
async fn a_file_of_a_single_put_is_asked_whole_and_a_larger_one_in_each_64th() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let small = Content::random(16 * MIB);
    ada.put("small", &small).await;
    let asked = challenge(&bob, "small", &small).await;
    assert_eq!(asked["ranges"], json!([{"offset": 0, "length": 16 * MIB}]));
    assert_eq!(asked["expires_in"], 300);
    let nonce = asked["nonce"].as_str().unwrap();
    assert!(nonce.len() == 64 && nonce.bytes().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase()));

    let large = Content::random(20 * MIB + 3);
    ada.put("large", &large).await;
    let asked = challenge(&bob, "large", &large).await;
    let ranges = asked["ranges"].as_array().unwrap();
    assert_eq!(ranges.len(), 64);
    for (index, range) in (0..).zip(ranges) {
        let number = |name: &str| range[name].as_u64().unwrap();
        assert_eq!(number("length"), 4096);
        let (start, end) = (large.size() * index / 64, large.size() * (index + 1) / 64);
        assert!(number("offset") >= start && number("offset") + 4096 <= end, "range {index}: {range}");
    }
}

#[tokio::test]
async fn below_one_mebibyte_nothing_of_others_is_offered() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (below, at) = (Content::random(MIB - 1), Content::random(MIB));
    ada.put("below", &below).await;
    ada.put("at", &at).await;
    challenge(&bob, "at", &at).await;
    let upload = bob.open("below", &below).await;
    bob.finish(&upload, &below).await;
    assert_eq!(app.records.refs(&below.file_key()).await, 2, "deduplicated when stored");
    app.audit().await;
}

#[tokio::test]
async fn right_answers_do_not_count_as_wrong() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(MIB);
    ada.put("film", &content).await;
    for _ in 0..6 {
        let entry = take(&bob, "film", &content).await;
        assert_eq!(bob.delete_file(entry_id(&entry)).await.status, 204);
    }
    app.audit().await;
}

#[tokio::test]
async fn a_challenge_holds_for_another_name_too() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(MIB);
    ada.put("film", &content).await;
    let asked = challenge(&bob, "film", &content).await;
    let taken = answer(&bob, "renamed meanwhile", &content, bob.prove(&asked, &content)).await.expect(201);
    assert_eq!(taken["entry"]["name"], "renamed meanwhile");
}

#[tokio::test]
async fn a_challenge_uses_no_idempotency_key_up() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(MIB);
    ada.put("film", &content).await;
    let key = "one-key-for-the-whole-upload";
    let asked = bob.create_upload_once(key, &content.upload("film")).await.expect(200);
    assert_eq!(asked["outcome"], "prove");
    let proven = e2e::with(content.upload("film"), json!({"proof": bob.prove(&asked, &content)}));
    let first = bob.create_upload_once(key, &proven).await.expect(201);
    let second = bob.create_upload_once(key, &proven).await.expect(201);
    assert_eq!(first, second);
    assert_eq!(bob.list_files("").await.expect(200)["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_was_proven_exceeds_the_quota_like_any_upload() {
    let app = TestApp::start_with(|options| options.quota_bytes = 3 * MIB as u64).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(2 * MIB);
    ada.put("film", &content).await;
    bob.put("full", &Content::random(2 * MIB)).await;
    let refused: Value = bob.create("film", &content).await.expect_problem(507, "quota-exceeded");
    assert_eq!(refused["available_bytes"], MIB);
}
