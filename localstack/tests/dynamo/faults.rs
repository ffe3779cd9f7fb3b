//! The faults happen where they are asked for, and the SDK sees them as it sees the real ones.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use straightway_local::dynamo::faults::{Fault, Faults};
use straightway_local::dynamo::{self, EmbeddedDynamo};

use crate::support::{TABLE, code, get, item, memory, put_new};

fn faulty(db: &EmbeddedDynamo, faults: &Faults) -> Client {
    let broken = faults.around(dynamo::http_client(db));
    Client::from_conf(dynamo::config(db).http_client(broken).build())
}

#[tokio::test]
async fn a_conflict_cancels_the_transaction_and_is_not_retried_by_the_sdk() {
    let (db, client) = memory().await;
    let faults = Faults::at(1, Fault::TransactionConflict);
    let transact = |client: &Client| {
        client
            .transact_write_items()
            .transact_items(put_new(item("ann", "a", "file-1")))
            .transact_items(put_new(item("ann", "b", "file-1")))
            .send()
    };

    let error = transact(&faulty(&db, &faults)).await.unwrap_err().into_service_error();

    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        panic!("{error:?}");
    };
    let codes: Vec<_> = cancelled.cancellation_reasons().iter().map(|r| r.code().unwrap()).collect();
    assert_eq!(codes, ["TransactionConflict", "None"]);
    assert_eq!(faults.attempts(), 1);
    assert_eq!(get(&client, "ann", "a").await, None);
    transact(&faulty(&db, &faults)).await.expect("the plan names the first attempt only");
}

#[tokio::test]
async fn a_single_write_meets_a_conflict_under_its_own_name() {
    let (db, _client) = memory().await;
    let faults = Faults::at_nth("PutItem", 1, Fault::TransactionConflict);
    let client = faulty(&db, &faults);

    let put = client.put_item().table_name(TABLE).set_item(Some(item("ann", "a", "file-1")));
    let error = put.send().await.unwrap_err();

    assert_eq!(code(&error), Some("TransactionConflictException"));
}

#[tokio::test]
async fn throttled_and_lost_requests_are_retried_by_the_sdk() {
    for fault in [Fault::Throttled, Fault::RequestLost] {
        let (db, client) = memory().await;
        let faults = Faults::at_nth("PutItem", 1, fault);

        let put = faulty(&db, &faults).put_item().table_name(TABLE);
        put.set_item(Some(item("ann", "a", "file-1"))).send().await.unwrap();

        assert_eq!(faults.attempts_at("PutItem"), 2, "{fault:?}");
        assert!(get(&client, "ann", "a").await.is_some());
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_the_write_done() {
    let (db, client) = memory().await;
    let faults = Faults::when(|_| Some(Fault::AnswerLost));

    let write = faulty(&db, &faults).transact_write_items();
    let error = write.transact_items(put_new(item("ann", "a", "file-1"))).send().await.unwrap_err();

    assert_eq!(faults.attempts(), 3, "the SDK tried as often as it does");
    assert_eq!(code(&error), None, "a broken connection, not an exception");
    assert!(get(&client, "ann", "a").await.is_some());
}

#[tokio::test]
async fn a_plan_may_look_at_the_body() {
    let (db, _client) = memory().await;
    let faults = Faults::when(|attempt| {
        let doomed = attempt.body.windows(6).any(|window| window == b"doomed");
        (doomed && attempt.operation == "PutItem").then_some(Fault::TransactionConflict)
    });
    let client = faulty(&db, &faults);
    let put = |name| client.put_item().table_name(TABLE).set_item(Some(item("ann", name, "file-1"))).send();

    assert!(put("blessed").await.is_ok());
    assert!(put("doomed").await.is_err());
}
