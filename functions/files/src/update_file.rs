use axum::extract::State;
use axum::response::Response;
use straightway_api::files::{self as api, OnConflict, UpdateFile};
use straightway_core::entry::parse_content_type;
use straightway_core::ports::Moved;
use straightway_core::{Conflict, Entry, EntryId, EntryKind, EntryName, Error, FolderId, Metadata, OwnerId, Violation};
use straightway_http::{Caller, IfMatch, JsonBody, NoParams, PathId, Problem};
use straightway_lifecycle::free_name;

use crate::{Ports, get_file};

/// Folders above a folder that can still be moved: what one transaction can check.
const MAX_DEPTH: usize = 64;
/// How often a change that others interfere with is tried again.
const MAX_TRIES: u32 = 32;

/// Renames, moves or describes anew. What is left out stays as it is.
#[utoipa::path(
    patch, path = "/v1/files/{id}",
    params(("id" = String, Path, description = "Entry"),
        ("If-Match" = Option<String>, Header, description = "Only if it still has this ETag")),
    request_body = UpdateFile,
    responses((status = 200, body = api::Entry), straightway_http::openapi::Problems),
)]
pub(crate) async fn update_file(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    PathId(id): PathId<EntryId>,
    _: NoParams,
    if_match: IfMatch,
    JsonBody(request): JsonBody<UpdateFile>,
) -> Result<Response, Problem> {
    let change = Change::parse(request)?;
    let entry = ports.change(&owner, &id, &if_match, &change).await?;
    get_file::answer(&ports, &entry).await
}

/// A change whose fields are all well-formed.
struct Change {
    name: Option<EntryName>,
    parent: Option<String>,
    content_type: Option<String>,
    metadata: Option<Metadata>,
    on_conflict: OnConflict,
}

impl Change {
    fn parse(request: UpdateFile) -> Result<Self, Error> {
        let name = request.name.as_deref().map(EntryName::parse).transpose();
        let content_type = request.content_type.as_deref().map(parse_content_type).transpose();
        let metadata = request.metadata.map(Metadata::new).transpose();
        Ok(Self {
            name: name.map_err(|violation| Error::invalid("/name", violation))?,
            parent: request.parent_id,
            content_type: content_type.map_err(|violation| Error::invalid("/content_type", violation))?,
            metadata: metadata.map_err(|violation| Error::invalid("/metadata", violation))?,
            on_conflict: request.on_conflict.unwrap_or(OnConflict::Fail),
        })
    }

    /// `before` with this change; the revision goes up when that changes anything.
    fn apply(&self, before: &Entry, parent: FolderId) -> Result<Entry, Error> {
        let mut after = before.clone();
        after.parent = parent;
        if let Some(name) = &self.name {
            after.name = name.clone();
        }
        if let Some(metadata) = &self.metadata {
            after.metadata = metadata.clone();
        }
        if let Some(new) = &self.content_type {
            match &mut after.kind {
                EntryKind::File { content_type, .. } => content_type.clone_from(new),
                EntryKind::Folder => {
                    let violation = Violation::new("content-type", "a folder has no content type");
                    return Err(Error::invalid("/content_type", violation));
                }
            }
        }
        Ok(after)
    }
}

impl Ports {
    async fn change(&self, owner: &OwnerId, id: &EntryId, if_match: &IfMatch, change: &Change) -> Result<Entry, Error> {
        for _ in 0..MAX_TRIES {
            let before = self.entry_of(owner, id).await?;
            if_match.check(before.revision)?;
            let parent = match &change.parent {
                Some(parent) => self.lifecycle.folder(owner, parent).await?,
                None => before.parent.clone(),
            };
            let mut after = change.apply(&before, parent)?;
            if after == before {
                return Ok(before);
            }
            let replaced = self.settle_name(&mut after, change.on_conflict).await?;
            let ancestors = self.ancestors(&before, &after).await?;
            after.revision += 1;
            after.updated_at = self.lifecycle.clock.now();
            let catalog = &self.lifecycle.catalog;
            match catalog.move_entry(&before, &after, replaced.as_ref(), &ancestors).await? {
                Moved::Done => return Ok(after),
                Moved::ParentGone if change.parent.is_some() => return Err(Error::NotFound),
                Moved::Changed | Moved::NameTaken | Moved::ParentGone => {}
            }
        }
        Err(Error::unavailable("changing an entry", "others kept changing it"))
    }

    /// What happens when another entry has the name: refused, renamed, or the holder, which the move purges.
    async fn settle_name(&self, after: &mut Entry, on_conflict: OnConflict) -> Result<Option<Entry>, Error> {
        let catalog = self.lifecycle.catalog.as_ref();
        let holder = catalog.entry_named(&after.owner_id, &after.parent, &after.name.folded()).await?;
        let Some(holder) = holder.filter(|holder| holder.entry_id != after.entry_id) else {
            return Ok(None);
        };
        match on_conflict {
            OnConflict::Rename => {
                after.name = free_name(catalog, &after.owner_id, &after.parent, &after.name).await?;
                Ok(None)
            }
            // Nothing replaces a folder, and a folder replaces nothing: too much would go with one request.
            OnConflict::Replace if !holder.is_folder() && !after.is_folder() => Ok(Some(holder)),
            OnConflict::Fail | OnConflict::Replace => {
                Err(Error::Conflict(Conflict::NameTaken { entry_id: holder.entry_id }))
            }
        }
    }

    /// The folders from the new parent up to the root, for a folder that moves.
    ///
    /// # Errors
    /// `Invalid` when the folder is among them: it cannot move into itself or below.
    async fn ancestors(&self, before: &Entry, after: &Entry) -> Result<Vec<Entry>, Error> {
        let mut ancestors = Vec::new();
        if !before.is_folder() || before.parent == after.parent {
            return Ok(ancestors);
        }
        let refuse = |code, detail| Err(Error::invalid("/parent_id", Violation::new(code, detail)));
        let mut parent = after.parent.clone();
        while let FolderId::Folder(id) = parent {
            if id == before.entry_id {
                return refuse("cycle", "a folder cannot move into itself or below");
            }
            if ancestors.len() == MAX_DEPTH {
                return refuse("too-deep", "a folder can move to a depth of 64");
            }
            let folder = self.entry_of(&before.owner_id, &id).await?;
            parent = folder.parent.clone();
            ancestors.push(folder);
        }
        Ok(ancestors)
    }
}
