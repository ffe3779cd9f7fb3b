//! Uploads: create, sign, watch, complete.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::files::{Entry, OnConflict};
use crate::{object, size};

/// `GET /v1/capabilities`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Capabilities {
    /// Version of the server.
    pub version: String,
    /// `builtin` or `oidc`.
    pub identity: String,
    /// `open`, `invite` or `closed`.
    pub signup: String,
    /// `global`, `own` or `off`.
    pub instant: String,
    /// Smaller content of others is never offered.
    pub min_instant_bytes: u64,
    /// Largest file.
    pub max_file_bytes: u64,
    /// Most parts in one sign call.
    pub max_parts_per_call: u32,
    /// What `integrity` may be: `leaf` only where the store vouches.
    pub integrity: Vec<String>,
    /// Days that a deleted entry can be restored; 0: deleting is final.
    pub trash_days: u32,
    /// Days that an upload session lives after its last part.
    pub session_days: u32,
    /// Optional parts of the API that this server has.
    pub features: Vec<String>,
}

/// `GET /v1/part-plan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartPlan {
    /// One PUT or parts.
    pub method: Method,
    /// Bytes of every part but the last.
    pub part_size: u64,
    /// Number of parts.
    pub part_count: u16,
}

/// How the bytes are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// One presigned PUT.
    Put,
    /// Presigned parts.
    Multipart,
}

/// How the bytes come to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Integrity {
    /// Every part is signed with its leaf hash.
    Leaf,
    /// The server reads the object.
    Read,
}

/// `POST /v1/uploads`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUpload {
    /// The name in the folder; exactly one of `name` and `path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Relative to the folder; missing folders are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The folder: `root` (default) or an entry id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// Size in bytes.
    #[serde(deserialize_with = "size::saturating")]
    pub size_bytes: u64,
    /// Media type; default `application/octet-stream`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// What happens when the name is taken; default `rename`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_conflict: Option<OnConflict>,
    /// Default `leaf` when a content hash or leaf hashes are given, else `read`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<Integrity>,
    /// 64 lower-case hex characters; enables instant upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
    /// 40 lower-case hex characters; a hint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha1: Option<String>,
    /// Sign these parts at once.
    #[serde(default, deserialize_with = "object::optional_list", skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<PartToSign>>,
    /// What the client's file system said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_modified_at: Option<Timestamp>,
    /// At most 2 KB; comes back everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// The answer to a `prove`.
    #[serde(default, deserialize_with = "object::optional", skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// A part to be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartToSign {
    /// From 1.
    pub part_number: u32,
    /// SHA-256 of the part; required when integrity is leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf_hash: Option<String>,
}

/// The answer to a challenge.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// As it came.
    pub challenge: String,
    /// 64 lower-case hex characters.
    pub mac: String,
}

/// What a create comes to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum UploadCreated {
    /// Done: no byte needs to be sent.
    Stored {
        /// The entry.
        entry: Entry,
    },
    /// The content is known: show that you have it.
    Prove(Challenge),
    /// The SHA-1 is known: compute the content hash and ask again.
    Hash,
    /// Send the bytes.
    Upload(Box<Upload>),
}

/// Asks for evidence that the client has the bytes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Challenge {
    /// To be brought back as it is.
    pub challenge: String,
    /// Key of the MAC: 64 lower-case hex characters, 32 bytes.
    pub nonce: String,
    /// The bytes that are asked for, in this order.
    pub ranges: Vec<ByteRange>,
    /// When it can no longer be answered.
    pub expires_at: Timestamp,
    /// The same in seconds from now.
    pub expires_in: u64,
}

/// Some bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ByteRange {
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

/// An upload to be carried out.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    /// Whether the session was there before.
    pub resumed: bool,
    /// The session.
    pub session: Session,
    /// Parts that the store does not have: ascending, merged, inclusive `[first, last]` pairs.
    pub missing: Vec<[u16; 2]>,
    /// Requests to send right away.
    pub parts: Vec<SignedPart>,
}

/// An upload session.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Its identity.
    pub session_id: String,
    /// Where it stands.
    pub state: State,
    /// The name decided at creation.
    pub name: String,
    /// The folder.
    pub parent_id: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Media type.
    pub content_type: String,
    /// One PUT or parts.
    pub method: Method,
    /// How the bytes come to be trusted.
    pub integrity: Integrity,
    /// Bytes of every part but the last.
    pub part_size: u64,
    /// Number of parts.
    pub part_count: u16,
    /// As declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
    /// As given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_modified_at: Option<Timestamp>,
    /// As given.
    pub metadata: BTreeMap<String, String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it ends unless something happens.
    pub expires_at: Timestamp,
    /// The same in seconds from now.
    pub expires_in: u64,
    /// How far it is.
    pub progress: Progress,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The entry, when stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// With `missing=true`: parts that the store does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<[u16; 2]>>,
}

/// Where a session stands; `open` and `verifying` are live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Parts are signed and uploaded.
    Open,
    /// The bytes are being judged.
    Verifying,
    /// The bytes are a file.
    Stored,
    /// The bytes were wrong, or lost.
    Rejected,
    /// Cancelled.
    Aborted,
    /// Nothing happened for too long.
    Expired,
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// Finished parts.
    pub parts: u16,
    /// Bytes in finished parts.
    pub bytes: u64,
    /// 0 to 100; 100 only when everything is there.
    pub percent: u8,
}

/// A request that uploads one part: the body is exactly `size_bytes` of the file from `offset` on.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SignedPart {
    /// From 1.
    pub part_number: u16,
    /// First byte in the file.
    pub offset: u64,
    /// Number of bytes.
    pub size_bytes: u64,
    /// Always `PUT`.
    pub method: String,
    /// A credential: whoever has it can upload this part.
    pub url: String,
    /// To be sent as they are and no others; never Content-Length or Host.
    pub headers: BTreeMap<String, String>,
    /// When the store stops taking it.
    pub expires_at: Timestamp,
    /// The same in seconds from now.
    pub expires_in: u64,
}

impl std::fmt::Debug for SignedPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedPart").field("part_number", &self.part_number).finish_non_exhaustive()
    }
}

/// `POST /v1/uploads/{id}/parts`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignParts {
    /// Parts to sign, at most 1,000.
    #[serde(default, deserialize_with = "object::list")]
    pub sign: Vec<PartToSign>,
    /// Numbers of parts that the store has taken, at most 1,000.
    #[serde(default)]
    pub done: Vec<u32>,
    /// Wanted life of the URLs in seconds, at most the server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// Signed parts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PartsSigned {
    /// In the order asked for.
    pub parts: Vec<SignedPart>,
    /// How far the upload is.
    pub progress: Progress,
}

/// `POST /v1/uploads/{id}/complete`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteUpload {
    /// 64 lower-case hex characters; what the content must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
}
