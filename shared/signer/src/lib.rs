//! AWS Signature Version 4: presigned URLs and signed headers.
//!
//! Nothing here reads a clock, an environment or a network: the caller passes the time in and sends the
//! request. Everything that many signatures share is computed once: the day's signing key is kept as the two
//! midstates of its HMAC, and the URLs of one upload share the hash of everything they have in common.
//!
//! ```
//! use jiff::Timestamp;
//! use straightway_signer::{AddressStyle, BucketAddress, Credentials, Expiry, Part, Presigner, Request, Scope};
//!
//! # fn main() -> Result<(), straightway_signer::Error> {
//! # let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
//! let address = BucketAddress::new("https://s3.eu-central-1.amazonaws.com", "films", AddressStyle::VirtualHost)?;
//! let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret".into(), None)?;
//! let presigner = Presigner::new(address, Scope::s3("eu-central-1")?, credentials);
//!
//! // One request.
//! let put = Request::put_object("objects/ab/one").content_length(5).if_none_match_any();
//! let url = presigner.presign(&put, Expiry::from_secs(900)?, now)?;
//! assert!(url.as_str().starts_with("https://films.s3.eu-central-1.amazonaws.com/objects/ab/one?"));
//!
//! // Many parts of one upload.
//! let mut parts = presigner.parts("objects/ab/two", "multipart-id", Expiry::from_secs(3600)?, now)?;
//! for number in 1..=3 {
//!     let part = Part { number, content_length: Some(16 << 20), checksum_sha256: Some([7; 32]) };
//!     let url = parts.presign(&part)?;
//!     # assert!(url.as_str().contains("partNumber"));
//! }
//! # Ok(())
//! # }
//! ```

mod address;
mod credentials;
mod encode;
mod error;
mod hmac;
mod request;
mod sha256;
mod sigv4;
mod time;

pub use address::{AddressStyle, BucketAddress};
pub use credentials::Credentials;
pub use error::Error;
pub use request::{Expiry, Method, Part, PresignedUrl, Request};
pub use sigv4::{HeaderSigner, PartPresigner, Payload, Presigner, RawRequest, Scope, SignedHeaders};
