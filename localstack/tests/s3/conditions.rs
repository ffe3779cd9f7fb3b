//! Conditional writes and reads.

use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::primitives::{ByteStream, DateTime};

use super::support::{BUCKET, TestBucket, bytes, refusal, status};

#[tokio::test]
async fn an_object_is_not_overwritten_when_the_put_forbids_it() {
    let bucket = TestBucket::start().await;
    let put = |body: &'static str| {
        let put = bucket.client.put_object().bucket(BUCKET).key("a").if_none_match("*");
        put.body(ByteStream::from_static(body.as_bytes())).send()
    };
    put("first").await.unwrap();
    assert_eq!(refusal(412, put("second").await), "PreconditionFailed");
    assert_eq!(bucket.get("a").await, b"first");
    bucket.client.delete_object().bucket(BUCKET).key("a").send().await.unwrap();
    put("third").await.unwrap();
}

#[tokio::test]
async fn of_many_puts_that_forbid_overwriting_exactly_one_wins() {
    let bucket = TestBucket::start().await;
    let puts = (0..16_u64).map(|number| {
        let put = bucket.client.put_object().bucket(BUCKET).key("contested").if_none_match("*");
        put.body(bytes(number, 100_000).into()).send()
    });
    let results = futures::future::join_all(puts).await;
    let winners: Vec<usize> = (0..16).filter(|number| results[*number].is_ok()).collect();
    assert_eq!(winners.len(), 1);
    for result in results.into_iter().filter(Result::is_err) {
        assert_eq!(refusal(412, result), "PreconditionFailed");
    }
    assert!(bucket.get("contested").await == bytes(winners[0] as u64, 100_000));
    bucket.wait_for_data_files(1).await;
}

#[tokio::test]
async fn a_put_can_demand_the_version_it_replaces() {
    let bucket = TestBucket::start().await;
    let put = |etag: &str| {
        let put = bucket.client.put_object().bucket(BUCKET).key("a").if_match(etag);
        put.body(ByteStream::from_static(b"new")).send()
    };
    assert_eq!(refusal(404, put("\"0\"").await), "NoSuchKey");
    bucket.put("a", "old").await;
    assert_eq!(refusal(412, put("\"0\"").await), "PreconditionFailed");
    let head = bucket.client.head_object().bucket(BUCKET).key("a").send().await.unwrap();
    put(head.e_tag().unwrap()).await.unwrap();
    assert_eq!(bucket.get("a").await, b"new");
}

#[tokio::test]
async fn a_delete_can_demand_the_version_it_removes() {
    let bucket = TestBucket::start().await;
    bucket.put("a", "x").await;
    let delete = |etag: String| bucket.client.delete_object().bucket(BUCKET).key("a").if_match(etag).send();
    assert_eq!(refusal(412, delete("\"0\"".into()).await), "PreconditionFailed");
    let head = bucket.client.head_object().bucket(BUCKET).key("a").send().await.unwrap();
    delete(head.e_tag().unwrap().to_owned()).await.unwrap();
    assert!(!bucket.exists("a").await);
}

async fn status_of(get: GetObjectFluentBuilder) -> u16 {
    match get.send().await {
        Ok(_) => 200,
        Err(error) => status(&error),
    }
}

#[tokio::test]
async fn a_read_can_depend_on_the_etag() {
    let bucket = TestBucket::start().await;
    bucket.put("a", "x").await;
    let head = bucket.client.head_object().bucket(BUCKET).key("a").send().await.unwrap();
    let etag = head.e_tag().unwrap();
    let get = || bucket.client.get_object().bucket(BUCKET).key("a");
    assert_eq!(status_of(get().if_match(etag)).await, 200);
    assert_eq!(status_of(get().if_match("\"0\"")).await, 412);
    assert_eq!(status_of(get().if_none_match("\"0\"")).await, 200);
    assert_eq!(status_of(get().if_none_match(etag)).await, 304);
}

#[tokio::test]
async fn a_read_can_depend_on_the_time_of_the_last_change() {
    let bucket = TestBucket::start().await;
    bucket.put("a", "x").await;
    let head = bucket.client.head_object().bucket(BUCKET).key("a").send().await.unwrap();
    let etag = head.e_tag().unwrap();
    let changed = head.last_modified().unwrap().secs();
    let (before, at) = (DateTime::from_secs(changed - 1), DateTime::from_secs(changed));
    let get = || bucket.client.get_object().bucket(BUCKET).key("a");
    assert_eq!(status_of(get().if_modified_since(before)).await, 200);
    assert_eq!(status_of(get().if_modified_since(at)).await, 304);
    assert_eq!(status_of(get().if_unmodified_since(at)).await, 200);
    assert_eq!(status_of(get().if_unmodified_since(before)).await, 412);
    // The ETag decides where both are given.
    assert_eq!(status_of(get().if_match(etag).if_unmodified_since(before)).await, 200);
    assert_eq!(status_of(get().if_none_match("\"0\"").if_modified_since(at)).await, 200);
}

#[tokio::test]
async fn an_unmodified_answer_names_the_etag() {
    let bucket = TestBucket::start().await;
    bucket.put("a", "x").await;
    let head = bucket.client.head_object().bucket(BUCKET).key("a").send().await.unwrap();
    let etag = head.e_tag().unwrap();
    let error = bucket.client.head_object().bucket(BUCKET).key("a").if_none_match(etag).send().await.unwrap_err();
    assert_eq!(status(&error), 304);
    assert_eq!(error.raw_response().unwrap().headers().get("etag"), Some(etag));
}
