//! AWS Signature Version 4.
//!
//! Rules: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

mod canonical;
mod header;
mod keys;
mod parts;
mod presign;

pub use header::{HeaderSigner, Payload, RawRequest, SignedHeaders};
pub use keys::Scope;
pub use parts::PartPresigner;
pub use presign::Presigner;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
