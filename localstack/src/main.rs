//! `straightway-local`: the whole of Straightway on one machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use straightway_accounts::{Invites, Signup};
use straightway_local::{LocalStack, Options};
use straightway_runtime::{Environment, env, telemetry};
use url::Url;

/// The whole of Straightway on one machine: API, bucket, records and queue in one process and one data folder.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The data folder.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Where the API listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the bucket (S3) listens.
    #[arg(long, default_value = "127.0.0.1:9000")]
    s3_listen: SocketAddr,
    /// The API's origin for clients, where a proxy stands before it.
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
    /// The bucket's address for clients, where a proxy stands before it.
    #[arg(long, value_name = "URL")]
    s3_public_url: Option<Url>,
    /// Puts a SigV4-checked DynamoDB on this port of 127.0.0.1, for functions that run elsewhere on this machine.
    #[arg(long, value_name = "PORT")]
    expose_dynamodb: Option<u16>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let environment = Environment::of_process();
    telemetry::start_logging(environment.required(env::LOG)?)?;
    let stack = LocalStack::start(options(&arguments, &environment)?).await?;
    greet(&arguments, &stack);
    stack.run_until(signalled()).await?;
    tracing::info!("stopped");
    Ok(())
}

fn options(arguments: &Arguments, environment: &Environment) -> anyhow::Result<Options> {
    let defaults = Options::new(&arguments.data);
    let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
    for (address, option) in [(arguments.listen, "--listen"), (arguments.s3_listen, "--s3-listen")] {
        anyhow::ensure!(address.ip().is_loopback(), "{option}: {address} is not an address of this machine alone");
    }
    Ok(Options {
        listen: arguments.listen,
        s3_listen: arguments.s3_listen,
        expose_dynamodb: arguments.expose_dynamodb.map(loopback),
        public_url: arguments.public_url.clone(),
        s3_public_url: arguments.s3_public_url.clone(),
        signup: signup(environment)?.unwrap_or(defaults.signup),
        quota_bytes: environment.set(env::QUOTA_BYTES)?.unwrap_or(defaults.quota_bytes),
        instant: environment.instant()?,
        dedupe: environment.dedupe()?,
        lives: environment.url_lives()?,
        limits: environment.owner_limits()?.on_loopback(),
        ..defaults
    })
}

/// Who may sign up, where the environment says so.
fn signup(environment: &Environment) -> anyhow::Result<Option<Signup>> {
    let signup = match environment.set::<String>(env::SIGNUP)?.as_deref() {
        None => return Ok(None),
        Some("open") => Signup::Open,
        Some("invite") => Signup::Invite(Invites::parse(environment.required(env::INVITE)?)),
        Some("closed") => Signup::Closed,
        Some(other) => anyhow::bail!("{} cannot be `{other}`. {}", env::SIGNUP.name, env::SIGNUP.purpose),
    };
    Ok(Some(signup))
}

#[expect(clippy::print_stdout, reason = "this is what a person who starts it wants to see")]
fn greet(arguments: &Arguments, stack: &LocalStack) {
    println!("Straightway is running. Ctrl-C stops it.");
    println!();
    println!("  API       {}", stack.origin);
    println!("  S3        http://{}", stack.s3);
    if let Some(dynamodb) = stack.dynamodb {
        println!("  DynamoDB  http://{dynamodb}");
    }
    println!("  data      {}", arguments.data.display());
    println!("  keys      {}", arguments.data.join("keys.json").display());
    println!();
    println!("Next, in another terminal:");
    println!();
    println!("  target/debug/straightway signup NAME");
    println!("  target/debug/straightway put FILE");
}

#[expect(clippy::print_stderr, reason = "the reason why it did not start")]
fn complain(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// Ctrl-C, or the signal that service managers send.
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
