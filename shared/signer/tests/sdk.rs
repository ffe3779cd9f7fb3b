//! Our URLs are the URLs that `aws-sdk-s3` makes, whatever the input.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    future::Future,
    time::{Duration, SystemTime},
};

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials as SdkCredentials, Region, RequestChecksumCalculation},
    presigning::{PresignedRequest, PresigningConfig},
};
use jiff::Timestamp;
use proptest::{option, prelude::*};
use straightway_signer::{AddressStyle, BucketAddress, Credentials, Expiry, Part, Presigner, Request, Scope};

/// Everything about a signature but the request.
#[derive(Debug, Clone)]
struct Setting {
    scheme: &'static str,
    host: &'static str,
    port: Option<u16>,
    base_path: &'static str,
    style: AddressStyle,
    bucket: String,
    region: String,
    access_key_id: String,
    secret: String,
    session_token: Option<String>,
    seconds: i64,
    expiry: u32,
}

impl Setting {
    fn endpoint(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}{}", self.scheme, self.host, self.base_path)
    }

    fn presigner(&self) -> Presigner {
        let address = BucketAddress::new(&self.endpoint(), &self.bucket, self.style).unwrap();
        let token = self.session_token.clone().map(Into::into);
        let secret = self.secret.clone().into();
        let credentials = Credentials::new(&self.access_key_id, secret, token).unwrap();
        Presigner::new(address, Scope::s3(&self.region).unwrap(), credentials)
    }

    fn ours(&self, request: &Request<'_>) -> String {
        self.presigner().presign(request, self.expiry(), self.now()).unwrap().into_string()
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seconds).unwrap()
    }

    fn expiry(&self) -> Expiry {
        Expiry::from_secs(self.expiry).unwrap()
    }

    fn client(&self) -> Client {
        let credentials =
            SdkCredentials::new(&self.access_key_id, &self.secret, self.session_token.clone(), None, "test");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(self.region.clone()))
            .credentials_provider(credentials)
            .endpoint_url(self.endpoint())
            .force_path_style(self.style == AddressStyle::Path)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .build();
        Client::from_conf(config)
    }

    fn presigning(&self) -> PresigningConfig {
        let seconds = u64::try_from(self.seconds).unwrap();
        PresigningConfig::builder()
            .start_time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .expires_in(Duration::from_secs(self.expiry.into()))
            .build()
            .unwrap()
    }
}

/// Runs one call of the SDK, which is asynchronous though it waits for nothing.
fn theirs<E: std::fmt::Debug>(presigned: impl Future<Output = Result<PresignedRequest, E>>) -> PresignedRequest {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(presigned).unwrap()
}

/// The same string; where the endpoint names its scheme's default port, which we drop as HTTP clients do,
/// the same parsed URL.
fn assert_same(setting: &Setting, ours: &str, theirs: &PresignedRequest) {
    let names_default_port = matches!((setting.scheme, setting.port), ("http", Some(80)) | ("https", Some(443)));
    if names_default_port {
        let theirs = url::Url::parse(theirs.uri()).unwrap();
        assert_eq!(url::Url::parse(ours).unwrap(), theirs);
    } else {
        assert_eq!(ours, theirs.uri());
    }
}

fn setting() -> impl Strategy<Value = Setting> {
    let endpoint = (
        prop::sample::select(vec!["http", "https"]),
        prop::sample::select(vec!["s3.eu-central-1.amazonaws.com", "localhost", "store.example"]),
        option::of(prop::sample::select(vec![80, 443, 9000, 31_337])),
        // With the slash at the end, without which the SDK glues the bucket's name to the base path.
        prop::sample::select(vec!["", "/", "/base/", "/two/levels/"]),
        prop::sample::select(vec![AddressStyle::Path, AddressStyle::VirtualHost]),
    );
    let names = (
        "[a-z0-9][a-z0-9-]{1,40}[a-z0-9]".prop_filter("S3 reserves this prefix", |bucket| !bucket.starts_with("xn--")),
        "(us-east-1|eu-central-1|cn-north-1|auto|[a-z]{2,8}-[0-9])",
        "[A-Z0-9]{16,24}",
        "[A-Za-z0-9/+]{40}",
        option::of("[A-Za-z0-9/+]{20,400}={0,2}"),
    );
    // From 1970 to the end of the year 9999.
    let times = (0..253_402_300_800_i64, 1..=604_800_u32);
    (endpoint, names, times).prop_map(|(endpoint, names, times)| Setting {
        scheme: endpoint.0,
        host: endpoint.1,
        port: endpoint.2,
        base_path: endpoint.3,
        style: endpoint.4,
        bucket: names.0,
        region: names.1,
        access_key_id: names.2,
        secret: names.3,
        session_token: names.4,
        seconds: times.0,
        expiry: times.1,
    })
}

/// Keys with everything that has ever been encoded wrongly.
fn key() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z0-9]{1,8}",
        prop::sample::select(vec![
            " ", "+", "#", "?", "%", "%2F", "%zz", "/", "//", ".", "..", "/./", "/../", "&", "=", ":", ",", ";", "@",
            "!", "$", "'", "(", ")", "*", "~", "-", "_", "\\", "\"", "<", ">", "[", "]", "{", "}", "|", "^", "`", "é",
            "日本", "💾", "\u{0}", "\u{7f}", "\u{202e}",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 1..12)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("the SDK refuses a key of nothing but spaces", |key| !key.trim().is_empty())
}

/// A header value: visible characters and single or repeated spaces between them.
fn value() -> impl Strategy<Value = String> {
    "[!-~]{1,12}( {1,3}[!-~]{1,12}){0,3}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn put_object(
        setting in setting(),
        key in key(),
        content_length in option::of(any::<u32>()),
        content_type in option::of(value()),
        checksum in option::of(any::<[u8; 32]>()),
        if_none_match in any::<bool>(),
        cache_control in option::of(value()),
        metadata in prop::collection::btree_map("[a-z]{1,6}", value(), 0..3),
    ) {
        let mut ours = Request::put_object(&key);
        let mut theirs_request = setting.client().put_object().bucket(&setting.bucket).key(&key);
        if let Some(length) = content_length {
            ours = ours.content_length(length.into());
            theirs_request = theirs_request.content_length(length.into());
        }
        if let Some(media_type) = &content_type {
            ours = ours.content_type(media_type);
            theirs_request = theirs_request.content_type(media_type);
        }
        if let Some(digest) = &checksum {
            ours = ours.checksum_sha256(digest);
            theirs_request = theirs_request.checksum_sha256(data_encoding::BASE64.encode(digest));
        }
        if if_none_match {
            ours = ours.if_none_match_any();
            theirs_request = theirs_request.if_none_match("*");
        }
        if let Some(value) = &cache_control {
            ours = ours.header("Cache-Control", value);
            theirs_request = theirs_request.cache_control(value);
        }
        for (name, value) in &metadata {
            ours = ours.header(format!("x-amz-meta-{name}"), value);
            theirs_request = theirs_request.metadata(name, value);
        }
        let theirs = theirs(theirs_request.presigned(setting.presigning()));
        assert_same(&setting, &setting.ours(&ours), &theirs);
    }

    #[test]
    fn upload_part(
        setting in setting(),
        key in key(),
        multipart_upload_id in "[!-~]{1,140}",
        number in 1..=10_000_u16,
        content_length in option::of(any::<u32>()),
        checksum_sha256 in option::of(any::<[u8; 32]>()),
    ) {
        let content_length = content_length.map(u64::from);
        let part = Part { number, content_length, checksum_sha256 };
        let ours = Request::upload_part(&key, &multipart_upload_id, &part).unwrap();
        let length = content_length.map(|length| i64::try_from(length).unwrap());
        let digest = checksum_sha256.map(|digest| data_encoding::BASE64.encode(&digest));
        let theirs_request = setting
            .client()
            .upload_part()
            .bucket(&setting.bucket)
            .key(&key)
            .upload_id(&multipart_upload_id)
            .part_number(number.into())
            .set_content_length(length)
            .set_checksum_sha256(digest);
        let theirs = theirs(theirs_request.presigned(setting.presigning()));
        assert_same(&setting, &setting.ours(&ours), &theirs);

        let presigner = setting.presigner();
        let mut parts = presigner
            .parts(&key, &multipart_upload_id, setting.expiry(), setting.now())
            .unwrap();
        assert_same(&setting, parts.presign(&part).unwrap().as_str(), &theirs);
    }

    #[test]
    fn get_object(
        setting in setting(),
        key in key(),
        cache_control in option::of(key()),
        disposition in option::of(key()),
        content_type in option::of(key()),
        range in option::of("bytes=[0-9]{1,9}-[0-9]{0,9}"),
    ) {
        let mut ours = Request::get_object(&key);
        if let Some(value) = &cache_control {
            ours = ours.response_cache_control(value);
        }
        if let Some(value) = &disposition {
            ours = ours.response_content_disposition(value);
        }
        if let Some(value) = &content_type {
            ours = ours.response_content_type(value);
        }
        if let Some(value) = &range {
            ours = ours.header("range", value);
        }
        let theirs_request = setting
            .client()
            .get_object()
            .bucket(&setting.bucket)
            .key(&key)
            .set_response_cache_control(cache_control.clone())
            .set_response_content_disposition(disposition.clone())
            .set_response_content_type(content_type.clone())
            .set_range(range.clone());
        let theirs = theirs(theirs_request.presigned(setting.presigning()));
        assert_same(&setting, &setting.ours(&ours), &theirs);
    }

    #[test]
    fn head_and_delete_object(setting in setting(), key in key()) {
        let client = setting.client();
        let head = client.head_object().bucket(&setting.bucket).key(&key);
        let head = theirs(head.presigned(setting.presigning()));
        assert_same(&setting, &setting.ours(&Request::head_object(&key)), &head);

        let delete = client.delete_object().bucket(&setting.bucket).key(&key);
        let delete = theirs(delete.presigned(setting.presigning()));
        assert_same(&setting, &setting.ours(&Request::delete_object(&key)), &delete);
    }
}

#[test]
fn the_headers_to_send_are_those_that_the_sdk_names() {
    let setting = Setting {
        scheme: "https",
        host: "store.example",
        port: None,
        base_path: "",
        style: AddressStyle::Path,
        bucket: "films".into(),
        region: "auto".into(),
        access_key_id: "AKIDEXAMPLE".into(),
        secret: "secret".into(),
        session_token: None,
        seconds: 1_795_262_400,
        expiry: 900,
    };
    let request = Request::put_object("key")
        .content_length(5)
        .content_type("application/octet-stream")
        .checksum_sha256(&[7; 32])
        .if_none_match_any();
    let theirs_request = setting
        .client()
        .put_object()
        .bucket(&setting.bucket)
        .key("key")
        .content_length(5)
        .content_type("application/octet-stream")
        .checksum_sha256(data_encoding::BASE64.encode(&[7; 32]))
        .if_none_match("*");
    let theirs = theirs(theirs_request.presigned(setting.presigning()));

    let mut ours: Vec<_> = request.headers().collect();
    ours.sort_unstable();
    let mut named: Vec<_> = theirs.headers().collect();
    named.sort_unstable();
    assert_eq!(ours, named);
}
