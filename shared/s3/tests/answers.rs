//! What `S3Store` makes of answers that real stores rarely give.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/scripted.rs"]
mod scripted;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use futures::TryStreamExt;
use futures::future::join_all;
use scripted::{Answer, Fixture, Reply, Timeout};
use straightway_core::ports::{Abilities, Completed, UploadedPart};
use straightway_core::{Error, Integrity, LeafHash, MultipartUploadId, ObjectKey, ObjectStore, PartNumber, SessionId};
use straightway_s3::S3Store;

fn key() -> ObjectKey {
    ObjectKey::of_session(&SessionId::from_random([1; 16]))
}

fn id() -> MultipartUploadId {
    MultipartUploadId("upload".to_owned())
}

async fn complete(fixture: &Fixture) -> Result<Completed, Error> {
    let part = |number| UploadedPart {
        part_number: PartNumber::new(number).unwrap(),
        size_bytes: 4,
        etag: format!("\"{number}\""),
        leaf_hash: Some(LeafHash::of(b"leaf")),
    };
    fixture.store.complete_multipart(&key(), &id(), &[part(2), part(1)], 8).await
}

const ABSENT: Answer = Reply(404, &[], "");
const PRESENT: Answer = Reply(200, &[("content-length", "8"), ("etag", "\"whole\"")], "");
const SHORTER: Answer = Reply(200, &[("content-length", "7"), ("etag", "\"whole\"")], "");

const COMPLETED: &str = "<CompleteMultipartUploadResult><ETag>\"whole\"</ETag></CompleteMultipartUploadResult>";
const STARTED: &str = "<InitiateMultipartUploadResult><UploadId>upload</UploadId></InitiateMultipartUploadResult>";
const INTERNAL_ERROR: &str = "<?xml version=\"1.0\"?>\n\n<Error><Code>InternalError</Code><Message>We encountered an internal error. \
                              Please try again.</Message></Error>";
const NO_SUCH_UPLOAD: &str = "<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>";

/// Answers Complete with one thing and the head that may follow with another.
async fn completing(complete: fn() -> Answer, head: fn() -> Answer) -> Fixture {
    Fixture::new(move |request| if request.method() == "POST" { complete() } else { head() }).await
}

#[tokio::test]
async fn complete_names_size_and_checksums_in_part_order() {
    let fixture = completing(|| Reply(200, &[], COMPLETED), || ABSENT).await;
    assert_eq!(complete(&fixture).await.unwrap(), Completed::Done);

    let request = fixture.seen("POST").remove(0);
    assert!(request.contains("x-amz-mp-object-size: 8"), "{request}");
    let checksum = format!("<ChecksumSHA256>{}</ChecksumSHA256>", LeafHash::of(b"leaf").to_base64());
    assert_eq!(request.matches(&checksum).count(), 2);
    let first = request.find("<PartNumber>1</PartNumber>").unwrap();
    assert!(first < request.find("<PartNumber>2</PartNumber>").unwrap());
    assert!(fixture.seen("HEAD").is_empty(), "a plain answer needs no second look");
}

#[tokio::test]
async fn an_error_under_a_200_is_an_error() {
    let fixture = completing(|| Reply(200, &[], INTERNAL_ERROR), || ABSENT).await;
    let error = complete(&fixture).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("InternalError"), "{source}");
}

#[tokio::test]
async fn when_complete_did_not_say_the_object_decides() {
    let unclear: [fn() -> Answer; 7] = [
        || Timeout,
        || Reply(200, &[], "<html>something in between</html>"),
        || Reply(200, &[], INTERNAL_ERROR),
        || Reply(500, &[], INTERNAL_ERROR),
        || Reply(409, &[], "<Error><Code>OperationAborted</Code></Error>"),
        || Reply(412, &[], "<Error><Code>PreconditionFailed</Code></Error>"),
        || Reply(404, &[], NO_SUCH_UPLOAD),
    ];
    // At once, because each waits between its attempts.
    join_all(unclear.map(the_object_decides)).await;
}

async fn the_object_decides(answer: fn() -> Answer) {
    assert_eq!(complete(&completing(answer, || PRESENT).await).await.unwrap(), Completed::Done);
    for head in [|| ABSENT, || SHORTER] {
        let outcome = complete(&completing(answer, head).await).await;
        assert!(!matches!(outcome, Ok(Completed::Done)), "{outcome:?}");
    }
}

#[tokio::test]
async fn an_unknown_upload_without_an_object_is_unknown() {
    let fixture = completing(|| Reply(404, &[], NO_SUCH_UPLOAD), || ABSENT).await;
    assert_eq!(complete(&fixture).await.unwrap(), Completed::NoSuchUpload);
}

#[tokio::test]
async fn an_unknown_upload_and_a_refused_head_decide_nothing() {
    let fixture = completing(|| Reply(404, &[], NO_SUCH_UPLOAD), || Reply(403, &[], "")).await;
    complete(&fixture).await.unwrap_err();
}

#[tokio::test]
async fn a_part_that_changed_since_its_listing_can_be_tried_again_and_a_small_one_cannot() {
    let changed = completing(|| Reply(400, &[], "<Error><Code>InvalidPart</Code></Error>"), || PRESENT).await;
    assert!(complete(&changed).await.unwrap_err().is_transient());
    let small = completing(|| Reply(400, &[], "<Error><Code>EntityTooSmall</Code></Error>"), || PRESENT).await;
    assert!(matches!(complete(&small).await, Err(Error::Internal { .. })));
    assert!(small.seen("HEAD").is_empty(), "an object of the right size would prove nothing here");
}

#[tokio::test]
async fn a_refused_head_is_never_absence() {
    let refused = Fixture::new(|_| Reply(403, &[], "")).await;
    assert!(matches!(refused.store.head(&key()).await, Err(Error::Internal { .. })));
    let absent = Fixture::new(|_| ABSENT).await;
    assert_eq!(absent.store.head(&key()).await.unwrap(), None);
}

#[tokio::test]
async fn a_missing_bucket_is_not_a_missing_upload() {
    let fixture = Fixture::new(|_| Reply(404, &[], "<Error><Code>NoSuchBucket</Code></Error>")).await;
    assert!(matches!(fixture.store.list_parts(&key(), &id()).await, Err(Error::Internal { .. })));
    assert!(matches!(fixture.store.abort_multipart(&key(), &id()).await, Err(Error::Internal { .. })));
}

#[tokio::test]
async fn a_busy_store_is_unavailable_and_a_refusing_one_is_our_fault() {
    let busy = Fixture::new(|_| Reply(503, &[], "<Error><Code>SlowDown</Code></Error>")).await;
    assert!(busy.store.delete(&key()).await.unwrap_err().is_transient());
    let ended = Fixture::new(|_| Reply(400, &[], "<Error><Code>ExpiredToken</Code></Error>")).await;
    assert!(ended.store.delete(&key()).await.unwrap_err().is_transient());

    let denied = "<Error><Code>AccessDenied</Code><Message>Not for you</Message></Error>";
    let refusing = Fixture::new(move |_| Reply(403, &[("x-amz-request-id", "R1")], denied)).await;
    let error = refusing.store.delete(&key()).await.unwrap_err();
    assert!(matches!(error, Error::Internal { .. }));
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "the store answered 403 AccessDenied Not for you (request id R1)");
}

#[tokio::test]
async fn other_bytes_than_those_asked_for_are_an_error() {
    let whole = Fixture::new(|_| Reply(200, &[("content-length", "4")], "abcd")).await;
    assert!(matches!(whole.store.read(&key(), 0..2, "\"e\"").await.err(), Some(Error::Internal { .. })));
    let shifted = Fixture::new(|_| Reply(206, &[("content-range", "bytes 1-2/4")], "bc")).await;
    assert!(matches!(shifted.store.read(&key(), 0..2, "\"e\"").await.err(), Some(Error::Internal { .. })));

    let right = Fixture::new(|_| Reply(206, &[("content-range", "bytes 0-1/4")], "ab")).await;
    let body = right.store.read(&key(), 0..2, "\"e\"").await.unwrap();
    assert_eq!(body.try_collect::<Vec<_>>().await.unwrap().concat(), b"ab");
    assert!(right.seen("GET")[0].contains("if-match: \"e\""));
}

#[tokio::test]
async fn only_a_store_that_vouches_is_asked_to_keep_checksums() {
    let fixture = Fixture::new(|_| Reply(200, &[], STARTED)).await;
    for integrity in [Integrity::Leaf, Integrity::Read] {
        assert_eq!(fixture.store.start_multipart(&key(), integrity).await.unwrap(), id());
    }
    let requests = fixture.seen("POST");
    let asks: Vec<bool> = requests.iter().map(|line| line.contains("x-amz-checksum-algorithm: SHA256")).collect();
    assert_eq!(asks, [true, false]);
    assert!(requests.iter().all(|line| line.contains("content-type: application/octet-stream")));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_no_reason_to_try_again() {
    let fixture = Fixture::new(|_| Reply(200, &[], "<html>Welcome to the hotel</html>")).await;
    assert!(matches!(fixture.store.list_parts(&key(), &id()).await, Err(Error::Internal { .. })));
}

#[tokio::test]
async fn a_store_that_refuses_everything_is_not_probed_at_all() {
    let fixture = Fixture::new(|_| Reply(403, &[], "<Error><Code>AccessDenied</Code></Error>")).await;
    let error = S3Store::probe(&fixture.config, jiff::Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert!(error.to_string().contains("AccessDenied"), "{error}");
}

#[tokio::test]
async fn a_store_that_accepts_everything_is_trusted_with_nothing() {
    let fixture = Fixture::new(accept).await;
    let report = S3Store::probe(&fixture.config, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(report.abilities(), Abilities { vouches: false, conditional_put: false });
    assert_eq!(report.failed().count(), 8, "{report:?}");
}

#[tokio::test]
async fn a_probe_sends_what_clients_would_send_and_removes_it() {
    let fixture = Fixture::new(accept).await;
    S3Store::probe(&fixture.config, jiff::Timestamp::UNIX_EPOCH).await.unwrap();

    let puts = fixture.seen("PUT");
    assert!(puts.iter().all(|put| put.contains("X-Amz-Signature=") && !put.contains("authorization:")), "{puts:?}");
    assert!(puts.iter().all(|put| put.contains("/probe/")));
    let mut put: Vec<String> = puts.iter().map(|put| path(put)).collect();
    let mut deleted: Vec<String> = fixture.seen("DELETE").iter().map(|delete| path(delete)).collect();
    put.sort();
    put.dedup();
    deleted.sort();
    assert!(put.iter().all(|path| deleted.contains(path)), "{put:?} {deleted:?}");
}

/// A store that takes whatever comes and keeps nothing of it.
fn accept(request: &HttpRequest) -> Answer {
    let of_upload = request.uri().contains("uploadId=");
    match request.method() {
        "HEAD" => PRESENT,
        "POST" if of_upload => Reply(200, &[], COMPLETED),
        "POST" => Reply(200, &[], STARTED),
        "GET" if of_upload => Reply(200, &[], "<ListPartsResult/>"),
        "GET" => Reply(200, &[], "<ListMultipartUploadsResult/>"),
        _ => Reply(200, &[], ""),
    }
}

fn path(line: &str) -> String {
    line.split([' ', '?']).nth(1).unwrap().to_owned()
}

const FIRST_PAGE: &str = "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>\
    <NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>one</NextUploadIdMarker>\
    <Upload><Key>objects/01/01010101010101010101010101010101</Key><UploadId>one</UploadId></Upload>\
    <Upload><Key>objects/01/01010101010101010101010101010101-longer</Key><UploadId>other</UploadId></Upload>\
    </ListMultipartUploadsResult>";
const LAST_PAGE: &str = "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>\
    <Upload><Key>objects/01/01010101010101010101010101010101</Key><UploadId>two</UploadId></Upload>\
    </ListMultipartUploadsResult>";

#[tokio::test]
async fn every_page_of_uploads_is_read_and_longer_keys_are_left_out() {
    let fixture = Fixture::new(|request| {
        let goes_on = request.uri().contains("upload-id-marker=one");
        Reply(200, &[], if goes_on { LAST_PAGE } else { FIRST_PAGE })
    });
    let fixture = fixture.await;
    let found = fixture.store.multipart_uploads(&key()).await.unwrap();
    assert_eq!(found, [MultipartUploadId("one".to_owned()), MultipartUploadId("two".to_owned())]);
}

#[tokio::test]
async fn a_list_that_goes_in_circles_ends() {
    let fixture = Fixture::new(|_| Reply(200, &[], FIRST_PAGE)).await;
    assert!(matches!(fixture.store.multipart_uploads(&key()).await, Err(Error::Internal { .. })));
}

#[tokio::test]
async fn of_a_part_listed_twice_the_newest_row_counts() {
    const LISTED: &str = "<ListPartsResult><IsTruncated>false</IsTruncated>\
        <Part><PartNumber>2</PartNumber><ETag>\"x\"</ETag><Size>9</Size></Part>\
        <Part><PartNumber>1</PartNumber><ETag>\"new\"</ETag><Size>2</Size><LastModified>2026-11-21T12:00:05Z</LastModified></Part>\
        <Part><PartNumber>1</PartNumber><ETag>\"old\"</ETag><Size>1</Size><LastModified>2026-11-21T12:00:04Z</LastModified></Part>\
        </ListPartsResult>";
    let fixture = Fixture::new(|_| Reply(200, &[], LISTED)).await;
    let parts = fixture.store.list_parts(&key(), &id()).await.unwrap().unwrap();
    let rows: Vec<(u16, &str)> = parts.iter().map(|part| (part.part_number.get(), part.etag.as_str())).collect();
    assert_eq!(rows, [(1, "\"new\""), (2, "\"x\"")]);
}
