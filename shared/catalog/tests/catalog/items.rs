//! What the ports do not show: items for the sweeper, for the outbox, and for the database to delete.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use straightway_core::garbage::GRACE;
use straightway_core::ports::{Job, SessionEnd};
use straightway_core::session::VERIFYING_DUE;
use straightway_core::{
    FolderId, Garbage, JobId, LeafHash, MultipartUploadId, OutboxEvent, PartNumber, RejectReason, UploadSession,
};
use straightway_local::dynamo;
use straightway_testing::catalog::subject::garbage;
use straightway_testing::catalog::{NOW, Subject, random};

use crate::support;

type Item = HashMap<String, AttributeValue>;

/// The catalog, and the tables below it.
struct Under {
    subject: Subject,
    client: Client,
}

impl Under {
    async fn new() -> Self {
        let database = support::embedded().await;
        Self { subject: support::subject(&database, |client| client), client: dynamo::client(&database) }
    }

    async fn scan(&self, table: &str) -> Vec<Item> {
        let scanned = self.client.scan().table_name(format!("{}{table}", support::PREFIX)).send().await;
        scanned.expect("the table can be read").items.unwrap_or_default()
    }

    /// What is due in a table: id and time, from every shard of its index.
    async fn due(&self, table: &str) -> Vec<(String, i64)> {
        let mut due = Vec::new();
        for shard in 0..16 {
            let query = self.client.query().table_name(format!("{}{table}", support::PREFIX)).index_name("due");
            let found = query
                .key_condition_expression("due_shard = :shard")
                .expression_attribute_values(":shard", AttributeValue::N(shard.to_string()))
                .send()
                .await;
            for item in found.expect("the index can be read").items.unwrap_or_default() {
                due.push((text(&item, if table == "sessions" { "pk" } else { "id" }), number(&item, "due_at")));
            }
        }
        due
    }

    async fn due_session(&self, session: &UploadSession) -> Option<i64> {
        self.due("sessions").await.into_iter().find(|(id, _)| id == session.session_id.as_str()).map(|(_, at)| at)
    }
}

fn text(item: &Item, name: &str) -> String {
    item[name].as_s().expect("text").clone()
}

fn number(item: &Item, name: &str) -> i64 {
    item[name].as_n().expect("a number").parse().expect("a number")
}

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}

#[expect(clippy::disallowed_methods, reason = "the database deletes by its own clock, not by that of the test")]
fn machine_time() -> Timestamp {
    Timestamp::now()
}

fn part(number: u64) -> PartNumber {
    PartNumber::new(number).expect("a part number")
}

#[tokio::test]
async fn a_live_session_is_due_and_an_ended_one_is_not() {
    let under = Under::new().await;
    let owner = under.subject.owner().await;
    let session = under.subject.open(&owner, "film.mp4", 1 << 30).await;
    assert_eq!(under.due_session(&session).await, Some(session.expires_at.as_millisecond()));

    let used = under.subject.record_done(&session, &[part(1)], NOW + days(3)).await.unwrap();
    assert_eq!(under.due_session(&session).await, Some(used.expires_at.as_millisecond()));

    under.subject.begin_verifying(&session.session_id, NOW + VERIFYING_DUE).await.unwrap();
    assert_eq!(under.due_session(&session).await, Some((NOW + VERIFYING_DUE).as_millisecond()));

    under.subject.abort(&session).await;
    assert_eq!(under.due_session(&session).await, None);
}

#[tokio::test]
async fn an_ended_session_leaves_only_itself_for_thirty_days() {
    let under = Under::new().await;
    let owner = under.subject.owner().await;
    let aborted = under.subject.open(&owner, "a", 1).await;
    under.subject.abort(&aborted).await;
    under.subject.store(&owner, "b", 1).await;

    let items = under.scan("sessions").await;

    assert_eq!(items.len(), 2, "no list item and no marker is left: {items:?}");
    for item in items {
        assert_eq!(text(&item, "sk"), "session");
        assert_eq!(number(&item, "ttl"), (NOW + days(30)).as_second());
        assert_eq!(number(&item, "ended_at"), NOW.as_millisecond());
    }
}

#[tokio::test]
async fn leaf_hashes_and_read_backs_expire_after_any_session() {
    let under = Under::new().await;
    let session = under.subject.open(&under.subject.owner().await, "film.mp4", 1 << 40).await;
    let leaves = [(part(1), LeafHash::of(b"1")), (part(100), LeafHash::of(b"2")), (part(101), LeafHash::of(b"3"))];
    under.subject.record_leaves(&session.session_id, &leaves).await.unwrap();
    let expiring: Vec<Item> =
        under.scan("sessions").await.into_iter().filter(|item| text(item, "sk").starts_with("parts#")).collect();
    let mut keys: Vec<String> = expiring.iter().map(|item| text(item, "sk")).collect();
    keys.sort();
    assert_eq!(keys, ["parts#000", "parts#001"]);
    for item in expiring {
        // A session lives 60 days at most and is kept for 30 more.
        assert!(number(&item, "ttl") > (machine_time() + days(90)).as_second());
    }
}

#[tokio::test]
async fn garbage_is_written_with_every_end_and_adds_up() {
    let under = Under::new().await;
    let owner = under.subject.owner().await;
    let session = under.subject.open(&owner, "film.mp4", 1 << 30).await;
    let first = Garbage::new(session.object_key(), Some(MultipartUploadId("first".into())), NOW);
    under.subject.end_session(&session, SessionEnd::Aborted, &first, None, NOW).await.unwrap();

    let items = under.scan("garbage").await;
    assert_eq!(items.len(), 1);
    assert_eq!(text(&items[0], "id"), session.object_key().as_str());
    assert_eq!(items[0]["multipart_ids"], AttributeValue::Ss(vec!["first".into()]));
    assert_eq!(number(&items[0], "not_before"), (NOW + GRACE).as_millisecond());
    assert!(!items[0].contains_key("secondary"));
    let due = (session.object_key().to_string(), (NOW + GRACE).as_millisecond());
    assert_eq!(under.due("garbage").await, [due]);

    // The same key becomes garbage again: nothing that was known of it is lost.
    let other = under.subject.open(&owner, "film.mp4", 1 << 30).await;
    let ids = vec![MultipartUploadId("second".into()), MultipartUploadId("second".into())];
    let second = Garbage { multipart_ids: ids, secondary: true, not_before: NOW + days(2), ..first };
    under.subject.end_session(&other, SessionEnd::Aborted, &second, None, NOW).await.unwrap();
    let items = under.scan("garbage").await;
    assert_eq!(items.len(), 1);
    let mut ids = items[0]["multipart_ids"].as_ss().unwrap().clone();
    ids.sort();
    assert_eq!(ids, ["first", "second"]);
    assert_eq!(items[0]["secondary"], AttributeValue::Bool(true));
    assert_eq!(number(&items[0], "not_before"), (NOW + days(2)).as_millisecond());
}

#[tokio::test]
async fn only_an_object_that_is_not_needed_becomes_garbage() {
    let under = Under::new().await;
    let owner = under.subject.owner().await;
    let stored = under.subject.store(&owner, "film.mp4", 10).await;
    assert_eq!(under.scan("garbage").await, []);
    let key = stored.file().unwrap();
    let upload = under.subject.open_known(&owner, "copy.mp4", key).await;
    under.subject.commit_upload(&upload, straightway_core::ports::FileChange::Known(key), None).await;
    let items = under.scan("garbage").await;
    assert_eq!(items.len(), 1);
    assert_eq!(text(&items[0], "id"), upload.session.object_key().as_str());
}

#[tokio::test]
async fn events_are_written_with_what_they_tell_and_are_due_at_once() {
    let under = Under::new().await;
    let owner = under.subject.owner().await;
    let stored = under.subject.store(&owner, "film.mp4", 10).await;
    let rejected = under.subject.open(&owner, "wrong.mp4", 10).await;
    let event = OutboxEvent::upload_rejected(&rejected, RejectReason::HashMismatch, NOW);
    let end = SessionEnd::Rejected(RejectReason::HashMismatch);
    under.subject.end_session(&rejected, end, &garbage(&rejected), Some(&event), NOW).await.unwrap();

    let mut items = under.scan("outbox").await;
    items.sort_by_key(|item| text(item, "type"));

    let told: Vec<_> = items.iter().map(|item| (text(item, "type"), text(item, "owner_id"))).collect();
    let owner_id = owner.id.to_string();
    assert_eq!(told, [("file.stored".into(), owner_id.clone()), ("upload.rejected".into(), owner_id)]);
    let data: serde_json::Value = serde_json::from_str(&text(&items[0], "data")).unwrap();
    assert_eq!(data["entry_id"], stored.entry_id.as_str());
    assert_eq!(text(&items[1], "id"), rejected.session_id.as_str());
    let due = under.due("outbox").await;
    assert_eq!(due.len(), 2);
    assert!(due.iter().all(|(_, at)| *at == NOW.as_millisecond()));
}

#[tokio::test]
async fn a_file_nobody_refers_to_is_due_after_the_grace() {
    let under = Under::new().await;
    let owner = under.subject.owner().await;
    let entry = under.subject.store(&owner, "film.mp4", 10).await;
    assert_eq!(under.due("files").await, []);
    under.subject.purge_entry(&entry, NOW).await.unwrap();
    let key = entry.file().unwrap();
    assert_eq!(under.due("files").await, [(key.to_string(), (NOW + GRACE).as_millisecond())]);
    under.subject.refer(&owner, "again.mp4", key).await;
    assert_eq!(under.due("files").await, []);
}

#[tokio::test]
async fn a_job_expires_only_when_it_is_done() {
    let under = Under::new().await;
    let owner = under.subject.owner().await;
    let folder = under.subject.folder(&owner, &FolderId::Root, "top").await;
    let running = Job {
        job_id: JobId::from_random(random()),
        owner_id: owner.id.clone(),
        revision: 1,
        pending: vec![folder.entry_id.clone()],
        created_at: NOW,
    };
    under.subject.purge_folder(&folder, None, &running).await.unwrap();
    assert!(!under.scan("jobs").await[0].contains_key("ttl"));
    let done = Job { revision: 2, pending: vec![], ..running.clone() };
    under.subject.save_job(&running, &done).await.unwrap();
    assert_eq!(number(&under.scan("jobs").await[0], "ttl"), (NOW + days(30)).as_second());
}

#[tokio::test]
async fn counters_and_claims_expire() {
    let under = Under::new().await;
    let owner = under.subject.owner().await;
    under.subject.take("creates", 1, 5, NOW).await.unwrap();
    under.subject.begin_request(&owner.id, "0123456789abcdef", [0; 32], NOW).await.unwrap();
    let hour = SignedDuration::from_hours(1);
    assert_eq!(number(&under.scan("limits").await[0], "ttl"), (NOW + hour).as_second());
    assert_eq!(number(&under.scan("requests").await[0], "ttl"), (NOW + days(1)).as_second());
}
