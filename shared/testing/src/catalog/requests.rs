//! Requests with an idempotency key.

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use straightway_core::ports::RequestBegun;

use super::subject::{NOW, Owner, Subject};

const KEY: &str = "0123456789abcdef";
const BODY: [u8; 32] = [1; 32];

async fn begin(subject: &Subject, owner: &Owner, now: Timestamp) -> RequestBegun {
    subject.begin_request(&owner.id, KEY, BODY, now).await.unwrap()
}

fn seconds(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

pub async fn a_request_is_fresh_then_runs_then_is_done(subject: &Subject) {
    let owner = subject.owner().await;
    assert_eq!(begin(subject, &owner, NOW).await, RequestBegun::Fresh);
    assert_eq!(begin(subject, &owner, NOW + seconds(1)).await, RequestBegun::Running);
    subject.finish_request(&owner.id, KEY, "the answer", NOW + seconds(2)).await.unwrap();
    assert_eq!(begin(subject, &owner, NOW + seconds(3)).await, RequestBegun::Done("the answer".into()));
}

pub async fn a_key_belongs_to_one_request(subject: &Subject) {
    let owner = subject.owner().await;
    assert_eq!(begin(subject, &owner, NOW).await, RequestBegun::Fresh);
    let other = subject.begin_request(&owner.id, KEY, [2; 32], NOW).await.unwrap();
    assert_eq!(other, RequestBegun::Mismatch);
    subject.finish_request(&owner.id, KEY, "the answer", NOW).await.unwrap();
    assert_eq!(subject.begin_request(&owner.id, KEY, [2; 32], NOW).await.unwrap(), RequestBegun::Mismatch);
}

pub async fn keys_of_two_owners_do_not_meet(subject: &Subject) {
    let (one, other) = (subject.owner().await, subject.owner().await);
    assert_eq!(begin(subject, &one, NOW).await, RequestBegun::Fresh);
    assert_eq!(begin(subject, &other, NOW).await, RequestBegun::Fresh);
}

pub async fn a_forgotten_request_is_fresh_again(subject: &Subject) {
    let owner = subject.owner().await;
    begin(subject, &owner, NOW).await;
    subject.forget_request(&owner.id, KEY).await.unwrap();
    assert_eq!(begin(subject, &owner, NOW).await, RequestBegun::Fresh);
}

pub async fn a_finished_request_is_not_forgotten(subject: &Subject) {
    let owner = subject.owner().await;
    begin(subject, &owner, NOW).await;
    subject.finish_request(&owner.id, KEY, "the answer", NOW).await.unwrap();
    subject.forget_request(&owner.id, KEY).await.unwrap();
    assert_eq!(begin(subject, &owner, NOW).await, RequestBegun::Done("the answer".into()));
}

pub async fn the_claim_of_a_function_that_died_is_taken_over(subject: &Subject) {
    let owner = subject.owner().await;
    begin(subject, &owner, NOW).await;
    assert_eq!(begin(subject, &owner, NOW + seconds(59)).await, RequestBegun::Running);
    assert_eq!(begin(subject, &owner, NOW + seconds(60)).await, RequestBegun::Fresh);
    assert_eq!(begin(subject, &owner, NOW + seconds(61)).await, RequestBegun::Running);
}

pub async fn of_two_that_finish_one_claim_the_first_counts(subject: &Subject) {
    let owner = subject.owner().await;
    begin(subject, &owner, NOW).await;
    begin(subject, &owner, NOW + seconds(60)).await;
    subject.finish_request(&owner.id, KEY, "first", NOW + seconds(61)).await.unwrap();
    subject.finish_request(&owner.id, KEY, "second", NOW + seconds(62)).await.unwrap();
    assert_eq!(begin(subject, &owner, NOW + seconds(63)).await, RequestBegun::Done("first".into()));
}

pub async fn an_answer_is_kept_for_a_day(subject: &Subject) {
    let owner = subject.owner().await;
    begin(subject, &owner, NOW).await;
    subject.finish_request(&owner.id, KEY, "the answer", NOW).await.unwrap();
    let day = SignedDuration::from_hours(24);
    assert_eq!(begin(subject, &owner, NOW + day - seconds(1)).await, RequestBegun::Done("the answer".into()));
    assert_eq!(subject.begin_request(&owner.id, KEY, [2; 32], NOW + day).await.unwrap(), RequestBegun::Fresh);
}

pub async fn of_many_claims_at_once_one_is_fresh(subject: &Subject) {
    let owner = subject.owner().await;
    let first = join_all((0..8).map(|_| begin(subject, &owner, NOW))).await;
    assert_eq!(first.iter().filter(|begun| **begun == RequestBegun::Fresh).count(), 1, "{first:?}");
    let later = NOW + SignedDuration::from_mins(2);
    let second = join_all((0..8).map(|_| begin(subject, &owner, later))).await;
    assert_eq!(second.iter().filter(|begun| **begun == RequestBegun::Fresh).count(), 1, "{second:?}");
}
