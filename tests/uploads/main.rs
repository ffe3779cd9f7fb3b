//! Uploads from creation to their end.

mod basics;
mod cancel;
mod complete;
mod create;
mod events;
mod idempotency;
mod names;
mod paths;
mod progress;
mod rejection;
mod resume;
mod signing;

const MIB: usize = 1 << 20;
