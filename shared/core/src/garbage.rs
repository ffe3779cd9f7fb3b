//! Garbage: object keys that are, or may become, objects nobody needs.

use jiff::{SignedDuration, Timestamp};

use crate::{MultipartUploadId, ObjectKey};

/// 24 h: longer than URL life + worker life + slowest Complete, so that after a pass that began later no byte can
/// appear under the key any more (life cycle protocol, step 0).
pub const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// Written in the same transaction as the decision that makes an object key unneeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Garbage {
    /// The key to delete.
    pub object_key: ObjectKey,
    /// Multipart uploads to abort.
    pub multipart_ids: Vec<MultipartUploadId>,
    /// Whether the secondary may hold the key too.
    pub secondary: bool,
    /// The item may go only after a pass that began after this time.
    pub not_before: Timestamp,
}

impl Garbage {
    /// The garbage that `object_key` becomes now, in the primary.
    pub fn new(object_key: ObjectKey, multipart_id: Option<MultipartUploadId>, now: Timestamp) -> Self {
        Self {
            object_key,
            multipart_ids: multipart_id.into_iter().collect(),
            secondary: false,
            not_before: now + GRACE,
        }
    }
}
