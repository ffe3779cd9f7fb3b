use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use straightway_api::files::Download;
use straightway_core::ports::{ResponseHeaders, SignedRequest};
use straightway_core::{Entry, EntryId, EntryKind, Error, File, OwnerId, Violation};
use straightway_http::wire::seconds_until;
use straightway_http::{Caller, NoStore, Params, PathId, Problem};
use utoipa::IntoParams;

use crate::Ports;
use crate::disposition::{Disposition, content_disposition};

/// What is stored never changes, but who may read it can: only the caller's own cache may keep it, for a while.
const CACHE_CONTROL: &str = "private, max-age=3600";

/// How to download.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DownloadParams {
    /// `true`: answer 302 to the URL.
    redirect: Option<bool>,
    /// Which copy; default `auto`.
    #[param(inline)]
    store: Option<StoreChoice>,
    /// Default `attachment`; `inline` only for types that run no script.
    #[param(inline)]
    disposition: Option<DispositionChoice>,
}

/// Which copy.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoreChoice {
    /// The best one.
    Auto,
    /// The one that was uploaded to.
    Primary,
    /// The copy, if it is there.
    Secondary,
}

/// How a browser should treat it.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DispositionChoice {
    /// Save it.
    Attachment,
    /// Show it.
    Inline,
}

/// A URL at which the store itself serves the file, with range requests.
#[utoipa::path(
    get, path = "/v1/files/{id}/download",
    params(("id" = String, Path, description = "Entry"), DownloadParams),
    responses(
        (status = 200, body = Download),
        (status = 302, description = "With `redirect=true`"),
        straightway_http::openapi::Problems,
    ),
)]
pub(crate) async fn download_file(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    PathId(id): PathId<EntryId>,
    Params(wanted): Params<DownloadParams>,
) -> Result<Response, Problem> {
    let (entry, file) = ports.content_of(&owner, &id).await?;
    if matches!(wanted.store, Some(StoreChoice::Secondary)) {
        // A copy that is not there is never offered.
        return Err(Error::NotFound.into());
    }
    let request = ports.sign_download(&entry, &file, &wanted)?;
    if wanted.redirect == Some(true) {
        return Ok(NoStore((StatusCode::FOUND, [(LOCATION, request.url)])).into_response());
    }
    let expires_in = seconds_until(request.expires_at, ports.lifecycle.clock.now());
    let download =
        Download { url: request.url, expires_at: request.expires_at, expires_in, store: "primary".to_owned() };
    Ok(NoStore(Json(download)).into_response())
}

/// What a download would be: size, type, ETag of the bytes, ranges.
#[utoipa::path(
    head, path = "/v1/files/{id}/download",
    params(("id" = String, Path, description = "Entry"), DownloadParams),
    responses((status = 200, description = "Headers only"), straightway_http::openapi::Problems),
)]
pub(crate) async fn head_download(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    PathId(id): PathId<EntryId>,
    _checked: Params<DownloadParams>,
) -> Result<Response, Problem> {
    let (entry, file) = ports.content_of(&owner, &id).await?;
    let header =
        |text: &str| HeaderValue::from_str(text).map_err(|_| Error::internal("a record holds no header value"));
    let content_type = match &entry.kind {
        EntryKind::File { content_type, .. } => header(content_type)?,
        EntryKind::Folder => return Err(Error::NotFound.into()),
    };
    let headers = [
        (CONTENT_LENGTH, HeaderValue::from(entry.size_bytes())),
        (CONTENT_TYPE, content_type),
        (ETAG, header(&file.etag)?),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    ];
    Ok((StatusCode::OK, headers).into_response())
}

impl Ports {
    async fn content_of(&self, owner: &OwnerId, id: &EntryId) -> Result<(Entry, File), Error> {
        let entry = self.entry_of(owner, id).await?;
        let Some(key) = entry.file() else {
            return Err(Error::invalid("id", Violation::new("folder", "a folder has no content to download")));
        };
        let file = self.lifecycle.catalog.file(key).await?;
        let file = file.ok_or_else(|| Error::internal("an entry refers to a file that is not there"))?;
        Ok((entry, file))
    }

    fn sign_download(&self, entry: &Entry, file: &File, wanted: &DownloadParams) -> Result<SignedRequest, Error> {
        let EntryKind::File { content_type, .. } = &entry.kind else {
            return Err(Error::NotFound);
        };
        let disposition = match wanted.disposition {
            Some(DispositionChoice::Inline) => Disposition::Inline,
            Some(DispositionChoice::Attachment) | None => Disposition::Attachment,
        };
        let headers = ResponseHeaders {
            content_type: content_type.clone(),
            content_disposition: content_disposition(disposition, &entry.name, content_type),
            cache_control: CACHE_CONTROL.to_owned(),
        };
        self.lifecycle.store.sign_get(&file.object_key, &headers, self.settings.lives.get, self.lifecycle.clock.now())
    }
}
