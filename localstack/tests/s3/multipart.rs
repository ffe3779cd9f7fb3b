//! Multipart uploads: refusals leave them as they were, completion copies nothing.

use aws_sdk_s3::operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder;
use aws_sdk_s3::operation::upload_part::builders::UploadPartFluentBuilder;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart};
use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};
use straightway_local::bucket::{Algorithm, checksum_of};

use super::signatures::Signed;
use super::support::{BUCKET, PART, TestBucket, bytes, code_of, refusal, sha256, signed};

/// An upload created for SHA-256, as Straightway does it.
struct Upload<'a> {
    bucket: &'a TestBucket,
    key: &'a str,
    id: String,
}

impl<'a> Upload<'a> {
    async fn start(bucket: &'a TestBucket, key: &'a str) -> Self {
        let created = bucket
            .client
            .create_multipart_upload()
            .bucket(BUCKET)
            .key(key)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .content_type("application/octet-stream")
            .send()
            .await
            .unwrap();
        assert_eq!(created.checksum_algorithm(), Some(&ChecksumAlgorithm::Sha256));
        Self { bucket, key, id: created.upload_id().unwrap().to_owned() }
    }

    fn part(&self, number: i32, body: &[u8]) -> UploadPartFluentBuilder {
        let part = self.bucket.client.upload_part().bucket(BUCKET).key(self.key).upload_id(&self.id);
        part.part_number(number).body(body.to_vec().into()).checksum_sha256(sha256(body))
    }

    async fn put(&self, number: i32, body: &[u8]) -> CompletedPart {
        let stored = self.part(number, body).send().await.unwrap();
        assert_eq!(stored.checksum_sha256(), Some(sha256(body).as_str()));
        CompletedPart::builder()
            .part_number(number)
            .e_tag(stored.e_tag().unwrap())
            .checksum_sha256(sha256(body))
            .build()
    }

    fn complete(&self, parts: Vec<CompletedPart>) -> CompleteMultipartUploadFluentBuilder {
        let complete = self.bucket.client.complete_multipart_upload().bucket(BUCKET).key(self.key).upload_id(&self.id);
        complete.multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
    }

    async fn part_numbers(&self) -> Vec<i32> {
        let listed = self.bucket.client.list_parts().bucket(BUCKET).key(self.key).upload_id(&self.id);
        let listed = listed.send().await.unwrap();
        listed.parts().iter().filter_map(aws_sdk_s3::types::Part::part_number).collect()
    }
}

/// Uploads `parts` as one object with a composite SHA-256.
pub(crate) async fn upload(bucket: &TestBucket, key: &str, parts: &[Vec<u8>]) {
    let upload = Upload::start(bucket, key).await;
    let mut completed = Vec::new();
    for (number, part) in (1..).zip(parts) {
        completed.push(upload.put(number, part).await);
    }
    upload.complete(completed).send().await.unwrap();
}

fn composite(parts: &[&[u8]]) -> String {
    let leaves: Vec<u8> = parts.iter().flat_map(Sha256::digest).collect();
    format!("{}-{}", sha256(&leaves), parts.len())
}

#[tokio::test]
async fn parts_in_any_order_become_one_object_with_a_composite_checksum() {
    let bucket = TestBucket::start().await;
    let (one, two, three) = (bytes(1, PART), bytes(2, PART), bytes(3, 100));
    let upload = Upload::start(&bucket, "film").await;
    let third = upload.put(3, &three).await;
    let first = upload.put(1, &one).await;
    let second = upload.put(2, &two).await;

    let done = upload.complete(vec![first, second, third]).send().await.unwrap();

    let expected = composite(&[&one, &two, &three]);
    assert_eq!(done.checksum_sha256(), Some(expected.as_str()));
    assert_eq!(done.checksum_type(), Some(&ChecksumType::Composite));
    assert!(done.e_tag().unwrap().ends_with("-3\""));
    let head = bucket.client.head_object().bucket(BUCKET).key("film").checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await.unwrap();
    assert_eq!(head.checksum_sha256(), Some(expected.as_str()));
    assert_eq!(head.e_tag(), done.e_tag());
    assert_eq!(head.content_length(), Some(signed(2 * PART + 100)));
    assert_eq!(head.content_type(), Some("application/octet-stream"));
    assert!(bucket.get("film").await == [one, two, three].concat());
    // Two large parts in files, the small one in the metadata: nothing was copied.
    assert_eq!(bucket.data_files(), 2);
}

#[tokio::test]
async fn the_etag_of_a_multipart_object_is_the_md5_of_its_parts_md5s() {
    let bucket = TestBucket::start().await;
    let upload = Upload::start(&bucket, "a").await;
    let part = upload.put(1, b"hello").await;
    let done = upload.complete(vec![part]).send().await.unwrap();
    let md5s = straightway_local::bucket::md5_of(&straightway_local::bucket::md5_of(b"hello"));
    assert_eq!(done.e_tag(), Some(format!("\"{}-1\"", data_encoding::HEXLOWER.encode(&md5s)).as_str()));
}

#[tokio::test]
async fn a_wrong_or_missing_part_checksum_is_refused() {
    let bucket = TestBucket::start().await;
    let upload = Upload::start(&bucket, "a").await;
    let wrong = upload.part(1, b"right").checksum_sha256(sha256(b"wrong")).send().await;
    assert_eq!(refusal(400, wrong), "BadDigest");
    let other = bucket.client.upload_part().bucket(BUCKET).key("a").upload_id(&upload.id).part_number(1);
    let other = other.checksum_algorithm(ChecksumAlgorithm::Crc32).body(b"right".to_vec().into()).send().await;
    assert_eq!(refusal(400, other), "InvalidRequest");
    let path = format!("/{BUCKET}/a?partNumber=1&uploadId={}", upload.id);
    let none = Signed::new(&bucket, "PUT", &path).send(b"right".to_vec()).await;
    assert_eq!(code_of(400, none).await, "InvalidRequest");
    assert!(upload.part_numbers().await.is_empty());
}

#[tokio::test]
async fn complete_compares_order_etags_checksums_and_sizes_and_a_refusal_changes_nothing() {
    let bucket = TestBucket::start().await;
    let (one, two) = (bytes(1, PART), bytes(2, 50));
    let upload = Upload::start(&bucket, "a").await;
    let first = upload.put(1, &one).await;
    let second = upload.put(2, &two).await;
    let both = || vec![first.clone(), second.clone()];
    let altered = |change: fn(
        aws_sdk_s3::types::builders::CompletedPartBuilder,
    ) -> aws_sdk_s3::types::builders::CompletedPartBuilder| {
        let part = CompletedPart::builder()
            .part_number(2)
            .e_tag(second.e_tag().unwrap())
            .checksum_sha256(second.checksum_sha256().unwrap());
        vec![first.clone(), change(part).build()]
    };

    let cases = [
        (upload.complete(vec![second.clone(), first.clone()]), "InvalidPartOrder"),
        (upload.complete(vec![first.clone(), first.clone()]), "InvalidPartOrder"),
        (upload.complete(altered(|part| part.e_tag("\"0\""))), "InvalidPart"),
        (upload.complete(altered(|part| part.part_number(3))), "InvalidPart"),
        (upload.complete(altered(|part| part.checksum_sha256(sha256(b"x")))), "InvalidPart"),
        (upload.complete(altered(|part| part.set_checksum_sha256(None))), "InvalidRequest"),
        (upload.complete(both()).mpu_object_size(1), "InvalidRequest"),
        (upload.complete(both()).checksum_sha256(sha256(b"x")), "BadDigest"),
        (upload.complete(both()).checksum_type(ChecksumType::FullObject), "InvalidRequest"),
        (upload.complete(Vec::new()), "MalformedXML"),
    ];
    for (complete, code) in cases {
        assert_eq!(refusal(400, complete.send().await), code);
        assert_eq!(upload.part_numbers().await, [1, 2], "after {code}");
        assert!(!bucket.exists("a").await, "after {code}");
    }

    let size = signed(PART + 50);
    let right = upload.complete(both()).mpu_object_size(size).checksum_sha256(composite(&[&one, &two]));
    right.send().await.unwrap();
    assert!(bucket.get("a").await == [one, two].concat());
}

#[tokio::test]
async fn a_small_part_before_the_last_is_refused() {
    let bucket = TestBucket::start().await;
    let upload = Upload::start(&bucket, "a").await;
    let first = upload.put(1, &bytes(1, PART - 1)).await;
    let second = upload.put(2, b"x").await;
    assert_eq!(refusal(400, upload.complete(vec![first, second]).send().await), "EntityTooSmall");
    assert_eq!(upload.part_numbers().await, [1, 2]);
}

#[tokio::test]
async fn completing_again_gives_the_same_answer() {
    let bucket = TestBucket::start().await;
    let upload = Upload::start(&bucket, "a").await;
    let part = upload.put(1, b"x").await;
    let first = upload.complete(vec![part.clone()]).send().await.unwrap();
    let again = upload.complete(vec![part.clone()]).send().await.unwrap();
    assert_eq!(first.e_tag(), again.e_tag());
    assert_eq!(first.checksum_sha256(), again.checksum_sha256());
    bucket.put("a", "something else").await;
    assert_eq!(refusal(404, upload.complete(vec![part]).send().await), "NoSuchUpload");
}

#[tokio::test]
async fn completion_can_forbid_overwriting() {
    let bucket = TestBucket::start().await;
    bucket.put("a", "there").await;
    let upload = Upload::start(&bucket, "a").await;
    let part = upload.put(1, b"x").await;
    let complete = upload.complete(vec![part.clone()]).if_none_match("*").send().await;
    assert_eq!(refusal(412, complete), "PreconditionFailed");
    assert_eq!(bucket.get("a").await, b"there");
    bucket.client.delete_object().bucket(BUCKET).key("a").send().await.unwrap();
    upload.complete(vec![part]).if_none_match("*").send().await.unwrap();
}

#[tokio::test]
async fn parts_that_are_not_listed_are_dropped() {
    let bucket = TestBucket::start().await;
    let upload = Upload::start(&bucket, "a").await;
    let kept = upload.put(2, &bytes(2, PART)).await;
    upload.put(1, &bytes(1, PART)).await;
    upload.put(3, &bytes(3, PART)).await;
    upload.complete(vec![kept]).send().await.unwrap();
    assert!(bucket.get("a").await == bytes(2, PART));
    bucket.wait_for_data_files(1).await;
}

#[tokio::test]
async fn a_part_sent_again_replaces_the_first() {
    let bucket = TestBucket::start().await;
    let upload = Upload::start(&bucket, "a").await;
    let old = upload.put(1, &bytes(1, PART)).await;
    let new = upload.put(1, &bytes(2, PART)).await;
    assert_eq!(upload.part_numbers().await, [1]);
    assert_eq!(refusal(400, upload.complete(vec![old]).send().await), "InvalidPart");
    upload.complete(vec![new]).send().await.unwrap();
    assert!(bucket.get("a").await == bytes(2, PART));
    bucket.wait_for_data_files(1).await;
}

#[tokio::test]
async fn an_aborted_upload_is_gone_with_its_parts() {
    let bucket = TestBucket::start().await;
    let upload = Upload::start(&bucket, "a").await;
    let part = upload.put(1, &bytes(1, PART)).await;
    let abort = || bucket.client.abort_multipart_upload().bucket(BUCKET).key("a").upload_id(&upload.id).send();
    abort().await.unwrap();
    assert_eq!(refusal(404, abort().await), "NoSuchUpload");
    assert_eq!(refusal(404, upload.part(2, b"x").send().await), "NoSuchUpload");
    assert_eq!(refusal(404, upload.complete(vec![part]).send().await), "NoSuchUpload");
    bucket.wait_for_data_files(0).await;
}

#[tokio::test]
async fn an_upload_belongs_to_its_key() {
    let bucket = TestBucket::start().await;
    let upload = Upload::start(&bucket, "a").await;
    let foreign = Upload { bucket: &bucket, key: "b", id: upload.id.clone() };
    assert_eq!(refusal(404, foreign.part(1, b"x").send().await), "NoSuchUpload");
    let listed = bucket.client.list_parts().bucket(BUCKET).key("b").upload_id(&upload.id).send().await;
    assert_eq!(refusal(404, listed), "NoSuchUpload");
}

#[tokio::test]
async fn part_numbers_go_from_one_to_ten_thousand() {
    let bucket = TestBucket::start().await;
    let upload = Upload::start(&bucket, "a").await;
    for number in [0, -1, 10_001] {
        assert_eq!(refusal(400, upload.part(number, b"x").send().await), "InvalidArgument", "{number}");
    }
    upload.put(10_000, b"x").await;
    assert_eq!(upload.part_numbers().await, [10_000]);
}

#[tokio::test]
async fn parts_are_listed_in_order_page_by_page() {
    let bucket = TestBucket::start().await;
    let upload = Upload::start(&bucket, "a").await;
    for number in [5, 1, 4, 2, 3] {
        upload.put(number, format!("part {number}").as_bytes()).await;
    }
    let list = || bucket.client.list_parts().bucket(BUCKET).key("a").upload_id(&upload.id).max_parts(2);
    let mut seen = Vec::new();
    let mut marker = None;
    for (expected, more) in [(2, true), (2, true), (1, false)] {
        let page = list().set_part_number_marker(marker).send().await.unwrap();
        assert_eq!(page.parts().len(), expected);
        assert_eq!(page.is_truncated(), Some(more));
        assert_eq!(page.checksum_algorithm(), Some(&ChecksumAlgorithm::Sha256));
        assert_eq!(page.checksum_type(), Some(&ChecksumType::Composite));
        marker = page.next_part_number_marker().map(str::to_owned);
        seen.extend(page.parts().to_vec());
    }
    for (number, part) in (1..).zip(&seen) {
        let body = format!("part {number}");
        assert_eq!(part.part_number(), Some(number));
        assert_eq!(part.size(), Some(signed(body.len())));
        assert_eq!(part.checksum_sha256(), Some(sha256(body.as_bytes()).as_str()));
        let md5 = data_encoding::HEXLOWER.encode(&straightway_local::bucket::md5_of(body.as_bytes()));
        assert_eq!(part.e_tag(), Some(format!("\"{md5}\"").as_str()));
    }
}

#[tokio::test]
async fn uploads_are_listed_by_prefix_page_by_page() {
    let bucket = TestBucket::start().await;
    let mut expected = Vec::new();
    for key in ["b/2", "a/1", "b/1", "b/1", "c"] {
        let upload = Upload::start(&bucket, key).await;
        expected.push((key.to_owned(), upload.id));
    }
    expected.sort();
    expected.retain(|(key, _)| key.starts_with("b/"));
    let mut seen = Vec::new();
    let (mut key, mut id) = (None, None);
    loop {
        let list = bucket.client.list_multipart_uploads().bucket(BUCKET).prefix("b/").max_uploads(1);
        let page = list.set_key_marker(key).set_upload_id_marker(id).send().await.unwrap();
        for upload in page.uploads() {
            seen.push((upload.key().unwrap().to_owned(), upload.upload_id().unwrap().to_owned()));
        }
        if page.is_truncated() != Some(true) {
            break;
        }
        key = page.next_key_marker().map(str::to_owned);
        id = page.next_upload_id_marker().map(str::to_owned);
    }
    assert_eq!(seen, expected);
    let after = bucket.client.list_multipart_uploads().bucket(BUCKET).key_marker("b/1").send().await.unwrap();
    let keys: Vec<Option<&str>> = after.uploads().iter().map(aws_sdk_s3::types::MultipartUpload::key).collect();
    assert_eq!(keys, [Some("b/2"), Some("c")]);
}

#[tokio::test]
async fn without_an_algorithm_the_object_gets_a_crc64nvme_of_its_whole() {
    let bucket = TestBucket::start().await;
    // The SDK would name an algorithm by itself.
    let path = format!("/{BUCKET}/a?uploads=");
    let answer = Signed::new(&bucket, "POST", &path).send(Vec::new()).await.text().await.unwrap();
    let id = super::support::element(&answer, "UploadId").to_owned();
    let parts = [bytes(1, PART), bytes(2, 77)];
    let mut completed = Vec::new();
    for (number, part) in (1..).zip(&parts) {
        let path = format!("/{BUCKET}/a?partNumber={number}&uploadId={id}");
        let stored = Signed::new(&bucket, "PUT", &path).send(part.clone()).await;
        assert_eq!(stored.status(), 200);
        let etag = stored.headers()["etag"].to_str().unwrap().to_owned();
        completed.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
    }
    let upload = Upload { bucket: &bucket, key: "a", id };
    let done = upload.complete(completed).send().await.unwrap();
    let whole = BASE64.encode(&checksum_of(Algorithm::Crc64Nvme, &parts.concat()));
    assert_eq!(done.checksum_crc64_nvme(), Some(whole.as_str()));
    assert_eq!(done.checksum_type(), Some(&ChecksumType::FullObject));
}

#[tokio::test]
async fn the_algorithm_and_type_of_a_checksum_must_exist_together() {
    let bucket = TestBucket::start().await;
    let create = |algorithm: ChecksumAlgorithm, kind: ChecksumType| {
        let create = bucket.client.create_multipart_upload().bucket(BUCKET).key("a");
        create.checksum_algorithm(algorithm).checksum_type(kind).send()
    };
    let sha = create(ChecksumAlgorithm::Sha256, ChecksumType::FullObject).await;
    assert_eq!(refusal(400, sha), "InvalidRequest");
    let crc64 = create(ChecksumAlgorithm::Crc64Nvme, ChecksumType::Composite).await;
    assert_eq!(refusal(400, crc64), "InvalidRequest");
    create(ChecksumAlgorithm::Crc32, ChecksumType::FullObject).await.unwrap();
    create(ChecksumAlgorithm::Crc32, ChecksumType::Composite).await.unwrap();
}

#[tokio::test]
async fn an_upload_goes_on_after_a_restart() {
    let bucket = TestBucket::start().await;
    let upload = Upload::start(&bucket, "a").await;
    let first = upload.put(1, &bytes(1, PART)).await;
    let id = upload.id;
    let bucket = bucket.restart().await;
    let upload = Upload { bucket: &bucket, key: "a", id };
    assert_eq!(upload.part_numbers().await, [1]);
    let second = upload.put(2, b"end").await;
    upload.complete(vec![first, second]).send().await.unwrap();
    assert_eq!(bucket.get("a").await.len(), PART + 3);
}
