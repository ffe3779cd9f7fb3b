//! Uploads from creation to their end.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod basics;
mod cancel;
mod complete;
mod create;
mod events;
mod idempotency;
mod limits;
mod names;
mod paths;
mod progress;
mod rejection;
mod resume;
mod signing;

const MIB: usize = 1 << 20;
