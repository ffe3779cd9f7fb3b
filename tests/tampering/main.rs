//! What a client can do with a presigned URL beside what it was given for: nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod after_the_end;
mod bodies;
mod headers;
mod urls;

use e2e::{Content, TestApp, TestUser, entry_id};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

const MIB: usize = 1 << 20;

/// A file of two whole parts and a short one.
fn three_parts() -> Content {
    Content::random(33 * MIB)
}

async fn send(request: RequestBuilder) -> StatusCode {
    request.send().await.expect("the store answers").status()
}

/// Checks that all that was tried has left no trace: the store holds no part, the upload finishes, the bytes are right.
async fn expect_unharmed(user: &TestUser<'_>, upload: &Value, content: &Content) {
    let id = e2e::session_id(upload);
    let session = user.get_upload(id, "?missing=true").await.expect(200);
    let all = [[1, u64::from(content.plan.part_count())]];
    assert_eq!((&session["state"], &session["missing"]), (&"open".into(), &serde_json::json!(all)));
    let entry = user.finish(upload, content).await;
    assert_eq!(user.download(entry_id(&entry)).await, content.bytes);
    user.app.audit().await;
}

/// Both ways to upload: one PUT, and parts.
async fn both(app: &TestApp, user: &TestUser<'_>) -> [(Content, Value); 2] {
    assert_eq!(user.app.origin, app.origin);
    let (small, large) = (Content::random(1000), three_parts());
    let uploads = [user.open("small", &small).await, user.open("large", &large).await];
    let [first, second] = uploads;
    [(small, first), (large, second)]
}
