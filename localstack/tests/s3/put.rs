//! Storing objects.

use std::collections::HashMap;

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::{BUCKET, KEY_ID, MIB, TestBucket, an_hour, bytes, code_of, refusal, send, signed};

#[tokio::test]
async fn an_object_comes_back_as_it_was_stored() {
    let bucket = TestBucket::start().await;
    let metadata =
        HashMap::from([("colour".to_owned(), "blue".to_owned()), ("place".to_owned(), "Cologne".to_owned())]);
    let body = bytes(1, 100_000);
    let expires = DateTime::from_secs(4_000_000_000);
    bucket
        .client
        .put_object()
        .bucket(BUCKET)
        .key("film")
        .body(ByteStream::from(body.clone()))
        .content_type("video/mp4")
        .content_encoding("gzip")
        .content_language("de")
        .content_disposition("inline")
        .cache_control("no-cache")
        .expires(expires)
        .set_metadata(Some(metadata.clone()))
        .send()
        .await
        .unwrap();

    let object = bucket.client.get_object().bucket(BUCKET).key("film").send().await.unwrap();

    assert_eq!(object.content_type(), Some("video/mp4"));
    assert_eq!(object.content_encoding(), Some("gzip"));
    assert_eq!(object.content_language(), Some("de"));
    assert_eq!(object.content_disposition(), Some("inline"));
    assert_eq!(object.cache_control(), Some("no-cache"));
    assert_eq!(object.expires_string(), Some("Tue, 02 Oct 2096 07:06:40 GMT"));
    assert_eq!(object.metadata(), Some(&metadata));
    assert_eq!(object.content_length(), Some(100_000));
    assert_eq!(object.accept_ranges(), Some("bytes"));
    assert_eq!(object.body.collect().await.unwrap().to_vec(), body);
}

#[tokio::test]
async fn an_object_without_a_type_has_the_default_one() {
    let bucket = TestBucket::start().await;
    let url = bucket.client.put_object().bucket(BUCKET).key("a").presigned(an_hour()).await.unwrap();
    let response = bucket.http.put(url.uri()).body("x").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let head = bucket.client.head_object().bucket(BUCKET).key("a").send().await.unwrap();
    assert_eq!(head.content_type(), Some("binary/octet-stream"));
}

#[tokio::test]
async fn the_etag_of_a_put_is_the_md5_of_its_bytes() {
    let bucket = TestBucket::start().await;
    let put = bucket
        .client
        .put_object()
        .bucket(BUCKET)
        .key("hello")
        .body(ByteStream::from_static(b"hello"))
        .send()
        .await
        .unwrap();
    assert_eq!(put.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
}

#[tokio::test]
async fn empty_small_and_large_objects_are_kept_byte_for_byte() {
    let bucket = TestBucket::start().await;
    for size in [0, 1, 16 * 1024, 16 * 1024 + 1, 3 * MIB + 7] {
        let body = bytes(size as u64, size);
        let key = format!("of-{size}");
        bucket.put(&key, body.clone()).await;
        assert!(bucket.get(&key).await == body, "{size} bytes came back differently");
    }
    // Small ones live in the metadata.
    assert_eq!(bucket.data_files(), 2);
}

#[tokio::test]
async fn an_object_survives_a_restart() {
    let bucket = TestBucket::start().await;
    let body = bytes(2, MIB);
    bucket.put("kept", body.clone()).await;
    let bucket = bucket.restart().await;
    assert!(bucket.get("kept").await == body);
}

#[tokio::test]
async fn replacing_an_object_removes_its_old_bytes() {
    let bucket = TestBucket::start().await;
    bucket.put("a", bytes(1, MIB)).await;
    bucket.put("a", bytes(2, MIB)).await;
    assert!(bucket.get("a").await == bytes(2, MIB));
    bucket.wait_for_data_files(1).await;
}

#[tokio::test]
async fn readers_see_either_the_old_or_the_new_object_whole() {
    let bucket = TestBucket::start().await;
    let versions: Vec<Vec<u8>> = (0..4).map(|seed| bytes(seed, MIB)).collect();
    bucket.put("hot", versions[0].clone()).await;
    let writer = async {
        for round in 0..12 {
            bucket.put("hot", versions[round % versions.len()].clone()).await;
        }
    };
    let reader = async {
        for _ in 0..24 {
            let seen = bucket.get("hot").await;
            assert!(versions.contains(&seen), "a reader saw a mixture");
        }
    };
    tokio::join!(writer, reader);
}

#[tokio::test]
async fn a_download_outlives_the_deletion_of_its_object() {
    let bucket = TestBucket::start().await;
    let body = bytes(3, 24 * MIB);
    bucket.put("going", body.clone()).await;
    let object = bucket.client.get_object().bucket(BUCKET).key("going").send().await.unwrap();
    bucket.client.delete_object().bucket(BUCKET).key("going").send().await.unwrap();
    assert!(!bucket.exists("going").await);
    assert!(object.body.collect().await.unwrap().to_vec() == body);
    bucket.wait_for_data_files(0).await;
}

#[tokio::test]
async fn a_body_that_is_cut_short_is_never_published() {
    let bucket = TestBucket::start().await;
    let request = bucket
        .client
        .put_object()
        .bucket(BUCKET)
        .key("cut")
        .content_length(signed(2 * MIB))
        .presigned(an_hour())
        .await
        .unwrap();
    let target = request.uri().split_once(&bucket.address.to_string()).unwrap().1;
    let head = format!("PUT {target} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n\r\n", bucket.address, 2 * MIB);
    let mut stream = TcpStream::connect(bucket.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&bytes(4, MIB)).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(!bucket.exists("cut").await);
    bucket.wait_for_data_files(0).await;
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_sends_everything_first() {
    let bucket = TestBucket::start().await;
    let body = bytes(5, 16 * MIB);
    let head = format!(
        "PUT /{BUCKET}/refused?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={KEY_ID}%2F20200101%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20200101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature={} HTTP/1.1\r\n\
         host: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        "0".repeat(64),
        bucket.address,
        body.len()
    );
    let mut stream = TcpStream::connect(bucket.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("<Code>AccessDenied</Code>"), "{answer}");
}

#[tokio::test]
async fn a_body_above_five_gibibytes_is_refused_before_it_is_sent() {
    let bucket = TestBucket::start().await;
    let request = bucket.client.put_object().bucket(BUCKET).key("huge").presigned(an_hour()).await.unwrap();
    let target = request.uri().split_once(&bucket.address.to_string()).unwrap().1;
    let head = format!(
        "PUT {target} HTTP/1.1\r\nhost: {}\r\ncontent-length: 5368709121\r\nexpect: 100-continue\r\n\r\n",
        bucket.address
    );
    let mut stream = TcpStream::connect(bucket.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("<Code>EntityTooLarge</Code>"), "{answer}");
}

#[tokio::test]
async fn a_body_of_unknown_length_is_refused() {
    let bucket = TestBucket::start().await;
    let request = bucket.client.put_object().bucket(BUCKET).key("endless").presigned(an_hour()).await.unwrap();
    let body = reqwest::Body::wrap_stream(futures::stream::iter([Ok::<_, std::io::Error>("some bytes")]));
    let response = send(&bucket.http, &request).body(body).send().await.unwrap();
    assert_eq!(code_of(411, response).await, "MissingContentLength");
}

#[tokio::test]
async fn a_put_into_a_bucket_that_is_not_there_creates_nothing() {
    let bucket = TestBucket::start().await;
    let put = bucket.client.put_object().bucket("elsewhere").key("a").body(ByteStream::from_static(b"x"));
    assert_eq!(refusal(404, put.send().await), "NoSuchBucket");
    assert_eq!(bucket.engine.buckets().await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_kept_is_refused_rather_than_forgotten() {
    let bucket = TestBucket::start().await;
    let put = || bucket.client.put_object().bucket(BUCKET).key("a").body(ByteStream::from_static(b"x"));
    let public = put().acl(aws_sdk_s3::types::ObjectCannedAcl::PublicRead).send().await;
    assert_eq!(refusal(400, public), "AccessControlListNotSupported");
    assert_eq!(refusal(501, put().tagging("a=b").send().await), "NotImplemented");
    let encrypted = put().server_side_encryption(aws_sdk_s3::types::ServerSideEncryption::Aes256).send().await;
    assert_eq!(refusal(501, encrypted), "NotImplemented");
    let cold = put().storage_class(aws_sdk_s3::types::StorageClass::Glacier).send().await;
    assert_eq!(refusal(400, cold), "InvalidStorageClass");
    assert!(!bucket.exists("a").await);
}

#[tokio::test]
async fn metadata_above_two_kilobytes_is_refused() {
    let bucket = TestBucket::start().await;
    let put = bucket.client.put_object().bucket(BUCKET).key("a").metadata("long", "x".repeat(2048));
    assert_eq!(refusal(400, put.send().await), "MetadataTooLarge");
}

#[tokio::test]
async fn deleting_is_repeatable() {
    let bucket = TestBucket::start().await;
    bucket.put("a", "x").await;
    for _ in 0..2 {
        bucket.client.delete_object().bucket(BUCKET).key("a").send().await.unwrap();
        assert!(!bucket.exists("a").await);
    }
}

#[tokio::test]
async fn a_client_that_waits_to_send_its_body_gets_its_answer_and_a_new_connection() {
    let bucket = TestBucket::start().await;
    let request = bucket.client.put_object().bucket(BUCKET).key("empty").presigned(an_hour()).await.unwrap();
    let target = request.uri().split_once(&bucket.address.to_string()).unwrap().1;
    let refused = target.replace("X-Amz-Signature=", "X-Amz-Signature=0");
    for (target, length, status) in [(target, 0, "200 OK"), (&refused, 9, "400 Bad Request")] {
        let head = format!(
            "PUT {target} HTTP/1.1\r\nhost: {}\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n",
            bucket.address
        );
        let mut stream = TcpStream::connect(bucket.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
}
