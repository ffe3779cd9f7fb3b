//! What `S3Store` makes of answers that real stores rarely give.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use futures::TryStreamExt;
use straightway_core::ports::{Abilities, Completed, UploadedPart};
use straightway_core::{Error, Integrity, LeafHash, MultipartUploadId, ObjectKey, ObjectStore, PartNumber, SessionId};
use straightway_s3::{S3Config, S3Store, fixed_credentials};

/// An answer to every request.
type Script = dyn Fn(&HttpRequest) -> Answer + Send + Sync;

enum Answer {
    Reply(u16, &'static [(&'static str, &'static str)], &'static str),
    Timeout,
}
use Answer::{Reply, Timeout};

#[derive(Clone)]
struct Scripted {
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl HttpConnector for Scripted {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        let headers = request.headers().iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<String>();
        let line = format!("{} {}\n{headers}\n{body}", request.method(), request.uri());
        self.seen.lock().unwrap().push(line);
        HttpConnectorFuture::ready(match (self.script)(&request) {
            Timeout => Err(ConnectorError::timeout("no answer".into())),
            Reply(status, headers, body) => {
                let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
                for (name, value) in headers {
                    response.headers_mut().insert(*name, *value);
                }
                Ok(response)
            }
        })
    }
}

struct Fixture {
    store: S3Store,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Fixture {
    async fn new(script: impl Fn(&HttpRequest) -> Answer + Send + Sync + 'static) -> Self {
        let scripted = Scripted { script: Arc::new(script), seen: Arc::default() };
        let seen = Arc::clone(&scripted.seen);
        let config = S3Config {
            http_client: Some(http_client_fn(move |_, _| SharedHttpConnector::new(scripted.clone()))),
            ..S3Config::new("files", "eu-central-1", fixed_credentials("AKID", &"secret".into(), None))
        };
        let store = S3Store::new(&config, Abilities { vouches: true, conditional_put: true }).await.unwrap();
        Self { store, seen }
    }

    fn seen(&self, method: &str) -> Vec<String> {
        self.seen.lock().unwrap().iter().filter(|line| line.starts_with(method)).cloned().collect()
    }

    async fn complete(&self) -> Result<Completed, Error> {
        let part = |number| UploadedPart {
            part_number: PartNumber::new(number).unwrap(),
            size_bytes: 4,
            etag: format!("\"{number}\""),
            leaf_hash: Some(LeafHash::of(b"leaf")),
        };
        self.store.complete_multipart(&key(), &id(), &[part(2), part(1)], 8).await
    }
}

fn key() -> ObjectKey {
    ObjectKey::of_session(&SessionId::from_random([1; 16]))
}

fn id() -> MultipartUploadId {
    MultipartUploadId("upload".to_owned())
}

const ABSENT: Answer = Reply(404, &[], "");
const PRESENT: Answer = Reply(200, &[("content-length", "8"), ("etag", "\"whole\"")], "");
const SHORTER: Answer = Reply(200, &[("content-length", "7"), ("etag", "\"whole\"")], "");

const COMPLETED: &str = "<CompleteMultipartUploadResult><ETag>\"whole\"</ETag></CompleteMultipartUploadResult>";
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
    assert_eq!(fixture.complete().await.unwrap(), Completed::Done);

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
    let error = fixture.complete().await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("InternalError"), "{source}");
}

#[tokio::test]
async fn when_complete_did_not_say_the_object_decides() {
    let unclear: [fn() -> Answer; 6] = [
        || Timeout,
        || Reply(200, &[], INTERNAL_ERROR),
        || Reply(500, &[], INTERNAL_ERROR),
        || Reply(409, &[], "<Error><Code>OperationAborted</Code></Error>"),
        || Reply(412, &[], "<Error><Code>PreconditionFailed</Code></Error>"),
        || Reply(404, &[], NO_SUCH_UPLOAD),
    ];
    for complete in unclear {
        assert_eq!(completing(complete, || PRESENT).await.complete().await.unwrap(), Completed::Done);
        for head in [|| ABSENT, || SHORTER] {
            let outcome = completing(complete, head).await.complete().await;
            assert!(!matches!(outcome, Ok(Completed::Done)), "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn an_unknown_upload_without_an_object_is_unknown() {
    let fixture = completing(|| Reply(404, &[], NO_SUCH_UPLOAD), || ABSENT).await;
    assert_eq!(fixture.complete().await.unwrap(), Completed::NoSuchUpload);
}

#[tokio::test]
async fn an_unknown_upload_and_a_refused_head_decide_nothing() {
    let fixture = completing(|| Reply(404, &[], NO_SUCH_UPLOAD), || Reply(403, &[], "")).await;
    fixture.complete().await.unwrap_err();
}

#[tokio::test]
async fn a_part_that_changed_since_its_listing_can_be_tried_again_and_a_small_one_cannot() {
    let changed = completing(|| Reply(400, &[], "<Error><Code>InvalidPart</Code></Error>"), || PRESENT).await;
    assert!(changed.complete().await.unwrap_err().is_transient());
    let small = completing(|| Reply(400, &[], "<Error><Code>EntityTooSmall</Code></Error>"), || PRESENT).await;
    assert!(matches!(small.complete().await, Err(Error::Internal { .. })));
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
    let started = "<InitiateMultipartUploadResult><UploadId>upload</UploadId></InitiateMultipartUploadResult>";
    let fixture = Fixture::new(move |_| Reply(200, &[], started)).await;
    for integrity in [Integrity::Leaf, Integrity::Read] {
        assert_eq!(fixture.store.start_multipart(&key(), integrity).await.unwrap(), id());
    }
    let requests = fixture.seen("POST");
    let asks: Vec<bool> = requests.iter().map(|line| line.contains("x-amz-checksum-algorithm: SHA256")).collect();
    assert_eq!(asks, [true, false]);
    assert!(requests.iter().all(|line| line.contains("content-type: application/octet-stream")));
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
        let goes_on = request.query().is_some_and(|query| query.contains("upload-id-marker=one"));
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
