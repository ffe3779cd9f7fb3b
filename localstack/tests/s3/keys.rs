//! Keys are any text: they never become paths.

use aws_sdk_s3::primitives::ByteStream;

use super::support::{BUCKET, TestBucket, refusal};

const KEYS: [&str; 20] = [
    ".",
    "..",
    "../../etc/passwd",
    "/",
    "//",
    "/leading",
    "a//b",
    "dir",
    "dir/",
    "dir/sub",
    "a b+c",
    "100%",
    "%2e%2e%2f",
    "?query=1&b",
    "#fragment",
    "\"quoted\" <xml> & more",
    "ümlaut/日本/🦀",
    "e\u{301}",
    "trailing ",
    "back\\slash:colon*",
];

#[tokio::test]
async fn keys_of_every_kind_stand_beside_each_other() {
    let bucket = TestBucket::start().await;
    for key in KEYS {
        bucket.put(key, key).await;
    }
    let bucket = bucket.restart().await;
    for key in KEYS {
        assert_eq!(bucket.get(key).await, key.as_bytes(), "{key}");
    }
    let list = bucket.client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    let listed: Vec<&str> = list.contents().iter().filter_map(|object| object.key()).collect();
    let mut expected = KEYS.to_vec();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    for key in KEYS {
        bucket.client.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
        assert!(!bucket.exists(key).await, "{key}");
    }
}

#[tokio::test]
async fn keys_have_at_most_1024_bytes() {
    let bucket = TestBucket::start().await;
    let longest = "ü".repeat(512);
    bucket.put(&longest, "x").await;
    assert_eq!(bucket.get(&longest).await, b"x");
    let put = bucket.client.put_object().bucket(BUCKET).key(format!("{longest}a"));
    assert_eq!(refusal(400, put.body(ByteStream::from_static(b"x")).send().await), "KeyTooLongError");
}
