//! Making the tables: for the local stack and for tests. In a cloud account Terraform does it.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, IndexStatus, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TableDescription, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};
use futures::future::try_join_all;
use straightway_core::Error;

use crate::database::fault;
use crate::schema::{Attribute, AttributeKind, Index, Key, TABLES, Table};

/// How long a table may take to become active: DynamoDB needs seconds.
const PATIENCE: Duration = Duration::from_mins(2);

/// Creates the tables `<prefix><name>` that are not there, and returns when all can be used. Repeating it changes
/// nothing.
///
/// # Errors
/// `Unavailable`, also when a table is not active after two minutes; `Internal` when one that is there has another key
/// or lacks an index.
pub async fn create_tables(client: &Client, prefix: &str) -> Result<(), Error> {
    try_join_all(TABLES.iter().map(|table| create_table(client, prefix, table))).await?;
    Ok(())
}

async fn create_table(client: &Client, prefix: &str, table: &Table) -> Result<(), Error> {
    let name = format!("{prefix}{}", table.name);
    if describe(client, &name).await?.is_none() {
        send_create(client, &name, table).await?;
    }
    let there = wait_until_active(client, &name).await?;
    check_shape(&name, table, &there)?;
    match table.ttl {
        Some(attribute) => expire_by(client, &name, attribute).await,
        None => Ok(()),
    }
}

async fn describe(client: &Client, name: &str) -> Result<Option<TableDescription>, Error> {
    match client.describe_table().table_name(name).send().await {
        Ok(answer) => Ok(answer.table),
        Err(SdkError::ServiceError(error))
            if matches!(error.err(), DescribeTableError::ResourceNotFoundException(_)) =>
        {
            Ok(None)
        }
        Err(error) => Err(fault(format!("describing the table {name}"), error)),
    }
}

async fn send_create(client: &Client, name: &str, table: &Table) -> Result<(), Error> {
    let keys = std::iter::once(&table.key).chain(table.indexes.iter().map(|index| &index.key));
    let mut attributes: Vec<Attribute> = keys.flat_map(|key| std::iter::once(key.hash).chain(key.range)).collect();
    attributes.sort_by_key(|attribute| attribute.name);
    attributes.dedup();
    let indexes: Vec<_> = table.indexes.iter().map(index).collect();
    let created = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes.into_iter().map(definition).collect()))
        .set_key_schema(Some(key_schema(&table.key)))
        .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
        .send()
        .await;
    match created {
        Ok(_) => Ok(()),
        // Somebody else creates it at the same time.
        Err(SdkError::ServiceError(error)) if matches!(error.err(), CreateTableError::ResourceInUseException(_)) => {
            Ok(())
        }
        Err(error) => Err(fault(format!("creating the table {name}"), error)),
    }
}

async fn wait_until_active(client: &Client, name: &str) -> Result<TableDescription, Error> {
    let waiting = async {
        loop {
            if let Some(table) = describe(client, name).await?
                && is_active(&table)
            {
                return Ok(table);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|late| Err(Error::unavailable(format!("waiting for the table {name}"), late)))
}

fn is_active(table: &TableDescription) -> bool {
    let indexes = table.global_secondary_indexes();
    table.table_status() == Some(&TableStatus::Active)
        // Emulators leave the status of an index out.
        && indexes.iter().all(|index| index.index_status().is_none_or(|status| *status == IndexStatus::Active))
}

/// A table from an older release fails here, in plain words, rather than at some later query.
fn check_shape(name: &str, table: &Table, there: &TableDescription) -> Result<(), Error> {
    let indexes = there.global_secondary_indexes();
    let has_index = |wanted: &Index| {
        indexes.iter().any(|index| index.index_name() == Some(wanted.name) && same_key(index.key_schema(), &wanted.key))
    };
    if same_key(there.key_schema(), &table.key) && table.indexes.iter().all(has_index) {
        return Ok(());
    }
    Err(Error::internal(format!("the table {name} has another key or lacks an index")))
}

fn same_key(there: &[KeySchemaElement], key: &Key) -> bool {
    let of = |kind| there.iter().find(|k| *k.key_type() == kind).map(KeySchemaElement::attribute_name);
    of(KeyType::Hash) == Some(key.hash.name) && of(KeyType::Range) == key.range.map(|range| range.name)
}

async fn expire_by(client: &Client, name: &str, attribute: &str) -> Result<(), Error> {
    let there = client
        .describe_time_to_live()
        .table_name(name)
        .send()
        .await
        .map_err(|error| fault(format!("reading how the table {name} expires"), error))?;
    let status = there.time_to_live_description.and_then(|ttl| ttl.time_to_live_status);
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder()
        .enabled(true)
        .attribute_name(attribute)
        .build()
        .expect("both members are set");
    client
        .update_time_to_live()
        .table_name(name)
        .time_to_live_specification(ttl)
        .send()
        .await
        .map_err(|error| fault(format!("letting the table {name} expire"), error))?;
    Ok(())
}

fn definition(attribute: Attribute) -> AttributeDefinition {
    let kind = match attribute.kind {
        AttributeKind::Text => ScalarAttributeType::S,
        AttributeKind::Number => ScalarAttributeType::N,
    };
    AttributeDefinition::builder()
        .attribute_name(attribute.name)
        .attribute_type(kind)
        .build()
        .expect("both members are set")
}

fn key_schema(key: &Key) -> Vec<KeySchemaElement> {
    let element = |attribute: Attribute, kind| {
        KeySchemaElement::builder().attribute_name(attribute.name).key_type(kind).build().expect("both members are set")
    };
    let range = key.range.map(|range| element(range, KeyType::Range));
    std::iter::once(element(key.hash, KeyType::Hash)).chain(range).collect()
}

fn index(index: &Index) -> GlobalSecondaryIndex {
    GlobalSecondaryIndex::builder()
        .index_name(index.name)
        .set_key_schema(Some(key_schema(&index.key)))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .expect("name and key are set")
}
