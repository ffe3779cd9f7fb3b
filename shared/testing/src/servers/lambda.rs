//! cargo-lambda (PyPI): Lambda's Runtime API and function URLs on this machine, in front of the real binaries.

use std::ffi::OsString;
use std::path::Path;

use super::ports::free_ports;
use super::process::ServerProcess;
use super::{find_program, workspace_root};

/// Lambda's APIs, without any function yet.
#[derive(Debug)]
pub struct LambdaApis {
    address: String,
    _process: ServerProcess,
}

/// A function's binary that polls the Runtime API.
#[derive(Debug)]
pub struct Function {
    _process: ServerProcess,
}

impl LambdaApis {
    /// Starts them; `None` when cargo-lambda is not installed.
    ///
    /// # Panics
    /// When it is installed and does not start.
    pub async fn start() -> Option<Self> {
        let program = find_program("STRAIGHTWAY_CARGO_LAMBDA", "cargo-lambda")?;
        let [port] = free_ports();
        let manifest = workspace_root().join("Cargo.toml");
        let process = ServerProcess::start(&program, |_| {
            let fixed = ["lambda", "watch", "--only-lambda-apis", "--ignore-changes", "-A", "127.0.0.1", "-P"];
            let mut arguments: Vec<OsString> = fixed.map(Into::into).into();
            arguments.extend([port.to_string().into(), "--manifest-path".into(), manifest.into_os_string()]);
            arguments
        });
        let address = format!("127.0.0.1:{port}");
        process.until_ready(async || tokio::net::TcpStream::connect(&address).await.is_ok()).await;
        Some(Self { address, _process: process })
    }

    /// Starts a function's binary with this environment, as Lambda would.
    ///
    /// # Panics
    /// When no process can be started.
    pub fn start_function(&self, binary: &Path, environment: &[(&str, &str)]) -> Function {
        let name = binary.file_name().expect("a binary has a name").to_string_lossy().into_owned();
        let lambda = [
            ("AWS_LAMBDA_RUNTIME_API", format!("http://{}/.rt/{name}", self.address)),
            ("AWS_LAMBDA_FUNCTION_NAME", name),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
        ];
        let process = ServerProcess::start(Path::new("/usr/bin/env"), |_| {
            let mut arguments: Vec<OsString> = vec!["-i".into()];
            arguments.extend(lambda.map(|(name, value)| format!("{name}={value}").into()));
            arguments.extend(environment.iter().map(|(name, value)| format!("{name}={value}").into()));
            arguments.push(binary.into());
            arguments
        });
        Function { _process: process }
    }

    /// The function URL of a binary; its requests come as API Gateway v2 events.
    pub fn url(&self, function: &str) -> String {
        format!("http://{}/lambda-url/{function}", self.address)
    }

    /// Where a binary is invoked with an event.
    pub fn invocations(&self, function: &str) -> String {
        format!("http://{}/2015-03-31/functions/{function}/invocations", self.address)
    }
}
