//! A table to work with, and short names for what every test does.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, Put, ScalarAttributeType, TransactWriteItem,
};
use jiff::Timestamp;
use straightway_core::Clock;
use straightway_local::dynamo::{self, EmbeddedDynamo};

/// Key `owner`, `name`; index `by-file` on `owner`, `file`.
pub(crate) const TABLE: &str = "entries";

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The clock that the SDK signs by.
pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "the SDK signs with the real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A client of a fresh database in memory that has [`TABLE`].
pub(crate) async fn memory() -> (EmbeddedDynamo, Client) {
    let db = EmbeddedDynamo::memory().unwrap();
    let client = dynamo::client(&db);
    create_table(&client).await;
    (db, client)
}

pub(crate) async fn create_table(client: &Client) {
    let attribute = |name| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(["owner", "name", "file"].map(attribute).into()))
        .key_schema(key("owner", KeyType::Hash))
        .key_schema(key("name", KeyType::Range))
        .global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name("by-file")
                .key_schema(key("owner", KeyType::Hash))
                .key_schema(key("file", KeyType::Range))
                .projection(Projection::builder().projection_type(ProjectionType::All).build())
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn key(owner: &str, name: &str) -> Item {
    HashMap::from([("owner".into(), text(owner)), ("name".into(), text(name))])
}

pub(crate) fn item(owner: &str, name: &str, file: &str) -> Item {
    let mut item = key(owner, name);
    item.insert("file".into(), text(file));
    item
}

pub(crate) async fn put(client: &Client, item: Item) {
    client.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
}

pub(crate) async fn get(client: &Client, owner: &str, name: &str) -> Option<Item> {
    let request = client.get_item().table_name(TABLE).set_key(Some(key(owner, name)));
    request.consistent_read(true).send().await.unwrap().item
}

/// A put that wants no such item to exist.
pub(crate) fn put_new(item: Item) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(TABLE)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(#name)")
        .expression_attribute_names("#name", "name")
        .build()
        .unwrap();
    TransactWriteItem::builder().put(put).build()
}

/// The exception's name.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}
