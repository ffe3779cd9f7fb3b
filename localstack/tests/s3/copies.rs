//! Server-side copies.

use aws_sdk_s3::types::{ChecksumMode, CompletedMultipartUpload, CompletedPart, MetadataDirective};
use data_encoding::BASE64;
use straightway_local::bucket::{Algorithm, checksum_of};

use super::support::{BUCKET, MIB, PART, TestBucket, bytes, refusal};

async fn with_source() -> (TestBucket, Vec<u8>) {
    let bucket = TestBucket::start().await;
    let body = bytes(1, MIB);
    let put = bucket.client.put_object().bucket(BUCKET).key("from/ü b").body(body.clone().into());
    put.content_type("text/plain").metadata("colour", "blue").send().await.unwrap();
    (bucket, body)
}

const SOURCE: &str = "files/from/%C3%BC%20b";

#[tokio::test]
async fn a_copy_has_bytes_headers_and_metadata_of_its_source() {
    let (bucket, body) = with_source().await;
    let copy = bucket.client.copy_object().bucket(BUCKET).key("to").copy_source(SOURCE).send().await.unwrap();
    let head = bucket.client.head_object().bucket(BUCKET).key("to").send().await.unwrap();
    assert_eq!(copy.copy_object_result().unwrap().e_tag(), head.e_tag());
    assert_eq!(head.content_type(), Some("text/plain"));
    assert_eq!(head.metadata().unwrap()["colour"], "blue");
    bucket.client.delete_object().bucket(BUCKET).key("from/ü b").send().await.unwrap();
    assert!(bucket.get("to").await == body);
}

#[tokio::test]
async fn a_copy_can_replace_headers_and_metadata() {
    let (bucket, _) = with_source().await;
    let copy = bucket.client.copy_object().bucket(BUCKET).key("to").copy_source(SOURCE);
    let copy = copy.metadata_directive(MetadataDirective::Replace).content_type("text/html").metadata("a", "b");
    copy.send().await.unwrap();
    let head = bucket.client.head_object().bucket(BUCKET).key("to").send().await.unwrap();
    assert_eq!(head.content_type(), Some("text/html"));
    assert_eq!(head.metadata().unwrap().get("colour"), None);
    assert_eq!(head.metadata().unwrap()["a"], "b");
}

#[tokio::test]
async fn a_copy_depends_on_the_state_of_its_source() {
    let (bucket, _) = with_source().await;
    let copy = || bucket.client.copy_object().bucket(BUCKET).key("to").copy_source(SOURCE);
    assert_eq!(refusal(412, copy().copy_source_if_match("\"0\"").send().await), "PreconditionFailed");
    let head = bucket.client.head_object().bucket(BUCKET).key("from/ü b").send().await.unwrap();
    let etag = head.e_tag().unwrap();
    assert_eq!(refusal(412, copy().copy_source_if_none_match(etag).send().await), "PreconditionFailed");
    assert!(!bucket.exists("to").await);
    copy().copy_source_if_match(etag).send().await.unwrap();
    let absent = bucket.client.copy_object().bucket(BUCKET).key("to").copy_source("files/absent").send().await;
    assert_eq!(refusal(404, absent), "NoSuchKey");
}

#[tokio::test]
async fn an_object_is_not_copied_onto_itself_unchanged() {
    let (bucket, body) = with_source().await;
    let copy = || bucket.client.copy_object().bucket(BUCKET).key("from/ü b").copy_source(SOURCE);
    assert_eq!(refusal(400, copy().send().await), "InvalidRequest");
    copy().metadata_directive(MetadataDirective::Replace).send().await.unwrap();
    assert!(bucket.get("from/ü b").await == body);
}

#[tokio::test]
async fn the_copy_of_a_multipart_object_has_a_checksum_of_its_whole() {
    let bucket = TestBucket::start().await;
    let parts = [bytes(1, PART), bytes(2, 10)];
    super::multipart::upload(&bucket, "from", &parts).await;
    bucket.client.copy_object().bucket(BUCKET).key("to").copy_source("files/from").send().await.unwrap();
    let head = bucket.client.head_object().bucket(BUCKET).key("to").checksum_mode(ChecksumMode::Enabled);
    let whole = BASE64.encode(&checksum_of(Algorithm::Sha256, &parts.concat()));
    assert_eq!(head.send().await.unwrap().checksum_sha256(), Some(whole.as_str()));
    assert!(bucket.get("to").await == parts.concat());
}

#[tokio::test]
async fn parts_can_be_copied_from_ranges_of_an_object() {
    let bucket = TestBucket::start().await;
    let body = bytes(1, 2 * PART + 3);
    bucket.put("from", body.clone()).await;
    let created = bucket.client.create_multipart_upload().bucket(BUCKET).key("to").send().await.unwrap();
    let id = created.upload_id().unwrap();
    let part = |number: i32, range: String| {
        let part = bucket.client.upload_part_copy().bucket(BUCKET).key("to").upload_id(id).part_number(number);
        part.copy_source("files/from").copy_source_range(range).send()
    };
    let beyond = part(1, format!("bytes=0-{}", body.len())).await;
    assert_eq!(refusal(400, beyond), "InvalidArgument");
    let mut completed = Vec::new();
    for (number, range) in [(1, format!("bytes={PART}-{}", 2 * PART + 2)), (2, "bytes=0-9".to_owned())] {
        let copied = part(number, range).await.unwrap();
        let result = copied.copy_part_result().unwrap();
        let listed = CompletedPart::builder().part_number(number).e_tag(result.e_tag().unwrap());
        completed.push(listed.set_checksum_crc32(result.checksum_crc32().map(str::to_owned)).build());
    }
    let complete = bucket.client.complete_multipart_upload().bucket(BUCKET).key("to").upload_id(id);
    let listed = CompletedMultipartUpload::builder().set_parts(Some(completed)).build();
    complete.multipart_upload(listed).send().await.unwrap();
    assert!(bucket.get("to").await == [&body[PART..], &body[..10]].concat());
}
