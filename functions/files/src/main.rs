//! The files function on Lambda.

use std::sync::Arc;

use secrecy::ExposeSecret;
use straightway_files::{Ports, Settings, router};
use straightway_runtime::{Deployment, env, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let deployment = Deployment::load()?;
    let catalog = deployment.catalog()?;
    let mut settings = Settings::new(deployment.secret(env::SECRET)?.expose_secret().as_bytes());
    settings.lives = deployment.environment().url_lives()?;
    let (lifecycle, authenticator) = (deployment.lifecycle(&catalog).await?, deployment.authenticator()?);
    let ports = Ports { lifecycle, requests: catalog, authenticator, settings: Arc::new(settings) };
    serve(router(ports), deployment.edge()?).await
}
