//! What the catalog does about a database that is busy, and about answers that are lost.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use straightway_core::ports::{
    CommitBy, Committed, Ended, FileChange, Job, Moved, Opened, ProofAttempt, Purged, PutFolder,
};
use straightway_core::{Error, FolderId, JobId, SessionState};
use straightway_local::dynamo::EmbeddedDynamo;
use straightway_local::dynamo::faults::{Fault, Faults};
use straightway_testing::catalog::subject::{QUOTA, folder, new_key, renamed, user};
use straightway_testing::catalog::{NOW, Owner, Subject, Upload, random};

use crate::support;

/// The catalog over `database`, where the first `n` attempts at a transaction fail this way.
fn failing(database: &EmbeddedDynamo, n: usize, fault: Fault) -> (Subject, Faults) {
    let faults =
        Faults::when(move |attempt| (attempt.operation == "TransactWriteItems" && attempt.nth <= n).then_some(fault));
    (support::subject(database, |client| faults.around(client)), faults)
}

async fn owner(database: &EmbeddedDynamo) -> Owner {
    support::subject(database, |client| client).owner().await
}

#[tokio::test]
async fn eight_conflicts_are_waited_for() {
    let database = support::embedded().await;
    let owner = owner(&database).await;
    let (subject, faults) = failing(&database, 8, Fault::TransactionConflict);
    assert_eq!(subject.put_folder(&folder(&owner, &FolderId::Root, "a")).await.unwrap(), PutFolder::Done);
    assert_eq!(faults.attempts_at("TransactWriteItems"), 9);
}

#[tokio::test]
async fn a_database_that_stays_busy_is_unavailable() {
    let database = support::embedded().await;
    let owner = owner(&database).await;
    for fault in [Fault::TransactionConflict, Fault::Throttled, Fault::RequestLost] {
        let (subject, _) = failing(&database, usize::MAX, fault);
        let folder = folder(&owner, &FolderId::Root, "a");
        let put = subject.put_folder(&folder).await;
        assert!(matches!(put, Err(Error::Unavailable { source: Some(_), .. })), "{fault:?}: {put:?}");
        assert_eq!(subject.entry(&owner.id, &folder.entry_id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_table_that_is_not_there_is_no_reason_to_wait() {
    let database = EmbeddedDynamo::memory().unwrap();
    let faults = Faults::when(|_| None);
    let subject = support::subject(&database, |client| faults.around(client));
    let made = subject.create_user(&user(QUOTA)).await;
    assert!(matches!(made, Err(Error::Internal { source: Some(_), .. })), "{made:?}");
    assert_eq!(faults.attempts(), 1);
}

#[tokio::test]
async fn every_attempt_at_a_transaction_has_the_same_token() {
    let database = support::embedded().await;
    let owner = owner(&database).await;
    let bodies: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let seen = bodies.clone();
    let faults = Faults::when(move |attempt| {
        if attempt.operation != "TransactWriteItems" {
            return None;
        }
        seen.lock().unwrap().push(attempt.body.to_vec());
        [None, Some(Fault::TransactionConflict), Some(Fault::AnswerLost), Some(Fault::Throttled)]
            .get(attempt.nth)
            .copied()?
    });
    let subject = support::subject(&database, |client| faults.around(client));
    assert_eq!(subject.put_folder(&folder(&owner, &FolderId::Root, "a")).await.unwrap(), PutFolder::Done);

    let bodies = bodies.lock().unwrap().clone();
    assert_eq!(bodies.len(), 4);
    assert!(String::from_utf8_lossy(&bodies[0]).contains("ClientRequestToken"));
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

// A lost answer where the server remembers no token: after ten minutes DynamoDB does not either. Only the conditions
// tell then that it was done.

/// The catalog over a database that carries the first transaction out, loses the answer, and does not know the token.
fn forgetful(database: &EmbeddedDynamo) -> Subject {
    let faults = Faults::at_nth("TransactWriteItems", 1, Fault::AnswerLost);
    support::subject(database, |client| SharedHttpClient::new(Forgetful { inner: faults.around(client) }))
}

/// Takes the token out of every transaction.
#[derive(Debug)]
struct Forgetful<Inner> {
    inner: Inner,
}

impl HttpClient for Forgetful<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Forgetful { inner: self.inner.http_connector(settings, components) })
    }
}

impl HttpConnector for Forgetful<SharedHttpConnector> {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().expect("requests are not streamed");
        let mut body: serde_json::Value = serde_json::from_slice(body).expect("requests are JSON");
        body.as_object_mut().expect("an object").remove("ClientRequestToken");
        *request.body_mut() = SdkBody::from(body.to_string());
        self.inner.call(request)
    }
}

#[tokio::test]
async fn a_user_is_made_although_the_answer_was_lost() {
    let database = support::embedded().await;
    let user = user(QUOTA);
    forgetful(&database).create_user(&user).await.unwrap();
    let found = forgetful(&database).user_by_name(&user.username).await.unwrap();
    assert_eq!(found.unwrap().user_id, user.user_id);
}

#[tokio::test]
async fn a_session_is_opened_once_although_the_answer_was_lost() {
    let database = support::embedded().await;
    let owner = owner(&database).await;
    let subject = forgetful(&database);
    let session = owner.session("film.mp4", 10);
    assert_eq!(subject.try_open(&session).await, Opened::Done);
    assert_eq!(subject.used(&owner).await, (0, 10));
}

#[tokio::test]
async fn an_upload_is_stored_once_although_the_answer_was_lost() {
    let database = support::embedded().await;
    let owner = owner(&database).await;
    let upload = Upload::of(support::subject(&database, |client| client).open(&owner, "film.mp4", 10).await);
    let subject = forgetful(&database);

    let committed = subject.commit_upload(&upload, FileChange::New(&upload.file), None).await;

    let Committed::SessionEnded(session) = committed else { panic!("{committed:?}") };
    assert_eq!((session.state, session.entry_id), (SessionState::Stored, upload.entry.entry_id.clone()));
    assert_eq!(subject.entry(&owner.id, &upload.entry.entry_id).await.unwrap().as_ref(), Some(&upload.entry));
    assert_eq!(subject.file_of(&upload.entry).await.refs, 1);
    assert_eq!(subject.used(&owner).await, (10, 0));
}

#[tokio::test]
async fn an_instant_upload_counts_once_although_the_answer_was_lost() {
    let database = support::embedded().await;
    let owner = owner(&database).await;
    let stored = support::subject(&database, |client| client).store(&owner, "film.mp4", 10).await;
    let key = stored.file().unwrap();
    let entry = owner.entry(&FolderId::Root, "copy.mp4", key);
    let subject = forgetful(&database);

    let by = CommitBy::Instant { proof: None };
    assert_eq!(subject.commit_by(by, &entry, FileChange::Known(key), None).await, Committed::EntryExists);

    assert_eq!(subject.file_of(&stored).await.refs, 2);
    assert_eq!(subject.used(&owner).await, (20, 0));
}

#[tokio::test]
async fn a_session_ends_once_although_the_answer_was_lost() {
    let database = support::embedded().await;
    let owner = owner(&database).await;
    let session = support::subject(&database, |client| client).open(&owner, "film.mp4", 10).await;
    let subject = forgetful(&database);
    let ended = subject.abort(&session).await;
    assert_eq!(ended, Ended::Not(Box::new(subject.session_now(&session).await)));
    assert_eq!(subject.session_now(&session).await.state, SessionState::Aborted);
    assert_eq!(subject.used(&owner).await, (0, 0));
}

#[tokio::test]
async fn an_entry_is_purged_once_although_the_answer_was_lost() {
    let database = support::embedded().await;
    let owner = owner(&database).await;
    let plain = support::subject(&database, |client| client);
    let entry = plain.store(&owner, "film.mp4", 10).await;
    plain.refer(&owner, "copy.mp4", entry.file().unwrap()).await;
    let subject = forgetful(&database);
    assert_eq!(subject.purge_entry(&entry, NOW).await.unwrap(), Purged::Changed);
    assert_eq!(subject.entry(&owner.id, &entry.entry_id).await.unwrap(), None);
    assert_eq!(subject.file_of(&entry).await.refs, 1);
    assert_eq!(subject.used(&owner).await, (10, 0));
}

#[tokio::test]
async fn a_move_is_done_although_the_answer_was_lost() {
    let database = support::embedded().await;
    let owner = owner(&database).await;
    let plain = support::subject(&database, |client| client);
    let before = plain.store(&owner, "film.mp4", 10).await;
    let holder = plain.store(&owner, "other.mp4", 30).await;
    let after = renamed(&before, "other.mp4");
    let subject = forgetful(&database);
    assert_eq!(subject.move_entry(&before, &after, Some(&holder), &[]).await.unwrap(), Moved::Done);
    assert_eq!(subject.entry(&owner.id, &after.entry_id).await.unwrap(), Some(after));
    assert_eq!(subject.used(&owner).await, (10, 0));
}

#[tokio::test]
async fn a_folder_is_put_and_purged_although_the_answers_were_lost() {
    let database = support::embedded().await;
    let owner = owner(&database).await;
    let folder = folder(&owner, &FolderId::Root, "films");
    assert_eq!(forgetful(&database).put_folder(&folder).await.unwrap(), PutFolder::Done);
    let job = Job {
        job_id: JobId::from_random(random()),
        owner_id: owner.id.clone(),
        revision: 1,
        pending: vec![folder.entry_id.clone()],
        created_at: NOW,
    };
    assert_eq!(forgetful(&database).purge_folder(&folder, None, &job).await.unwrap(), Purged::Done);
    assert_eq!(forgetful(&database).job(&job.job_id).await.unwrap(), Some(job));
}

#[tokio::test]
async fn a_proof_begins_although_the_answer_was_lost() {
    let database = support::embedded().await;
    let owner = owner(&database).await;
    let attempt = ProofAttempt {
        nonce: "00".repeat(32),
        owner_id: owner.id.clone(),
        file_key: new_key(10).file_key,
        day: jiff::civil::date(2026, 11, 21),
        expires_at: NOW,
    };
    assert!(forgetful(&database).begin_proof(&attempt).await.unwrap());
    assert!(!forgetful(&database).begin_proof(&attempt).await.unwrap());
}
