//! Files and folders.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// What happens when a name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// The new entry gets another name: `film (1).mp4`.
    Rename,
    /// The request is refused with `name-taken`.
    Fail,
    /// The new entry takes the name, the present holder goes.
    Replace,
}

/// One owner's named reference to a file, or a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Its identity.
    pub entry_id: String,
    /// File or folder.
    pub kind: Kind,
    /// As its owner wrote it.
    pub name: String,
    /// The folder it is in: `root` or an entry id.
    pub parent_id: String,
    /// Size in bytes; 0 for a folder.
    pub size_bytes: u64,
    /// Media type; null for a folder.
    pub content_type: Option<String>,
    /// The content; null for a folder.
    pub content_hash: Option<String>,
    /// Whole-file SHA-1, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha1: Option<String>,
    /// `active` or `trashed`.
    pub state: EntryState,
    /// The copy in the second store: `none`, `pending`, `copied` or `failed`.
    pub replica: String,
    /// Goes up with every change; also the ETag.
    pub revision: u64,
    /// What the client's file system said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_modified_at: Option<Timestamp>,
    /// As given.
    pub metadata: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Refers to a file.
    File,
    /// Holds other entries.
    Folder,
}

/// Whether an entry can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EntryState {
    /// Listed.
    Active,
    /// In the trash.
    Trashed,
}

/// `POST /v1/folders`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateFolder {
    /// Its name.
    pub name: String,
    /// The folder it will be in; default `root`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// Default `fail`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_conflict: Option<FolderConflict>,
}

/// What happens when a folder's name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FolderConflict {
    /// The request is refused with `name-taken`.
    Fail,
    /// The folder that is there is the answer; a file with the name still refuses.
    Merge,
}

/// `PATCH /v1/files/{id}`: fields left out stay as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateFile {
    /// A new name.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Another folder.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// Another media type; not for folders.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Replaces all metadata.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// What happens when the name is taken; default `fail`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub on_conflict: Option<OnConflict>,
}

/// A field of a PATCH may be left out, but `null` is no value of it.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

/// `GET /v1/files/{id}/download`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Download {
    /// A credential: whoever has it can read the file.
    pub url: String,
    /// When the store stops taking it.
    pub expires_at: Timestamp,
    /// The same in seconds from now.
    pub expires_in: u64,
    /// `primary` or `secondary`.
    pub store: String,
}

/// Work that goes on after its request was answered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Its identity.
    pub job_id: String,
    /// `running` or `done`.
    pub state: JobState,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Under way.
    Running,
    /// Finished.
    Done,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_tells_left_out_from_null() {
        let parse = |json: &str| serde_json::from_str::<UpdateFile>(json);
        assert!(parse("{}").unwrap().name.is_none());
        assert_eq!(parse(r#"{"name": "a"}"#).unwrap().name.as_deref(), Some("a"));
        assert!(parse(r#"{"name": null}"#).is_err());
        assert!(parse(r#"{"nmae": "a"}"#).is_err());
    }
}
