//! The stack as a whole: how its ports are served, how it stops, and how other devices use it.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod patience;
mod process;
mod sharing;
mod stopping;
