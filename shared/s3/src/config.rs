//! Where the bucket is, and who we are to it.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, Region, RequestChecksumCalculation, ResponseChecksumValidation, SharedHttpClient,
};
use aws_sdk_s3::{Client, Config};
use secrecy::{ExposeSecret, SecretString};
use straightway_signer::AddressStyle;

use crate::SharedCredentialsProvider;

/// One bucket, as this process reaches it and as clients reach it.
#[derive(Clone, Debug)]
pub struct S3Config {
    /// Name of the bucket.
    pub bucket: String,
    /// Region it is in; stores without regions accept `us-east-1`.
    pub region: String,
    /// URL of the store for our own calls; `None` is AWS in that region.
    pub endpoint: Option<String>,
    /// URL of the store in presigned URLs; `None` is the same as `endpoint`.
    pub public_url: Option<String>,
    /// Whether the bucket's name stands in the host (AWS) or in the path (most others).
    pub address_style: AddressStyle,
    /// Who signs. Asked again before known credentials end, so temporary ones work.
    pub credentials: SharedCredentialsProvider,
    /// How long calls may take.
    pub timeouts: Timeouts,
    /// The HTTP client of our own calls; `None` is the SDK's. Tests lose answers with it.
    pub http_client: Option<SharedHttpClient>,
}

impl S3Config {
    /// A bucket on AWS. Other stores set `endpoint` and mostly `address_style`.
    pub fn new(bucket: impl Into<String>, region: impl Into<String>, credentials: SharedCredentialsProvider) -> Self {
        Self {
            bucket: bucket.into(),
            region: region.into(),
            endpoint: None,
            public_url: None,
            address_style: AddressStyle::VirtualHost,
            credentials,
            timeouts: Timeouts::default(),
            http_client: None,
        }
    }

    /// The address that presigned URLs name.
    pub(crate) fn public_endpoint(&self) -> String {
        let given = self.public_url.as_ref().or(self.endpoint.as_ref());
        given.cloned().unwrap_or_else(|| aws_endpoint(&self.region))
    }

    /// The SDK's client, which signs with what `credentials` says.
    pub(crate) fn client(&self, credentials: SharedCredentialsProvider) -> Client {
        let mut builder = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(self.region.clone()))
            .credentials_provider(credentials)
            .force_path_style(self.address_style == AddressStyle::Path)
            // The SDK's default trailers are refused by Ceph RGW and others; we set the checksums that we need.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
            .timeout_config(self.timeouts.ordinary());
        builder.set_endpoint_url(self.endpoint.clone());
        builder.set_http_client(self.http_client.clone());
        Client::from_conf(builder.build())
    }
}

const MAX_ATTEMPTS: u32 = 3;

fn aws_endpoint(region: &str) -> String {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://s3.{region}.{suffix}")
}

/// Credentials that never change: a key, its secret and, for temporary ones, their token.
pub fn fixed_credentials(
    access_key_id: impl Into<String>,
    secret_access_key: &SecretString,
    session_token: Option<&SecretString>,
) -> SharedCredentialsProvider {
    let secret = secret_access_key.expose_secret();
    let token = session_token.map(|token| token.expose_secret().to_owned());
    SharedCredentialsProvider::new(Credentials::new(access_key_id, secret, token, None, "fixed"))
}

/// How long calls to the store may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// One attempt of a call, up to the answer's headers.
    pub attempt: Duration,
    /// A call with its retries.
    pub call: Duration,
    /// A Complete, which S3 may work on for minutes while the answer trickles.
    pub complete: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(8),
            call: Duration::from_secs(20),
            complete: Duration::from_mins(1),
        }
    }
}

impl Timeouts {
    fn ordinary(&self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.call)
            .build()
    }

    /// Overrides for a Complete.
    pub(crate) fn for_complete(&self) -> Builder {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.connect)
            .read_timeout(self.complete)
            .operation_attempt_timeout(self.complete)
            .operation_timeout(self.complete);
        Config::builder().timeout_config(timeouts.build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(region: &str) -> S3Config {
        S3Config::new("files", region, fixed_credentials("id", &"secret".into(), None))
    }

    #[test]
    fn presigned_urls_name_the_public_url_before_our_own_endpoint() {
        let mut config = config("eu-central-1");
        assert_eq!(config.public_endpoint(), "https://s3.eu-central-1.amazonaws.com");
        config.endpoint = Some("http://store:9000".to_owned());
        assert_eq!(config.public_endpoint(), "http://store:9000");
        config.public_url = Some("https://files.example.com".to_owned());
        assert_eq!(config.public_endpoint(), "https://files.example.com");
    }

    #[test]
    fn regions_in_mainland_china_have_a_domain_of_their_own() {
        assert_eq!(config("cn-north-1").public_endpoint(), "https://s3.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn a_config_in_a_log_shows_no_secret() {
        let credentials = fixed_credentials("id", &"hush-hush".into(), Some(&"hush-token".into()));
        let shown = format!("{:?}", S3Config::new("files", "us-east-1", credentials));
        assert!(shown.contains("files"));
        assert!(!shown.contains("hush"), "{shown}");
    }
}
