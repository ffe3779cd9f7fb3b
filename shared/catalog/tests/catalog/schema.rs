//! The tables.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TimeToLiveStatus,
};
use straightway_catalog::create_tables;
use straightway_catalog::schema::{DUE, TABLES};
use straightway_core::Error;
use straightway_local::dynamo::{EmbeddedDynamo, client};

use crate::support;

#[tokio::test]
async fn creating_the_tables_again_changes_nothing() {
    let client = client(&support::embedded().await);
    create_tables(&client, support::PREFIX).await.unwrap();
    let names = client.list_tables().send().await.unwrap().table_names.unwrap();
    let expected: HashSet<_> = TABLES.iter().map(|table| format!("{}{}", support::PREFIX, table.name)).collect();
    assert_eq!(names.into_iter().collect::<HashSet<_>>(), expected);
}

#[tokio::test]
async fn many_may_create_the_tables_at_once() {
    let client = client(&EmbeddedDynamo::memory().unwrap());
    let created = futures::future::join_all((0..4).map(|_| create_tables(&client, "t-"))).await;
    assert!(created.iter().all(Result::is_ok), "{created:?}");
}

#[tokio::test]
async fn what_expires_does_so_in_the_database_too() {
    let client = client(&support::embedded().await);
    for table in TABLES {
        let name = format!("{}{}", support::PREFIX, table.name);
        let answer = client.describe_time_to_live().table_name(name).send().await.unwrap();
        let ttl = answer.time_to_live_description.unwrap();
        let enabled = ttl.time_to_live_status == Some(TimeToLiveStatus::Enabled);
        assert_eq!((enabled, ttl.attribute_name.as_deref()), (table.ttl.is_some(), table.ttl), "{}", table.name);
    }
}

#[tokio::test]
async fn a_table_of_another_shape_is_refused() {
    let client = client(&EmbeddedDynamo::memory().unwrap());
    let key = KeySchemaElement::builder().attribute_name("key").key_type(KeyType::Hash).build().unwrap();
    let attribute =
        AttributeDefinition::builder().attribute_name("key").attribute_type(ScalarAttributeType::S).build().unwrap();
    client
        .create_table()
        .table_name("t-files")
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key)
        .attribute_definitions(attribute)
        .send()
        .await
        .unwrap();
    let created = create_tables(&client, "t-").await;
    let Err(Error::Internal { context, .. }) = created else { panic!("{created:?}") };
    assert!(context.contains("t-files"), "{context}");
}

#[test]
fn everything_the_sweeper_looks_for_is_in_an_index_of_due_work() {
    let due: Vec<_> = TABLES.iter().filter(|table| table.indexes.contains(&DUE)).map(|table| table.name).collect();
    assert_eq!(due, ["sessions", "files", "garbage", "outbox"]);
}
