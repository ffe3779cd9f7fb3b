//! A local bucket on a port of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use straightway_core::Clock;
use straightway_local::bucket::Bucket;
use straightway_local::s3;
use straightway_s3::{AddressStyle, S3Config, fixed_credentials};
use tempfile::TempDir;
use tokio::net::TcpListener;

const BUCKET: &str = "files";
const REGION: &str = "us-east-1";
const ACCESS_KEY_ID: &str = "AKIDLOCAL";
const SECRET: &str = "local-secret";

struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "signatures are judged by the real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

pub(crate) fn now() -> Timestamp {
    WallClock.now()
}

/// Starts a bucket that serves as long as the test's runtime lives.
pub(crate) async fn local_bucket() -> (S3Config, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Arc::new(Bucket::open(folder.path(), REGION, Arc::new(WallClock)).unwrap());
    engine.create_bucket(BUCKET).await.unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = s3::service(engine, &front());
    tokio::spawn(s3::serve(listener, service, std::future::pending()));
    (config(address), folder)
}

fn front() -> s3::S3Config {
    s3::S3Config {
        access_keys: vec![s3::AccessKey { id: ACCESS_KEY_ID.to_owned(), secret: SECRET.into() }],
        region: REGION.to_owned(),
        allowed_hosts: vec!["127.0.0.1".to_owned()],
        domain: None,
        cors_origins: Vec::new(),
    }
}

fn config(address: SocketAddr) -> S3Config {
    S3Config {
        endpoint: Some(format!("http://{address}")),
        address_style: AddressStyle::Path,
        ..S3Config::new(BUCKET, REGION, fixed_credentials(ACCESS_KEY_ID, &SECRET.into(), None))
    }
}
