//! How a stack is started.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use straightway_accounts::{AttemptLimits, Signup};
use straightway_core::Clock;
use straightway_core::settings::{Dedupe, InstantUpload, OwnerLimits, UrlLives};
use straightway_runtime::SystemClock;
use url::Url;

/// 1 PiB: on one's own machine the disk is the limit.
const LOCAL_QUOTA: u64 = 1 << 50;

/// How a stack is started.
#[derive(Clone)]
pub struct Options {
    /// The data folder; created when absent, for its owner only.
    pub data: PathBuf,
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where the bucket listens.
    pub s3_listen: SocketAddr,
    /// Where DynamoDB listens, if at all.
    pub expose_dynamodb: Option<SocketAddr>,
    /// The API's origin for clients, where it is not the address it listens on (a proxy stands before it).
    pub public_url: Option<Url>,
    /// The bucket's address in presigned URLs, where it is not the address it listens on.
    pub s3_public_url: Option<Url>,
    /// Whether the API's port answers for the bucket too (path-style): then one public URL serves other devices.
    pub bucket_on_api_port: bool,
    /// Who may sign up.
    pub signup: Signup,
    /// What a new user may use, in bytes.
    pub quota_bytes: u64,
    /// Whose content an upload may find.
    pub instant: InstantUpload,
    /// Among whom content is shared.
    pub dedupe: Dedupe,
    /// How long presigned URLs live.
    pub lives: UrlLives,
    /// How often an owner may do what costs money in the cloud.
    pub limits: OwnerLimits,
    /// How often passwords may be wrong.
    pub attempts: AttemptLimits,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// A stack for the people of one machine, on the documented ports.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            s3_listen: (Ipv4Addr::LOCALHOST, 9000).into(),
            expose_dynamodb: None,
            public_url: None,
            s3_public_url: None,
            bucket_on_api_port: false,
            signup: Signup::Open,
            quota_bytes: LOCAL_QUOTA,
            instant: InstantUpload::Global,
            dedupe: Dedupe::Global,
            lives: UrlLives::default(),
            limits: OwnerLimits::default().on_loopback(),
            // Guessing passwords is no better on loopback; making accounts is.
            attempts: AttemptLimits {
                signups_per_address: AttemptLimits::default().on_loopback().signups_per_address,
                ..AttemptLimits::default()
            },
            clock: Arc::new(SystemClock),
        }
    }

    /// As [`Options::new`], for people on other devices too: nobody may sign up, the limits are the cloud's, and the
    /// API's port answers for the bucket.
    pub fn shared(data: impl Into<PathBuf>) -> Self {
        Self {
            bucket_on_api_port: true,
            signup: Signup::Closed,
            limits: OwnerLimits::default(),
            attempts: AttemptLimits::default(),
            ..Self::new(data)
        }
    }
}
