//! The program, started as a person starts it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running program over a folder of its own, on ports of the kernel's choice.
pub(crate) struct Program {
    pub(crate) api: SocketAddr,
    child: Child,
    _data: TempDir,
}

impl Program {
    /// Starts it and reads from its greeting where it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut child = command(&data, arguments).spawn().unwrap();
        let greeting = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        // `API http://ADDRESS`, or `listens ADDRESS` where the API has a public name.
        let mut listens = greeting.filter_map(|line| {
            let (what, where_) = line.trim().split_once(' ')?;
            let address = where_.trim().trim_start_matches("http://");
            matches!(what, "API" | "listens").then(|| address.parse().ok())?
        });
        let api = listens.next().unwrap();
        // The rest of the greeting has to go somewhere.
        std::thread::spawn(move || listens.count());
        Self { api, child, _data: data }
    }

    pub(crate) fn interrupt(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }

    /// Waits until nobody listens any more: it is stopping.
    pub(crate) fn wait_until_it_stops_listening(&self) {
        let begun = Instant::now();
        while std::net::TcpStream::connect(self.api).is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(30), "it goes on listening");
            std::thread::yield_now();
        }
    }

    /// What it complained about until it ended in order, which must be within `limit`.
    pub(crate) fn complaints_within(mut self, limit: Duration) -> String {
        let mut errors = self.child.stderr.take().unwrap();
        assert!(self.ended_within(limit).success());
        let mut said = String::new();
        errors.read_to_string(&mut said).unwrap();
        said
    }

    /// Waits for the end, which must come within `limit`.
    pub(crate) fn ended_within(mut self, limit: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < limit, "it still runs");
            std::thread::yield_now();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs it where it is expected not to start.
pub(crate) fn run(arguments: &[&str]) -> Output {
    let data = tempfile::tempdir().unwrap();
    command(&data, arguments).output().unwrap()
}

fn command(data: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_straightway-local"));
    command.arg("--data").arg(data.path()).args(arguments);
    if !arguments.iter().any(|argument| argument.starts_with("--s3-listen")) {
        command.args(["--s3-listen", "127.0.0.1:0"]);
    }
    command.env("STRAIGHTWAY_LOG", "warn").env_remove("STRAIGHTWAY_SIGNUP");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
