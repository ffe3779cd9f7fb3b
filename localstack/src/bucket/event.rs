//! Storage events: the notification S3 would send, put into a queue by the transaction that publishes the object.

use std::fmt::Write as _;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;

use super::Stamp;
use super::error::BucketError;
use super::metadata::Effects;
use super::object::ObjectInfo;
use crate::queue;

/// What published an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publication {
    /// One PUT.
    Put,
    /// A completed multipart upload.
    CompleteMultipartUpload,
    /// A server-side copy.
    Copy,
}

impl Publication {
    fn event_name(self) -> &'static str {
        match self {
            Self::Put => "ObjectCreated:Put",
            Self::CompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
            Self::Copy => "ObjectCreated:Copy",
        }
    }
}

/// Sends the event of `object` to every queue that the bucket notifies of such a key.
pub(super) fn announce(
    connection: &Connection,
    effects: &mut Effects,
    stamp: &Stamp,
    bucket: &str,
    object: &ObjectInfo,
    publication: Publication,
) -> Result<(), BucketError> {
    let mut statement = connection.prepare_cached(
        "SELECT queue, delay_millis FROM notifications WHERE bucket = ?1 AND substr(?2, 1, length(prefix)) = prefix",
    )?;
    let queues: Vec<(String, u64)> =
        statement.query_map((bucket, &object.key), |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    if queues.is_empty() {
        return Ok(());
    }
    let body = notification(&stamp.region, bucket, object, publication);
    for (name, delay_millis) in queues {
        queue::send_in(connection, effects, &name, &body, (stamp.now, Duration::from_millis(delay_millis)))?;
    }
    Ok(())
}

fn notification(region: &str, bucket: &str, object: &ObjectInfo, publication: Publication) -> String {
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventTime": format!("{:.3}", object.modified_at),
        "eventName": publication.event_name(),
        "userIdentity": { "principalId": "local" },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": {},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "straightway",
            "bucket": {
                "name": bucket,
                "ownerIdentity": { "principalId": "local" },
                "arn": format!("arn:aws:s3:::{bucket}"),
            },
            "object": {
                "key": url_encoded(&object.key),
                "size": object.size,
                "eTag": object.etag,
                "sequencer": format!("{:018X}", object.sequence),
            },
        },
    }]})
    .to_string()
}

/// As S3 encodes keys in events: a form value, but slashes stay.
fn url_encoded(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_as_s3_encodes_them_in_events() {
        assert_eq!(url_encoded("objects/a b+c/ü%"), "objects/a+b%2Bc/%C3%BC%25");
    }
}
