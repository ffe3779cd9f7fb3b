//! The embedded DynamoDB, through the real SDK: in process, over TCP, and killed.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod durability;
mod faults;
mod front;
mod operations;
mod support;
