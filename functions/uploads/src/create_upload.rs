use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use straightway_api::uploads::{self as api, CreateUpload, UploadCreated};
use straightway_core::ports::{CommitBy, NewSession, Opened, ProofAttempt};
use straightway_core::proof::{self, Challenge};
use straightway_core::session::marker;
use straightway_core::settings::{Dedupe, InstantUpload, MIN_INSTANT_BYTES};
use straightway_core::{
    Conflict, Entry, EntryId, EntryName, Error, File, FileKey, FileRecordKey, FolderId, Integrity, LeafHash,
    OnConflict, OwnerId, PartNumber, SessionId, SessionState, UploadMethod, UploadSession,
};
use straightway_http::wire::seconds_until;
use straightway_http::{Begun, Caller, IdempotencyKey, JsonBody, NoParams, NoStore, Problem};
use straightway_lifecycle::free_name;

use crate::limits::Counted;
use crate::ports::random;
use crate::target::Target;
use crate::wanted::{Answer, Wanted};
use crate::wire::progress_without;
use crate::{Ports, signing};

/// 1 MiB: 1,000 parts with their hashes, metadata and a long path.
const MAX_BODY: usize = 1 << 20;
/// Parts that are signed unasked when no leaf hashes are needed.
const FIRST_PARTS: usize = 8;
/// How often a create chooses another name that others keep taking.
const MAX_CHOICES: u32 = 32;
/// When an owner with too many live sessions may try again.
const SESSIONS_RETRY: Duration = Duration::from_mins(1);

/// Creates an upload: done at once where the content is known (`stored`), after proof of possession where others
/// have it (`prove`), by the SHA-1 hint (`hash`), else by sending the bytes (`upload`).
#[utoipa::path(
    post, path = "/v1/uploads",
    params(("Idempotency-Key" = Option<String>, Header, description = "16 to 128 characters; repeats change nothing")),
    request_body = CreateUpload,
    responses(
        (status = 200, body = UploadCreated, description = "`prove`, `hash`, or `stored`: the name holds this content"),
        (status = 201, body = UploadCreated, description = "`stored` or `upload`"),
        straightway_http::openapi::Problems,
    ),
)]
pub(crate) async fn create_upload(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    _: NoParams,
    key: IdempotencyKey,
    JsonBody(request): JsonBody<CreateUpload, MAX_BODY>,
) -> Result<Response, Problem> {
    let wanted = Wanted::parse(&request, ports.lifecycle.store.abilities())?;
    let clock = &ports.lifecycle.clock;
    let claim = match key.begin(&ports.requests, clock, &owner, "createUpload", &request).await? {
        Begun::Done(record) => {
            let outcome = ports.outcome_again(&owner, &record).await?;
            return ports.render(&owner, &wanted, outcome).await;
        }
        Begun::Fresh(claim) => claim,
    };
    let result = match ports.create(&owner, &wanted).await {
        // Nothing was created: the key is free again.
        Ok(outcome @ (Outcome::Prove(_) | Outcome::Hash)) => Err(Ok(outcome)),
        Ok(created) => Ok(created),
        Err(error) => Err(Err(error)),
    };
    let outcome = claim.settle(result, Outcome::record).await.or_else(|nothing_created| nothing_created)?;
    ports.render(&owner, &wanted, outcome).await
}

/// What a create came to.
enum Outcome {
    /// The name holds this content already.
    There(Entry),
    /// An entry was made, no byte needs to be sent.
    Stored(Entry),
    /// The content is known: show that you have it.
    Prove(Challenge),
    /// The SHA-1 is known: compute the content hash.
    Hash,
    /// Send the bytes.
    Upload { session: UploadSession, age: Age },
}

/// Where the session of an upload comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    /// This request made it: nothing is uploaded.
    New,
    /// It was there: a device goes on with it.
    Resumed,
    /// An earlier request with this idempotency key made it.
    Repeated,
}

/// What an idempotency key remembers: ids and how it was answered, never a URL.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Record {
    There(String),
    Stored(String),
    Upload { session_id: String, resumed: bool },
}

impl Outcome {
    fn record(&self) -> String {
        let record = match self {
            Self::There(entry) => Record::There(entry.entry_id.to_string()),
            Self::Stored(entry) => Record::Stored(entry.entry_id.to_string()),
            Self::Upload { session, age } => {
                Record::Upload { session_id: session.session_id.to_string(), resumed: *age == Age::Resumed }
            }
            Self::Prove(_) | Self::Hash => return String::new(),
        };
        serde_json::to_string(&record).expect("plain data is JSON")
    }
}

impl Ports {
    /// The order of judgement is the API's: what is there already, a live session, the name, the quota, own content,
    /// a proof, a challenge; else an upload.
    async fn create(&self, owner: &OwnerId, wanted: &Wanted) -> Result<Outcome, Error> {
        self.count(owner, Counted::Create).await?;
        let parent = wanted.parent.as_deref();
        let target = self.find_target(owner, parent, wanted.folders.clone(), wanted.name.clone()).await?;
        if let Some(found) = self.there_already(owner, wanted, &target).await? {
            return Ok(found);
        }
        let (needed_bytes, available_bytes) =
            (wanted.plan.size_bytes(), self.lifecycle.catalog.available_bytes(owner).await?);
        if needed_bytes > available_bytes {
            return Err(Error::QuotaExceeded { needed_bytes, available_bytes });
        }
        if let Some(known) = self.known_content(owner, wanted, &target).await? {
            return Ok(known);
        }
        let target = self.make_folders(owner, target).await?;
        self.open(owner, wanted, &target.folder).await
    }

    async fn there_already(&self, owner: &OwnerId, wanted: &Wanted, target: &Target) -> Result<Option<Outcome>, Error> {
        if !target.lacking.is_empty() {
            return Ok(None);
        }
        let (catalog, name) = (&self.lifecycle.catalog, target.name.folded());
        let holder = catalog.entry_named(owner, &target.folder, &name).await?;
        if let Some(key) = wanted.file_key() {
            let record_key = self.lifecycle.record_key(owner, key);
            if let Some(entry) = holder.as_ref().filter(|holder| holder.file() == Some(&record_key)) {
                return Ok(Some(Outcome::There(entry.clone())));
            }
            let marker = marker(owner, &target.folder, &name, key.size_bytes, key.content_hash);
            if let Some(session) = catalog.session_with_marker(&marker).await? {
                return Ok(Some(Outcome::Upload { session, age: Age::Resumed }));
            }
        }
        match holder {
            Some(holder) if wanted.on_conflict == OnConflict::Fail => {
                Err(Error::Conflict(Conflict::NameTaken { entry_id: holder.entry_id }))
            }
            _ => Ok(None),
        }
    }

    /// Instant upload, as far as the deployment has it.
    async fn known_content(&self, owner: &OwnerId, wanted: &Wanted, target: &Target) -> Result<Option<Outcome>, Error> {
        if self.settings.instant == InstantUpload::Off {
            return Ok(None);
        }
        let Some(key) = wanted.file_key() else {
            return Ok(self.sha1_is_known(owner, wanted).await?.then_some(Outcome::Hash));
        };
        let record_key = self.lifecycle.record_key(owner, key);
        let own = self.lifecycle.catalog.entry_of_file(owner, &record_key).await?;
        if let Some(own) = &own
            && let Some(entry) =
                self.store_instantly(owner, wanted, target, &record_key, CommitBy::Own { entry: own }).await?
        {
            return Ok(Some(Outcome::Stored(entry)));
        }
        if !self.may_offer_others(key.size_bytes) {
            return Ok(None);
        }
        let Some(file) = self.lifecycle.catalog.file(&record_key).await? else {
            return Ok(None);
        };
        let Some(answer) = &wanted.answer else {
            let challenge = Challenge::new(owner, &key, random()?, self.lifecycle.clock.now());
            return Ok(Some(Outcome::Prove(challenge)));
        };
        let Some(attempt) = self.judge(owner, key, &file, answer).await? else {
            return Ok(None);
        };
        let by = CommitBy::Instant { proof: Some(&attempt) };
        let stored = self.store_instantly(owner, wanted, target, &record_key, by).await?;
        Ok(stored.map(Outcome::Stored))
    }

    fn may_offer_others(&self, size_bytes: u64) -> bool {
        self.settings.instant == InstantUpload::Global
            && self.lifecycle.dedupe == Dedupe::Global
            && size_bytes >= MIN_INSTANT_BYTES
    }

    /// Whether it helps to compute the content hash: an own entry, or one of others that may be offered.
    async fn sha1_is_known(&self, owner: &OwnerId, wanted: &Wanted) -> Result<bool, Error> {
        let (Some(sha1), Dedupe::Global) = (&wanted.sha1, self.lifecycle.dedupe) else {
            return Ok(false);
        };
        let size_bytes = wanted.plan.size_bytes();
        let Some(known) = self.lifecycle.catalog.file_with_sha1(sha1, size_bytes).await? else {
            return Ok(false);
        };
        if self.may_offer_others(size_bytes) {
            return Ok(true);
        }
        Ok(self.lifecycle.catalog.entry_of_file(owner, &known).await?.is_some())
    }

    /// The attempt, when the answer is right.
    async fn judge(
        &self,
        owner: &OwnerId,
        key: FileKey,
        file: &File,
        answer: &Answer,
    ) -> Result<Option<ProofAttempt>, Error> {
        let seal = &self.settings.challenges;
        let now = self.lifecycle.clock.now();
        let Some(challenge) = Challenge::open(&answer.challenge, seal, owner, &key, now) else {
            return Ok(None);
        };
        let attempt = ProofAttempt {
            nonce: challenge.nonce_hex().to_owned(),
            owner_id: owner.clone(),
            file_key: key,
            day: challenge.day(),
            expires_at: challenge.expires_at(),
        };
        let ranges = proof::ranges(seal, &key, challenge.day());
        let origin = &self.settings.origin;
        self.lifecycle.judge_proof(&challenge, &ranges, attempt, origin, file, &answer.mac).await
    }

    async fn store_instantly(
        &self,
        owner: &OwnerId,
        wanted: &Wanted,
        target: &Target,
        file: &FileRecordKey,
        by: CommitBy<'_>,
    ) -> Result<Option<Entry>, Error> {
        let folder = self.make_folders(owner, target.clone()).await?.folder;
        let now = self.lifecycle.clock.now();
        let entry = wanted.entry(owner, folder, file.clone(), EntryId::from_random(random()?), now);
        self.lifecycle.instant_upload(entry, wanted.on_conflict, by).await
    }

    async fn open(&self, owner: &OwnerId, wanted: &Wanted, folder: &FolderId) -> Result<Outcome, Error> {
        if wanted.integrity == Integrity::Read {
            self.count(owner, Counted::ReadBack(wanted.plan.size_bytes())).await?;
        }
        for _ in 0..MAX_CHOICES {
            let (name, name_must_be_free) = self.choose_name(owner, wanted, folder).await?;
            let ids = (SessionId::from_random(random()?), EntryId::from_random(random()?));
            let session = wanted.session(owner, folder.clone(), name, ids, self.lifecycle.clock.now());
            let max_open_sessions = self.settings.limits.open_sessions;
            let new = NewSession { session: &session, name_must_be_free, max_open_sessions };
            match self.lifecycle.catalog.open_session(&new).await? {
                Opened::Done => return Ok(Outcome::Upload { session, age: Age::New }),
                Opened::Live(session) => return Ok(Outcome::Upload { session: *session, age: Age::Resumed }),
                Opened::NameTaken => {}
                Opened::ParentGone => return Err(Error::NotFound),
                Opened::QuotaExceeded { available_bytes } => {
                    return Err(Error::QuotaExceeded { needed_bytes: wanted.plan.size_bytes(), available_bytes });
                }
                Opened::TooManySessions => return Err(Error::TooMany { retry_after: SESSIONS_RETRY }),
            }
        }
        Err(Error::unavailable("opening an upload", "others kept taking its name"))
    }

    /// The name that the entry will have, as far as that is known now, and whether nobody may hold it.
    async fn choose_name(
        &self,
        owner: &OwnerId,
        wanted: &Wanted,
        folder: &FolderId,
    ) -> Result<(EntryName, bool), Error> {
        let catalog = self.lifecycle.catalog.as_ref();
        let holder = catalog.entry_named(owner, folder, &wanted.name.folded()).await?;
        match (holder, wanted.on_conflict) {
            (None, _) => Ok((wanted.name.clone(), wanted.on_conflict != OnConflict::Replace)),
            (Some(holder), OnConflict::Fail) => Err(Error::Conflict(Conflict::NameTaken { entry_id: holder.entry_id })),
            (Some(holder), OnConflict::Replace) if !holder.is_folder() => Ok((wanted.name.clone(), false)),
            (Some(_), OnConflict::Rename | OnConflict::Replace) => {
                Ok((free_name(catalog, owner, folder, &wanted.name).await?, true))
            }
        }
    }

    /// What an idempotency key remembers, as it stands now.
    async fn outcome_again(&self, owner: &OwnerId, record: &str) -> Result<Outcome, Error> {
        let entry = async |id: &str| match EntryId::parse(id) {
            Some(id) => self.lifecycle.catalog.entry(owner, &id).await?.ok_or(Error::NotFound),
            None => Err(Error::internal("an idempotency key remembers a broken id")),
        };
        match serde_json::from_str(record) {
            Ok(Record::There(id)) => Ok(Outcome::There(entry(&id).await?)),
            Ok(Record::Stored(id)) => Ok(Outcome::Stored(entry(&id).await?)),
            Ok(Record::Upload { session_id, resumed }) => {
                let id = SessionId::parse(&session_id).ok_or(Error::NotFound)?;
                let age = if resumed { Age::Resumed } else { Age::Repeated };
                Ok(Outcome::Upload { session: self.session_of(owner, &id).await?, age })
            }
            Err(error) => Err(Error::internal(format!("an idempotency key remembers a broken answer: {error}"))),
        }
    }

    async fn render(&self, owner: &OwnerId, wanted: &Wanted, outcome: Outcome) -> Result<Response, Problem> {
        let (status, created) = match outcome {
            Outcome::There(entry) => (StatusCode::OK, UploadCreated::Stored { entry: self.entry(&entry).await? }),
            Outcome::Stored(entry) => (StatusCode::CREATED, UploadCreated::Stored { entry: self.entry(&entry).await? }),
            Outcome::Prove(challenge) => (StatusCode::OK, UploadCreated::Prove(self.ask(wanted, &challenge)?)),
            Outcome::Hash => (StatusCode::OK, UploadCreated::Hash),
            Outcome::Upload { session, age } => {
                let upload = self.upload(owner, wanted, &session, age).await?;
                (StatusCode::CREATED, UploadCreated::Upload(Box::new(upload)))
            }
        };
        Ok(NoStore((status, Json(created))).into_response())
    }

    fn ask(&self, wanted: &Wanted, challenge: &Challenge) -> Result<api::Challenge, Error> {
        let key = wanted.file_key().ok_or_else(|| Error::internal("a challenge is about a content hash"))?;
        let seal = &self.settings.challenges;
        let ranges = proof::ranges(seal, &key, challenge.day()).into_iter();
        Ok(api::Challenge {
            challenge: challenge.seal(seal),
            nonce: challenge.nonce_hex().to_owned(),
            ranges: ranges.map(|range| api::ByteRange { offset: range.offset, length: range.length }).collect(),
            expires_at: challenge.expires_at(),
            expires_in: seconds_until(challenge.expires_at(), self.lifecycle.clock.now()),
        })
    }

    async fn upload(
        &self,
        owner: &OwnerId,
        wanted: &Wanted,
        session: &UploadSession,
        age: Age,
    ) -> Result<api::Upload, Error> {
        let missing = match age {
            Age::New => vec![[1, session.plan.part_count()]],
            Age::Resumed | Age::Repeated => self.missing(owner, session).await?,
        };
        let to_sign = match session.state {
            SessionState::Open => first_parts(session, wanted, &missing)?,
            _ => Vec::new(),
        };
        let parts = self.sign(session, &to_sign, None).await?;
        let mut shown = self.session(session).await?;
        shown.progress = progress_without(session, &missing);
        Ok(api::Upload { resumed: age == Age::Resumed, session: shown, missing, parts })
    }
}

/// The parts that are signed with the create: those asked for; unasked the single PUT, and the first few where no
/// leaf hash is needed.
fn first_parts(session: &UploadSession, wanted: &Wanted, missing: &[[u16; 2]]) -> Result<Vec<signing::Wanted>, Error> {
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let asked = wanted.parts.as_deref().map(|parts| signing::wanted(session.into(), parts, "/parts")).transpose()?;
    match (session.method, session.integrity) {
        (UploadMethod::Put, Integrity::Read) => Ok(vec![(PartNumber::FIRST, None)]),
        (UploadMethod::Put, Integrity::Leaf) => {
            let declared = session.content_hash.map(|hash| LeafHash::from_bytes(*hash.as_bytes()));
            let leaf = declared.or_else(|| asked.as_deref()?.first()?.1);
            Ok(leaf.map(|leaf| (PartNumber::FIRST, Some(leaf))).into_iter().collect())
        }
        (UploadMethod::Multipart, Integrity::Read) if asked.is_none() => {
            let numbers = missing.iter().flat_map(|[first, last]| *first..=*last).take(FIRST_PARTS);
            Ok(numbers.filter_map(|number| PartNumber::new(number.into()).ok()).map(|number| (number, None)).collect())
        }
        (UploadMethod::Multipart, _) => Ok(asked.unwrap_or_default()),
    }
}
