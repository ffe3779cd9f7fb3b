//! Storage events: committed with the object they tell of.

use serde_json::Value;
use straightway_local::queue::Leased;

use super::support::{BUCKET, PART, TestBucket, bytes};

async fn received(bucket: &TestBucket) -> Vec<Value> {
    let messages = bucket.engine.queue("finalize").receive(10).await.unwrap();
    let body = |leased: Leased| serde_json::from_str(&leased.message.body).unwrap();
    messages.into_iter().map(body).collect()
}

async fn notifying(prefix: &str) -> TestBucket {
    let bucket = TestBucket::start().await;
    bucket.engine.notify(BUCKET, prefix, "finalize", std::time::Duration::ZERO).await.unwrap();
    bucket
}

#[tokio::test]
async fn every_publication_sends_the_event_that_s3_would_send() {
    let bucket = notifying("").await;
    bucket.put("objects/a b+ü", "hello").await;
    super::multipart::upload(&bucket, "objects/film", &[bytes(1, PART), bytes(2, 1)]).await;
    let copy = bucket.client.copy_object().bucket(BUCKET).key("copy").copy_source("files/objects/film");
    copy.send().await.unwrap();

    let events = received(&bucket).await;

    let record = |at: usize| &events[at]["Records"][0];
    let names: Vec<&Value> = (0..3).map(|at| &record(at)["eventName"]).collect();
    assert_eq!(names, ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", "ObjectCreated:Copy"]);
    let put = record(0);
    assert_eq!(put["eventSource"], "aws:s3");
    assert_eq!(put["awsRegion"], "us-east-1");
    assert!(put["eventVersion"].as_str().unwrap().starts_with("2."));
    assert!(put["eventTime"].as_str().unwrap().ends_with('Z'));
    assert_eq!(put["s3"]["bucket"]["name"], BUCKET);
    assert_eq!(put["s3"]["object"]["key"], "objects/a+b%2B%C3%BC");
    assert_eq!(put["s3"]["object"]["size"], 5);
    assert_eq!(put["s3"]["object"]["eTag"], "5d41402abc4b2a76b9719d911017c592");
    let sequencers: Vec<&str> = (0..3).map(|at| record(at)["s3"]["object"]["sequencer"].as_str().unwrap()).collect();
    assert!(sequencers.is_sorted_by(|a, b| a < b), "{sequencers:?}");
}

#[tokio::test]
async fn what_is_refused_sends_nothing() {
    let bucket = notifying("").await;
    let put = bucket.client.put_object().bucket(BUCKET).key("a").checksum_sha256(super::support::sha256(b"other"));
    put.body(b"x".to_vec().into()).send().await.unwrap_err();
    bucket.put("b", "x").await;
    let again = bucket.client.put_object().bucket(BUCKET).key("b").if_none_match("*");
    again.body(b"y".to_vec().into()).send().await.unwrap_err();
    assert_eq!(received(&bucket).await.len(), 1);
}

#[tokio::test]
async fn only_keys_under_the_prefix_send_events() {
    let bucket = notifying("objects/").await;
    bucket.put("other/a", "x").await;
    bucket.put("objects", "x").await;
    assert!(received(&bucket).await.is_empty());
    bucket.put("objects/a", "x").await;
    assert_eq!(received(&bucket).await.len(), 1);
}

#[tokio::test]
async fn events_and_their_configuration_survive_a_restart() {
    let bucket = notifying("").await;
    bucket.put("a", "x").await;
    let bucket = bucket.restart().await;
    bucket.put("b", "x").await;
    let events = received(&bucket).await;
    let keys: Vec<&Value> = events.iter().map(|event| &event["Records"][0]["s3"]["object"]["key"]).collect();
    assert_eq!(keys, ["a", "b"]);
}
