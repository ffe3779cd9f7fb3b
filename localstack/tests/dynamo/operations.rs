//! What the catalog relies on, through the in-process client.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::types::{
    AttributeValue, Get, KeysAndAttributes, PutRequest, TimeToLiveSpecification, TimeToLiveStatus, TransactGetItem,
    WriteRequest,
};
use straightway_core::Clock;
use straightway_local::dynamo::{self, EmbeddedDynamo, OpenError};

use crate::support::{TABLE, WallClock, code, create_table, get, item, key, memory, put, put_new, text};

#[tokio::test]
async fn a_created_table_is_described_and_listed_with_its_index() {
    let (_db, client) = memory().await;

    let table = client.describe_table().table_name(TABLE).send().await.unwrap().table.unwrap();
    let names = client.list_tables().send().await.unwrap().table_names.unwrap();

    assert_eq!(table.global_secondary_indexes()[0].index_name(), Some("by-file"));
    assert_eq!(names, [TABLE]);
}

#[tokio::test]
async fn creating_a_table_twice_is_refused() {
    let (_db, client) = memory().await;

    let error = client
        .create_table()
        .table_name(TABLE)
        .billing_mode(aws_sdk_dynamodb::types::BillingMode::PayPerRequest)
        .attribute_definitions(
            aws_sdk_dynamodb::types::AttributeDefinition::builder()
                .attribute_name("id")
                .attribute_type(aws_sdk_dynamodb::types::ScalarAttributeType::S)
                .build()
                .unwrap(),
        )
        .key_schema(
            aws_sdk_dynamodb::types::KeySchemaElement::builder()
                .attribute_name("id")
                .key_type(aws_sdk_dynamodb::types::KeyType::Hash)
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap_err();

    assert_eq!(code(&error), Some("ResourceInUseException"));
}

#[tokio::test]
async fn an_item_put_is_read_back_consistently() {
    let (_db, client) = memory().await;

    put(&client, item("ann", "a.txt", "file-1")).await;

    assert_eq!(get(&client, "ann", "a.txt").await, Some(item("ann", "a.txt", "file-1")));
    assert_eq!(get(&client, "bob", "a.txt").await, None);
}

#[tokio::test]
async fn a_failed_condition_says_so_and_changes_nothing() {
    let (_db, client) = memory().await;
    put(&client, item("ann", "a.txt", "file-1")).await;

    let error = client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(item("ann", "a.txt", "file-2")))
        .condition_expression("attribute_not_exists(#name)")
        .expression_attribute_names("#name", "name")
        .send()
        .await
        .unwrap_err();

    assert!(error.request_id().is_some_and(|id| id.len() == 52));
    assert!(error.into_service_error().is_conditional_check_failed_exception());
    assert_eq!(get(&client, "ann", "a.txt").await, Some(item("ann", "a.txt", "file-1")));
}

#[tokio::test]
async fn an_update_returns_the_new_item_and_a_delete_the_old_one() {
    let (_db, client) = memory().await;
    put(&client, item("ann", "a.txt", "file-1")).await;

    let updated = client
        .update_item()
        .table_name(TABLE)
        .set_key(Some(key("ann", "a.txt")))
        .update_expression("ADD refs :one SET #file = :file")
        .condition_expression("attribute_not_exists(refs)")
        .expression_attribute_names("#file", "file")
        .expression_attribute_values(":one", AttributeValue::N("1".into()))
        .expression_attribute_values(":file", text("file-2"))
        .return_values(aws_sdk_dynamodb::types::ReturnValue::AllNew)
        .send()
        .await
        .unwrap();
    let deleted = client
        .delete_item()
        .table_name(TABLE)
        .set_key(Some(key("ann", "a.txt")))
        .return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld)
        .send()
        .await
        .unwrap();

    let mut expected = item("ann", "a.txt", "file-2");
    expected.insert("refs".into(), AttributeValue::N("1".into()));
    assert_eq!(updated.attributes, Some(expected.clone()));
    assert_eq!(deleted.attributes, Some(expected));
    assert_eq!(get(&client, "ann", "a.txt").await, None);
}

#[tokio::test]
async fn a_cancelled_transaction_gives_its_reasons_in_order_and_writes_nothing() {
    let (_db, client) = memory().await;
    put(&client, item("ann", "taken", "file-1")).await;

    let error = client
        .transact_write_items()
        .transact_items(put_new(item("ann", "free-1", "file-2")))
        .transact_items(put_new(item("ann", "taken", "file-2")))
        .transact_items(put_new(item("ann", "free-2", "file-2")))
        .send()
        .await
        .unwrap_err()
        .into_service_error();

    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = error
    else {
        panic!("{error:?}");
    };
    let codes: Vec<_> = cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed", "None"]);
    assert_eq!(get(&client, "ann", "free-1").await, None);
    assert_eq!(get(&client, "ann", "free-2").await, None);
}

#[tokio::test]
async fn a_transaction_with_the_same_token_is_carried_out_once() {
    let (_db, client) = memory().await;
    let write = || {
        client
            .transact_write_items()
            .client_request_token("token-1")
            .transact_items(put_new(item("ann", "a.txt", "file-1")))
            .send()
    };

    write().await.unwrap();
    write().await.unwrap();

    let got = client
        .transact_get_items()
        .transact_items(
            TransactGetItem::builder()
                .get(Get::builder().table_name(TABLE).set_key(Some(key("ann", "a.txt"))).build().unwrap())
                .build(),
        )
        .send()
        .await
        .unwrap();
    assert_eq!(got.responses()[0].item, Some(item("ann", "a.txt", "file-1")));
}

#[tokio::test]
async fn a_query_finds_a_prefix_page_by_page_in_order() {
    let (_db, client) = memory().await;
    for number in 0..7 {
        put(&client, item("ann", &format!("photo-{number}"), "file-1")).await;
    }
    put(&client, item("ann", "text", "file-1")).await;
    put(&client, item("bob", "photo-9", "file-1")).await;

    let mut pages = client
        .query()
        .table_name(TABLE)
        .consistent_read(true)
        .key_condition_expression("#owner = :owner AND begins_with(#name, :prefix)")
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_names("#name", "name")
        .expression_attribute_values(":owner", text("ann"))
        .expression_attribute_values(":prefix", text("photo-"))
        .limit(3)
        .into_paginator()
        .send();
    let mut sizes = Vec::new();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push(page.items().len());
        names.extend(page.items().iter().map(|item| item["name"].as_s().unwrap().clone()));
    }

    assert_eq!(sizes, [3, 3, 1]);
    assert_eq!(names, (0..7).map(|number| format!("photo-{number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_index_finds_what_its_key_names() {
    let (_db, client) = memory().await;
    put(&client, item("ann", "a.txt", "file-1")).await;
    put(&client, item("ann", "b.txt", "file-2")).await;

    let found = client
        .query()
        .table_name(TABLE)
        .index_name("by-file")
        .key_condition_expression("#owner = :owner AND #file = :file")
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_names("#file", "file")
        .expression_attribute_values(":owner", text("ann"))
        .expression_attribute_values(":file", text("file-2"))
        .send()
        .await
        .unwrap();

    assert_eq!(found.items(), [item("ann", "b.txt", "file-2")]);
}

#[tokio::test]
async fn batches_write_and_read_many_items() {
    let (_db, client) = memory().await;
    let names = ["a", "b", "c"];
    let writes = names.map(|name| {
        let put = PutRequest::builder().set_item(Some(item("ann", name, "file-1"))).build();
        WriteRequest::builder().put_request(put.unwrap()).build()
    });

    client.batch_write_item().request_items(TABLE, writes.into()).send().await.unwrap();
    let keys = names.map(|name| key("ann", name));
    let keys = KeysAndAttributes::builder().set_keys(Some(keys.into())).build().unwrap();
    let read = client.batch_get_item().request_items(TABLE, keys).send().await.unwrap();
    let scanned = client.scan().table_name(TABLE).send().await.unwrap();

    assert_eq!(read.responses.unwrap()[TABLE].len(), 3);
    assert_eq!(scanned.count(), 3);
}

#[tokio::test]
async fn a_sweep_deletes_what_has_expired_and_nothing_else() {
    let (db, client) = memory().await;
    let ttl = TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build();
    client.update_time_to_live().table_name(TABLE).time_to_live_specification(ttl.unwrap()).send().await.unwrap();
    let now = WallClock.now().as_second();
    for (name, expires) in [("old", now - 10), ("young", now + 1000)] {
        let mut item = item("ann", name, "file-1");
        item.insert("expires".into(), AttributeValue::N(expires.to_string()));
        put(&client, item).await;
    }

    let deleted = db.sweep_expired().await;

    let described = client.describe_time_to_live().table_name(TABLE).send().await.unwrap();
    let status = described.time_to_live_description.unwrap().time_to_live_status;
    assert_eq!(status, Some(TimeToLiveStatus::Enabled));
    assert_eq!(deleted, Some(1));
    assert_eq!(get(&client, "ann", "old").await, None);
    assert!(get(&client, "ann", "young").await.is_some());
}

#[tokio::test]
async fn the_sweep_timer_ends_with_the_database() {
    let (db, _client) = memory().await;
    let timer = db.sweep_every(Duration::from_millis(1));

    db.close().await;

    tokio::time::timeout(Duration::from_secs(10), timer).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_operation_nobody_serves_is_unknown() {
    let (db, _client) = memory().await;

    for target in [None, Some("DynamoDB_20120810.DropEverything"), Some("PutItem"), Some("")] {
        let answer = db.call(target, "{}".into()).await;

        assert_eq!(answer.status(), 400);
        assert_eq!(answer.body(), r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#);
    }
}

#[tokio::test]
async fn a_closed_file_opens_again_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let db = EmbeddedDynamo::open(&path).unwrap();
    let client = dynamo::client(&db);
    create_table(&client).await;
    put(&client, item("ann", "a.txt", "file-1")).await;

    db.close().await;

    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(left, ["catalog.db"], "the log is worked into the file");
    let late = db.call(Some("DynamoDB_20120810.ListTables"), "{}".into()).await;
    assert_eq!(late.status(), 500);
    let client = dynamo::client(&EmbeddedDynamo::open(&path).unwrap());
    assert_eq!(get(&client, "ann", "a.txt").await, Some(item("ann", "a.txt", "file-1")));
}

#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let db = EmbeddedDynamo::open(&folder.path().join("catalog.db")).unwrap();
    create_table(&dynamo::client(&db)).await;

    let modes: HashMap<_, _> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap())
        .map(|file| (file.file_name(), file.metadata().unwrap().permissions().mode() & 0o777))
        .collect();

    assert_eq!(modes.len(), 3, "{modes:?}");
    assert!(modes.values().all(|mode| *mode == 0o600), "{modes:?}");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    std::fs::write(&path, "a shopping list, not a database").unwrap();

    let error = EmbeddedDynamo::open(&path).unwrap_err();

    assert!(matches!(error, OpenError::Unusable { .. }), "{error:?}");
    assert_eq!(std::fs::read(&path).unwrap(), b"a shopping list, not a database");
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let db = EmbeddedDynamo::open(&path).unwrap();
    create_table(&dynamo::client(&db)).await;
    db.close().await;
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();

    let error = EmbeddedDynamo::open(&path).unwrap_err();

    assert!(matches!(error, OpenError::Unusable { .. }), "{error:?}");
}

#[test]
fn a_folder_that_is_not_there_is_named_in_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("catalog.db");

    let error = EmbeddedDynamo::open(&path).unwrap_err();

    assert!(matches!(error, OpenError::NotWritable { .. }), "{error:?}");
    assert!(error.to_string().contains("missing/catalog.db"));
}
