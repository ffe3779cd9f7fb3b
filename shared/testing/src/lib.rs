//! Contract suites that every adapter runs, and servers to run them against.

pub mod catalog;
pub mod object_store;
pub mod servers;
