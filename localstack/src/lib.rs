//! The whole of Straightway on one machine: one process, one data folder, no account, no container.
//!
//! The handlers are those of the functions. Object storage ([`bucket`] behind [`s3`]), DynamoDB ([`dynamo`]) and SQS
//! ([`queue`]) are real implementations on the local disk: what is acknowledged survives a crash.

pub mod bucket;
pub mod dynamo;
pub mod gateway;
mod keys;
mod options;
mod private_file;
mod public;
pub mod queue;
pub mod s3;
pub mod serve;
mod stack;

pub use keys::StackKeys;
pub use options::Options;
pub use stack::{BUCKET, FINALIZE_QUEUE, LocalStack, REGION, TABLE_PREFIX};
