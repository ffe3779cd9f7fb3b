//! One file, from the disk to an entry.

mod session;
mod urls;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use straightway_api::files::{Entry, OnConflict};
use straightway_api::uploads::{CreateUpload, Proof, State, Upload, UploadCreated};
use straightway_core::{PartNumber, PartPlan};

use crate::engine::Engine;
use crate::error::Error;
use crate::hash::{Hashed, hash_file};
use crate::progress::{Event, Observer, Restart};
use crate::proof;
use crate::source::Source;
use session::{Ending, SessionUpload};

/// How often one upload begins anew, because its file changes or its session ends, before we give up.
const MAX_ROUNDS: u32 = 3;
/// How many challenges are answered for one create.
const MAX_CHALLENGES: u32 = 2;

/// What is to be uploaded: a file, and its hash if that is known already.
#[derive(Clone, Debug)]
pub struct Content {
    source: Source,
    hashed: Option<Hashed>,
}

impl Content {
    pub(crate) const fn hashed(source: Source, hashed: Hashed) -> Self {
        Self { source, hashed: Some(hashed) }
    }
}

impl From<Source> for Content {
    fn from(source: Source) -> Self {
        Self { source, hashed: None }
    }
}

/// Where an upload goes and what is remembered with it.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The folder: `root` (default) or an entry id.
    pub parent_id: Option<String>,
    /// Name or `/`-separated path below the folder; missing folders are made.
    pub path: String,
    /// What happens when the name is taken; the server's default is `rename`.
    pub on_conflict: Option<OnConflict>,
    /// Media type.
    pub content_type: Option<String>,
    /// When the file was last modified.
    pub client_modified_at: Option<Timestamp>,
    /// At most 2 KB; comes back with the entry.
    pub metadata: Option<BTreeMap<String, String>>,
}

impl Target {
    /// A name in the root folder.
    pub fn named(name: impl Into<String>) -> Self {
        Self { path: name.into(), ..Self::default() }
    }

    fn create(&self, hashed: &Hashed, proof: Option<Proof>) -> CreateUpload {
        let is_path = self.path.contains('/');
        let (name, path) = (Some(self.path.clone()).filter(|_| !is_path), Some(self.path.clone()).filter(|_| is_path));
        let first: Vec<_> = hashed.plan.parts().map(|part| part.number).take(FIRST_PARTS).collect();
        CreateUpload {
            name,
            path,
            parent_id: self.parent_id.clone(),
            size_bytes: hashed.plan.size_bytes(),
            content_type: self.content_type.clone(),
            on_conflict: self.on_conflict,
            integrity: None,
            content_hash: Some(hashed.content_hash.to_hex()),
            sha1: None,
            parts: Some(urls::parts_to_sign(hashed, &first)),
            client_modified_at: self.client_modified_at,
            metadata: self.metadata.clone(),
            proof,
        }
    }
}

/// Parts signed with the create, so that sending starts at once.
const FIRST_PARTS: usize = 8;

/// How an entry came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It was there: this name already held this content.
    Unchanged,
    /// The caller had this content under another name.
    Instant,
    /// The server had this content, and we showed that we have it too.
    Proved,
    /// Bytes were sent, in this run or an earlier one.
    Uploaded,
}

/// A finished upload.
#[derive(Clone, Debug)]
pub struct Put {
    /// The entry.
    pub entry: Entry,
    /// How it came to be.
    pub how: How,
    /// Bytes of content that the store took in this run.
    pub sent_bytes: u64,
}

/// What a create came to, once challenges are answered.
enum Begun {
    Stored(Box<Entry>, How),
    Upload(Box<Upload>),
}

impl Engine {
    /// Uploads one file. Doing it again with the same target changes nothing; after an interruption it goes on.
    ///
    /// # Errors
    /// What the API or the store refuse for good, a server that stays away, a file that cannot be read or never rests.
    pub async fn put(&self, content: Content, target: &Target, observer: Arc<dyn Observer>) -> Result<Put, Error> {
        let Content { mut source, mut hashed } = content;
        let sent = AtomicU64::new(0);
        let mut last = Error::KeepsChanging;
        for _ in 0..MAX_ROUNDS {
            let known = match hashed.take() {
                Some(known) => known,
                None => self.hash(&mut source, &observer).await?,
            };
            let upload = match self.begin(&source, &known, target, &observer).await? {
                Begun::Stored(entry, how) => return Ok(Put { entry: *entry, how, sent_bytes: sent.into_inner() }),
                Begun::Upload(upload) => upload,
            };
            let session = SessionUpload::new(self, &source, &known, &upload.session, &observer, &sent)?;
            match session.run(*upload).await? {
                Ending::Stored(entry) => {
                    return Ok(Put { entry: *entry, how: How::Uploaded, sent_bytes: sent.into_inner() });
                }
                Ending::FileChanged => {
                    observer.on(Event::Restarted { reason: Restart::FileChanged });
                    last = Error::KeepsChanging;
                }
                Ending::SessionEnded { state, reason } => {
                    observer.on(Event::Restarted { reason: Restart::SessionEnded { state } });
                    last = Error::Ended { state: state.unwrap_or(State::Expired), reason };
                    // The bytes may still be what was hashed: only a changed file is read again.
                    hashed = source.is_unchanged().then_some(known);
                }
            }
        }
        Err(last)
    }

    /// Hashes the file as it is now, again when it changed meanwhile.
    async fn hash(&self, source: &mut Source, observer: &Arc<dyn Observer>) -> Result<Hashed, Error> {
        let unreadable = |error| Error::file("cannot read the file", error);
        for _ in 0..MAX_ROUNDS {
            *source = source.as_now().map_err(unreadable)?;
            let plan = PartPlan::for_size(source.size_bytes())
                .map_err(|_| Error::file("cannot upload the file", io::ErrorKind::FileTooLarge.into()))?;
            observer.on(Event::Hashing { size_bytes: source.size_bytes() });
            match hash_file(source, plan, &self.hashers, observer).await {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
                Ok(hashed) if source.is_unchanged() => {
                    observer.on(Event::HashKnown { content_hash: hashed.content_hash });
                    return Ok(hashed);
                }
                Ok(_) => {}
                Err(error) => return Err(unreadable(error)),
            }
        }
        Err(Error::KeepsChanging)
    }

    /// Creates the upload, answering challenges.
    async fn begin(
        &self,
        source: &Source,
        hashed: &Hashed,
        target: &Target,
        observer: &Arc<dyn Observer>,
    ) -> Result<Begun, Error> {
        let mut proof = None;
        for _ in 0..=MAX_CHALLENGES {
            let proved = proof.is_some();
            let created = self.api.create_upload(&target.create(hashed, proof.take())).await?;
            match created.outcome {
                UploadCreated::Upload(upload) => return Ok(Begun::Upload(upload)),
                UploadCreated::Stored { entry } => {
                    let how = match (created.is_new, proved) {
                        (false, _) => How::Unchanged,
                        (true, false) => How::Instant,
                        (true, true) => How::Proved,
                    };
                    return Ok(Begun::Stored(Box::new(entry), how));
                }
                UploadCreated::Prove(challenge) => {
                    observer.on(Event::Proving);
                    let owner = self.owner_id().await?;
                    proof = Some(proof::answer(source, hashed.file_key(), challenge, self.api.origin(), owner).await?);
                }
                UploadCreated::Hash => return Err(Error::Protocol("asked for a hash that was given".into())),
            }
        }
        Err(Error::Protocol("every proof is answered with another challenge".into()))
    }
}

/// Expands `[first, last]` pairs.
fn numbers(pairs: &[[u16; 2]], plan: &PartPlan) -> Result<Vec<PartNumber>, Error> {
    let in_plan = |pair: &&[u16; 2]| pair[0] >= 1 && pair[0] <= pair[1] && pair[1] <= plan.part_count();
    if !pairs.iter().all(|pair| in_plan(&pair)) {
        return Err(Error::Protocol(format!("missing parts {pairs:?} of {}", plan.part_count())));
    }
    let all = pairs.iter().flat_map(|[first, last]| *first..=*last);
    Ok(all.filter_map(|number| PartNumber::new(number.into()).ok()).collect())
}

/// Adds to what the store took.
fn count(sent: &AtomicU64, bytes: u64) {
    sent.fetch_add(bytes, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use straightway_core::LeafHash;

    use super::*;

    fn hashed(size: u64) -> Hashed {
        let plan = PartPlan::for_size(size).unwrap();
        Hashed::new(plan, vec![LeafHash::of(b"x"); plan.part_count().into()])
    }

    #[test]
    fn a_path_with_folders_is_sent_as_path_and_a_bare_one_as_name() {
        let bare = Target::named("film.mp4").create(&hashed(5), None);
        assert_eq!((bare.name.as_deref(), bare.path.as_deref()), (Some("film.mp4"), None));
        let deep = Target::named("holiday/film.mp4").create(&hashed(5), None);
        assert_eq!((deep.name.as_deref(), deep.path.as_deref()), (None, Some("holiday/film.mp4")));
    }

    #[test]
    fn the_first_parts_are_signed_with_the_create() {
        let asked = |size| {
            let parts = Target::named("x").create(&hashed(size), None).parts.unwrap();
            parts.iter().map(|part| part.part_number).collect::<Vec<_>>()
        };
        assert_eq!(asked(0), [1]);
        assert_eq!(asked((16 << 20) + 1), [1, 2]);
        assert_eq!(asked(1 << 30), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn missing_pairs_are_expanded_and_those_outside_the_plan_refused() {
        let plan = PartPlan::for_size(1 << 30).unwrap();
        let expand = |pairs: &[[u16; 2]]| {
            numbers(pairs, &plan).map(|numbers| numbers.iter().map(|number| number.get()).collect::<Vec<_>>())
        };
        assert_eq!(expand(&[[1, 3], [64, 64]]).unwrap(), [1, 2, 3, 64]);
        assert!(expand(&[]).unwrap().is_empty());
        for wrong in [[0, 1], [2, 1], [64, 65]] {
            assert!(expand(&[wrong]).is_err(), "{wrong:?}");
        }
    }
}
