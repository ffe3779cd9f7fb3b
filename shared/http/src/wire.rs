//! From records to what clients see, where more than one function shows them.

use jiff::Timestamp;
use straightway_api::files as api;
use straightway_core::{Entry, EntryKind, File, Replica};

/// An entry as its owner sees it. `file` is the record it refers to; `None` for a folder.
pub fn entry_with_file(entry: &Entry, file: Option<&File>) -> api::Entry {
    let content = match &entry.kind {
        EntryKind::Folder => None,
        EntryKind::File { file, content_type } => Some((file.file_key.content_hash.to_hex(), content_type.clone())),
    };
    let (content_hash, content_type) = content.unzip();
    api::Entry {
        entry_id: entry.entry_id.to_string(),
        kind: if entry.is_folder() { api::Kind::Folder } else { api::Kind::File },
        name: entry.name.to_string(),
        parent_id: entry.parent.to_string(),
        size_bytes: entry.size_bytes(),
        content_type,
        content_hash,
        sha1: file.and_then(|file| file.sha1).map(|sha1| sha1.to_hex()),
        state: api::EntryState::Active,
        replica: file.map_or(Replica::None, |file| file.replica).as_str().to_owned(),
        revision: entry.revision,
        client_modified_at: entry.client_modified_at,
        metadata: entry.metadata.pairs().clone(),
        created_at: entry.created_at,
        updated_at: entry.updated_at,
    }
}

/// Seconds until `then`, rounded up; 0 when it has passed.
pub fn seconds_until(then: Timestamp, now: Timestamp) -> u64 {
    let millis = then.duration_since(now).as_millis();
    u64::try_from(millis.max(0)).unwrap_or(u64::MAX).div_ceil(1000)
}
