//! Placeholder.
pub mod dynamo;
pub mod bucket;
pub mod queue;
