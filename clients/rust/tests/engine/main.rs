//! The engine against a server that answers as documented, or as a test scripts it.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod download;
mod login;
mod server;
mod upload;
