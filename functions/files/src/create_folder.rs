use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::ETAG;
use serde::{Deserialize, Serialize};
use straightway_api::files::{self as api, CreateFolder, FolderConflict};
use straightway_core::ports::PutFolder;
use straightway_core::{Conflict, Entry, EntryId, EntryName, Error, OwnerId};
use straightway_http::{Begun, Caller, IdempotencyKey, JsonBody, NoParams, Problem, etag};

use crate::Ports;
use crate::ports::random;

/// Makes a folder; with `merge` the one that is there will do.
#[utoipa::path(
    post, path = "/v1/folders",
    params(("Idempotency-Key" = Option<String>, Header, description = "16 to 128 characters; repeats change nothing")),
    request_body = CreateFolder,
    responses(
        (status = 200, body = api::Entry, description = "Merged into the folder that is there"),
        (status = 201, body = api::Entry, description = "Created"),
        straightway_http::openapi::Problems,
    ),
)]
pub(crate) async fn create_folder(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    _: NoParams,
    key: IdempotencyKey,
    JsonBody(request): JsonBody<CreateFolder>,
) -> Result<Response, Problem> {
    let name = EntryName::parse(&request.name).map_err(|violation| Error::invalid("/name", violation))?;
    let clock = &ports.lifecycle.clock;
    let claim = match key.begin(&ports.requests, clock, &owner, "createFolder", &request).await? {
        Begun::Done(record) => return render(&ports, &ports.made_before(&owner, &record).await?).await,
        Begun::Fresh(claim) => claim,
    };
    let made = claim.settle(ports.make_folder(&owner, name, &request).await, Made::record).await?;
    render(&ports, &made).await
}

/// A folder, and whether this request made it.
struct Made {
    folder: Entry,
    created: bool,
}

/// What an idempotency key remembers.
#[derive(Serialize, Deserialize)]
struct Record {
    entry_id: String,
    created: bool,
}

impl Made {
    fn record(&self) -> String {
        let record = Record { entry_id: self.folder.entry_id.to_string(), created: self.created };
        serde_json::to_string(&record).expect("plain data is JSON")
    }
}

impl Ports {
    async fn make_folder(&self, owner: &OwnerId, name: EntryName, request: &CreateFolder) -> Result<Made, Error> {
        let parent = self.lifecycle.folder(owner, request.parent_id.as_deref().unwrap_or("root")).await?;
        let now = self.lifecycle.clock.now();
        let folder = Entry::folder(EntryId::from_random(random()?), owner.clone(), parent, name, now);
        let catalog = &self.lifecycle.catalog;
        loop {
            match catalog.put_folder(&folder).await? {
                PutFolder::Done => return Ok(Made { folder, created: true }),
                PutFolder::ParentGone => return Err(Error::NotFound),
                PutFolder::NameTaken => {}
            }
            match catalog.entry_named(owner, &folder.parent, &folder.name.folded()).await? {
                // It went again; put once more.
                None => {}
                Some(there) if there.is_folder() && request.on_conflict == Some(FolderConflict::Merge) => {
                    return Ok(Made { folder: there, created: false });
                }
                Some(there) => return Err(Error::Conflict(Conflict::NameTaken { entry_id: there.entry_id })),
            }
        }
    }

    async fn made_before(&self, owner: &OwnerId, record: &str) -> Result<Made, Error> {
        let broken = || Error::internal("an idempotency key remembers a broken answer");
        let record: Record = serde_json::from_str(record).map_err(|_| broken())?;
        let id = EntryId::parse(&record.entry_id).ok_or_else(broken)?;
        Ok(Made { folder: self.entry_of(owner, &id).await?, created: record.created })
    }
}

async fn render(ports: &Ports, made: &Made) -> Result<Response, Problem> {
    let status = if made.created { StatusCode::CREATED } else { StatusCode::OK };
    let folder = ports.shown(&made.folder).await?;
    Ok((status, [(ETAG, etag(made.folder.revision))], Json(folder)).into_response())
}
