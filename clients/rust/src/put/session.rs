//! One upload session: its missing parts to the store, then its end.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use futures::{TryStreamExt, stream};
use straightway_api::files::Entry;
use straightway_api::uploads::{CompleteUpload, Session, SignedPart, State, Upload};
use straightway_core::PartNumber;
use straightway_core::plan::Part;

use super::urls::{PartUrls, Signed};
use super::{count, numbers};
use crate::body::BodyWatch;
use crate::engine::Engine;
use crate::error::Error;
use crate::hash::{Hashed, read_leaf};
use crate::progress::{Event, Observer};
use crate::source::Source;
use crate::store::{Meaning, StoreAnswer, put_part};

/// Longest wait in one call; the API's own limit.
const WAIT_SECONDS: u8 = 20;
/// The least time between two questions.
const SOON: Duration = Duration::from_millis(500);
/// How often the server may find parts missing that the store said it took.
const MAX_GAPS: u32 = 3;
/// How often a part may arrive damaged, though the file is what was hashed.
const MAX_DAMAGES: u32 = 3;
/// After so many broken connections in a row a new URL is asked for: a store that refuses early may be unable to say so.
const BREAKS_BEFORE_NEW_URL: u32 = 3;

/// What became of a session.
pub(super) enum Ending {
    Stored(Box<Entry>),
    /// The file is no longer what was hashed; the session is aborted.
    FileChanged,
    /// It ended elsewhere; `None`: the server no longer knows it.
    SessionEnded {
        state: Option<State>,
        reason: Option<String>,
    },
}

/// Why the way to the end is left: either another ending than `stored`, or an error.
enum Stop {
    FileChanged,
    SessionEnded,
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error.api().map(|api| (api.status, api.problem.as_str())) {
            Some((404, _) | (_, "session-ended" | "hash-mismatch")) => Self::SessionEnded,
            _ => Self::Error(error),
        }
    }
}

/// Uploads the parts of one session.
pub(super) struct SessionUpload<'a> {
    engine: &'a Engine,
    source: &'a Source,
    hashed: &'a Hashed,
    session_id: String,
    observer: &'a Arc<dyn Observer>,
    sent: &'a AtomicU64,
}

impl<'a> SessionUpload<'a> {
    /// Checks that the server cuts the file as we do.
    pub(super) fn new(
        engine: &'a Engine,
        source: &'a Source,
        hashed: &'a Hashed,
        session: &Session,
        observer: &'a Arc<dyn Observer>,
        sent: &'a AtomicU64,
    ) -> Result<Self, Error> {
        let plan = &hashed.plan;
        let theirs = (session.size_bytes, session.part_size, session.part_count);
        if theirs != (plan.size_bytes(), plan.part_size(), plan.part_count()) {
            return Err(Error::Protocol(format!("the session has another part plan: {theirs:?}")));
        }
        Ok(Self { engine, source, hashed, session_id: session.session_id.clone(), observer, sent })
    }

    pub(super) async fn run(&self, upload: Upload) -> Result<Ending, Error> {
        match self.to_the_end(upload).await {
            Ok(entry) => Ok(Ending::Stored(Box::new(entry))),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::FileChanged) => {
                // Its bytes are of no use; if this call fails the session expires by itself.
                let _ = self.engine.api.abort_upload(&self.session_id).await;
                Ok(Ending::FileChanged)
            }
            Err(Stop::SessionEnded) => self.how_it_ended().await,
        }
    }

    async fn to_the_end(&self, upload: Upload) -> Result<Entry, Stop> {
        let mut missing = numbers(&upload.missing, &self.hashed.plan)?;
        self.announce(&missing, upload.resumed);
        let mut signed = upload.parts;
        for _ in 0..=MAX_GAPS {
            self.send(&missing, std::mem::take(&mut signed)).await?;
            self.observer.on(Event::Verifying);
            match self.complete().await? {
                Completed::Stored(entry) => return Ok(*entry),
                Completed::Missing(pairs) => missing = numbers(&pairs, &self.hashed.plan)?,
            }
        }
        Err(Error::Protocol("the store loses parts that it took".into()).into())
    }

    fn announce(&self, missing: &[PartNumber], resumed: bool) {
        self.observer.on(Event::Uploading {
            session_id: self.session_id.clone(),
            resumed,
            size_bytes: self.hashed.plan.size_bytes(),
            part_count: self.hashed.plan.part_count(),
            missing_parts: u16::try_from(missing.len()).unwrap_or(u16::MAX),
            missing_bytes: missing.iter().map(|number| self.part(*number).size_bytes).sum(),
        });
    }

    fn part(&self, number: PartNumber) -> Part {
        self.hashed.plan.part(number).expect("numbers are checked against the plan")
    }

    /// Sends parts, several at a time.
    async fn send(&self, missing: &[PartNumber], signed: Vec<SignedPart>) -> Result<(), Stop> {
        let urls = PartUrls::new(&self.engine.api, &self.session_id, self.hashed, missing, signed)?;
        stream::iter(missing.iter().map(|number| Ok(self.part(*number))))
            .try_for_each_concurrent(self.engine.parallel.parts, |part| self.send_part(part, &urls))
            .await
    }

    /// Sends one part until the store has it.
    async fn send_part(&self, part: Part, urls: &PartUrls<'_>) -> Result<(), Stop> {
        let mut failures = self.engine.api.failures();
        let (mut refusals, mut damages) = (0, 0);
        let mut signed = urls.take(part.number).await?;
        loop {
            let answer = self.try_part(part, &mut signed, urls).await?;
            match answer.meaning {
                Meaning::Stored | Meaning::AlreadyThere => {
                    urls.is_done(part.number);
                    count(self.sent, if answer.meaning == Meaning::Stored { part.size_bytes } else { 0 });
                    let (part_number, size_bytes) = (part.number.get(), part.size_bytes);
                    self.observer.on(Event::PartStored { part_number, size_bytes });
                    return Ok(());
                }
                Meaning::Again => {
                    let reason = answer.reason();
                    if !self.engine.api.pause(&mut failures, answer.retry_after, &reason).await {
                        return Err(Error::Unreachable { whom: "the store", reason: answer.text }.into());
                    }
                    let broken = !answer.answered && failures.count().is_multiple_of(BREAKS_BEFORE_NEW_URL);
                    if broken || signed.is_over() {
                        signed = urls.take(part.number).await?;
                    }
                    refusals = 0;
                    continue;
                }
                Meaning::SignAgain if refusals == 0 => refusals += 1,
                Meaning::CheckBytes if damages < MAX_DAMAGES => {
                    if read_leaf(self.source, part).await.map_err(changed_or_error)? != self.hashed.leaf(part.number) {
                        return Err(Stop::FileChanged);
                    }
                    damages += 1;
                    refusals = 0;
                }
                Meaning::SessionGone => return Err(self.without_multipart().await),
                Meaning::SignAgain | Meaning::CheckBytes | Meaning::Refused => {
                    return Err(Error::Store { what: format!("part {}", part.number), answer: answer.text }.into());
                }
            }
            signed = urls.take(part.number).await?;
        }
    }

    /// Sends one part once.
    async fn try_part(&self, part: Part, signed: &mut Signed, urls: &PartUrls<'_>) -> Result<StoreAnswer, Stop> {
        let _permit = self.engine.sends.acquire().await.expect("the semaphore is never closed");
        // It may have waited long for its turn.
        if signed.is_over() {
            *signed = urls.take(part.number).await?;
        }
        let watch = Arc::new(BodyWatch::default());
        let attempt = Attempt { watch: &watch, observer: self.observer, stored: false };
        let answer = put_part(self.engine.api.http(), &signed.part, part, self.source, &watch, self.observer).await;
        if answer.meaning == Meaning::Stored {
            attempt.stored();
            return Ok(answer);
        }
        drop(attempt);
        match watch.take_fault() {
            Some(fault) => Err(changed_or_error(Error::file("cannot read the file", fault))),
            None => Ok(answer),
        }
    }

    /// The store no longer knows the multipart upload: the session has ended, or can only be ended.
    async fn without_multipart(&self) -> Stop {
        match self.engine.api.upload(&self.session_id, None).await {
            Ok(session) if session.state == State::Open => match self.engine.api.abort_upload(&self.session_id).await {
                Ok(()) => Stop::SessionEnded,
                Err(error) => error.into(),
            },
            Ok(_) => Stop::SessionEnded,
            Err(error) => error.into(),
        }
    }

    async fn complete(&self) -> Result<Completed, Stop> {
        let request = CompleteUpload { content_hash: Some(self.hashed.content_hash.to_hex()) };
        let session = match self.engine.api.complete_upload(&self.session_id, &request).await {
            Err(error) if error.is_problem("parts-missing") => {
                let missing = error.api().and_then(crate::error::ApiError::missing);
                return missing
                    .map(Completed::Missing)
                    .ok_or_else(|| Error::Protocol("parts are missing, but not said which".into()).into());
            }
            session => session?,
        };
        self.judged(session).await.map(|entry| Completed::Stored(Box::new(entry)))
    }

    /// Waits until the bytes are judged.
    async fn judged(&self, mut session: Session) -> Result<Entry, Stop> {
        while session.state == State::Verifying {
            let asked = Instant::now();
            session = self.engine.api.upload(&self.session_id, Some(WAIT_SECONDS)).await?;
            // A server that does not wait must not be asked all the time.
            if session.state == State::Verifying && asked.elapsed() < SOON {
                tokio::time::sleep(SOON).await;
            }
        }
        match session.state {
            State::Stored => Ok(session.entry.ok_or_else(|| Error::Protocol("stored without an entry".into()))?),
            State::Open => Err(Error::Protocol("complete left the session open".into()).into()),
            _ => Err(Stop::SessionEnded),
        }
    }

    async fn how_it_ended(&self) -> Result<Ending, Error> {
        let session = match self.engine.api.upload(&self.session_id, None).await {
            Err(error) if error.is_problem("not-found") => {
                return Ok(Ending::SessionEnded { state: None, reason: None });
            }
            session => session?,
        };
        let (state, reason) = (Some(session.state), session.reason.clone());
        match session.state {
            // Another run of the same upload was faster.
            State::Stored | State::Verifying => match self.judged(session).await {
                Ok(entry) => Ok(Ending::Stored(Box::new(entry))),
                Err(Stop::Error(error)) => Err(error),
                Err(_) => Ok(Ending::SessionEnded { state: Some(State::Rejected), reason }),
            },
            _ => Ok(Ending::SessionEnded { state, reason }),
        }
    }
}

enum Completed {
    Stored(Box<Entry>),
    Missing(Vec<[u16; 2]>),
}

/// One try of a part: unless the store took it, its bytes count no more, also when it is cancelled.
struct Attempt<'a> {
    watch: &'a BodyWatch,
    observer: &'a Arc<dyn Observer>,
    stored: bool,
}

impl Attempt<'_> {
    fn stored(mut self) {
        self.stored = true;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let bytes = self.watch.close();
        if !self.stored && bytes > 0 {
            self.observer.on(Event::TakenBack { bytes });
        }
    }
}

/// A file that became shorter has changed; any other trouble with it is an error.
fn changed_or_error(error: Error) -> Stop {
    match &error {
        Error::File { source, .. } if source.kind() == std::io::ErrorKind::UnexpectedEof => Stop::FileChanged,
        _ => Stop::Error(error),
    }
}
