//! moto (PyPI `moto[server,s3,dynamodb,sqs]`): many AWS services, none of which checks a signature.

use tokio::sync::OnceCell;

use super::find_program;
use super::ports::free_ports;
use super::process::ServerProcess;

/// A moto server.
#[derive(Debug)]
pub struct Moto {
    endpoint: String,
    _process: ServerProcess,
}

impl Moto {
    /// The one that all tests of this process share; `None` when it is not installed.
    pub async fn shared() -> Option<&'static Self> {
        static SHARED: OnceCell<Option<Moto>> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await.as_ref()
    }

    /// Starts one; `None` when it is not installed.
    ///
    /// # Panics
    /// When it is installed and does not start.
    pub async fn start() -> Option<Self> {
        let program = find_program("STRAIGHTWAY_MOTO_SERVER", "moto_server")?;
        let [port] = free_ports();
        let arguments = ["-H", "127.0.0.1", "-p", &port.to_string()].map(Into::into);
        let process = ServerProcess::start(&program, |_| arguments.into());

        let endpoint = format!("http://127.0.0.1:{port}");
        let http = reqwest::Client::new();
        process.until_ready(async || http.get(&endpoint).send().await.is_ok()).await;
        Some(Self { endpoint, _process: process })
    }

    /// URL of all its services; any credentials do.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}
