//! The local bucket speaks S3: behaviours, by topic, as `aws-sdk-s3` and plain HTTP see them.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod checksums;
mod conditions;
mod copies;
mod events;
mod keys;
mod listing;
mod multipart;
mod presigned;
mod put;
mod reads;
mod signatures;
mod support;
mod web;
