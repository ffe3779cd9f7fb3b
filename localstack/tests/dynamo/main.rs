//! The embedded DynamoDB, through the real SDK: in process, over TCP, and killed.

mod durability;
mod faults;
mod front;
mod operations;
mod support;
