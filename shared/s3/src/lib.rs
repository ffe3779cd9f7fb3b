//! `S3Store`: the object store port on S3 and on what speaks it (Ceph RGW, MinIO, SeaweedFS, the local stack).
//!
//! Our own calls go through `aws-sdk-s3`; the URLs that clients use are signed by `straightway-signer`, which makes
//! the same URLs many times faster. What a store may be trusted with is never assumed: [`S3Store::probe`] tries it.
//!
//! ```no_run
//! use straightway_s3::{AddressStyle, S3Config, S3Store, fixed_credentials};
//!
//! # async fn run(now: jiff::Timestamp) -> Result<(), straightway_core::Error> {
//! let credentials = fixed_credentials("AKIAIOSFODNN7EXAMPLE", &"secret".into(), None);
//! let config = S3Config {
//!     endpoint: Some("http://127.0.0.1:9000".to_owned()),
//!     address_style: AddressStyle::Path,
//!     ..S3Config::new("files", "us-east-1", credentials)
//! };
//! let report = S3Store::probe(&config, now).await?;
//! let store = S3Store::new(&config, report.abilities()).await?;
//! # Ok(())
//! # }
//! ```

mod complete;
mod config;
mod credentials;
mod failure;
mod head;
mod multipart;
mod object;
mod presign;
mod probe;
mod store;

pub use config::{S3Config, Timeouts, fixed_credentials};
pub use failure::StoreFailure;
pub use probe::{Check, Outcome, ProbeReport};
pub use store::S3Store;

pub use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
pub use straightway_signer::AddressStyle;
