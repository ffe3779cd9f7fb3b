//! The accounts function on Lambda.

use anyhow::Context;
use straightway_accounts::{AttemptLimits, Invites, Ports, Settings, Signup, router};
use straightway_http::Jwks;
use straightway_runtime::{Deployment, env, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let deployment = Deployment::load()?;
    let (environment, catalog) = (deployment.environment(), deployment.catalog()?);
    let invites = Invites::parse(environment.get(env::INVITE).unwrap_or_default());
    let settings = Settings {
        parties: deployment.parties()?,
        signing_key: environment.secret(env::TOKEN_KEY)?,
        other_keys: Jwks::parse(environment.required(env::TOKEN_JWKS)?)?,
        refresh_secret: deployment.secret(env::ACCOUNTS_SECRET)?,
        signup: Signup::parse(environment.required(env::SIGNUP)?, invites).context(env::SIGNUP.purpose)?,
        quota_bytes: environment.parsed(env::QUOTA_BYTES)?,
        attempts: AttemptLimits::default(),
    };
    let ports = Ports::new(catalog.clone(), catalog, deployment.clock(), settings)?;
    serve(router(ports), deployment.edge()?).await
}
