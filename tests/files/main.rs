//! Files and folders: made, listed, changed, deleted, downloaded.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod changes;
mod deletion;
mod downloads;
mod folders;
mod listing;
mod names;
