//! The contract of an object store, kept by `S3Store` on SeaweedFS: an S3 that others made.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/left_behind.rs"]
mod left_behind;

use std::sync::Arc;

use left_behind::left_behind;
use straightway_core::ports::Abilities;
use straightway_s3::{AddressStyle, S3Config, S3Store, fixed_credentials};
use straightway_testing::object_store::Subject;
use straightway_testing::object_store_contract;
use straightway_testing::servers::SeaweedFs;

const TRUSTED: Abilities = Abilities { vouches: true, conditional_put: true };

fn config(server: &SeaweedFs) -> S3Config {
    let credentials = fixed_credentials(SeaweedFs::ACCESS_KEY_ID, &SeaweedFs::SECRET_ACCESS_KEY.into(), None);
    S3Config {
        endpoint: Some(server.endpoint().to_owned()),
        address_style: AddressStyle::Path,
        ..S3Config::new(SeaweedFs::BUCKET, "us-east-1", credentials)
    }
}

async fn subject() -> Option<Subject> {
    let server = SeaweedFs::shared().await?;
    // Every test has a runtime of its own, which connections do not outlive: so a store of its own, too.
    let store = S3Store::new(&config(server), TRUSTED).await.unwrap();
    Some(Subject::new(Arc::new(store)))
}

object_store_contract!(
    subject,
    [
        (
            listed_leaf_hashes_are_those_of_the_parts,
            "SeaweedFS lists parts without checksums: those recorded at signing go to Complete, the composite decides"
        ),
        (
            of_a_part_sent_many_times_the_last_one_counts,
            "SeaweedFS lists every one of them, in no order: finalize judges what came out of Complete"
        ),
        (
            a_wrong_size_is_refused_and_the_upload_survives,
            "SeaweedFS ignores MpuObjectSize: finalize compares the object's size anyway"
        ),
    ]
);

#[tokio::test]
async fn the_probe_trusts_seaweedfs_and_cleans_up() {
    let Some(server) = SeaweedFs::shared().await else { return };
    let report = S3Store::probe(&config(server), now()).await.unwrap();
    assert_eq!(report.failed().collect::<Vec<_>>(), []);
    assert_eq!(report.abilities(), TRUSTED);
    assert_eq!(left_behind(&config(server)).await, Vec::<String>::new());
}

#[expect(clippy::disallowed_methods, reason = "SeaweedFS judges signatures by the real time")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
