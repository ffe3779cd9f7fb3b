//! Databases to try the catalog on.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use straightway_catalog::{DynamoCatalog, create_tables};
use straightway_local::dynamo::{self, EmbeddedDynamo};
use straightway_testing::catalog::Subject;

pub(crate) const PREFIX: &str = "test-";

/// A fresh embedded database with our tables.
pub(crate) async fn embedded() -> EmbeddedDynamo {
    let database = EmbeddedDynamo::memory().expect("a database in memory opens");
    create_tables(&dynamo::client(&database), PREFIX).await.expect("the tables can be created");
    database
}

/// The catalog over these tables, through a client that others may stand before.
pub(crate) fn subject(database: &EmbeddedDynamo, before: impl FnOnce(SharedHttpClient) -> SharedHttpClient) -> Subject {
    Subject::new(DynamoCatalog::new(client(database, before), PREFIX))
}

/// The SDK repeats sooner and more often than it would, and never saves on repeats: here every fourth call fails, not
/// one of millions.
fn client(database: &EmbeddedDynamo, before: impl FnOnce(SharedHttpClient) -> SharedHttpClient) -> Client {
    let soon = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)).with_max_attempts(8);
    let generous = RetryPartition::custom("faults").token_bucket(TokenBucket::unlimited()).build();
    let config = dynamo::config(database).retry_config(soon).retry_partition(generous);
    Client::from_conf(config.http_client(before(dynamo::http_client(database))).build())
}
