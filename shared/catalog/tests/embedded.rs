//! The contract, over the embedded database of the local stack.

use straightway_catalog::{DynamoCatalog, create_tables};
use straightway_local::dynamo::{EmbeddedDynamo, client};
use straightway_testing::catalog::Subject;

async fn subject() -> Option<Subject> {
    let client = client(&EmbeddedDynamo::memory().unwrap());
    create_tables(&client, "test-").await.unwrap();
    Some(Subject::new(DynamoCatalog::new(client, "test-")))
}

straightway_testing::catalog_contract!(subject, []);
