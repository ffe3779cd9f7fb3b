use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use straightway_api::List;
use straightway_api::files as api;
use straightway_core::{Entry, Error, FoldedName, FolderId, OwnerId, Violation};
use straightway_http::wire::entry_with_file;
use straightway_http::{Caller, Params, Problem, page_limit};
use utoipa::IntoParams;

use crate::Ports;

/// Which page of which folder.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// The folder: `root` (default) or an entry id.
    parent_id: Option<String>,
    /// Only names that start with this; letter case does not matter.
    name_prefix: Option<String>,
    /// Only the entry with this name; letter case does not matter.
    name: Option<String>,
    /// Items on the page: 1 to 1,000.
    #[param(default = 100, minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// The former page's `next_cursor`.
    cursor: Option<String>,
}

/// One page of a folder, by name. What the caller just wrote is there.
#[utoipa::path(
    get, path = "/v1/files", params(ListParams),
    responses((status = 200, body = List<api::Entry>), straightway_http::openapi::Problems),
)]
pub(crate) async fn list_files(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    Params(list): Params<ListParams>,
) -> Result<Json<List<api::Entry>>, Problem> {
    let limit = page_limit(list.limit)?;
    // A parameter without a value is one that was left out.
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let list = ListParams {
        parent_id: given(list.parent_id),
        name_prefix: given(list.name_prefix),
        name: given(list.name),
        ..list
    };
    if list.name.is_some() && list.name_prefix.is_some() {
        return Err(
            Error::invalid("name", Violation::new("exclusive", "give `name` or `name_prefix`, not both")).into()
        );
    }
    let prefix = list.name_prefix.as_deref().map(FoldedName::of);
    let parent_id = list.parent_id.as_deref().unwrap_or("root");
    let name_of_list = format!("files/{parent_id}/{}", prefix.as_ref().map_or("", |prefix| prefix.as_str()));
    let cursors = &ports.settings.cursors;
    let after: Option<String> = cursors.open(&owner, &name_of_list, list.cursor.as_deref())?;
    let parent = ports.lifecycle.folder(&owner, parent_id).await?;
    if let Some(name) = &list.name {
        return Ok(Json(ports.named(&owner, &parent, name).await?));
    }
    let after = after.map(FoldedName::from_folded);
    let page = ports.lifecycle.catalog.list_folder(&owner, &parent, prefix.as_ref(), after.as_ref(), limit).await?;
    let next_cursor = page.next.map(|next| cursors.seal(&owner, &name_of_list, &next.as_str()));
    Ok(Json(List { items: ports.shown_all(&page.items).await?, next_cursor }))
}

impl Ports {
    async fn named(&self, owner: &OwnerId, parent: &FolderId, name: &str) -> Result<List<api::Entry>, Error> {
        let found = self.lifecycle.catalog.entry_named(owner, parent, &FoldedName::of(name)).await?;
        let found: Vec<Entry> = found.into_iter().collect();
        Ok(List { items: self.shown_all(&found).await?, next_cursor: None })
    }

    async fn shown_all(&self, entries: &[Entry]) -> Result<Vec<api::Entry>, Error> {
        let mut keys: Vec<_> = entries.iter().filter_map(Entry::file).cloned().collect();
        keys.sort_unstable();
        keys.dedup();
        let files = self.lifecycle.catalog.files(&keys).await?;
        let files: HashMap<_, _> = files.iter().map(|file| (&file.record_key, file)).collect();
        let file_of = |entry: &Entry| entry.file().and_then(|key| files.get(key)).copied();
        Ok(entries.iter().map(|entry| entry_with_file(entry, file_of(entry))).collect())
    }
}
