//! The contract of an object store, kept by `S3Store` on the local stack's bucket, without a difference.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/left_behind.rs"]
mod left_behind;
mod support;

use std::sync::Arc;

use left_behind::left_behind;
use straightway_core::ports::Abilities;
use straightway_s3::S3Store;
use straightway_testing::object_store::Subject;
use straightway_testing::object_store_contract;

const TRUSTED: Abilities = Abilities { vouches: true, conditional_put: true };

async fn subject() -> Option<Subject> {
    let (config, folder) = support::local_bucket().await;
    let store = S3Store::new(&config, TRUSTED).await.unwrap();
    Some(Subject::new(Arc::new(store)).keeping(folder))
}

object_store_contract!(subject, []);

#[tokio::test]
async fn the_probe_trusts_the_local_bucket_and_cleans_up() {
    let (config, _folder) = support::local_bucket().await;
    let report = S3Store::probe(&config, support::now()).await.unwrap();
    assert_eq!(report.failed().collect::<Vec<_>>(), []);
    assert_eq!(report.abilities(), TRUSTED);
    assert_eq!(left_behind(&config).await, Vec::<String>::new());
}
