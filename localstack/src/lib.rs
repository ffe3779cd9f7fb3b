//! Placeholder.
pub mod bucket;
pub mod dynamo;
pub mod queue;
pub mod s3;
