//! What can be wrong with the input of a signer.

/// Invalid input. Nothing else can fail here: there is no network and no clock.
///
/// No message holds a secret, a header value or a whole URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The endpoint cannot be the base of a request.
    #[error("invalid endpoint: {reason}")]
    InvalidEndpoint {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Bucket names have 1 to 255 of `A-Z a-z 0-9 . _ -`, beginning and ending with a letter or digit; no upper
    /// case where they are part of a host name.
    #[error("invalid bucket name {bucket:?}")]
    InvalidBucket {
        /// The refused name.
        bucket: String,
    },
    /// A bucket cannot be put in front of an IP address.
    #[error("virtual-host addressing needs a host name, the endpoint is an IP address")]
    VirtualHostOnAddress,
    /// An access key id or secret access key is empty, or holds a control character.
    #[error("invalid {field}")]
    InvalidCredentials {
        /// `access key id`, `secret access key` or `session token`.
        field: &'static str,
    },
    /// Region and service are words of `a-z A-Z 0-9 . _ -`.
    #[error("invalid {part} {value:?}")]
    InvalidScope {
        /// `region` or `service`.
        part: &'static str,
        /// The refused word.
        value: String,
    },
    /// A presigned URL lives from 1 second to 7 days.
    #[error("expiry of {seconds} s is not within 1 to 604800 s")]
    InvalidExpiry {
        /// The refused life in seconds.
        seconds: u64,
    },
    /// Signatures carry four-digit years.
    #[error("signing time is not within the years 0 to 9999")]
    InvalidTime,
    /// An object request without an object key.
    #[error("object key is empty")]
    EmptyKey,
    /// A part without the id of the multipart upload it belongs to.
    #[error("multipart upload id is empty")]
    EmptyMultipartUploadId,
    /// A part number is from 1 to 10,000.
    #[error("part number {number} is not within 1 to 10000")]
    InvalidPartNumber {
        /// The refused number.
        number: u16,
    },
    /// A header name is not an HTTP token.
    #[error("invalid header name {name:?}")]
    InvalidHeaderName {
        /// The refused name.
        name: String,
    },
    /// A header value holds a control or a non-ASCII character.
    #[error("header {name} has a control or non-ASCII character")]
    InvalidHeaderValue {
        /// The header's name; its value may be a secret.
        name: String,
    },
    /// The signer itself writes this header.
    #[error("header {name} is written by the signer")]
    ReservedHeader {
        /// The refused name.
        name: String,
    },
    /// A presigned request may have each header once.
    #[error("header {name} is given twice")]
    DuplicateHeader {
        /// The repeated name.
        name: String,
    },
    /// Query parameters beginning with `X-Amz-` belong to the signature.
    #[error("query parameter {name:?} belongs to the signature")]
    ReservedParameter {
        /// The refused name.
        name: String,
    },
    /// A presigned request may have each query parameter once.
    #[error("query parameter {name:?} is given twice")]
    DuplicateParameter {
        /// The repeated name.
        name: String,
    },
    /// The path of a request to be signed is not absolute.
    #[error("request path does not begin with a slash")]
    InvalidPath,
}
