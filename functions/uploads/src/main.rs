//! The uploads function on Lambda.

use std::sync::Arc;

use secrecy::ExposeSecret;
use straightway_runtime::{Deployment, env, serve};
use straightway_uploads::{Ports, Settings, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let deployment = Deployment::load()?;
    let (environment, catalog) = (deployment.environment(), deployment.catalog()?);
    let mut settings = Settings::new(deployment.origin()?, deployment.secret(env::SECRET)?.expose_secret().as_bytes());
    settings.instant = environment.instant()?;
    settings.lives = environment.url_lives()?;
    settings.limits = environment.owner_limits()?;
    environment.required(env::SIGNUP)?.clone_into(&mut settings.signup);
    let (lifecycle, authenticator) = (deployment.lifecycle(&catalog).await?, deployment.authenticator()?);
    let ports =
        Ports { lifecycle, limits: catalog.clone(), requests: catalog, authenticator, settings: Arc::new(settings) };
    serve(router(ports), deployment.edge()?).await
}
