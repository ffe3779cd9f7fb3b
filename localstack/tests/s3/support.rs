//! A bucket on a loopback port of its own, and clients to speak to it.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use data_encoding::BASE64;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use straightway_core::Clock;
use straightway_local::bucket::Bucket;
use straightway_local::s3::{AccessKey, S3Config, S3Service, serve, service};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const BUCKET: &str = "files";
pub(crate) const PAGE: &str = "http://127.0.0.1:8080";
pub(crate) const KEY_ID: &str = "AKLOCAL";
pub(crate) const SECRET: &str = "a+secret/of-this-test";
pub(crate) const MIB: usize = 1024 * 1024;
/// The least a part before the last may have.
pub(crate) const PART: usize = 5 * MIB;

pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "signatures are judged by the real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

pub(crate) fn now() -> Timestamp {
    WallClock.now()
}

pub(crate) struct TestBucket {
    pub(crate) engine: Arc<Bucket>,
    pub(crate) client: Client,
    pub(crate) http: reqwest::Client,
    pub(crate) address: std::net::SocketAddr,
    pub(crate) folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl TestBucket {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Self::start_in(folder).await;
        bucket.engine.create_bucket(BUCKET).await.unwrap();
        bucket
    }

    pub(crate) async fn start_in(folder: TempDir) -> Self {
        let engine = Arc::new(Bucket::open(folder.path(), "us-east-1", Arc::new(WallClock)).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = config();
        let service = service(Arc::clone(&engine), &config);
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            serve(listener, service, shutdown).await.unwrap();
        });
        Self {
            engine,
            client: client(address, KEY_ID, SECRET, "us-east-1"),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            address,
            folder,
            stop: Some(stop),
            server: Some(server),
        }
    }

    /// Stops everything and starts it again over the same folder.
    pub(crate) async fn restart(mut self) -> Self {
        self.stop.take().unwrap().send(()).unwrap();
        self.server.take().unwrap().await.unwrap();
        let Self { engine, folder, .. } = self;
        // Connections that the client keeps open hold the engine a moment longer.
        let mut engine = engine;
        let engine = loop {
            match Arc::try_unwrap(engine) {
                Ok(engine) => break engine,
                Err(shared) => engine = shared,
            }
            tokio::task::yield_now().await;
        };
        drop(engine);
        Self::start_in(folder).await
    }

    /// Another front of the same engine.
    pub(crate) fn service(&self) -> S3Service {
        service(Arc::clone(&self.engine), &config())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn put(&self, key: &str, body: impl Into<Vec<u8>>) {
        self.client.put_object().bucket(BUCKET).key(key).body(body.into().into()).send().await.unwrap();
    }

    pub(crate) async fn get(&self, key: &str) -> Vec<u8> {
        let object = self.client.get_object().bucket(BUCKET).key(key).send().await.unwrap();
        object.body.collect().await.unwrap().to_vec()
    }

    pub(crate) async fn exists(&self, key: &str) -> bool {
        match self.client.head_object().bucket(BUCKET).key(key).send().await {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(status(&error), 404);
                false
            }
        }
    }

    /// The data files on the disk, once the engine has removed what it meant to.
    pub(crate) fn data_files(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("data")).unwrap().count()
    }

    /// Removal happens behind the answer: look until `count` files are left.
    pub(crate) async fn wait_for_data_files(&self, count: usize) {
        let looking = async {
            while self.data_files() != count {
                tokio::task::yield_now().await;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(20), looking).await;
        assert!(found.is_ok(), "{} data files instead of {count}", self.data_files());
    }
}

fn config() -> S3Config {
    S3Config {
        access_keys: vec![AccessKey { id: KEY_ID.into(), secret: SECRET.into() }],
        region: "us-east-1".into(),
        allowed_hosts: vec!["127.0.0.1".into(), "localhost".into()],
        domain: Some("s3.localhost".into()),
        cors_origins: vec![PAGE.into()],
    }
}

pub(crate) fn client(address: std::net::SocketAddr, key_id: &str, secret: &str, region: &'static str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new(key_id, secret, None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .force_path_style(true)
        .region(Region::new(region))
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

pub(crate) fn an_hour() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_hours(1)).unwrap()
}

/// Sends what the SDK presigned.
pub(crate) fn send(
    http: &reqwest::Client,
    request: &aws_sdk_s3::presigning::PresignedRequest,
) -> reqwest::RequestBuilder {
    let method = reqwest::Method::from_bytes(request.method().as_bytes()).unwrap();
    let mut builder = http.request(method, request.uri());
    for (name, value) in request.headers() {
        builder = builder.header(name, value);
    }
    builder
}

/// Bytes that are the same in every run, and different everywhere.
pub(crate) fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A size as the SDK has it.
pub(crate) fn signed(size: usize) -> i64 {
    i64::try_from(size).unwrap()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    BASE64.encode(&Sha256::digest(bytes))
}

pub(crate) fn status<E>(error: &SdkError<E>) -> u16 {
    error.raw_response().unwrap().status().as_u16()
}

/// The error's code, which must have come with this status.
pub(crate) fn refusal<E, T: std::fmt::Debug>(expected: u16, result: Result<T, SdkError<E>>) -> String
where
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let error = result.unwrap_err();
    assert_eq!(status(&error), expected, "{error:?}");
    error.code().unwrap_or_default().to_owned()
}

/// The code in an error document.
pub(crate) async fn code_of(expected: u16, response: reqwest::Response) -> String {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    assert_eq!(status, expected, "{text}");
    element(&text, "Code").to_owned()
}

pub(crate) fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let open = format!("<{name}>");
    let start = xml.find(&open).map_or_else(|| panic!("no {name} in {xml}"), |at| at + open.len());
    let end = xml[start..].find('<').unwrap() + start;
    &xml[start..end]
}
