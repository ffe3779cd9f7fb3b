use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::app::PASSWORD;

/// A binary of this workspace, built beside the tests.
///
/// # Panics
/// When it is not there: `make test` builds all of them first.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
    let path = folder.join(name);
    assert!(path.exists(), "{} is not built: run `cargo build --workspace --bins` first", path.display());
    path
}

/// Whether this is `make test-full`, where larger numbers are tried.
#[expect(
    clippy::disallowed_methods,
    reason = "the product reads its environment in one place, tests have one variable"
)]
pub fn is_full_run() -> bool {
    std::env::var("STRAIGHTWAY_FULL").is_ok_and(|value| value == "1")
}

/// The command line of somebody at a machine of their own: `straightway` with its own credentials file.
pub struct Cli {
    home: TempDir,
    server: String,
}

impl Cli {
    /// A machine on which nobody has signed in yet.
    ///
    /// # Panics
    /// When no temporary folder can be made.
    pub fn new(server: &str) -> Self {
        Self { home: tempfile::tempdir().expect("a temporary folder can be made"), server: server.to_owned() }
    }

    /// The command with these arguments, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary("straightway"));
        command
            .args(arguments)
            .env("STRAIGHTWAY_SERVER", &self.server)
            .env("STRAIGHTWAY_PASSWORD", PASSWORD)
            .env("XDG_CONFIG_HOME", self.home.path())
            .env("XDG_CACHE_HOME", self.home.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the command line can be started")
    }

    /// Runs it, expects success, and returns the JSON lines it prints.
    ///
    /// # Panics
    /// When it fails, or prints anything but JSON lines.
    pub fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.run(&[&["--json"], arguments].concat());
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {}\n{out}\n{err}", output.status);
        out.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect()
    }

    /// Where this machine keeps its login.
    pub fn config(&self) -> &Path {
        self.home.path()
    }
}
