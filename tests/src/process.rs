use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use crate::binary;

/// How long a stack may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// The local stack as a process of its own, as `make run` starts it.
pub struct StackProcess {
    /// Where the API listens.
    pub api: SocketAddr,
    /// Where the bucket listens.
    pub s3: SocketAddr,
    child: Child,
}

impl StackProcess {
    /// Starts it over this folder, on ports that are free now, and waits until it answers.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(data: &Path) -> Self {
        Self::start_on(data, free_port(), free_port()).await
    }

    /// Starts it on these ports, and waits until it answers.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_on(data: &Path, api: SocketAddr, s3: SocketAddr) -> Self {
        let child = command(data, api, s3).spawn().expect("the stack can be started");
        let mut stack = Self { api, s3, child };
        let ready = async {
            while reqwest::get(format!("http://{api}/readyz")).await.is_err() {
                let ended = stack.child.try_wait().expect("a child can be asked");
                assert!(ended.is_none(), "the stack ended: {ended:?}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("the stack starts in time");
        stack
    }

    /// Ends it with SIGKILL: nothing of it gets to say goodbye.
    ///
    /// # Panics
    /// When it had ended before.
    pub fn kill(mut self) {
        self.child.kill().expect("the stack is running");
        self.child.wait().expect("a child can be waited for");
    }

    /// Presses Ctrl-C and waits for the end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn interrupt(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().expect("kill is there");
        let ended = async {
            loop {
                if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.expect("the stack stops in time")
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The API's origin.
    pub fn origin(&self) -> String {
        format!("http://{}", self.api)
    }
}

impl Drop for StackProcess {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a stack that is expected not to start, and returns what it said.
///
/// # Panics
/// When there is no program to start.
pub fn start_in_vain(data: &Path, api: SocketAddr, s3: SocketAddr) -> Output {
    command(data, api, s3).stderr(Stdio::piped()).output().expect("the stack can be started")
}

/// An address of this machine on which nothing listens now.
///
/// # Panics
/// When no port can be had.
pub fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port can be had")
}

fn command(data: &Path, api: SocketAddr, s3: SocketAddr) -> Command {
    let mut command = Command::new(binary("straightway-local"));
    command
        .arg("--data")
        .arg(data)
        .args(["--listen", &api.to_string(), "--s3-listen", &s3.to_string()])
        .env("STRAIGHTWAY_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}
