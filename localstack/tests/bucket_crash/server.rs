//! The process that gets killed.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use straightway_core::Clock;
use straightway_local::bucket::Bucket;
use straightway_local::s3::{AccessKey, S3Config, serve, service};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

pub(crate) const FLAG: &str = "--serve";
pub(crate) const BUCKET: &str = "files";
pub(crate) const QUEUE: &str = "events";
pub(crate) const KEY_ID: &str = "AKLOCAL";
pub(crate) const SECRET: &str = "secret";
pub(crate) const REGION: &str = "us-east-1";

pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "signatures are judged by the real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

pub(crate) fn open(folder: &Path) -> Result<Bucket> {
    Ok(Bucket::open(folder, REGION, Arc::new(WallClock))?)
}

pub(crate) async fn serve_forever(folder: &Path) -> Result<()> {
    let engine = Arc::new(open(folder)?);
    engine.create_bucket(BUCKET).await?;
    engine.notify(BUCKET, "", QUEUE, std::time::Duration::ZERO).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("{}\n", listener.local_addr()?);
    let config = S3Config {
        access_keys: vec![AccessKey { id: KEY_ID.into(), secret: SECRET.into() }],
        region: REGION.into(),
        allowed_hosts: vec!["127.0.0.1".into()],
        domain: None,
        cors_origins: Vec::new(),
    };
    let mut output = std::io::stdout();
    output.write_all(address.as_bytes())?;
    output.flush()?;
    serve(listener, service(engine, &config), std::future::pending()).await?;
    Ok(())
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Child,
}

pub(crate) async fn start(folder: &Path) -> Result<Server> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg(FLAG)
        .arg(folder)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = child.stdout.take().context("the child has no output")?;
    let line = BufReader::new(output).lines().next_line().await?;
    let address = line.context("the child ended at once")?.parse()?;
    Ok(Server { address, child })
}

impl Server {
    /// SIGKILL: no handler, no flush, no good-bye.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}
