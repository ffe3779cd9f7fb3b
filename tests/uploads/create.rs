//! Creates that are refused, in their order.

use e2e::{Content, TestApp, entry_id, session_id, with};
use serde_json::{Value, json};

use crate::MIB;

#[tokio::test]
async fn the_largest_file_is_taken_and_one_byte_more_is_too_large() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let most: u64 = 53_687_091_200_000;
    let create = |size: u64| json!({"name": "huge", "size_bytes": size, "integrity": "leaf"});
    let upload = ada.create_upload(&create(most)).await.expect(201);
    assert_eq!(upload["session"]["part_size"], 5_368_709_120_u64);
    let refused = ada.create_upload(&create(most + 1)).await.expect_problem(413, "too-large");
    assert_eq!(refused["max_bytes"], most);
    // Size is judged before the parent.
    let nowhere = with(create(most + 1), json!({"parent_id": "0".repeat(32)}));
    ada.create_upload(&nowhere).await.expect_problem(413, "too-large");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413_and_the_server_goes_on() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let huge = with(content.upload("a"), json!({"metadata": {"k": "v".repeat(2 * MIB)}}));
    ada.create_upload(&huge).await.expect_problem(413, "too-large");
    ada.put("a", &content).await;
}

#[tokio::test]
async fn what_exceeds_the_quota_is_507_and_says_by_how_much() {
    let app = TestApp::start_with(|options| options.quota_bytes = 1000).await;
    let ada = app.user("ada").await;
    let first = ada.open("a", &Content::random(600)).await;
    let refused = ada.create("b", &Content::random(500)).await.expect_problem(507, "quota-exceeded");
    assert_eq!((&refused["needed_bytes"], &refused["available_bytes"]), (&json!(500), &json!(400)));
    // A reservation counts; given up, it does not.
    ada.cancel_upload(session_id(&first)).await;
    let content = Content::random(500);
    let entry = ada.put("b", &content).await;
    // Instant uploads count like others: every entry counts its full size.
    let copy = ada.create("c", &content).await.expect(201);
    assert_eq!(copy["outcome"], "stored");
    ada.create("d", &content).await.expect_problem(507, "quota-exceeded");
    // The same name and content is there already: no quota needed.
    ada.create("b", &content).await.expect(200);
    assert_eq!(ada.delete_file(entry_id(&entry)).await.status, 204);
    assert_eq!(ada.create("d", &content).await.expect(201)["outcome"], "stored");
    assert_eq!(ada.usage().await, (1000, 0));
    app.audit().await;
}

#[tokio::test]
async fn the_quota_holds_when_creates_race() {
    let app = TestApp::start_with(|options| options.quota_bytes = 1000).await;
    let ada = app.user("ada").await;
    let contents: Vec<_> = (0..20).map(|_| Content::random(300)).collect();
    let creates = contents.iter().map(|content| ada.create("a", content));
    let answers = futures::future::join_all(creates).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3);
    assert_eq!(answers.iter().filter(|answer| answer.status == 507).count(), 17);
    assert_eq!(ada.usage().await, (0, 900));
    app.audit().await;
}

#[tokio::test]
async fn a_name_that_fails_is_judged_before_the_quota_and_a_parent_before_the_name() {
    let app = TestApp::start_with(|options| options.quota_bytes = 1000).await;
    let ada = app.user("ada").await;
    ada.put("a", &Content::random(900)).await;
    let fail = with(Content::random(500).upload("a"), json!({"on_conflict": "fail"}));
    ada.create_upload(&fail).await.expect_problem(409, "name-taken");
    let nowhere = with(fail, json!({"parent_id": "0".repeat(32)}));
    ada.create_upload(&nowhere).await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn every_field_that_is_wrong_is_named() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let long = "v".repeat(3000);
    let cases: Vec<(Value, &str)> = vec![
        (json!({"content_hsah": "x"}), "/content_hsah"),
        (json!({"size_bytes": -1}), "/size_bytes"),
        (json!({"size_bytes": "10"}), "/size_bytes"),
        (json!({"content_hash": "AB".repeat(32)}), "/content_hash"),
        (json!({"sha1": "12"}), "/sha1"),
        (json!({"content_type": "no type"}), "/content_type"),
        (json!({"content_type": "text/plain\r\nx: y"}), "/content_type"),
        (json!({"on_conflict": "overwrite"}), "/on_conflict"),
        (json!({"integrity": "none"}), "/integrity"),
        (json!({"metadata": {"k": long}}), "/metadata"),
        (json!({"metadata": {"k": 1}}), "/metadata/k"),
        (json!({"client_modified_at": "yesterday"}), "/client_modified_at"),
        (json!({"parts": [{"part_number": 1, "leaf": "x"}]}), "/parts/0/leaf"),
        (json!({"proof": {"challenge": "x", "mac": "y"}}), "/proof/mac"),
    ];
    for (more, pointer) in cases {
        let create = with(content.upload("a"), more);
        let problem = ada.create_upload(&create).await.expect_problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        assert!(problem["errors"][0]["code"].is_string());
    }
    let mut without_size = content.upload("a");
    without_size.as_object_mut().unwrap().remove("size_bytes");
    let problem = ada.create_upload(&without_size).await.expect_problem(422, "invalid");
    assert_eq!(
        problem["errors"][0],
        json!({"pointer": "/size_bytes", "code": "required", "detail": "missing field `size_bytes`"})
    );
    assert_eq!(ada.usage().await, (0, 0));
}
