//! The finalize function on Lambda.

use straightway_finalize::{Ports, SLICE, handle};
use straightway_runtime::{Deployment, run_queue};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let deployment = Deployment::load()?;
    let lifecycle = deployment.lifecycle(&deployment.catalog()?).await?;
    let ports = Ports { lifecycle, slice: SLICE };
    run_queue(async |message| handle(&ports, message).await.map(|_| ())).await
}
