//! What holds for every route there is, also for those that do not exist yet: the tests walk the API's own document.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod authorization;
mod documented;
mod judgement;
mod kinds;
mod world;
