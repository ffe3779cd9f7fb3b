//! A server that does what the API documents for one upload, except where a test scripts another answer.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use data_encoding::BASE64;
use serde_json::{Value, json};
use straightway_client::{Api, Backoff, Credentials, Engine, InMemory, Login, Patience};
use straightway_core::proof::Prover;
use straightway_core::{ContentHash, FileKey, LeafHash, PartNumber, PartPlan};

pub(crate) const SESSION: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const ENTRY: &str = "fedcba9876543210fedcba9876543210";
pub(crate) const USER: &str = "11111111111111111111111111111111";
pub(crate) const TOKEN: &str = "access-1";

/// An answer that a test wants instead of the usual one.
pub(crate) enum Scripted {
    Answer(Response),
    /// Answers at once, without reading the request's body.
    Early(StatusCode, &'static str),
    /// Reads a little of the body, then the connection breaks.
    Break,
    /// Does the usual thing, then the connection breaks before the answer.
    Lost,
    /// Sends this much of a download, then the connection breaks.
    BreakAfter(usize),
    /// Changes the download's bytes.
    Damage,
    /// Says that the request arrived, and never answers it.
    Hold(tokio::sync::mpsc::UnboundedSender<()>),
    /// Does this first, then the usual thing.
    Meanwhile(Box<dyn FnOnce() + Send>),
}

pub(crate) fn problem(status: u16, name: &str, members: &Value) -> Scripted {
    let mut body = json!({
        "type": format!("urn:straightway:problem:{name}"), "title": name, "status": status, "request_id": "r",
    });
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let headers = [(header::CONTENT_TYPE, "application/problem+json"), (header::RETRY_AFTER, "0")];
    Scripted::Answer((StatusCode::from_u16(status).unwrap(), headers, body.to_string()).into_response())
}

pub(crate) fn ok(body: Value) -> Scripted {
    Scripted::Answer(axum::Json(body).into_response())
}

pub(crate) fn store_error(status: u16, code: &str) -> Scripted {
    let document = format!("<Error><Code>{code}</Code><Message>scripted</Message></Error>");
    Scripted::Answer((StatusCode::from_u16(status).unwrap(), document).into_response())
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) route: &'static str,
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Inner {
    base: String,
    scripts: HashMap<&'static str, VecDeque<Scripted>>,
    seen: Vec<Seen>,
    upload: Option<Value>,
    parts: BTreeMap<u16, Bytes>,
    signatures: u32,
    ended: Option<&'static str>,
    token: String,
}

#[derive(Clone)]
pub(crate) struct Server {
    inner: Arc<Mutex<Inner>>,
}

impl Server {
    /// Listens on a free port.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::start_on(listener)
    }

    pub(crate) fn start_on(listener: tokio::net::TcpListener) -> Self {
        let base = format!("http://{}", listener.local_addr().unwrap());
        let inner = Inner { base, token: TOKEN.to_owned(), ..Inner::default() };
        let server = Self { inner: Arc::new(Mutex::new(inner)) };
        let router = Router::new()
            .route("/v1/me", get(me))
            .route("/v1/logins/refresh", post(refresh))
            .route("/v1/uploads", post(create))
            .route("/v1/uploads/{id}", get(status))
            .route("/v1/uploads/{id}", delete(abort))
            .route("/v1/uploads/{id}/parts", post(sign))
            .route("/v1/uploads/{id}/complete", post(complete))
            .route("/v1/files/{id}/download", get(download))
            .route("/store/{number}", put(store_put))
            .route("/store", get(store_get))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        server
    }

    pub(crate) fn base(&self) -> String {
        self.inner.lock().unwrap().base.clone()
    }

    /// The next requests of this route get these answers, in order.
    pub(crate) fn script(&self, route: &'static str, answers: impl IntoIterator<Item = Scripted>) {
        self.inner.lock().unwrap().scripts.entry(route).or_default().extend(answers);
    }

    pub(crate) fn seen(&self, route: &str) -> Vec<Seen> {
        self.inner.lock().unwrap().seen.iter().filter(|seen| seen.route == route).cloned().collect()
    }

    /// The bytes that the store has.
    pub(crate) fn content(&self) -> Vec<u8> {
        self.inner.lock().unwrap().parts.values().flatten().copied().collect()
    }

    /// The store has this, perhaps from an earlier upload of more.
    pub(crate) fn put_content(&self, content: &[u8]) {
        let plan = PartPlan::for_size(content.len() as u64).unwrap();
        let parts = plan.parts().map(|part| {
            let start = usize::try_from(part.offset).unwrap();
            let end = start + usize::try_from(part.size_bytes).unwrap();
            (part.number.get(), Bytes::copy_from_slice(&content[start..end]))
        });
        self.inner.lock().unwrap().parts = parts.collect();
    }

    /// The session ends as if somebody else had ended it.
    pub(crate) fn end_session(&self, state: &'static str) {
        let mut inner = self.inner.lock().unwrap();
        inner.ended = Some(state);
        inner.parts.clear();
    }

    /// From now on only this access token counts.
    pub(crate) fn expect_token(&self, token: &str) {
        token.clone_into(&mut self.inner.lock().unwrap().token);
    }

    pub(crate) fn api(&self) -> Api {
        self.api_with(Arc::new(InMemory::new(login(TOKEN))))
    }

    pub(crate) fn api_with(&self, credentials: Arc<dyn Credentials>) -> Api {
        Api::builder(self.base().parse().unwrap())
            .credentials(credentials)
            .backoff(quick())
            .patience(Patience::LONG)
            .build()
            .unwrap()
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine::new(self.api())
    }

    fn note(&self, route: &'static str, uri: String, headers: HeaderMap, body: Bytes) -> Option<Scripted> {
        let mut inner = self.inner.lock().unwrap();
        inner.seen.push(Seen { route, uri, headers, body });
        inner.scripts.get_mut(route).and_then(VecDeque::pop_front)
    }

    /// Plays the script of a route, else does the usual thing.
    async fn play(
        self,
        route: &'static str,
        request: Request,
        usual: impl FnOnce(&mut Inner, &HeaderMap, &Bytes) -> Response,
    ) -> Response {
        let (head, body) = request.into_parts();
        let early = {
            let mut inner = self.inner.lock().unwrap();
            let script = inner.scripts.entry(route).or_default();
            matches!(script.front(), Some(Scripted::Early(..) | Scripted::Break)).then(|| script.pop_front().unwrap())
        };
        match early {
            Some(Scripted::Early(status, code)) => {
                self.note(route, head.uri.to_string(), head.headers, Bytes::new());
                return (status, [(header::CONNECTION, "close")], format!("<Code>{code}</Code>")).into_response();
            }
            Some(_) => {
                let _ = futures::StreamExt::next(&mut body.into_data_stream()).await;
                break_connection();
            }
            None => {}
        }
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        match self.note(route, head.uri.to_string(), head.headers.clone(), body.clone()) {
            Some(Scripted::Answer(answer)) => answer,
            Some(Scripted::Lost) => {
                usual(&mut self.inner.lock().unwrap(), &head.headers, &body);
                break_connection()
            }
            Some(Scripted::BreakAfter(bytes)) => {
                let answer = usual(&mut self.inner.lock().unwrap(), &head.headers, &body);
                cut(answer, bytes).await
            }
            Some(Scripted::Damage) => {
                let answer = usual(&mut self.inner.lock().unwrap(), &head.headers, &body);
                damage(answer).await
            }
            Some(Scripted::Hold(arrived)) => {
                arrived.send(()).unwrap();
                std::future::pending().await
            }
            Some(Scripted::Meanwhile(first)) => {
                first();
                usual(&mut self.inner.lock().unwrap(), &head.headers, &body)
            }
            _ => usual(&mut self.inner.lock().unwrap(), &head.headers, &body),
        }
    }
}

/// Ends the connection's task, and so the connection, without the noise of a panic.
fn break_connection() -> ! {
    std::panic::resume_unwind(Box::new("scripted"))
}

async fn cut(answer: Response, bytes: usize) -> Response {
    let (head, body) = answer.into_parts();
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let first = futures::stream::iter([Ok(whole.slice(..bytes))]);
    let broken = futures::stream::once(async {
        // While nothing comes, what came before is flushed.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("scripted"))
    });
    let mut cut = Response::from_parts(head, Body::from_stream(futures::StreamExt::chain(first, broken)));
    cut.headers_mut().insert(header::CONTENT_LENGTH, whole.len().into());
    cut
}

async fn damage(answer: Response) -> Response {
    let (head, body) = answer.into_parts();
    let mut whole = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    *whole.last_mut().unwrap() ^= 1;
    Response::from_parts(head, Body::from(whole))
}

pub(crate) fn login(token: &str) -> Login {
    Login {
        access_token: token.to_owned().into(),
        access_expires_at: "2999-01-01T00:00:00Z".parse().unwrap(),
        refresh_token: "refresh-1".to_owned().into(),
    }
}

/// Waits too short to be felt.
pub(crate) fn quick() -> Backoff {
    Backoff { base: std::time::Duration::from_millis(1), cap: std::time::Duration::from_millis(5) }
}

impl Inner {
    fn authorised(&self, headers: &HeaderMap) -> bool {
        headers.get(header::AUTHORIZATION).is_some_and(|value| value == &format!("Bearer {}", self.token))
    }

    fn plan(&self) -> PartPlan {
        PartPlan::for_size(self.upload.as_ref().unwrap()["size_bytes"].as_u64().unwrap()).unwrap()
    }

    fn missing(&self) -> Vec<[u16; 2]> {
        let all = self.plan().parts().map(|part| part.number);
        straightway_core::plan::ranges(all.filter(|number| !self.parts.contains_key(&number.get())))
    }

    fn state(&self) -> &'static str {
        self.ended.unwrap_or("open")
    }

    fn session(&self, state: &str) -> Value {
        let (upload, plan) = (self.upload.as_ref().unwrap(), self.plan());
        json!({
            "session_id": SESSION, "state": state, "name": upload["name"], "parent_id": "root",
            "size_bytes": plan.size_bytes(), "content_type": "application/octet-stream",
            "method": if plan.is_single() { "put" } else { "multipart" }, "integrity": "leaf",
            "part_size": plan.part_size(), "part_count": plan.part_count(), "metadata": {},
            "created_at": "2026-01-01T00:00:00Z", "expires_at": "2999-01-01T00:00:00Z", "expires_in": 86400,
            "progress": {"parts": 0, "bytes": 0, "percent": 0},
            "entry": if state == "stored" { self.entry() } else { Value::Null },
        })
    }

    fn entry(&self) -> Value {
        let upload = self.upload.as_ref().unwrap();
        entry(upload["size_bytes"].as_u64().unwrap(), upload["content_hash"].as_str().unwrap())
    }

    fn sign(&mut self, wanted: &Value) -> Vec<Value> {
        let plan = self.plan();
        let wanted: Vec<_> = wanted.as_array().unwrap().clone();
        let one = |wanted: &Value| {
            let number = PartNumber::new(wanted["part_number"].as_u64().unwrap()).unwrap();
            let leaf = LeafHash::from_hex(wanted["leaf_hash"].as_str().unwrap()).unwrap();
            let part = plan.part(number).unwrap();
            self.signatures += 1;
            json!({
                "part_number": number.get(), "offset": part.offset, "size_bytes": part.size_bytes, "method": "PUT",
                "url": format!("{}/store/{number}?signature={}", self.base, self.signatures),
                "headers": {"x-amz-checksum-sha256": leaf.to_base64()},
                "expires_at": "2999-01-01T00:00:00Z", "expires_in": 3600,
            })
        };
        wanted.iter().map(one).collect()
    }
}

pub(crate) fn entry(size_bytes: u64, content_hash: &str) -> Value {
    json!({
        "entry_id": ENTRY, "kind": "file", "name": "film.mp4", "parent_id": "root", "size_bytes": size_bytes,
        "content_type": "application/octet-stream", "content_hash": content_hash, "state": "active",
        "replica": "none", "revision": 1, "metadata": {},
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    })
}

pub(crate) fn content_hash(content: &[u8]) -> ContentHash {
    let leaves: Vec<_> = match content {
        [] => vec![LeafHash::of(b"")],
        content => content.chunks(16 << 20).map(LeafHash::of).collect(),
    };
    ContentHash::from_leaves(&leaves)
}

/// What a right proof is for a challenge that asks for the whole content.
pub(crate) fn right_mac(server: &Server, nonce: [u8; 32], content: &[u8]) -> String {
    let file = FileKey { content_hash: content_hash(content), size_bytes: content.len() as u64 };
    let mut prover = Prover::new(&nonce, &server.base(), USER, &file);
    prover.update(content);
    data_encoding::HEXLOWER.encode(&prover.finish())
}

fn refused() -> Response {
    match problem(401, "unauthorized", &json!({})) {
        Scripted::Answer(answer) => answer,
        _ => unreachable!("problem() makes answers"),
    }
}

fn json_of(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap()
}

async fn me(State(server): State<Server>, request: Request) -> Response {
    let usual = |inner: &mut Inner, headers: &HeaderMap, _: &Bytes| {
        if !inner.authorised(headers) {
            return refused();
        }
        let usage = json!({"used_bytes": 0, "reserved_bytes": 0, "quota_bytes": 1});
        axum::Json(json!({"user_id": USER, "username": "ada", "created_at": "2026-01-01T00:00:00Z", "usage": usage}))
            .into_response()
    };
    server.play("me", request, usual).await
}

async fn refresh(State(server): State<Server>, request: Request) -> Response {
    let usual = |inner: &mut Inner, _: &HeaderMap, _: &Bytes| {
        let tokens = json!({
            "access_token": inner.token, "token_type": "Bearer", "expires_in": 600, "refresh_token": "refresh-2",
        });
        axum::Json(tokens).into_response()
    };
    server.play("refresh", request, usual).await
}

async fn create(State(server): State<Server>, request: Request) -> Response {
    let usual = |inner: &mut Inner, headers: &HeaderMap, body: &Bytes| {
        if !inner.authorised(headers) {
            return refused();
        }
        let upload = json_of(body);
        let resumed = !inner.parts.is_empty() && inner.ended.is_none();
        inner.ended = None;
        let asked = upload["parts"].clone();
        inner.upload = Some(upload);
        let parts = inner.sign(&asked);
        let answer = json!({
            "outcome": "upload", "resumed": resumed, "session": inner.session("open"),
            "missing": inner.missing(), "parts": parts,
        });
        (StatusCode::CREATED, axum::Json(answer)).into_response()
    };
    server.play("create", request, usual).await
}

async fn status(State(server): State<Server>, request: Request) -> Response {
    let usual = |inner: &mut Inner, _: &HeaderMap, _: &Bytes| axum::Json(inner.session(inner.state())).into_response();
    server.play("status", request, usual).await
}

async fn abort(State(server): State<Server>, request: Request) -> Response {
    let usual = |inner: &mut Inner, _: &HeaderMap, _: &Bytes| {
        inner.ended = Some("aborted");
        inner.parts.clear();
        StatusCode::NO_CONTENT.into_response()
    };
    server.play("abort", request, usual).await
}

async fn sign(State(server): State<Server>, request: Request) -> Response {
    let usual = |inner: &mut Inner, _: &HeaderMap, body: &Bytes| {
        let parts = inner.sign(&json_of(body)["sign"]);
        let progress = json!({"parts": 0, "bytes": 0, "percent": 0});
        axum::Json(json!({"parts": parts, "progress": progress})).into_response()
    };
    server.play("sign", request, usual).await
}

async fn complete(State(server): State<Server>, request: Request) -> Response {
    let usual = |inner: &mut Inner, _: &HeaderMap, _: &Bytes| {
        let missing = inner.missing();
        if !missing.is_empty() {
            match problem(409, "parts-missing", &json!({"missing": missing})) {
                Scripted::Answer(answer) => return answer,
                _ => unreachable!("problem() makes answers"),
            }
        }
        inner.ended = Some("stored");
        axum::Json(inner.session("stored")).into_response()
    };
    server.play("complete", request, usual).await
}

async fn download(State(server): State<Server>, request: Request) -> Response {
    let usual = |inner: &mut Inner, _: &HeaderMap, _: &Bytes| {
        inner.signatures += 1;
        let url = format!("{}/store?signature={}", inner.base, inner.signatures);
        let answer = json!({"url": url, "expires_at": "2999-01-01T00:00:00Z", "expires_in": 300, "store": "primary"});
        axum::Json(answer).into_response()
    };
    server.play("download", request, usual).await
}

/// As strict as a store: exact length, exact digest.
async fn store_put(State(server): State<Server>, Path(number): Path<u16>, request: Request) -> Response {
    let usual = |inner: &mut Inner, headers: &HeaderMap, body: &Bytes| {
        if inner.ended.is_some() {
            return (StatusCode::NOT_FOUND, "<Code>NoSuchUpload</Code>").into_response();
        }
        let part = inner.plan().part(PartNumber::new(number.into()).unwrap()).unwrap();
        let right_length =
            headers.get(header::CONTENT_LENGTH).is_some_and(|length| length == &part.size_bytes.to_string());
        if !right_length || headers.contains_key(header::CONTENT_TYPE) {
            return (StatusCode::FORBIDDEN, "<Code>SignatureDoesNotMatch</Code>").into_response();
        }
        let digest = BASE64.encode(LeafHash::of(body).as_bytes());
        if headers.get("x-amz-checksum-sha256").is_none_or(|expected| expected != &digest) {
            return (StatusCode::BAD_REQUEST, "<Code>BadDigest</Code>").into_response();
        }
        inner.parts.insert(number, body.clone());
        StatusCode::OK.into_response()
    };
    server.play("put", request, usual).await
}

async fn store_get(State(server): State<Server>, request: Request) -> Response {
    let usual = |inner: &mut Inner, headers: &HeaderMap, _: &Bytes| {
        let content: Vec<u8> = inner.parts.values().flatten().copied().collect();
        let etag = (header::ETAG, "\"e\"".to_owned());
        let start = headers.get(header::RANGE).map(|range| {
            let range = range.to_str().unwrap().strip_prefix("bytes=").unwrap();
            range.strip_suffix('-').unwrap().parse::<usize>().unwrap()
        });
        match start {
            None => ([etag], content).into_response(),
            Some(start) => {
                let range = format!("bytes {start}-{}/{}", content.len() - 1, content.len());
                let headers = [etag, (header::CONTENT_RANGE, range)];
                (StatusCode::PARTIAL_CONTENT, headers, content[start..].to_vec()).into_response()
            }
        }
    };
    server.play("get", request, usual).await
}
