use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use jiff::SignedDuration;
use straightway_api::uploads::{CompleteUpload, Session};
use straightway_core::{ContentHash, Error, OwnerId, SessionId, SessionState, UploadMethod, UploadSession};
use straightway_http::{Caller, JsonBody, NoParams, PathId, Problem};
use straightway_lifecycle::Completion;
use tokio::time::timeout;

use crate::Ports;
use crate::limits::Counted;

/// Seconds after which a client asks again for an upload that is being verified.
const ASK_AGAIN: &str = "2";

/// Says that every part is uploaded: the answer is the file, unless judging its bytes takes longer than 20 s.
/// Repeatable at will.
#[utoipa::path(
    post, path = "/v1/uploads/{id}/complete",
    params(("id" = String, Path, description = "Upload session")),
    request_body = Option<CompleteUpload>,
    responses((status = 200, body = Session), straightway_http::openapi::Problems),
)]
pub(crate) async fn complete_upload(
    State(ports): State<Ports>,
    Caller(owner): Caller,
    id: PathId<SessionId>,
    _: NoParams,
    body: Option<JsonBody<CompleteUpload>>,
) -> Result<Response, Problem> {
    let request = body.map(|JsonBody(request)| request).unwrap_or_default();
    let declared = request.content_hash.as_deref().map(ContentHash::from_hex).transpose();
    let declared = declared.map_err(|violation| Error::invalid("/content_hash", violation))?;
    let session = ports.session_of(&owner, &id.0).await?;
    if session.method == UploadMethod::Multipart && session.state.is_live() {
        ports.count(&owner, Counted::StoreCall).await?;
    }
    let session = ports.complete(&owner, &session, declared).await?;
    if session.state == straightway_api::uploads::State::Verifying {
        return Ok(([(RETRY_AFTER, ASK_AGAIN)], Json(session)).into_response());
    }
    Ok(Json(session).into_response())
}

impl Ports {
    async fn complete(
        &self,
        owner: &OwnerId,
        session: &UploadSession,
        declared: Option<ContentHash>,
    ) -> Result<Session, Error> {
        let inline = self.settings.inline;
        let deadline = self.lifecycle.clock.now() + SignedDuration::try_from(inline).unwrap_or(SignedDuration::ZERO);
        // Stopping at any point is safe: the finalize message was sent before the slow steps.
        match timeout(inline, self.lifecycle.complete(owner, &session.session_id, declared, deadline)).await {
            Ok(Ok(Completion::Stored(session, entry))) => self.session_with_entry(&session, entry.as_deref()).await,
            Ok(Ok(Completion::Verifying(session))) => self.session_with_entry(&session, None).await,
            Ok(Err(error)) => Err(error),
            Err(_) => {
                let session = self.session_of(owner, &session.session_id).await?;
                match session.state {
                    SessionState::Open => Err(Error::unavailable("completing an upload", "the store is slow")),
                    state if state.is_live() || state == SessionState::Stored => self.session(&session).await,
                    state => Err(Error::Gone { state, reason: session.reason }),
                }
            }
        }
    }
}
