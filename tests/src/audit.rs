use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use straightway_local::{BUCKET, REGION};

use crate::records::Record;
use crate::{TestApp, eventually};

impl TestApp {
    /// Waits until no message is on its way, then checks the invariants that hold at rest: entries refer to files,
    /// `refs` counts them, each file's object is there, every other object and multipart upload belongs to a live
    /// session or is garbage, and each owner's used bytes are their entries and live reservations.
    ///
    /// # Panics
    /// When one does not hold.
    pub async fn audit(&self) {
        // The messages' delay passes at once; one more message makes the worker look at the clock again.
        self.clock.advance(SignedDuration::from_secs(5));
        let test_event = r#"{"Event": "s3:TestEvent"}"#.to_owned();
        self.finalize_queue.send_after(test_event, Duration::ZERO).await.expect("the queue takes messages");
        eventually("rest", async || {
            let counts = self.finalize_queue.counts().await.expect("the queue can be read");
            assert_eq!(counts.dead, 0, "a message was set aside");
            (counts.ready + counts.delayed + counts.leased == 0).then_some(())
        })
        .await;
        let entries = self.records.all("entries").await;
        let entries: Vec<_> =
            entries.iter().filter(|entry| entry.text("kind") == "file" && entry.has("file")).collect();
        let files = self.records.all("files").await;
        let sessions = self.records.all("sessions").await;
        let is_live = |session: &&Record| ["open", "verifying"].contains(&session.text("state"));
        let live: Vec<_> = sessions.iter().filter(|item| item.text("sk") == "session").filter(is_live).collect();

        references(&entries, &files);
        usage(&entries, &live, &self.records.all("users").await);
        objects(&live, &files, &self.records.garbage().await, &self.bucket()).await;
    }

    /// A client of the bucket with the stack's own keys.
    fn bucket(&self) -> Client {
        let secret = self.keys.secret_access_key.expose_secret();
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new(&self.keys.access_key_id, secret, None, None, "stack"))
            .endpoint_url(&self.s3_origin)
            .force_path_style(true)
            .build();
        Client::from_conf(config)
    }
}

/// Invariants 1 and 2.
fn references(entries: &[&Record], files: &[Record]) {
    let mut counted: BTreeMap<&str, u64> = files.iter().map(|file| (file.text("id"), 0)).collect();
    for entry in entries {
        let count = counted.get_mut(entry.text("file"));
        *count.unwrap_or_else(|| panic!("an entry refers to no file: {entry:?}")) += 1;
    }
    let refs: BTreeMap<&str, u64> = files.iter().map(|file| (file.text("id"), file.number("refs"))).collect();
    assert_eq!(refs, counted, "refs are the number of entries");
    for file in files {
        assert_eq!(file.number("refs") == 0, file.has("collectable_at"), "{file:?}");
    }
}

/// Invariant 5.
fn usage(entries: &[&Record], live: &[&Record], users: &[Record]) {
    for user in users.iter().filter(|user| user.text("id").starts_with("user#")) {
        let owner = user.text("user_id");
        let own = |record: &&&Record| record.text("owner_id") == owner;
        let stored: u64 = entries.iter().filter(own).map(|entry| size_in(entry.text("file"))).sum();
        let reserved: u64 = live.iter().filter(own).map(|session| session.number("size_bytes")).sum();
        let counted = (user.number("used_bytes"), user.number("reserved_bytes"), user.number("open_sessions"));
        let open = live.iter().filter(own).count() as u64;
        assert_eq!(counted, (stored + reserved, reserved, open), "usage of {}", user.text("username"));
    }
}

/// The size in a file's key: `<hash>-<size>`.
fn size_in(file_key: &str) -> u64 {
    let (_, size) = file_key.rsplit_once('-').expect("a file key has a size");
    size.parse().expect("a size is a number")
}

/// Invariants 3 and 4.
async fn objects(live: &[&Record], files: &[Record], garbage: &[String], bucket: &Client) {
    let mut stored = BTreeMap::new();
    let mut pages = bucket.list_objects_v2().bucket(BUCKET).prefix("objects/").into_paginator().send();
    while let Some(page) = pages.next().await {
        for object in page.expect("the bucket can be listed").contents() {
            let size = u64::try_from(object.size().expect("objects have sizes")).expect("at least 0");
            stored.insert(object.key().expect("objects have keys").to_owned(), size);
        }
    }
    for file in files {
        let size = stored.get(file.text("object_key"));
        assert_eq!(size, Some(&size_in(file.text("id"))), "a file's object is there: {file:?}");
    }
    let uploads = bucket.list_multipart_uploads().bucket(BUCKET).prefix("objects/").send().await;
    let uploads = uploads.expect("the bucket can be listed");
    assert_eq!(uploads.is_truncated(), Some(false), "one page is all");
    let multiparts = uploads.uploads().iter().map(|upload| upload.key().expect("uploads have keys").to_owned());

    let of_files: BTreeSet<_> = files.iter().map(|file| file.text("object_key")).collect();
    let of_sessions: BTreeSet<_> = live.iter().map(|session| session.text("pk")).collect();
    for key in stored.into_keys().chain(multiparts) {
        let session = key.rsplit('/').next().expect("a split has a last");
        let known = of_files.contains(key.as_str()) || of_sessions.contains(session) || garbage.contains(&key);
        assert!(known, "nobody knows the object {key}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Content;

    #[tokio::test]
    #[should_panic(expected = "nobody knows the object objects/ab/stray")]
    async fn an_object_that_nobody_knows_is_noticed() {
        let app = TestApp::start().await;
        app.audit().await;
        app.bucket().put_object().bucket(BUCKET).key("objects/ab/stray").send().await.unwrap();
        app.audit().await;
    }

    #[tokio::test]
    #[should_panic(expected = "nobody knows the object objects/ab/stray")]
    async fn a_multipart_upload_that_nobody_knows_is_noticed() {
        let app = TestApp::start().await;
        app.bucket().create_multipart_upload().bucket(BUCKET).key("objects/ab/stray").send().await.unwrap();
        app.audit().await;
    }

    #[tokio::test]
    #[should_panic(expected = "a file's object is there")]
    async fn a_file_without_its_object_is_noticed() {
        let app = TestApp::start().await;
        let content = Content::random(10);
        app.user("ada").await.put("film", &content).await;
        let file = app.records.file(&content.file_key()).await.unwrap();
        app.bucket().delete_object().bucket(BUCKET).key(file.text("object_key")).send().await.unwrap();
        app.audit().await;
    }

    #[tokio::test]
    #[should_panic(expected = "refs are the number of entries")]
    async fn a_reference_too_many_is_noticed() {
        let app = TestApp::start().await;
        let content = Content::random(10);
        app.user("ada").await.put("film", &content).await;
        app.records.set_number("files", &content.file_key(), "refs", 2).await;
        app.audit().await;
    }

    #[tokio::test]
    #[should_panic(expected = "usage of ada")]
    async fn a_quota_that_was_not_given_back_is_noticed() {
        let app = TestApp::start().await;
        let ada = app.user("ada").await;
        app.records.set_number("users", &format!("user#{}", ada.user_id), "used_bytes", 1).await;
        app.audit().await;
    }
}
