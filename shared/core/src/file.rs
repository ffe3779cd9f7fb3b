//! Files: one stored content each, shared by everybody who has it.

use std::fmt;

use jiff::Timestamp;

use crate::{ContentHash, ObjectKey, OwnerId, Sha1Hash, Violation};

/// The identity of content: content hash *and* size, written `<64 hex>-<size>`.
///
/// The size belongs to it: a 64-byte file made of two leaves has the same SHA-256 as the two-part file above them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileKey {
    /// The hash tree over the parts.
    pub content_hash: ContentHash,
    /// Size in bytes.
    pub size_bytes: u64,
}

impl FileKey {
    /// Parses `<64 hex>-<size>`.
    ///
    /// # Errors
    /// A violation with code `file-key` for any other form.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let wrong = || Violation::new("file-key", "must be <64 hex>-<size>");
        let (hash, size) = text.split_once('-').ok_or_else(wrong)?;
        let key = Self {
            content_hash: ContentHash::from_hex(hash).map_err(|_| wrong())?,
            size_bytes: size.parse().map_err(|_| wrong())?,
        };
        if key.to_string() == text { Ok(key) } else { Err(wrong()) }
    }
}

impl fmt::Display for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.content_hash, self.size_bytes)
    }
}

/// The key of a file's record: the file key, or `<owner>/<file key>` where content is only shared within an owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileRecordKey {
    /// The owner whose space this record is confined to, under `STRAIGHTWAY_DEDUPE=owner`.
    pub owner: Option<OwnerId>,
    /// Which content.
    pub file_key: FileKey,
}

impl FileRecordKey {
    /// Parses what [`fmt::Display`] writes.
    ///
    /// # Errors
    /// A violation with code `file-key` for any other form.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        match text.split_once('/') {
            None => Ok(Self { owner: None, file_key: FileKey::parse(text)? }),
            Some((owner, key)) => {
                let owner = OwnerId::parse(owner).ok_or_else(|| Violation::new("file-key", "no owner id"))?;
                Ok(Self { owner: Some(owner), file_key: FileKey::parse(key)? })
            }
        }
    }
}

impl fmt::Display for FileRecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.owner {
            None => self.file_key.fmt(f),
            Some(owner) => write!(f, "{owner}/{}", self.file_key),
        }
    }
}

/// The record of one stored content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its identity.
    pub record_key: FileRecordKey,
    /// The object that holds the bytes: that of the session which stored them; never another.
    pub object_key: ObjectKey,
    /// The primary's ETag of the object when it was verified; opaque.
    pub etag: String,
    /// Number of entries that refer to it.
    pub refs: u64,
    /// Since when nobody refers to it; set in the same transaction that brings `refs` to 0.
    pub collectable_at: Option<Timestamp>,
    /// The copy in the secondary store.
    pub replica: Replica,
    /// Whole-file SHA-1, once the bytes were streamed anyway.
    pub sha1: Option<Sha1Hash>,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// How far the copy of a file in the secondary store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replica {
    /// No secondary is configured.
    None,
    /// To be copied.
    Pending,
    /// The secondary's bytes are known to be equal.
    Copied,
    /// Given up with an alarm: the bytes differ.
    Failed,
}

impl Replica {
    /// The word in records and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Copied => "copied",
            Self::Failed => "failed",
        }
    }

    /// The state with this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::None, Self::Pending, Self::Copied, Self::Failed].into_iter().find(|state| state.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LeafHash;

    #[test]
    fn a_file_key_has_one_spelling() {
        let key = FileKey { content_hash: LeafHash::of(b"hello").into(), size_bytes: 5 };
        let text = key.to_string();
        assert_eq!(text, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824-5");
        assert_eq!(FileKey::parse(&text).unwrap(), key);
        for wrong in [text.replace("-5", "-05"), text.replace("-5", "-+5"), text.replace("-5", ""), text.to_uppercase()]
        {
            assert!(FileKey::parse(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_record_key_may_be_confined_to_an_owner() {
        let file_key = FileKey { content_hash: LeafHash::of(b"").into(), size_bytes: 0 };
        for owner in [None, Some(OwnerId::from_random([7; 16]))] {
            let key = FileRecordKey { owner, file_key };
            assert_eq!(FileRecordKey::parse(&key.to_string()).unwrap(), key);
        }
    }

    #[test]
    fn the_same_hash_with_another_size_is_another_file() {
        let leaves = [LeafHash::of(b"a"), LeafHash::of(b"b")];
        let two_parts = ContentHash::from_leaves(&leaves);
        let bytes = [*leaves[0].as_bytes(), *leaves[1].as_bytes()].concat();
        assert_eq!(two_parts, LeafHash::of(&bytes).into());
        let key = |size_bytes| FileKey { content_hash: two_parts, size_bytes };
        assert_ne!(key(64), key((16 << 20) + 1));
    }
}
