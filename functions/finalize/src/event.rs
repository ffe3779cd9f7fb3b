//! What stands in a message: a storage event as S3 writes it, or work of ours.

use serde::Deserialize;
use straightway_core::{ObjectKey, SessionId};
use straightway_lifecycle::Work;

/// A message's body, read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Objects were created; these sessions may be theirs. None for a test event and for keys that are none of ours.
    Created(Vec<SessionId>),
    /// Work of ours.
    Work(Work),
    /// Neither.
    Unknown,
}

/// An S3 notification (event version 2.x). Every field but the key is ignored: what counts is read from the store.
#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName")]
    event_name: String,
    s3: Entity,
}

#[derive(Deserialize)]
struct Entity {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

/// What S3 sends once when a notification is configured.
#[derive(Deserialize)]
struct TestEvent {
    #[serde(rename = "Event")]
    event: String,
}

pub(crate) fn parse(body: &str) -> Body {
    if let Ok(work) = serde_json::from_str(body) {
        return Body::Work(work);
    }
    if let Ok(Notification { records }) = serde_json::from_str(body) {
        let created = records.into_iter().filter(|record| {
            // SQS carries the name without `s3:`, some compatible stores with it.
            record.event_name.trim_start_matches("s3:").starts_with("ObjectCreated:")
        });
        return Body::Created(created.filter_map(|record| session_of(&record.s3.object.key)).collect());
    }
    match serde_json::from_str(body) {
        Ok(TestEvent { event }) if event == "s3:TestEvent" => Body::Created(Vec::new()),
        _ => Body::Unknown,
    }
}

/// The session whose object has this key, which stands URL-encoded in events. Our keys hold nothing that needs
/// encoding, but a slash may come as `%2F`.
fn session_of(key: &str) -> Option<SessionId> {
    let key = key.replace("%2F", "/").replace("%2f", "/");
    ObjectKey::parse(&key).map(|key| key.session_id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> SessionId {
        SessionId::from_random([0xab; 16])
    }

    fn notification(name: &str, key: &str) -> String {
        format!(
            r#"{{"Records":[{{"eventVersion":"2.1","eventName":"{name}","s3":{{"bucket":{{"name":"b"}},
                "object":{{"key":"{key}","size":5}}}}}}]}}"#
        )
    }

    #[test]
    fn both_kinds_of_creation_name_the_session() {
        let key = ObjectKey::of_session(&session());
        for name in ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", "s3:ObjectCreated:Put"] {
            assert_eq!(parse(&notification(name, key.as_str())), Body::Created(vec![session()]), "{name}");
        }
        let encoded = key.as_str().replace('/', "%2F");
        assert_eq!(parse(&notification("ObjectCreated:Put", &encoded)), Body::Created(vec![session()]));
    }

    #[test]
    fn other_events_and_other_keys_name_nothing() {
        let key = ObjectKey::of_session(&session());
        let nothing = Body::Created(Vec::new());
        assert_eq!(parse(&notification("ObjectRemoved:Delete", key.as_str())), nothing);
        assert_eq!(parse(&notification("ObjectCreated:Put", "probe/x")), nothing);
        assert_eq!(parse(r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#), nothing);
    }

    #[test]
    fn work_of_ours_is_told_from_events_and_nonsense_from_both() {
        let work = Work::finalize(&session());
        assert_eq!(parse(&work.to_body()), Body::Work(work));
        for nonsense in ["", "{}", "[]", "null", r#"{"type":"unknown"}"#, "not json"] {
            assert_eq!(parse(nonsense), Body::Unknown, "{nonsense}");
        }
    }
}
