//! The front that `--expose-dynamodb` listens with: who may ask, before what is asked.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode, header};
use straightway_core::Clock;

use super::sigv4::{Claim, Keys};
use super::{Answer, EmbeddedDynamo};

/// DynamoDB's own limit for a request.
const MAX_BODY: usize = 16 * 1024 * 1024;

struct Front {
    db: EmbeddedDynamo,
    keys: Keys,
    allowed_hosts: Vec<String>,
    clock: Arc<dyn Clock>,
}

/// DynamoDB over HTTP for programs that sign with `keys`, and for nobody else.
///
/// `allowed_hosts` are the values of `Host` it answers to, port included (`127.0.0.1:8000`): a web
/// page that points its own name at this machine is turned away by that, and every other page by
/// its `Origin`.
pub fn router(db: EmbeddedDynamo, keys: Keys, allowed_hosts: Vec<String>, clock: Arc<dyn Clock>) -> Router {
    let front = Arc::new(Front { db, keys, allowed_hosts, clock });
    Router::new().fallback(answer).with_state(front)
}

async fn answer(State(front): State<Arc<Front>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    front.answer(&head, body).await.unwrap_or_else(|refusal| refusal).into_response()
}

impl Front {
    async fn answer(&self, head: &Parts, body: Body) -> Result<Answer, Answer> {
        self.check_caller(head)?;
        check_address(head)?;
        let claim = Claim::read(head, &self.keys, self.clock.now())?;
        let body = read(head, body).await?;
        claim.verify(&body)?;
        let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        Ok(self.db.call(target, body).await)
    }

    fn check_caller(&self, head: &Parts) -> Result<(), Answer> {
        let mut hosts = head.headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
        let known = self.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host));
        if !known || hosts.next().is_some() {
            return Err(Answer::refusal(
                StatusCode::MISDIRECTED_REQUEST,
                "AccessDeniedException",
                "This server does not answer to that Host",
            ));
        }
        if head.headers.contains_key(header::ORIGIN) {
            return Err(Answer::refusal(StatusCode::FORBIDDEN, "AccessDeniedException", "Web pages have no access"));
        }
        Ok(())
    }
}

fn check_address(head: &Parts) -> Result<(), Answer> {
    if head.method == Method::POST && head.uri.path() == "/" && head.uri.query().is_none() {
        return Ok(());
    }
    let message = "DynamoDB is served at POST /, signed in the Authorization header";
    Err(Answer::refusal(StatusCode::NOT_FOUND, "UnknownOperationException", message))
}

async fn read(head: &Parts, body: Body) -> Result<Bytes, Answer> {
    let too_large = || {
        let kind = "RequestEntityTooLargeException";
        Answer::refusal(StatusCode::PAYLOAD_TOO_LARGE, kind, "Request body exceeds 16 MiB")
    };
    let declared = head.headers.get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > MAX_BODY) {
        return Err(too_large());
    }
    // What else can go wrong is a broken connection, and then nobody reads the answer.
    axum::body::to_bytes(body, MAX_BODY).await.map_err(|_| too_large())
}
