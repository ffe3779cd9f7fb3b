//! `get`: a file, a folder, to a path or to standard output.

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::{StreamExt, stream};
use straightway_api::files::{Entry, Kind};
use straightway_client::{Engine, Error, Patience};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{FileProgress, Line, human_bytes};
use crate::remote::{Listing, Remote, resolve};
use crate::tree::remote_name;

/// Files at a time.
const FILES: usize = 4;
const STDOUT: &str = "-";

pub(crate) async fn get(context: &Context, remote: &str, to: Option<PathBuf>) -> Result<(), Failure> {
    let api = context.api(Patience::LONG)?;
    let found = resolve(&api, remote).await?;
    let download = Downloads { context, engine: Engine::new(api) };
    let to_stdout = to.as_ref().is_some_and(|path| path.as_os_str() == STDOUT);
    match found {
        Remote::Entry(entry) if entry.kind == Kind::File && to_stdout => download.to_stdout(&entry, remote).await,
        Remote::Entry(entry) if entry.kind == Kind::File => {
            let path = destination(to, &entry.name)?;
            let received = download.file(&entry, remote, &path, FileProgress::new).await?;
            let size = human_bytes(received);
            Ok(context.output.say(&format!("{} is complete and verified: {size} received", path.display()))?)
        }
        _ if to_stdout => Err(Failure::usage(format!("{remote} is a folder: it cannot go to standard output"))),
        folder => {
            let name = match &folder {
                Remote::Root => "straightway",
                Remote::Entry(entry) => &entry.name,
            };
            let path = destination(to, name)?;
            download.folder(folder.id(), remote.trim_end_matches('/'), &path).await
        }
    }
}

/// A given path; within it when it is a folder that is there; else the name, here.
fn destination(to: Option<PathBuf>, name: &str) -> Result<PathBuf, Failure> {
    // A server could name an entry `../x`: ours never does.
    let name = local_name(name)?;
    Ok(match to {
        None => PathBuf::from(name),
        Some(folder) if folder.is_dir() => folder.join(name),
        Some(path) => path,
    })
}

fn local_name(name: &str) -> Result<&str, Failure> {
    remote_name(Some(name))
        .map_err(|why| Failure::from(Error::Protocol(format!("an entry is named {name:?}: {why}"))))?;
    Ok(name)
}

struct Downloads<'a> {
    context: &'a Context,
    engine: Engine,
}

/// A file of a folder and where it goes.
struct Wanted {
    entry: Entry,
    remote: String,
    path: PathBuf,
}

impl Downloads<'_> {
    async fn to_stdout(&self, entry: &Entry, remote: &str) -> Result<(), Failure> {
        if self.context.output.is_json() {
            return Err(Failure::usage("`--json` and `-o -` both want standard output"));
        }
        let progress = FileProgress::new(&self.context.output, remote);
        self.engine.get_into(entry, io::stdout(), Arc::new(progress)).await?;
        Ok(())
    }

    async fn file(
        &self,
        entry: &Entry,
        remote: &str,
        path: &Path,
        progress: impl FnOnce(&Arc<crate::output::Output>, &str) -> FileProgress,
    ) -> Result<u64, Failure> {
        let output = &self.context.output;
        let got = self.engine.get(entry, path, Arc::new(progress(output, remote))).await?;
        output.event(&Line::Got {
            remote,
            path: &path.display().to_string(),
            size_bytes: entry.size_bytes,
            received_bytes: got.received_bytes,
            content_hash: entry.content_hash.as_deref(),
        })?;
        Ok(got.received_bytes)
    }

    /// Everything below a folder: one file that fails does not stop the others.
    async fn folder(&self, id: &str, remote: &str, path: &Path) -> Result<(), Failure> {
        let (files, failed, received) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let mut folders = vec![(id.to_owned(), remote.to_owned(), path.to_owned())];
        while let Some((id, remote, path)) = folders.pop() {
            make_folder(&path)?;
            let mut pages = Listing::of(self.engine.api(), &id);
            while let Some(entries) = pages.next().await? {
                let mut wanted = Vec::new();
                for entry in entries {
                    let below = path.join(local_name(&entry.name)?);
                    let remote = format!("{remote}/{}", entry.name);
                    match entry.kind {
                        Kind::Folder => folders.push((entry.entry_id, remote, below)),
                        Kind::File => wanted.push(Wanted { entry, remote, path: below }),
                    }
                }
                let mut results = stream::iter(wanted).map(|wanted| self.one_of_many(wanted)).buffer_unordered(FILES);
                while let Some(result) = results.next().await {
                    files.update(|files| files + 1);
                    match result? {
                        Some(bytes) => received.update(|received| received + bytes),
                        None => failed.update(|failed| failed + 1),
                    }
                }
            }
        }
        self.sum_up(files.get(), failed.get(), received.get())
    }

    /// Bytes received, or `None` when it failed and was reported.
    async fn one_of_many(&self, Wanted { entry, remote, path }: Wanted) -> Result<Option<u64>, Failure> {
        match self.file(&entry, &remote, &path, FileProgress::of_many).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(failure) if failure.concerns_all() || failure.is_broken_pipe() => Err(failure),
            Err(failure) => {
                self.context.output.error(&remote, &failure);
                self.context.output.event(&Line::Failed { path: &remote, message: &failure.message() })?;
                Ok(None)
            }
        }
    }

    fn sum_up(&self, files: u64, failed: u64, received_bytes: u64) -> Result<(), Failure> {
        let output = &self.context.output;
        output.event(&Line::Downloaded { files, failed, received_bytes })?;
        output.say(&format!("{files} files: {} received", human_bytes(received_bytes)))?;
        if failed == 0 {
            return Ok(());
        }
        Err(Failure::partial(format!("{failed} of {files} files were not downloaded"))
            .hint("run the same command again: only what is missing is fetched"))
    }
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path)
        .map_err(|error| Error::file(format!("cannot make the folder {}", path.display()), error).into())
}
