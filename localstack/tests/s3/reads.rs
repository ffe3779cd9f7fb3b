//! Ranges, parts, attributes.

use aws_sdk_s3::types::ObjectAttributes;

use super::support::{BUCKET, MIB, PART, TestBucket, an_hour, bytes, code_of, refusal, send, signed};

#[tokio::test]
async fn ranges_give_exactly_the_bytes_asked_for() {
    let bucket = TestBucket::start().await;
    let body = bytes(1, MIB + 11);
    bucket.put("a", body.clone()).await;
    let last = body.len() - 1;
    let cases = [
        ("bytes=0-0".to_owned(), 0..1),
        ("bytes=5-9".to_owned(), 5..10),
        (format!("bytes={last}-"), last..last + 1),
        ("bytes=300000-".to_owned(), 300_000..last + 1),
        ("bytes=-7".to_owned(), last - 6..last + 1),
        (format!("bytes=10-{}", last + 1000), 10..last + 1),
        ("bytes=-99999999".to_owned(), 0..last + 1),
    ];
    for (range, expected) in cases {
        let got = bucket.client.get_object().bucket(BUCKET).key("a").range(&range).send().await.unwrap();
        let shown = format!("bytes {}-{}/{}", expected.start, expected.end - 1, body.len());
        assert_eq!(got.content_range(), Some(shown.as_str()));
        assert_eq!(got.content_length(), Some(signed(expected.len())));
        // The checksum of the whole would contradict a part of the bytes.
        assert_eq!(got.checksum_crc32(), None);
        assert!(got.body.collect().await.unwrap().to_vec() == body[expected], "{range}");
    }
}

#[tokio::test]
async fn a_range_outside_the_object_is_refused() {
    let bucket = TestBucket::start().await;
    bucket.put("a", "0123456789").await;
    bucket.put("empty", "").await;
    for (key, range) in
        [("a", "bytes=10-"), ("a", "bytes=10-12"), ("a", "bytes=-0"), ("empty", "bytes=0-"), ("empty", "bytes=-5")]
    {
        let got = bucket.client.get_object().bucket(BUCKET).key(key).range(range).send().await;
        assert_eq!(refusal(416, got), "InvalidRange", "{range} of {key}");
    }
}

#[tokio::test]
async fn a_range_that_is_none_is_ignored() {
    let bucket = TestBucket::start().await;
    bucket.put("a", "0123456789").await;
    let presigned = bucket.client.get_object().bucket(BUCKET).key("a").presigned(an_hour()).await.unwrap();
    for range in ["bytes=a-b", "bytes=5-2", "items=0-1", "bytes=0-0,2-3", "bytes", "bytes=-"] {
        // The SDK signs the header, a URL does not cover it.
        let got = bucket.client.get_object().bucket(BUCKET).key("a").range(range).send().await.unwrap();
        assert_eq!((got.content_length(), got.content_range()), (Some(10), None), "{range}");
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"0123456789", "{range}");
        let head = bucket.client.head_object().bucket(BUCKET).key("a").range(range).send().await.unwrap();
        assert_eq!(head.content_length(), Some(10), "{range}");
        let url = send(&bucket.http, &presigned).header("range", range).send().await.unwrap();
        assert_eq!((url.status().as_u16(), url.headers().contains_key("etag")), (200, true), "{range}");
        assert_eq!(url.text().await.unwrap(), "0123456789", "{range}");
    }
    let twice = send(&bucket.http, &presigned).header("range", "bytes=0-0").header("range", "bytes=2-2");
    assert_eq!(twice.send().await.unwrap().text().await.unwrap(), "0123456789");
}

#[tokio::test]
async fn a_range_that_is_none_opens_nothing() {
    let bucket = TestBucket::start().await;
    bucket.put("a", "0123456789").await;
    let unsigned = bucket.http.get(bucket.url("/files/a")).header("range", "items=0-1").send().await.unwrap();
    assert_eq!(code_of(403, unsigned).await, "AccessDenied");
    let presigned = bucket.client.get_object().bucket(BUCKET).key("a").presigned(an_hour()).await.unwrap();
    let forged = bucket.http.get(presigned.uri().replace("/files/a", "/files/b")).header("range", "items=0-1");
    assert_eq!(code_of(403, forged.send().await.unwrap()).await, "SignatureDoesNotMatch");
    let absent = bucket.client.get_object().bucket(BUCKET).key("b").range("items=0-1").send().await;
    assert_eq!(refusal(404, absent), "NoSuchKey");
}

#[tokio::test]
async fn ranges_cross_the_parts_of_a_multipart_object() {
    let bucket = TestBucket::start().await;
    let parts = [bytes(1, PART), bytes(2, PART), bytes(3, 10)];
    super::multipart::upload(&bucket, "a", &parts).await;
    let body = parts.concat();
    for range in [0..body.len(), PART - 3..PART + 3, PART - 3..2 * PART + 5, 2 * PART..2 * PART + 10] {
        let header = format!("bytes={}-{}", range.start, range.end - 1);
        let got = bucket.client.get_object().bucket(BUCKET).key("a").range(&header).send().await.unwrap();
        assert!(got.body.collect().await.unwrap().to_vec() == body[range], "{header}");
    }
}

#[tokio::test]
async fn a_part_can_be_read_by_its_number() {
    let bucket = TestBucket::start().await;
    let parts = [bytes(1, PART), bytes(2, PART + 1), bytes(3, 10)];
    super::multipart::upload(&bucket, "a", &parts).await;
    for (number, part) in (1..).zip(&parts) {
        let got = bucket.client.get_object().bucket(BUCKET).key("a").part_number(number).send().await.unwrap();
        assert_eq!(got.parts_count(), Some(3));
        assert!(got.body.collect().await.unwrap().to_vec() == *part);
    }
    let beyond = bucket.client.get_object().bucket(BUCKET).key("a").part_number(4).send().await;
    assert_eq!(refusal(416, beyond), "InvalidRange");
    bucket.put("single", "x").await;
    let whole = bucket.client.head_object().bucket(BUCKET).key("single").part_number(1).send().await.unwrap();
    assert_eq!((whole.content_length(), whole.parts_count()), (Some(1), None));
}

#[tokio::test]
async fn attributes_tell_of_object_and_parts() {
    let bucket = TestBucket::start().await;
    super::multipart::upload(&bucket, "a", &[bytes(1, PART), bytes(2, 10)]).await;
    let attributes = bucket
        .client
        .get_object_attributes()
        .bucket(BUCKET)
        .key("a")
        .object_attributes(ObjectAttributes::Etag)
        .object_attributes(ObjectAttributes::Checksum)
        .object_attributes(ObjectAttributes::ObjectParts)
        .object_attributes(ObjectAttributes::ObjectSize)
        .send()
        .await
        .unwrap();
    assert_eq!(attributes.object_size(), Some(signed(PART + 10)));
    let parts = attributes.object_parts().unwrap();
    assert_eq!(parts.total_parts_count(), Some(2));
    let sizes: Vec<Option<i64>> = parts.parts().iter().map(aws_sdk_s3::types::ObjectPart::size).collect();
    assert_eq!(sizes, [Some(signed(PART)), Some(10)]);
    let checksum = attributes.checksum().unwrap().checksum_sha256().unwrap();
    assert!(!checksum.contains('-'), "S3 leaves out the count here: {checksum}");
}

#[tokio::test]
async fn what_is_absent_is_not_found() {
    let bucket = TestBucket::start().await;
    let key = bucket.client.get_object().bucket(BUCKET).key("a").send().await;
    assert_eq!(refusal(404, key), "NoSuchKey");
    let elsewhere = bucket.client.get_object().bucket("elsewhere").key("a").send().await;
    assert_eq!(refusal(404, elsewhere), "NoSuchBucket");
    bucket.put("a", "x").await;
    let version = bucket.client.get_object().bucket(BUCKET).key("a").version_id("one").send().await;
    assert_eq!(refusal(404, version), "NoSuchVersion");
}
