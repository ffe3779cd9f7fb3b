//! The three signers, given the same work.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials as SdkCredentials, Region, RequestChecksumCalculation},
    presigning::PresigningConfig,
};
use data_encoding::BASE64;
use jiff::Timestamp;
use rusty_s3::S3Action;
use straightway_signer::{
    AddressStyle, BucketAddress, Credentials, Expiry, Part, PresignedUrl, Presigner, Request, Scope,
};

const ENDPOINT: &str = "https://s3.eu-central-1.amazonaws.com";
const BUCKET: &str = "straightway-files";
const REGION: &str = "eu-central-1";
const KEY: &str = "objects/3f/0190f0c2-7a3e-7c51-9d1e-5b8f2c1d4e6a";
const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const SECONDS: u32 = 1_795_262_400;
const LIFE: u32 = 3600;
const PART_BYTES: u64 = 16 << 20;

/// As long as those that S3 gives.
const UPLOAD_ID: &str = "VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA.\
                         xT7tM5r0vJ2kqHcYw8LdPzGfEb3oNsUa1iRjV4hBm6yXlQeC9uKgOtZpFwSnDA--";

/// Someone who makes presigned URLs of parts.
pub(crate) trait Peer {
    fn name(&self) -> &'static str;
    fn presign(&self, parts: &[Part]) -> Vec<String>;
}

/// Parts of one upload, with lengths and checksums to be signed.
pub(crate) fn parts(count: usize) -> Vec<Part> {
    (1..=u16::try_from(count).unwrap_or(u16::MAX))
        .map(|number| Part { number, content_length: Some(PART_BYTES), checksum_sha256: Some(checksum(number)) })
        .collect()
}

fn checksum(number: u16) -> [u8; 32] {
    let [high, low] = number.to_be_bytes();
    std::array::from_fn(|index| if index % 2 == 0 { high } else { low })
}

pub(crate) struct Straightway(Presigner);

impl Straightway {
    pub(crate) fn new() -> Self {
        let address = BucketAddress::new(ENDPOINT, BUCKET, AddressStyle::VirtualHost);
        let credentials = Credentials::new(ACCESS_KEY_ID, SECRET.into(), None);
        Self(Presigner::new(
            address.expect("the address is valid"),
            Scope::s3(REGION).expect("the region is valid"),
            credentials.expect("the credentials are valid"),
        ))
    }
}

impl Peer for Straightway {
    fn name(&self) -> &'static str {
        "straightway"
    }

    fn presign(&self, parts: &[Part]) -> Vec<String> {
        let now = Timestamp::from_second(SECONDS.into()).expect("the time is valid");
        let expiry = Expiry::from_secs(LIFE).expect("the life is valid");
        let urls = match parts {
            [part] => Request::upload_part(KEY, UPLOAD_ID, part)
                .and_then(|request| self.0.presign(&request, expiry, now))
                .map(|url| vec![url]),
            parts => self.0.parts(KEY, UPLOAD_ID, expiry, now).and_then(|mut batch| batch.presign_all(parts)),
        };
        let urls = urls.expect("the parts are valid");
        urls.into_iter().map(PresignedUrl::into_string).collect()
    }
}

pub(crate) struct AwsSdk {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl AwsSdk {
    pub(crate) fn new() -> Self {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(REGION))
            .credentials_provider(SdkCredentials::new(ACCESS_KEY_ID, SECRET, None, None, "benchmark"))
            .endpoint_url(ENDPOINT)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        Self { client: Client::from_conf(config), runtime: runtime.expect("a runtime of one thread starts") }
    }

    async fn presign_one(&self, part: &Part, config: PresigningConfig) -> String {
        let length = part.content_length.map(u64::cast_signed);
        let checksum = part.checksum_sha256.map(|digest| BASE64.encode(&digest));
        self.client
            .upload_part()
            .bucket(BUCKET)
            .key(KEY)
            .upload_id(UPLOAD_ID)
            .part_number(part.number.into())
            .set_content_length(length)
            .set_checksum_sha256(checksum)
            .presigned(config)
            .await
            .expect("the SDK presigns")
            .uri()
            .to_owned()
    }
}

impl Peer for AwsSdk {
    fn name(&self) -> &'static str {
        "aws-sdk-s3"
    }

    fn presign(&self, parts: &[Part]) -> Vec<String> {
        let config = PresigningConfig::builder()
            .start_time(SystemTime::UNIX_EPOCH + Duration::from_secs(SECONDS.into()))
            .expires_in(Duration::from_secs(LIFE.into()))
            .build()
            .expect("the life is valid");
        self.runtime.block_on(async {
            let mut urls = Vec::with_capacity(parts.len());
            for part in parts {
                urls.push(self.presign_one(part, config.clone()).await);
            }
            urls
        })
    }
}

pub(crate) struct RustyS3 {
    bucket: rusty_s3::Bucket,
    credentials: rusty_s3::Credentials,
}

impl RustyS3 {
    pub(crate) fn new() -> Self {
        let endpoint = ENDPOINT.parse().expect("the endpoint is a URL");
        let style = rusty_s3::UrlStyle::VirtualHost;
        Self {
            bucket: rusty_s3::Bucket::new(endpoint, style, BUCKET, REGION).expect("the bucket is valid"),
            credentials: rusty_s3::Credentials::new(ACCESS_KEY_ID, SECRET),
        }
    }

    fn presign_one(&self, part: &Part, now: Timestamp) -> String {
        let credentials = Some(&self.credentials);
        let mut action = self.bucket.upload_part(credentials, KEY, part.number, UPLOAD_ID);
        // The SDK's own addition, without which the signatures could not be compared.
        action.query_mut().insert("x-id", "UploadPart");
        for (name, value) in part.headers() {
            action.headers_mut().insert(name, value);
        }
        action.sign_with_time(Duration::from_secs(LIFE.into()), &now).into()
    }
}

impl Peer for RustyS3 {
    fn name(&self) -> &'static str {
        "rusty-s3"
    }

    fn presign(&self, parts: &[Part]) -> Vec<String> {
        let now = Timestamp::from_second(SECONDS.into()).expect("the time is valid");
        parts.iter().map(|part| self.presign_one(part, now)).collect()
    }
}
