//! One file to the store.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use serde_json::{Value, json};
use straightway_client::{
    Api, Engine, Error, Event, How, InMemory, Observer, Patience, Put, Restart, Source, Target, Unobserved, spool,
};

use crate::server::{
    ENTRY, SESSION, Scripted, Server, content_hash, entry, login, ok, problem, quick, right_mac, store_error,
};

const PART: usize = 16 << 20;

/// A local file with some content.
struct Local {
    _folder: tempfile::TempDir,
    path: PathBuf,
    content: Vec<u8>,
}

impl Local {
    fn of(length: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.mp4");
        let content: Vec<u8> = (0..length).map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect();
        fs::write(&path, &content).unwrap();
        Self { _folder: folder, path, content }
    }

    fn source(&self) -> Source {
        Source::open(&self.path).unwrap()
    }
}

async fn put(server: &Server, local: &Local) -> Result<Put, Error> {
    server.engine().put(local.source().into(), &Target::named("film.mp4"), Arc::new(Unobserved)).await
}

/// Keeps what an upload tells.
#[derive(Default)]
struct Log(Mutex<Vec<Event>>);

impl Observer for Log {
    fn on(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Log {
    fn sum(&self, of: impl Fn(&Event) -> Option<u64>) -> u64 {
        self.0.lock().unwrap().iter().filter_map(of).sum()
    }

    fn sent(&self) -> u64 {
        self.sum(|event| if let Event::Sent { bytes } = event { Some(*bytes) } else { None })
            - self.sum(|event| if let Event::TakenBack { bytes } = event { Some(*bytes) } else { None })
    }

    fn has(&self, wanted: &Event) -> bool {
        self.0.lock().unwrap().contains(wanted)
    }
}

async fn put_logged(server: &Server, local: &Local) -> (Result<Put, Error>, Arc<Log>) {
    let log = Arc::new(Log::default());
    let put = server.engine().put(local.source().into(), &Target::named("film.mp4"), log.clone()).await;
    (put, log)
}

fn signatures(server: &Server, part: u16) -> Vec<String> {
    let of_part = format!("/store/{part}?");
    server.seen("put").into_iter().map(|seen| seen.uri).filter(|uri| uri.starts_with(&of_part)).collect()
}

#[tokio::test]
async fn files_of_every_plan_arrive_byte_for_byte() {
    for length in [0, 1, PART, PART + 1, 3 * PART] {
        let (server, local) = (Server::start().await, Local::of(length));
        let (put, log) = put_logged(&server, &local).await;
        let put = put.unwrap();
        assert_eq!((put.how, put.sent_bytes), (How::Uploaded, length as u64));
        assert_eq!(put.entry.entry_id, ENTRY);
        assert!(server.content() == local.content, "{length}");
        assert_eq!(log.sent(), length as u64);
    }
}

#[tokio::test]
async fn many_parts_are_signed_in_batches_that_report_what_is_done() {
    let (server, local) = (Server::start().await, Local::of(42 * PART));
    put(&server, &local).await.unwrap();
    let calls: Vec<Value> = server.seen("sign").iter().map(crate::server::Seen::json).collect();
    let signed: Vec<_> = calls.iter().map(|call| call["sign"].as_array().unwrap().len()).collect();
    assert_eq!(signed, [32, 2], "8 come with the create");
    assert!(!calls[0]["done"].as_array().unwrap().is_empty());
    assert_eq!(server.seen("put").len(), 42);
}

#[tokio::test]
async fn an_expired_url_is_asked_for_again() {
    let (server, local) = (Server::start().await, Local::of(100));
    server.script("put", [store_error(403, "AccessDenied")]);
    put(&server, &local).await.unwrap();
    assert_eq!(signatures(&server, 1), ["/store/1?signature=1", "/store/1?signature=2"]);
}

#[tokio::test]
async fn two_refusals_of_fresh_urls_are_an_error() {
    let (server, local) = (Server::start().await, Local::of(100));
    server.script("put", [store_error(403, "AccessDenied"), store_error(403, "SignatureDoesNotMatch")]);
    let error = put(&server, &local).await.unwrap_err();
    assert!(matches!(&error, Error::Store { answer, .. } if answer.contains("SignatureDoesNotMatch")), "{error:?}");
}

#[tokio::test]
async fn a_refusal_before_the_body_is_read_is_understood() {
    let (server, local) = (Server::start().await, Local::of(PART));
    server.script("put", [Scripted::Early(StatusCode::FORBIDDEN, "AccessDenied")]);
    put(&server, &local).await.unwrap();
    assert_eq!(server.seen("sign").len(), 1);
    assert!(server.content() == local.content);
}

#[tokio::test]
async fn an_object_that_is_there_already_is_completed() {
    for answer in [store_error(412, "PreconditionFailed"), store_error(409, "FileAlreadyExists")] {
        let (server, local) = (Server::start().await, Local::of(100));
        // The first PUT arrives, but its answer is lost.
        server.script("put", [Scripted::Lost, answer]);
        let put = put(&server, &local).await.unwrap();
        assert_eq!((put.how, put.sent_bytes), (How::Uploaded, 0));
        assert_eq!(server.seen("complete").len(), 1);
    }
}

#[tokio::test]
async fn a_busy_store_gets_the_same_url_again() {
    let (server, local) = (Server::start().await, Local::of(100));
    let busy = [(500, "InternalError"), (503, "SlowDown"), (409, "ConditionalRequestConflict"), (429, "")];
    server.script("put", busy.map(|(status, code)| store_error(status, code)));
    let (put, log) = put_logged(&server, &local).await;
    put.unwrap();
    assert_eq!(signatures(&server, 1), ["/store/1?signature=1"; 5]);
    assert_eq!(log.sent(), 100, "failed tries are taken back");
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_body_is_tried_again() {
    let (server, local) = (Server::start().await, Local::of(2 * PART));
    server.script("put", [Scripted::Break, Scripted::Break]);
    let (put, log) = put_logged(&server, &local).await;
    assert_eq!(put.unwrap().sent_bytes, 2 * PART as u64);
    assert!(server.content() == local.content);
    assert_eq!(log.sent(), 2 * PART as u64);
}

#[tokio::test]
async fn bytes_damaged_on_their_way_are_sent_again_with_a_new_url() {
    let (server, local) = (Server::start().await, Local::of(100));
    server.script("put", [store_error(400, "BadDigest")]);
    put(&server, &local).await.unwrap();
    assert_eq!(signatures(&server, 1), ["/store/1?signature=1", "/store/1?signature=2"]);
    assert!(server.seen("abort").is_empty());
}

#[tokio::test]
async fn bytes_that_never_arrive_whole_are_an_error() {
    let (server, local) = (Server::start().await, Local::of(100));
    server.script("put", std::iter::repeat_with(|| store_error(400, "BadDigest")).take(10));
    let error = put(&server, &local).await.unwrap_err();
    assert!(matches!(&error, Error::Store { answer, .. } if answer.contains("BadDigest")), "{error:?}");
}

/// Writes to the file before this request is answered.
fn changing(local: &Local, content: &'static [u8]) -> Scripted {
    let path = local.path.clone();
    Scripted::Meanwhile(Box::new(move || {
        let mut file = File::options().write(true).truncate(true).open(path).unwrap();
        file.write_all(content).unwrap();
    }))
}

#[tokio::test]
async fn a_file_that_changes_is_hashed_again_and_its_session_given_up() {
    for changed in [&b"other bytes"[..], b"longer, and with other bytes than before"] {
        let (server, mut local) = (Server::start().await, Local::of(11));
        server.script("create", [changing(&local, changed)]);
        let (put, log) = put_logged(&server, &local).await;
        local.content = changed.to_vec();
        assert_eq!(put.unwrap().entry.content_hash, Some(content_hash(changed).to_hex()));
        assert!(server.content() == local.content);
        assert_eq!(server.seen("abort").len(), 1);
        assert!(log.has(&Event::Restarted { reason: Restart::FileChanged }));
    }
}

#[tokio::test]
async fn a_file_that_becomes_shorter_is_hashed_again() {
    let (server, local) = (Server::start().await, Local::of(PART + 100));
    server.script("create", [changing(&local, b"short")]);
    put(&server, &local).await.unwrap();
    assert_eq!(server.content(), b"short");
}

#[tokio::test]
async fn a_file_that_never_rests_is_an_error() {
    let (server, local) = (Server::start().await, Local::of(11));
    let contents: [&'static [u8]; 3] = [b"first bytes", b"other bytes", b"third bytes"];
    server.script("create", contents.map(|content| changing(&local, content)));
    let error = put(&server, &local).await.unwrap_err();
    assert!(matches!(error, Error::KeepsChanging), "{error:?}");
}

#[tokio::test]
async fn a_session_that_ended_elsewhere_is_created_again() {
    let (server, local) = (Server::start().await, Local::of(2 * PART));
    let ended = server.clone();
    let end = Scripted::Meanwhile(Box::new(move || ended.end_session("aborted")));
    server.script("put", [end]);
    let (put, log) = put_logged(&server, &local).await;
    put.unwrap();
    assert!(server.content() == local.content);
    assert_eq!(server.seen("create").len(), 2);
    assert!(log.0.lock().unwrap().iter().any(|event| matches!(event, Event::Restarted { .. })));
}

#[tokio::test]
async fn a_session_that_another_run_finished_is_done() {
    let (server, local) = (Server::start().await, Local::of(100));
    let other = server.clone();
    let finish = Scripted::Meanwhile(Box::new(move || other.end_session("stored")));
    server.script("sign", [problem(410, "session-ended", &json!({"state": "stored"}))]);
    server.script("put", [store_error(403, "AccessDenied")]);
    server.script("status", [finish]);
    let put = put(&server, &local).await.unwrap();
    assert_eq!(put.entry.entry_id, ENTRY);
    assert_eq!(server.seen("create").len(), 1);
}

#[tokio::test]
async fn an_upload_that_is_rejected_every_time_is_an_error_with_the_reason() {
    let (server, local) = (Server::start().await, Local::of(100));
    for _ in 0..3 {
        let rejected = server.clone();
        server.script("complete", [problem(422, "hash-mismatch", &json!({}))]);
        server.script("status", [Scripted::Meanwhile(Box::new(move || rejected.end_session("rejected")))]);
    }
    let error = put(&server, &local).await.unwrap_err();
    assert_eq!(error.to_string(), "the upload was rejected");
    assert_eq!(server.seen("create").len(), 3);
}

fn session(state: &str, local: &Local) -> Value {
    let plan = straightway_core::PartPlan::for_size(local.content.len() as u64).unwrap();
    let hash = content_hash(&local.content).to_hex();
    json!({
        "session_id": SESSION, "state": state, "name": "film.mp4", "parent_id": "root",
        "size_bytes": plan.size_bytes(), "content_type": "video/mp4", "method": "put", "integrity": "leaf",
        "part_size": plan.part_size(), "part_count": plan.part_count(), "metadata": {},
        "created_at": "2026-01-01T00:00:00Z", "expires_at": "2999-01-01T00:00:00Z", "expires_in": 1,
        "progress": {"parts": 1, "bytes": 1, "percent": 1},
        "entry": if state == "stored" { entry(plan.size_bytes(), &hash) } else { Value::Null },
    })
}

#[tokio::test]
async fn a_verdict_that_takes_time_is_waited_for() {
    let (server, local) = (Server::start().await, Local::of(100));
    server.script("complete", [ok(session("verifying", &local))]);
    server.script("status", [ok(session("stored", &local))]);
    put(&server, &local).await.unwrap();
    assert!(server.seen("status")[0].uri.ends_with("?wait=20"));
}

#[tokio::test]
async fn parts_that_the_store_turns_out_to_lack_are_sent() {
    let (server, local) = (Server::start().await, Local::of(3 * PART));
    // The store says yes and keeps nothing.
    server.script("put", [Scripted::Answer(axum::response::IntoResponse::into_response(StatusCode::OK))]);
    put(&server, &local).await.unwrap();
    assert_eq!(server.seen("put").len(), 4);
    assert_eq!(server.seen("complete").len(), 2);
    assert!(server.content() == local.content);
}

#[tokio::test]
async fn a_resumed_upload_sends_what_is_missing_and_nothing_else() {
    let (server, local) = (Server::start().await, Local::of(3 * PART));
    server.put_content(&local.content[..PART]);
    let (put, log) = put_logged(&server, &local).await;
    assert_eq!(put.unwrap().sent_bytes, 2 * PART as u64);
    assert_eq!((signatures(&server, 1).len(), server.seen("put").len()), (0, 2));
    assert!(server.content() == local.content);
    let resumed = |event: &Event| matches!(event, Event::Uploading { resumed: true, missing_parts: 2, .. });
    assert!(log.0.lock().unwrap().iter().any(resumed));
}

#[tokio::test]
async fn known_content_of_ones_own_moves_no_byte() {
    for (status, how) in [(StatusCode::CREATED, How::Instant), (StatusCode::OK, How::Unchanged)] {
        let (server, local) = (Server::start().await, Local::of(100));
        let stored = json!({"outcome": "stored", "entry": entry(100, &content_hash(&local.content).to_hex())});
        let answer = axum::response::IntoResponse::into_response((status, axum::Json(stored)));
        server.script("create", [Scripted::Answer(answer)]);
        let put = put(&server, &local).await.unwrap();
        assert_eq!((put.how, put.sent_bytes), (how, 0));
        assert!(server.seen("put").is_empty());
    }
}

#[tokio::test]
async fn a_challenge_is_answered_with_the_right_proof() {
    let (server, local) = (Server::start().await, Local::of(100));
    let challenge = json!({
        "outcome": "prove", "challenge": "c", "nonce": "07".repeat(32), "ranges": [{"offset": 0, "length": 100}],
        "expires_at": "2999-01-01T00:00:00Z", "expires_in": 300,
    });
    let stored = json!({"outcome": "stored", "entry": entry(100, &content_hash(&local.content).to_hex())});
    let created = axum::response::IntoResponse::into_response((StatusCode::CREATED, axum::Json(stored)));
    server.script("create", [ok(challenge), Scripted::Answer(created)]);
    let put = put(&server, &local).await.unwrap();
    assert_eq!((put.how, put.sent_bytes), (How::Proved, 0));
    let proof = &server.seen("create")[1].json()["proof"];
    assert_eq!(proof, &json!({"challenge": "c", "mac": right_mac(&server, [7; 32], &local.content)}));
}

#[tokio::test]
async fn a_challenge_beyond_the_end_of_the_file_is_refused() {
    let (server, local) = (Server::start().await, Local::of(100));
    let challenge = json!({
        "outcome": "prove", "challenge": "c", "nonce": "07".repeat(32), "ranges": [{"offset": 99, "length": 2}],
        "expires_at": "2999-01-01T00:00:00Z", "expires_in": 300,
    });
    server.script("create", [ok(challenge)]);
    assert!(matches!(put(&server, &local).await, Err(Error::Protocol(_))));
}

#[tokio::test]
async fn a_create_is_repeated_under_the_same_key_and_another_create_under_another() {
    let (server, local) = (Server::start().await, Local::of(100));
    server.script(
        "create",
        [Scripted::Lost, problem(503, "unavailable", &json!({})), problem(409, "in-progress", &json!({}))],
    );
    put(&server, &local).await.unwrap();
    put(&server, &local).await.unwrap();
    let seen = server.seen("create");
    let keys: Vec<_> = seen.iter().map(|seen| seen.headers["idempotency-key"].to_str().unwrap()).collect();
    assert_eq!(keys.len(), 5);
    assert!(keys[..4].iter().all(|key| *key == keys[0] && key.len() == 32));
    assert_ne!(keys[4], keys[0]);
}

#[tokio::test]
async fn a_refusal_for_good_is_not_repeated() {
    let (server, local) = (Server::start().await, Local::of(100));
    server.script("create", [problem(507, "quota-exceeded", &json!({"needed_bytes": 100, "available_bytes": 1}))]);
    let error = put(&server, &local).await.unwrap_err();
    assert!(error.is_problem("quota-exceeded"), "{error:?}");
    assert_eq!(server.seen("create").len(), 1);
}

#[tokio::test]
async fn a_server_that_comes_back_finds_the_upload_going_on() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (away, mut waits) = tokio::sync::mpsc::unbounded_channel();
    let api = Api::builder(format!("http://{address}").parse().unwrap())
        .credentials(Arc::new(InMemory::new(login(crate::server::TOKEN))))
        .backoff(quick())
        .patience(Patience::LONG)
        .on_wait(move |waiting| drop(away.send(waiting.reason)))
        .build()
        .unwrap();
    let local = Local::of(100);
    let (source, target) = (local.source(), Target::named("film.mp4"));
    let uploading =
        tokio::spawn(async move { Engine::new(api).put(source.into(), &target, Arc::new(Unobserved)).await });
    let reason = waits.recv().await.unwrap();
    assert!(reason.contains("refused"), "{reason}");
    let server = Server::start_on(tokio::net::TcpListener::bind(address).await.unwrap());
    uploading.await.unwrap().unwrap();
    assert!(server.content() == local.content);
}

#[tokio::test]
async fn a_stream_of_unknown_length_is_spooled_and_uploaded() {
    let (server, local, folder) = (Server::start().await, Local::of(PART + 5), tempfile::tempdir().unwrap());
    let observer: Arc<dyn Observer> = Arc::new(Unobserved);
    let content = spool(local.content.as_slice(), folder.path(), &observer).unwrap();
    let put = server.engine().put(content, &Target::named("film.mp4"), observer).await.unwrap();
    assert_eq!(put.entry.content_hash, Some(content_hash(&local.content).to_hex()));
    assert!(server.content() == local.content);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the spool has no name");
}

#[tokio::test]
async fn dropping_an_upload_cancels_it_and_takes_its_bytes_back() {
    let (server, local) = (Server::start().await, Local::of(4 * PART));
    let (arrived, mut held) = tokio::sync::mpsc::unbounded_channel();
    server.script("put", [Scripted::Hold(arrived)]);
    let log = Arc::new(Log::default());
    let (engine, source, target) = (server.engine(), local.source(), Target::named("film.mp4"));
    let observer = log.clone();
    let upload = tokio::spawn(async move { engine.put(source.into(), &target, observer).await });
    held.recv().await.unwrap();
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
    let stored =
        log.sum(|event| if let Event::PartStored { size_bytes, .. } = event { Some(*size_bytes) } else { None });
    assert_eq!(log.sent(), stored);
    assert!(log.sum(|event| if let Event::TakenBack { bytes } = event { Some(*bytes) } else { None }) > 0);
}
