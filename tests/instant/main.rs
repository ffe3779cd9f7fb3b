//! Instant upload: known content becomes an entry without a byte being sent, for those who have it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod hints;
mod offsets;
mod own;
mod policies;
mod proofs;
mod refused;
mod sharing;

use e2e::{Content, TestUser, with};
use serde_json::{Value, json};

const MIB: usize = 1 << 20;

/// The challenge that a create under `name` is answered with.
async fn challenge(user: &TestUser<'_>, name: &str, content: &Content) -> Value {
    let answer = user.create(name, content).await.expect(200);
    assert_eq!(answer["outcome"], "prove", "{answer}");
    answer
}

/// A create with an answer to a challenge.
async fn answer(user: &TestUser<'_>, name: &str, content: &Content, proof: Value) -> e2e::Answer {
    user.create_upload(&with(content.upload(name), json!({"proof": proof}))).await
}

/// Proves possession and takes the entry.
async fn take(user: &TestUser<'_>, name: &str, content: &Content) -> Value {
    let challenge = challenge(user, name, content).await;
    let taken = answer(user, name, content, user.prove(&challenge, content)).await.expect(201);
    assert_eq!(taken["outcome"], "stored", "{taken}");
    taken["entry"].clone()
}
