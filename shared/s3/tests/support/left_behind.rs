//! What a probe left in a bucket.

use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::{Client, Config};
use straightway_s3::S3Config;

/// Keys of objects and of multipart uploads below `probe/`.
pub(crate) async fn left_behind(config: &S3Config) -> Vec<String> {
    let client = Client::from_conf(
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(config.region.clone()))
            .endpoint_url(config.endpoint.as_ref().unwrap())
            .credentials_provider(config.credentials.clone())
            .force_path_style(true)
            .build(),
    );
    let objects = client.list_objects_v2().bucket(&config.bucket).prefix("probe/").send().await.unwrap();
    let uploads = client.list_multipart_uploads().bucket(&config.bucket).prefix("probe/").send().await.unwrap();
    let objects = objects.contents().iter().filter_map(|object| object.key());
    let uploads = uploads.uploads().iter().filter_map(|upload| upload.key());
    objects.chain(uploads).map(str::to_owned).collect()
}
