//! `put`: files, folders, standard input.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::{TryStreamExt, stream};
use jiff::Timestamp;
use straightway_api::files::{Entry, OnConflict};
use straightway_client::{Content, Engine, How, Observer, Parallel, Patience, Put, Source, Target, spool};

use super::manage::make_folders;
use crate::args::PutArgs;
use crate::context::{Context, cache_folder};
use crate::failure::Failure;
use crate::output::{FileProgress, Line, human_bytes};
use crate::remote::RemotePath;
use crate::tree::{Found, remote_name, walk};

/// Files at a time: small ones wait for answers, not for bytes.
const FILES: usize = 8;
const STDIN: &str = "-";

pub(crate) async fn put(context: &Context, args: PutArgs) -> Result<(), Failure> {
    let jobs = plan(&args)?;
    let api = context.api(Patience::LONG)?;
    let parts = usize::from(args.parallel);
    let limits = Parallel { parts, sends: parts.max(FILES), ..Parallel::default() };
    let upload = Uploads {
        context,
        engine: Engine::with(api, limits),
        base: Base::of(args.to.as_deref())?,
        on_conflict: args.on_conflict.into(),
    };
    match <[Job; 1]>::try_from(jobs) {
        Ok([Job::One(one)]) => upload.single(one).await,
        Ok([Job::Failed { failure, .. }]) => Err(failure),
        Ok([folder]) => upload.many(vec![folder]).await,
        Err(jobs) => upload.many(jobs).await,
    }
}

/// One of the paths that were typed.
enum Job {
    One(One),
    Folder { local: PathBuf, name: String },
    Failed { local: PathBuf, failure: Failure },
}

/// One file to be uploaded.
struct One {
    local: Local,
    remote: String,
}

enum Local {
    File(PathBuf),
    Stdin,
}

impl Local {
    fn display(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => STDIN.to_owned(),
        }
    }
}

/// Decides what each path is, before anything is sent.
fn plan(args: &PutArgs) -> Result<Vec<Job>, Failure> {
    if args.name.is_some() && args.paths.len() > 1 {
        return Err(Failure::usage("`--name` names a single file"));
    }
    if args.paths.iter().filter(|path| path.as_os_str() == STDIN).count() > 1 {
        return Err(Failure::usage("standard input can be read once"));
    }
    args.paths.iter().map(|path| job(path, args.name.as_deref())).collect()
}

fn job(path: &Path, name: Option<&str>) -> Result<Job, Failure> {
    let checked = |name: Option<&str>| remote_name(name).map(|name| name.as_str().to_owned());
    let given = name.map(|name| checked(Some(name)).map_err(Failure::usage)).transpose()?;
    if path.as_os_str() == STDIN {
        let remote =
            given.ok_or_else(|| Failure::usage("standard input has no name").hint("give one with `--name`"))?;
        return Ok(Job::One(One { local: Local::Stdin, remote }));
    }
    let failed = |error: io::Error| {
        let failure = straightway_client::Error::file(format!("cannot read {}", path.display()), error);
        Job::Failed { local: path.to_owned(), failure: failure.into() }
    };
    let is_folder = match std::fs::metadata(path) {
        Ok(metadata) => metadata.is_dir(),
        Err(error) => return Ok(failed(error)),
    };
    let name = match given {
        Some(_) if is_folder => return Err(Failure::usage("`--name` names a single file")),
        Some(name) => name,
        None => match own_name(path).and_then(|name| checked(name.to_str()).map_err(io::Error::other)) {
            Ok(name) => name,
            Err(error) => return Ok(failed(error)),
        },
    };
    let local = path.to_owned();
    Ok(if is_folder { Job::Folder { local, name } } else { Job::One(One { local: Local::File(local), remote: name }) })
}

/// The last name of a path; that of `.` and `..` is looked up.
fn own_name(path: &Path) -> io::Result<std::ffi::OsString> {
    let name = match path.file_name() {
        Some(name) => Some(name.to_owned()),
        None => path.canonicalize()?.file_name().map(ToOwned::to_owned),
    };
    name.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it has no name"))
}

/// The remote folder that everything goes into.
struct Base {
    parent_id: Option<String>,
    prefix: String,
}

impl Base {
    fn of(to: Option<&str>) -> Result<Self, Failure> {
        let path = RemotePath::parse(to.unwrap_or_default())?;
        let prefix = path.names().iter().flat_map(|name| [name, "/"]).collect();
        Ok(Self { parent_id: path.start().map(str::to_owned), prefix })
    }

    fn path(&self, remote: &str) -> String {
        format!("{}{remote}", self.prefix)
    }
}

struct Uploads<'a> {
    context: &'a Context,
    engine: Engine,
    base: Base,
    on_conflict: OnConflict,
}

/// What happened to several files.
#[derive(Default)]
struct Tally {
    uploaded: u64,
    unchanged: u64,
    instant: u64,
    skipped: u64,
    failed: u64,
    sent_bytes: u64,
}

impl Tally {
    fn count(&mut self, put: &Put) {
        match put.how {
            How::Uploaded => self.uploaded += 1,
            How::Unchanged => self.unchanged += 1,
            How::Instant | How::Proved => self.instant += 1,
        }
        self.sent_bytes += put.sent_bytes;
    }
}

impl Uploads<'_> {
    async fn single(&self, one: One) -> Result<(), Failure> {
        let progress = FileProgress::new(&self.context.output, &one.local.display());
        let put = self.upload(&one, Arc::new(progress)).await?;
        let remote = self.report(&one, &put)?;
        let text = match put.how {
            How::Uploaded => format!("stored {remote}: {} sent", human_bytes(put.sent_bytes)),
            How::Unchanged => format!("unchanged {remote}: nothing sent"),
            How::Instant => format!("stored {remote}: you had its content already, nothing sent"),
            How::Proved => format!("stored {remote}: the server had its content already, nothing sent"),
        };
        Ok(self.context.output.say(&text)?)
    }

    /// Several files: one that fails does not stop the others.
    async fn many(&self, jobs: Vec<Job>) -> Result<(), Failure> {
        let tally = RefCell::new(Tally::default());
        let counter = self.context.output.file_counter();
        let found = jobs.into_iter().flat_map(expand);
        let result = stream::iter(found.map(Ok))
            .try_for_each_concurrent(FILES, |step| async {
                let result = self.step(step, &tally).await;
                counter.as_ref().inspect(|counter| counter.inc(1));
                result
            })
            .await;
        counter.inspect(indicatif::ProgressBar::finish_and_clear);
        result?;
        self.sum_up(&tally.into_inner())
    }

    async fn step(&self, step: Step, tally: &RefCell<Tally>) -> Result<(), Failure> {
        let output = &self.context.output;
        let (path, failure) = match step {
            Step::Upload(one) => {
                let path = one.local.display();
                match self.upload(&one, Arc::new(FileProgress::of_many(output, &path))).await {
                    Ok(put) => {
                        self.report(&one, &put)?;
                        tally.borrow_mut().count(&put);
                        return Ok(());
                    }
                    Err(failure) => (path, failure),
                }
            }
            Step::MakeFolder { local, remote } => {
                let remote = self.base.path(&remote);
                let names: Vec<_> = remote.split('/').collect();
                match make_folders(self.engine.api(), self.base.parent_id.as_deref(), &names).await {
                    Ok(_) => return Ok(()),
                    Err(failure) => (local.display().to_string(), failure),
                }
            }
            Step::Skipped { local, reason } => {
                let path = local.display().to_string();
                tally.borrow_mut().skipped += 1;
                output.note(&format!("note: skipped {path}: {reason}"));
                return Ok(output.event(&Line::Skipped { path: &path, reason })?);
            }
            Step::Failed { local, failure } => (local.display().to_string(), failure),
        };
        if failure.concerns_all() || failure.is_broken_pipe() {
            return Err(failure);
        }
        tally.borrow_mut().failed += 1;
        output.error(&path, &failure);
        Ok(output.event(&Line::Failed { path: &path, message: &failure.message() })?)
    }

    async fn upload(&self, one: &One, progress: Arc<dyn Observer>) -> Result<Put, Failure> {
        let (content, modified) = open(&one.local, &progress).await?;
        let target = Target {
            parent_id: self.base.parent_id.clone(),
            path: self.base.path(&one.remote),
            on_conflict: Some(self.on_conflict),
            content_type: mime_guess::from_path(&one.remote).first().map(|kind| kind.to_string()),
            client_modified_at: modified,
            metadata: None,
        };
        Ok(self.engine.put(content, &target, progress).await?)
    }

    /// Says where a file is now; the server may have given it another name.
    fn report(&self, one: &One, put: &Put) -> Result<String, Failure> {
        let asked = self.base.path(&one.remote);
        let remote = renamed(&asked, &put.entry);
        let outcome = match put.how {
            How::Uploaded => "uploaded",
            How::Unchanged => "unchanged",
            How::Instant => "instant",
            How::Proved => "proved",
        };
        let (path, sent_bytes, entry) = (&one.local.display(), put.sent_bytes, &put.entry);
        self.context.output.event(&Line::Stored { path, remote: &remote, outcome, sent_bytes, entry })?;
        Ok(remote)
    }

    fn sum_up(&self, tally: &Tally) -> Result<(), Failure> {
        let Tally { uploaded, unchanged, instant, skipped, failed, sent_bytes } = *tally;
        let files = uploaded + unchanged + instant + failed;
        let output = &self.context.output;
        output.event(&Line::Summary { files, uploaded, unchanged, instant, skipped, failed, sent_bytes })?;
        let sent = human_bytes(sent_bytes);
        output.say(&format!(
            "{files} files: {uploaded} uploaded, {unchanged} unchanged, {instant} known already; {sent} sent"
        ))?;
        if failed == 0 {
            return Ok(());
        }
        Err(Failure::partial(format!("{failed} of {files} files were not uploaded"))
            .hint("run the same command again when the causes are mended: only what is missing is sent"))
    }
}

/// One thing to do.
enum Step {
    Upload(One),
    MakeFolder { local: PathBuf, remote: String },
    Skipped { local: PathBuf, reason: &'static str },
    Failed { local: PathBuf, failure: Failure },
}

/// Walks folders as they are reached: a large tree is never held in memory.
fn expand(job: Job) -> Box<dyn Iterator<Item = Step>> {
    match job {
        Job::One(one) => Box::new(std::iter::once(Step::Upload(one))),
        Job::Failed { local, failure } => Box::new(std::iter::once(Step::Failed { local, failure })),
        Job::Folder { local, name } => Box::new(walk(&local, name).map(|found| match found {
            Found::File { local, remote } => Step::Upload(One { local: Local::File(local), remote }),
            Found::EmptyFolder { local, remote } => Step::MakeFolder { local, remote },
            Found::Skipped { local, reason } => Step::Skipped { local, reason },
            Found::Failed { local, message } => Step::Failed { local, failure: io::Error::other(message).into() },
        })),
    }
}

async fn open(local: &Local, progress: &Arc<dyn Observer>) -> Result<(Content, Option<Timestamp>), Failure> {
    match local {
        Local::File(path) => {
            let source = Source::open(path)?;
            let modified = source.modified().and_then(|time| Timestamp::try_from(time).ok());
            Ok((source.into(), modified))
        }
        Local::Stdin => {
            let (folder, progress) = (cache_folder()?, Arc::clone(progress));
            let content = tokio::task::spawn_blocking(move || spool(io::stdin().lock(), &folder, &progress))
                .await
                .map_err(anyhow::Error::new)??;
            Ok((content, None))
        }
    }
}

/// The path with the entry's own name at its end.
fn renamed(path: &str, entry: &Entry) -> String {
    match path.rsplit_once('/') {
        Some((folders, _)) => format!("{folders}/{}", entry.name),
        None => entry.name.clone(),
    }
}
