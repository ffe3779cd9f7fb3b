//! Answers of the local bucket that never arrive.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use bytes::Bytes;
use std::time::Duration;
use straightway_core::ports::{Abilities, Completed, PartToSign, UploadedPart};
use straightway_core::{Integrity, LeafHash, MultipartUploadId, ObjectKey, ObjectStore, PartNumber, SessionId};
use straightway_s3::{S3Config, S3Store};

/// Carries out every request, and loses the answers to Complete.
#[derive(Debug)]
struct LosesCompletes(SharedHttpConnector);

impl HttpConnector for LosesCompletes {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_complete = request.method() == "POST" && request.uri().contains("uploadId=");
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            if is_complete {
                return Err(ConnectorError::io("the connection broke".into()));
            }
            Ok(answer)
        })
    }
}

fn losing_completes() -> SharedHttpClient {
    let real = aws_smithy_http_client::Builder::new().build_http();
    http_client_fn(move |settings, components| {
        use aws_smithy_runtime_api::client::http::HttpClient;
        SharedHttpConnector::new(LosesCompletes(real.http_connector(settings, components)))
    })
}

async fn store(config: &S3Config) -> S3Store {
    S3Store::new(config, Abilities { vouches: true, conditional_put: true }).await.unwrap()
}

async fn upload(store: &S3Store, body: &'static [u8]) -> (ObjectKey, MultipartUploadId, Vec<UploadedPart>) {
    let key = ObjectKey::of_session(&SessionId::from_random([7; 16]));
    let id = store.start_multipart(&key, Integrity::Leaf).await.unwrap();
    let part = PartToSign {
        part_number: PartNumber::FIRST,
        size_bytes: body.len() as u64,
        leaf_hash: Some(LeafHash::of(body)),
    };
    let signed = store.sign_parts(&key, &id, &[part], Duration::from_mins(1), support::now()).unwrap().remove(0);
    let put = reqwest::Client::new().put(&signed.url).body(Bytes::from_static(body));
    let put = signed.headers.iter().fold(put, |put, (name, value)| put.header(*name, value));
    assert!(put.send().await.unwrap().status().is_success());
    let parts = store.list_parts(&key, &id).await.unwrap().unwrap();
    (key, id, parts)
}

#[tokio::test]
async fn a_complete_whose_answer_is_lost_is_found_done() {
    let (mut config, _folder) = support::local_bucket().await;
    config.http_client = Some(losing_completes());
    let store = store(&config).await;
    let (key, id, parts) = upload(&store, b"the only part").await;

    let completed = store.complete_multipart(&key, &id, &parts, 13).await.unwrap();

    assert_eq!(completed, Completed::Done);
    assert_eq!(store.head(&key).await.unwrap().unwrap().size_bytes, 13);
}

#[tokio::test]
async fn a_lost_complete_of_an_aborted_upload_is_not_taken_for_done() {
    let (mut config, _folder) = support::local_bucket().await;
    config.http_client = Some(losing_completes());
    let store = store(&config).await;
    let (key, id, parts) = upload(&store, b"the only part").await;
    store.abort_multipart(&key, &id).await.unwrap();

    let error = store.complete_multipart(&key, &id, &parts, 13).await.unwrap_err();

    assert!(error.is_transient(), "nobody knows yet: {error}");
}

#[tokio::test]
async fn a_warm_store_has_a_connection_and_a_dead_one_says_so() {
    let (mut config, _folder) = support::local_bucket().await;
    store(&config).await.warm().await.unwrap();

    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    config.endpoint = Some(format!("http://{}", nobody.local_addr().unwrap()));
    drop(nobody);
    assert!(store(&config).await.warm().await.unwrap_err().is_transient());
}
