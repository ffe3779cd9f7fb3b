//! Entries: an owner's named references to files, and folders.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use crate::{EntryId, EntryName, FileRecordKey, OwnerId, Violation};

/// Most bytes of metadata, counted as its JSON text.
pub const MAX_METADATA_BYTES: usize = 2048;

/// The media type of bytes about which nothing is known.
pub const OCTET_STREAM: &str = "application/octet-stream";

/// A folder: the owner's root, or an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FolderId {
    /// The top of the owner's space; always there.
    Root,
    /// An entry of kind folder.
    Folder(EntryId),
}

impl FolderId {
    /// Parses `root` or an entry id; `None` when it can be neither.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "root" { Some(Self::Root) } else { EntryId::parse(text).map(Self::Folder) }
    }

    /// The word in records and answers.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Root => "root",
            Self::Folder(id) => id.as_str(),
        }
    }
}

impl fmt::Display for FolderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a client wants remembered with a file; comes back everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// Checks metadata.
    ///
    /// # Errors
    /// A violation with code `too-long` above [`MAX_METADATA_BYTES`].
    pub fn new(pairs: BTreeMap<String, String>) -> Result<Self, Violation> {
        let bytes = serde_json::to_string(&pairs).map_or(usize::MAX, |json| json.len());
        if bytes > MAX_METADATA_BYTES {
            return Err(Violation::new("too-long", "metadata has at most 2048 bytes as JSON"));
        }
        Ok(Self(pairs))
    }

    /// The pairs.
    pub const fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

/// Checks a media type: `type/subtype` with optional parameters, printable ASCII, at most 255 bytes.
///
/// # Errors
/// A violation with code `content-type` for anything else.
pub fn parse_content_type(text: &str) -> Result<String, Violation> {
    let token = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let well_formed = essence.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
        && text.len() <= 255
        && text.bytes().all(|b| (b' '..=b'~').contains(&b));
    if well_formed {
        Ok(text.to_owned())
    } else {
        Err(Violation::new("content-type", "must be a media type such as image/png"))
    }
}

/// One owner's named reference to a file, or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Fixed when its upload session was created.
    pub entry_id: EntryId,
    /// Whose it is.
    pub owner_id: OwnerId,
    /// Where it is.
    pub parent: FolderId,
    /// As its owner wrote it.
    pub name: EntryName,
    /// File or folder.
    pub kind: EntryKind,
    /// Goes up by one with every change; also the ETag.
    pub revision: u64,
    /// What the client's file system said.
    pub client_modified_at: Option<Timestamp>,
    /// What the client wants remembered.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Holds other entries.
    Folder,
    /// Refers to a file.
    File {
        /// Which one.
        file: FileRecordKey,
        /// What its owner says the bytes are; the stored object is always `application/octet-stream`.
        content_type: String,
    },
}

impl Entry {
    /// A new folder.
    pub fn folder(entry_id: EntryId, owner_id: OwnerId, parent: FolderId, name: EntryName, now: Timestamp) -> Self {
        Self {
            entry_id,
            owner_id,
            parent,
            name,
            kind: EntryKind::Folder,
            revision: 1,
            client_modified_at: None,
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Size in bytes; 0 for a folder. Every entry counts its full size towards the quota.
    pub const fn size_bytes(&self) -> u64 {
        match &self.kind {
            EntryKind::Folder => 0,
            EntryKind::File { file, .. } => file.file_key.size_bytes,
        }
    }

    /// The file it refers to; `None` for a folder.
    pub const fn file(&self) -> Option<&FileRecordKey> {
        match &self.kind {
            EntryKind::Folder => None,
            EntryKind::File { file, .. } => Some(file),
        }
    }

    /// Whether it is a folder.
    pub const fn is_folder(&self) -> bool {
        matches!(self.kind, EntryKind::Folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_limited_as_json() {
        let of = |len: usize| Metadata::new(BTreeMap::from([("k".to_owned(), "v".repeat(len))]));
        assert!(of(MAX_METADATA_BYTES - r#"{"k":""}"#.len()).is_ok());
        assert_eq!(of(MAX_METADATA_BYTES - r#"{"k":""}"#.len() + 1).unwrap_err().code, "too-long");
    }

    #[test]
    fn content_types_are_checked() {
        for right in ["video/mp4", "text/plain; charset=utf-8", "application/vnd.api+json"] {
            assert_eq!(parse_content_type(right).unwrap(), right);
        }
        for wrong in ["", "video", "/mp4", "video/", "text/html\r\nX: y", "text/plain; n=\u{e9}", "a b/c"] {
            assert_eq!(parse_content_type(wrong).unwrap_err().code, "content-type", "{wrong:?}");
        }
    }
}
