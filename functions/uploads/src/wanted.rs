//! What a create asks for, once all its fields are well-formed.

use jiff::Timestamp;
use straightway_api::files::OnConflict as ApiOnConflict;
use straightway_api::uploads::{self as api, CreateUpload};
use straightway_core::entry::{OCTET_STREAM, parse_content_type};
use straightway_core::ports::Abilities;
use straightway_core::session::DoneParts;
use straightway_core::{
    ContentHash, Entry, EntryId, EntryKind, EntryName, Error, FileKey, FileRecordKey, FolderId, Integrity, Metadata,
    OnConflict, OwnerId, PartPlan, SessionId, SessionState, Sha1Hash, UploadMethod, UploadSession, Violation,
};

use crate::sign_parts::MAX_PARTS_PER_CALL;
use crate::signing::{self, PartRules};
use crate::target::names;
use crate::wire::method_for;

/// The answer to a challenge.
pub(crate) struct Answer {
    pub(crate) challenge: String,
    pub(crate) mac: [u8; 32],
}

/// A create whose fields are all well-formed.
pub(crate) struct Wanted {
    pub(crate) parent: Option<String>,
    pub(crate) folders: Vec<EntryName>,
    pub(crate) name: EntryName,
    pub(crate) plan: PartPlan,
    pub(crate) on_conflict: OnConflict,
    pub(crate) content_hash: Option<ContentHash>,
    pub(crate) sha1: Option<Sha1Hash>,
    pub(crate) parts: Option<Vec<api::PartToSign>>,
    pub(crate) integrity: Integrity,
    pub(crate) answer: Option<Answer>,
    method: UploadMethod,
    content_type: String,
    client_modified_at: Option<Timestamp>,
    metadata: Metadata,
}

impl Wanted {
    /// Checks a request. Where the store cannot vouch, `leaf` becomes `read`.
    pub(crate) fn parse(request: &CreateUpload, abilities: Abilities) -> Result<Self, Error> {
        let plan = PartPlan::for_size(request.size_bytes)?;
        let (folders, name) = names(request.name.as_deref(), request.path.as_deref())?;
        let content_hash = hash(request.content_hash.as_deref(), "/content_hash")?;
        let integrity = integrity(request, abilities);
        check_parts(request, PartRules { plan, integrity, content_hash })?;
        let content_type = match &request.content_type {
            Some(text) => parse_content_type(text).map_err(|violation| Error::invalid("/content_type", violation))?,
            None => OCTET_STREAM.to_owned(),
        };
        let sha1 = request.sha1.as_deref().map(Sha1Hash::from_hex).transpose();
        let metadata = Metadata::new(request.metadata.clone().unwrap_or_default());
        Ok(Self {
            parent: request.parent_id.clone(),
            folders,
            name,
            plan,
            on_conflict: on_conflict(request.on_conflict),
            content_hash,
            sha1: sha1.map_err(|violation| Error::invalid("/sha1", violation))?,
            parts: request.parts.clone(),
            integrity,
            answer: answer(request)?,
            method: method_for(&plan, abilities),
            content_type,
            client_modified_at: request.client_modified_at,
            metadata: metadata.map_err(|violation| Error::invalid("/metadata", violation))?,
        })
    }

    pub(crate) fn file_key(&self) -> Option<FileKey> {
        self.content_hash.map(|content_hash| FileKey { content_hash, size_bytes: self.plan.size_bytes() })
    }

    /// The entry that refers to `file` here.
    pub(crate) fn entry(
        &self,
        owner: &OwnerId,
        parent: FolderId,
        file: FileRecordKey,
        entry_id: EntryId,
        now: Timestamp,
    ) -> Entry {
        Entry {
            entry_id,
            owner_id: owner.clone(),
            parent,
            name: self.name.clone(),
            kind: EntryKind::File { file, content_type: self.content_type.clone() },
            revision: 1,
            client_modified_at: self.client_modified_at,
            metadata: self.metadata.clone(),
            created_at: now,
            updated_at: now,
        }
    }

    /// An open session for the bytes, under a name that was chosen.
    pub(crate) fn session(
        &self,
        owner: &OwnerId,
        parent: FolderId,
        name: EntryName,
        (session_id, entry_id): (SessionId, EntryId),
        now: Timestamp,
    ) -> UploadSession {
        UploadSession {
            session_id,
            owner_id: owner.clone(),
            state: SessionState::Open,
            reason: None,
            entry_id,
            parent,
            name,
            requested_name: self.name.clone(),
            on_conflict: self.on_conflict,
            content_type: self.content_type.clone(),
            client_modified_at: self.client_modified_at,
            metadata: self.metadata.clone(),
            plan: self.plan,
            method: self.method,
            integrity: self.integrity,
            content_hash: self.content_hash,
            multipart_id: None,
            done: DoneParts::default(),
            created_at: now,
            expires_at: UploadSession::expiry(now, now),
        }
    }
}

fn hash(text: Option<&str>, pointer: &str) -> Result<Option<ContentHash>, Error> {
    text.map(ContentHash::from_hex).transpose().map_err(|violation| Error::invalid(pointer, violation))
}

fn answer(request: &CreateUpload) -> Result<Option<Answer>, Error> {
    let Some(proof) = &request.proof else { return Ok(None) };
    if request.content_hash.is_none() {
        return Err(Error::invalid("/content_hash", Violation::new("required", "a proof is about a content hash")));
    }
    let mac = hash(Some(&proof.mac), "/proof/mac")?;
    Ok(mac.map(|mac| Answer { challenge: proof.challenge.clone(), mac: *mac.as_bytes() }))
}

fn integrity(request: &CreateUpload, abilities: Abilities) -> Integrity {
    let has_hashes =
        request.content_hash.is_some() || request.parts.iter().flatten().any(|part| part.leaf_hash.is_some());
    match request.integrity {
        _ if !abilities.vouches => Integrity::Read,
        Some(api::Integrity::Leaf) => Integrity::Leaf,
        None if has_hashes => Integrity::Leaf,
        Some(api::Integrity::Read) | None => Integrity::Read,
    }
}

const fn on_conflict(wanted: Option<ApiOnConflict>) -> OnConflict {
    match wanted {
        None | Some(ApiOnConflict::Rename) => OnConflict::Rename,
        Some(ApiOnConflict::Fail) => OnConflict::Fail,
        Some(ApiOnConflict::Replace) => OnConflict::Replace,
    }
}

fn check_parts(request: &CreateUpload, rules: PartRules) -> Result<(), Error> {
    let Some(parts) = &request.parts else { return Ok(()) };
    if parts.len() > MAX_PARTS_PER_CALL as usize {
        return Err(Error::invalid("/parts", Violation::new("too-many", "at most 1000 parts a call")));
    }
    signing::wanted(rules, parts, "/parts").map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABILITIES: Abilities = Abilities { vouches: true, conditional_put: true };

    fn request(json: &str) -> CreateUpload {
        serde_json::from_str(json).unwrap()
    }

    fn integrity_of(json: &str, abilities: Abilities) -> Integrity {
        Wanted::parse(&request(json), abilities).map_err(|error| error.to_string()).unwrap().integrity
    }

    #[test]
    fn integrity_follows_from_the_hashes_that_are_given() {
        let hash = "ab".repeat(32);
        let with_hash = format!(r#"{{"name": "a", "size_bytes": 5, "content_hash": "{hash}"}}"#);
        let with_leaf =
            format!(r#"{{"name": "a", "size_bytes": 5, "parts": [{{"part_number": 1, "leaf_hash": "{hash}"}}]}}"#);
        assert_eq!(integrity_of(r#"{"name": "a", "size_bytes": 5}"#, ABILITIES), Integrity::Read);
        assert_eq!(integrity_of(&with_hash, ABILITIES), Integrity::Leaf);
        assert_eq!(integrity_of(&with_leaf, ABILITIES), Integrity::Leaf);
        assert_eq!(integrity_of(&with_hash, Abilities { vouches: false, ..ABILITIES }), Integrity::Read);
        assert_eq!(integrity_of(r#"{"name": "a", "size_bytes": 5, "integrity": "leaf"}"#, ABILITIES), Integrity::Leaf);
    }

    #[test]
    fn every_broken_field_is_named() {
        let (hash, other) = ("ab".repeat(32), "cd".repeat(32));
        for (json, pointer) in [
            (r#"{"size_bytes": 5}"#.to_owned(), "/name"),
            (r#"{"name": "a", "size_bytes": 5, "content_hash": "x"}"#.to_owned(), "/content_hash"),
            (r#"{"name": "a", "size_bytes": 5, "sha1": "x"}"#.to_owned(), "/sha1"),
            (r#"{"name": "a", "size_bytes": 5, "content_type": "x"}"#.to_owned(), "/content_type"),
            (r#"{"name": "a", "size_bytes": 5, "parts": [{"part_number": 2}]}"#.to_owned(), "/parts/0/part_number"),
            (
                r#"{"name": "a", "size_bytes": 5, "integrity": "leaf", "parts": [{"part_number": 1}]}"#.to_owned(),
                "/parts/0/leaf_hash",
            ),
            (
                format!(
                    r#"{{"name": "a", "size_bytes": 5, "content_hash": "{hash}",
                        "parts": [{{"part_number": 1, "leaf_hash": "{other}"}}]}}"#
                ),
                "/parts/0/leaf_hash",
            ),
            (
                format!(r#"{{"name": "a", "size_bytes": 5, "proof": {{"challenge": "c", "mac": "{hash}"}}}}"#),
                "/content_hash",
            ),
            (
                format!(
                    r#"{{"name": "a", "size_bytes": 5, "content_hash": "{hash}",
                        "proof": {{"challenge": "c", "mac": "no"}}}}"#
                ),
                "/proof/mac",
            ),
        ] {
            match Wanted::parse(&request(&json), ABILITIES) {
                Err(Error::Invalid(violations)) => assert_eq!(violations[0].pointer, pointer, "{json}"),
                Err(other) => panic!("{json}: {other}"),
                Ok(_) => panic!("{json} was taken"),
            }
        }
    }

    #[test]
    fn the_largest_file_and_one_byte_more() {
        let of = |size: u64| Wanted::parse(&request(&format!(r#"{{"name": "a", "size_bytes": {size}}}"#)), ABILITIES);
        assert!(of(53_687_091_200_000).is_ok());
        assert!(matches!(of(53_687_091_200_001), Err(Error::TooLarge { .. })));
    }
}
