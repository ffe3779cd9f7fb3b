//! Buckets, listing and deleting many.

use aws_sdk_s3::types::{Delete, EncodingType, ObjectIdentifier};

use super::support::{BUCKET, TestBucket, refusal};

const KEYS: [&str; 7] = ["a", "b/1", "b/2", "b/c/3", "b0", "c/", "ü/x"];

async fn filled() -> TestBucket {
    let bucket = TestBucket::start().await;
    for key in KEYS {
        bucket.put(key, key).await;
    }
    bucket
}

#[tokio::test]
async fn keys_come_in_byte_order() {
    let bucket = filled().await;
    let list = bucket.client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    let keys: Vec<&str> = list.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(keys, KEYS);
    assert_eq!(list.key_count(), Some(7));
    assert_eq!(list.is_truncated(), Some(false));
    assert_eq!(list.contents()[0].size(), Some(1));
    assert_eq!(list.contents()[0].e_tag(), Some("\"0cc175b9c0f1b6a831c399e269772661\""));
    assert!(list.contents()[0].last_modified().is_some());
}

#[tokio::test]
async fn a_delimiter_rolls_up_what_lies_below() {
    let bucket = filled().await;
    let list = |prefix: &str| bucket.client.list_objects_v2().bucket(BUCKET).delimiter("/").prefix(prefix).send();
    let names = |list: &aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output| {
        let keys = list.contents().iter().filter_map(|object| object.key());
        let prefixes = list.common_prefixes().iter().filter_map(|prefix| prefix.prefix());
        (keys.map(str::to_owned).collect::<Vec<_>>(), prefixes.map(str::to_owned).collect::<Vec<_>>())
    };
    let (keys, prefixes) = names(&list("").await.unwrap());
    assert_eq!((keys, prefixes), (vec!["a".into(), "b0".into()], vec!["b/".into(), "c/".into(), "ü/".into()]));
    let (keys, prefixes) = names(&list("b/").await.unwrap());
    assert_eq!((keys, prefixes), (vec!["b/1".into(), "b/2".into()], vec!["b/c/".into()]));
    let (keys, prefixes) = names(&list("c/").await.unwrap());
    assert_eq!((keys, prefixes), (vec!["c/".into()], Vec::new()));
    let (keys, prefixes) = names(&list("nothing").await.unwrap());
    assert!(keys.is_empty() && prefixes.is_empty());
}

#[tokio::test]
async fn pages_of_any_size_add_up_to_the_whole() {
    let bucket = filled().await;
    for delimiter in [None, Some("/")] {
        for size in 1..=8 {
            let list = || {
                let list = bucket.client.list_objects_v2().bucket(BUCKET).max_keys(size);
                list.set_delimiter(delimiter.map(str::to_owned))
            };
            let mut seen = Vec::new();
            let mut token = None;
            loop {
                let page = list().set_continuation_token(token).send().await.unwrap();
                let count = page.contents().len() + page.common_prefixes().len();
                assert!(count <= usize::try_from(size).unwrap());
                seen.extend(page.contents().iter().filter_map(|object| object.key()).map(str::to_owned));
                seen.extend(page.common_prefixes().iter().filter_map(|prefix| prefix.prefix()).map(str::to_owned));
                token = page.next_continuation_token().map(str::to_owned);
                assert_eq!(page.is_truncated(), Some(token.is_some()));
                if token.is_none() {
                    break;
                }
            }
            seen.sort();
            let expected: Vec<&str> = match delimiter {
                None => KEYS.to_vec(),
                Some(_) => vec!["a", "b/", "b0", "c/", "ü/"],
            };
            assert_eq!(seen, expected, "pages of {size}, delimiter {delimiter:?}");
        }
    }
}

#[tokio::test]
async fn the_first_version_of_listing_pages_by_marker() {
    let bucket = filled().await;
    let mut seen = Vec::new();
    let mut marker = None;
    loop {
        let list = bucket.client.list_objects().bucket(BUCKET).delimiter("/").max_keys(1);
        let page = list.set_marker(marker).send().await.unwrap();
        seen.extend(page.contents().iter().filter_map(|object| object.key()).map(str::to_owned));
        seen.extend(page.common_prefixes().iter().filter_map(|prefix| prefix.prefix()).map(str::to_owned));
        if page.is_truncated() != Some(true) {
            break;
        }
        marker = page.next_marker().map(str::to_owned);
        assert!(marker.is_some());
    }
    assert_eq!(seen, ["a", "b/", "b0", "c/", "ü/"]);
}

#[tokio::test]
async fn listing_can_begin_anywhere() {
    let bucket = filled().await;
    let list = bucket.client.list_objects_v2().bucket(BUCKET).start_after("b/2").send().await.unwrap();
    let keys: Vec<&str> = list.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(keys, ["b/c/3", "b0", "c/", "ü/x"]);
    let none = bucket.client.list_objects_v2().bucket(BUCKET).max_keys(0).send().await.unwrap();
    assert_eq!((none.key_count(), none.is_truncated()), (Some(0), Some(false)));
}

#[tokio::test]
async fn keys_are_url_encoded_on_request() {
    let bucket = TestBucket::start().await;
    bucket.put("a b/ü+%", "x").await;
    let list = bucket.client.list_objects_v2().bucket(BUCKET).encoding_type(EncodingType::Url).send().await.unwrap();
    assert_eq!(list.contents()[0].key(), Some("a%20b/%C3%BC%2B%25"));
}

#[tokio::test]
async fn many_objects_are_deleted_at_once() {
    let bucket = filled().await;
    let identifiers = ["a", "b/1", "not there"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(identifiers.to_vec())).build().unwrap();
    let deleted = bucket.client.delete_objects().bucket(BUCKET).delete(delete).send().await.unwrap();
    assert_eq!(deleted.deleted().len(), 3);
    assert!(deleted.errors().is_empty());
    assert!(!bucket.exists("a").await);
    assert!(bucket.exists("b/2").await);
}

#[tokio::test]
async fn buckets_are_created_listed_and_deleted_when_empty() {
    let bucket = TestBucket::start().await;
    let client = &bucket.client;
    client.create_bucket().bucket("other").send().await.unwrap();
    client.head_bucket().bucket("other").send().await.unwrap();
    let buckets = client.list_buckets().send().await.unwrap();
    let names: Vec<Option<&str>> = buckets.buckets().iter().map(aws_sdk_s3::types::Bucket::name).collect();
    assert_eq!(names, [Some(BUCKET), Some("other")]);
    let location = client.get_bucket_location().bucket("other").send().await.unwrap();
    assert_eq!(location.location_constraint().map_or("", |location| location.as_str()), "");

    bucket.put("a", "x").await;
    assert_eq!(refusal(409, client.delete_bucket().bucket(BUCKET).send().await), "BucketNotEmpty");
    client.create_multipart_upload().bucket("other").key("a").send().await.unwrap();
    client.delete_bucket().bucket("other").send().await.unwrap();
    assert_eq!(refusal(404, client.delete_bucket().bucket("other").send().await), "NoSuchBucket");
    assert_eq!(
        client.head_bucket().bucket("other").send().await.unwrap_err().raw_response().unwrap().status().as_u16(),
        404
    );
    let bad = client.create_bucket().bucket("No_Name").send().await;
    assert_eq!(refusal(400, bad), "InvalidBucketName");
}
