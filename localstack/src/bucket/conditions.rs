//! What must hold of an object for a request to go on, and which of its bytes are meant.

use jiff::Timestamp;

use super::error::BucketError;
use super::object::ObjectInfo;

/// What must hold of the present object for a write to happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WriteCondition {
    /// Nothing.
    #[default]
    Always,
    /// There is none (`If-None-Match: *`).
    Absent,
    /// There is one with this ETag (`If-Match`).
    Matches(String),
    /// There is one (`If-Match: *`).
    Present,
}

impl WriteCondition {
    pub(super) fn check(&self, present: Option<&ObjectInfo>) -> Result<(), BucketError> {
        match (self, present) {
            (Self::Always, _) | (Self::Absent, None) | (Self::Present, Some(_)) => Ok(()),
            (Self::Matches(etag), Some(object)) if object.etag == *etag => Ok(()),
            (Self::Matches(_) | Self::Present, None) => Err(BucketError::NoSuchKey),
            (Self::Absent | Self::Matches(_), Some(_)) => Err(BucketError::PreconditionFailed),
        }
    }
}

/// What must hold of an object for it to be read; RFC 9110, section 13.2.2.
#[derive(Clone, Debug, Default)]
pub struct ReadConditions {
    /// `If-Match`.
    pub if_match: Option<ETagMatch>,
    /// `If-None-Match`.
    pub if_none_match: Option<ETagMatch>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`.
    pub if_unmodified_since: Option<Timestamp>,
}

/// An ETag, or any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ETagMatch {
    /// `*`.
    Any,
    /// This one.
    Tag(String),
}

impl ETagMatch {
    fn holds(&self, object: &ObjectInfo) -> bool {
        match self {
            Self::Any => true,
            Self::Tag(etag) => object.etag == *etag,
        }
    }
}

impl ReadConditions {
    pub(super) fn check(&self, object: &ObjectInfo) -> Result<(), BucketError> {
        // HTTP dates have no fractions.
        let modified_at = object.modified_at.as_second();
        let unmodified = self.if_unmodified_since.is_none_or(|since| modified_at <= since.as_second());
        let matched = self.if_match.as_ref().map(|etag| etag.holds(object));
        if !matched.unwrap_or(unmodified) {
            return Err(BucketError::PreconditionFailed);
        }
        let modified = self.if_modified_since.is_none_or(|since| modified_at > since.as_second());
        let differs = self.if_none_match.as_ref().map(|etag| !etag.holds(object));
        if !differs.unwrap_or(modified) {
            return Err(BucketError::NotModified { etag: object.etag.clone(), modified_at: object.modified_at });
        }
        Ok(())
    }
}

/// Which bytes of an object are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// All.
    #[default]
    All,
    /// From the first to the last, or to the end.
    Bytes {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte.
        last: Option<u64>,
    },
    /// The last so many.
    Suffix(u64),
    /// Those that were uploaded as this part.
    Part(u32),
}
