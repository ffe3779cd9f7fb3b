//! A server process that does not outlive the test, however the test ends.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A running server with a folder of its own. Both go when this is dropped, and also when it never is: a shell stands
/// between, which waits for the end of its input, and that ends with the test process even by SIGKILL.
#[derive(Debug)]
pub(super) struct ServerProcess {
    keeper: Child,
    folder: PathBuf,
}

/// `$1` is the folder, the rest is the server's command line. The data is thrown away, so there is nothing to shut
/// down gracefully; Ctrl-C reaches the whole process group, and must not end the keeper before its duty is done.
const KEEPER: &str = r#"
trap '' INT
folder=$1
shift
"$@" >"$folder/log" 2>&1 &
server=$!
cat >/dev/null
kill -9 "$server"
wait "$server"
rm -rf "$folder"
"#;

impl ServerProcess {
    /// Starts `program` with arguments that may name files in the folder they are given.
    pub(super) fn start(program: &Path, arguments: impl FnOnce(&Path) -> Vec<OsString>) -> Self {
        let folder = tempfile::Builder::new().prefix("straightway-server-").tempdir().expect("a temporary folder");
        let folder = folder.keep();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&folder)
            .arg(program)
            .args(arguments(&folder))
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        Self { keeper, folder }
    }

    /// Waits until `is_ready` says so.
    ///
    /// # Panics
    /// After a minute, with the end of the server's log.
    pub(super) async fn until_ready(&self, is_ready: impl AsyncFn() -> bool) {
        let started = Instant::now();
        while !is_ready().await {
            assert!(started.elapsed() < READY_WITHIN, "the server is not ready after a minute{}", self.log_tail());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(20)..];
        tail.iter().fold(String::new(), |mut tail, line| {
            write!(tail, "\n  {line}").expect("a string takes text");
            tail
        })
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Nothing is left to be done about a failure here.
        let _ = self.keeper.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_and_its_folder_are_gone_when_it_is_dropped() {
        let server =
            ServerProcess::start(Path::new("sh"), |_| vec!["-c".into(), "echo $$ >pid; exec sleep 600".into()]);
        let folder = server.folder.clone();
        let pid = || std::fs::read_to_string(folder.join("pid")).unwrap_or_default().trim().to_owned();
        server.until_ready(async || !pid().is_empty()).await;
        let process = Path::new("/proc").join(pid());
        assert!(process.exists());

        drop(server);

        assert!(!process.exists());
        assert!(!folder.exists());
    }
}
