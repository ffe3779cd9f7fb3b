//! moto checks no signature and no digest: it shows that the probe finds that out.

use straightway_s3::{AddressStyle, Check, S3Config, S3Store, fixed_credentials};
use straightway_testing::servers::Moto;

#[tokio::test]
async fn the_probe_does_not_believe_a_store_that_checks_nothing() {
    let Some(server) = Moto::shared().await else { return };
    let bucket = reqwest::Client::new().put(format!("{}/files", server.endpoint()));
    assert!(bucket.send().await.unwrap().status().is_success());
    let config = S3Config {
        endpoint: Some(server.endpoint().to_owned()),
        address_style: AddressStyle::Path,
        ..S3Config::new("files", "us-east-1", fixed_credentials("id", &"secret".into(), None))
    };

    let report = S3Store::probe(&config, now()).await.unwrap();

    assert!(!report.abilities().vouches, "{report:?}");
    for check in [Check::WrongPutLengthRefused, Check::UnsignedHeaderRefused] {
        assert!(!report.passed(check), "{check}: {report:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "the probe signs for the present")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
