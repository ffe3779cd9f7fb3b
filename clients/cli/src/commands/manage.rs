//! `ls`, `mv`, `rm`, `mkdir`.

use std::time::Duration;

use straightway_api::files::{CreateFolder, Entry, FolderConflict, JobState, Kind, OnConflict, UpdateFile};
use straightway_client::{Api, Deleted, Patience};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Line, human_bytes, result};
use crate::remote::{Listing, Remote, RemotePath, resolve};

/// How often a deletion that goes on is asked about.
const JOB_POLL: Duration = Duration::from_millis(500);

pub(crate) async fn ls(context: &Context, path: &str, long: bool) -> Result<(), Failure> {
    let api = context.api(Patience::SHORT)?;
    let print = |entry: &Entry| {
        result(&context.output, &Line::Entry { entry }, || if long { long_line(entry) } else { short_line(entry) })
    };
    match resolve(&api, path).await? {
        Remote::Entry(entry) if entry.kind == Kind::File => Ok(print(&entry)?),
        folder => {
            let mut pages = Listing::of(&api, folder.id());
            while let Some(entries) = pages.next().await? {
                entries.iter().try_for_each(print)?;
            }
            Ok(())
        }
    }
}

fn short_line(entry: &Entry) -> String {
    // Our servers allow no such name; another's could play with the terminal.
    let name = entry.name.replace(char::is_control, "?");
    match entry.kind {
        Kind::Folder => format!("{name}/"),
        Kind::File => name,
    }
}

fn long_line(entry: &Entry) -> String {
    let size = match entry.kind {
        Kind::Folder => "-".to_owned(),
        Kind::File => human_bytes(entry.size_bytes).to_string(),
    };
    let changed = entry.client_modified_at.unwrap_or(entry.created_at).strftime("%Y-%m-%d %H:%M");
    format!("{size:>12}  {changed}  {}  {}", entry.entry_id, short_line(entry))
}

pub(crate) async fn mv(
    context: &Context,
    source: &str,
    destination: &str,
    on_conflict: OnConflict,
) -> Result<(), Failure> {
    let api = context.api(Patience::SHORT)?;
    let entry = resolve(&api, source).await?.entry()?;
    let (parent_id, name) = place(&api, destination).await?;
    let change = UpdateFile {
        name: name.filter(|name| *name != entry.name),
        parent_id: Some(parent_id).filter(|parent| *parent != entry.parent_id),
        on_conflict: Some(on_conflict),
        ..UpdateFile::default()
    };
    let moved = if change.name.is_none() && change.parent_id.is_none() {
        entry
    } else {
        api.update_file(&entry.entry_id, &change, None).await?
    };
    context.output.event(&Line::Entry { entry: &moved })?;
    Ok(context.output.say(&format!("moved {source} to {destination} as {}", moved.name))?)
}

/// The folder that a destination means, and the new name unless it is a folder itself.
async fn place(api: &Api, destination: &str) -> Result<(String, Option<String>), Failure> {
    let path = RemotePath::parse(destination)?;
    if let Some(there) = path.find(api).await?.filter(Remote::is_folder) {
        return Ok((there.id().to_owned(), None));
    }
    if destination.ends_with('/') {
        return Err(Failure::not_found(destination));
    }
    let (folder, name) = folder_and_name(api, path, destination).await?;
    Ok((folder, Some(name)))
}

async fn folder_and_name(api: &Api, path: RemotePath<'_>, text: &str) -> Result<(String, String), Failure> {
    let (above, name) = path.split_last().ok_or_else(|| Failure::not_found(text))?;
    match above.find(api).await? {
        Some(folder) if folder.is_folder() => Ok((folder.id().to_owned(), name.to_owned())),
        Some(_) => Err(Failure::conflict(format!("what is above {text} is a file"))),
        None => Err(Failure::not_found(&format!("folder above {text}"))),
    }
}

pub(crate) async fn rm(context: &Context, paths: &[String], recursive: bool) -> Result<(), Failure> {
    let api = context.api(Patience::SHORT)?;
    if let [path] = paths {
        return remove(context, &api, path, recursive).await;
    }
    let mut failed = 0;
    for path in paths {
        match remove(context, &api, path, recursive).await {
            Ok(()) => {}
            Err(failure) if failure.concerns_all() => return Err(failure),
            Err(failure) => {
                failed += 1;
                context.output.event(&Line::Failed { path, message: &failure.message() })?;
                context.output.error(path, &failure);
            }
        }
    }
    if failed == 0 { Ok(()) } else { Err(Failure::partial(format!("{failed} of {} were not deleted", paths.len()))) }
}

async fn remove(context: &Context, api: &Api, path: &str, recursive: bool) -> Result<(), Failure> {
    let entry = resolve(api, path).await?.entry()?;
    if entry.kind == Kind::Folder && !recursive {
        return Err(Failure::usage(format!("{path} is a folder")).hint("`rm -r` deletes folders with all below"));
    }
    if let Deleted::Running { job_id } = api.delete_file(&entry.entry_id, None).await? {
        while api.job(&job_id).await?.state == JobState::Running {
            tokio::time::sleep(JOB_POLL).await;
        }
    }
    context.output.event(&Line::Deleted { path })?;
    Ok(context.output.say(&format!("deleted {path}"))?)
}

pub(crate) async fn mkdir(context: &Context, path: &str, parents: bool) -> Result<(), Failure> {
    let api = context.api(Patience::SHORT)?;
    let parsed = RemotePath::parse(path)?;
    let entry = if parents {
        make_folders(&api, parsed.start(), parsed.names()).await?.ok_or_else(|| Failure::usage("a path has a name"))?
    } else {
        let (parent_id, name) = folder_and_name(&api, parsed, path).await?;
        let on_conflict = Some(FolderConflict::Fail);
        api.create_folder(&CreateFolder { name, parent_id: Some(parent_id), on_conflict }).await?
    };
    context.output.event(&Line::Entry { entry: &entry })?;
    Ok(context.output.say(&format!("made {path}"))?)
}

/// Makes the folders that are not there; the last one, or `None` when there are no names.
pub(crate) async fn make_folders(api: &Api, start: Option<&str>, names: &[&str]) -> Result<Option<Entry>, Failure> {
    let mut last: Option<Entry> = None;
    for name in names {
        let parent_id = last.as_ref().map(|folder| folder.entry_id.as_str()).or(start).map(str::to_owned);
        let on_conflict = Some(FolderConflict::Merge);
        last = Some(api.create_folder(&CreateFolder { name: (*name).to_owned(), parent_id, on_conflict }).await?);
    }
    Ok(last)
}
