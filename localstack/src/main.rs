//! `straightway-local`: the whole of Straightway on one machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use straightway_accounts::{Invites, Signup};
use straightway_local::{LocalStack, Options};
use straightway_runtime::{Environment, env, telemetry};
use url::{Host, Url};

/// The whole of Straightway on one machine: API, bucket, records and queue in one process and one data folder.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The data folder.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Where the API listens. Beyond this machine only with --public-url.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the bucket (S3) listens.
    #[arg(long, default_value = "127.0.0.1:9000")]
    s3_listen: SocketAddr,
    /// The API's origin for clients, where other devices use it or a proxy stands before it.
    ///
    /// If it names another host than this machine, its port answers for the bucket too, nobody may sign up
    /// (STRAIGHTWAY_SIGNUP says otherwise), and the limits are those of the cloud. It speaks no TLS itself: put a TLS
    /// proxy before it that passes on the Host header.
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
    /// The bucket's address in presigned URLs, where a proxy stands before it.
    #[arg(long, value_name = "URL")]
    s3_public_url: Option<Url>,
    /// Puts a SigV4-checked DynamoDB on this port of 127.0.0.1, for functions that run elsewhere on this machine.
    #[arg(long, value_name = "PORT")]
    expose_dynamodb: Option<u16>,
}

/// The exit code that shells give what SIGINT ended.
const INTERRUPTED: i32 = 130;

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
    let signal = signalled()?;
    greet(&arguments, &stack);
    warn(&arguments);
    stack.run_until(signal).await?;
    tracing::info!("stopped");
    Ok(())
}

fn options(arguments: &Arguments, environment: &Environment) -> anyhow::Result<Options> {
    check(arguments)?;
    let shared = is_shared(arguments);
    let defaults = if shared { Options::shared(&arguments.data) } else { Options::new(&arguments.data) };
    let limits = environment.owner_limits()?;
    let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
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
        limits: if shared { limits } else { limits.on_loopback() },
        ..defaults
    })
}

fn check(arguments: &Arguments) -> anyhow::Result<()> {
    let (listen, s3_listen) = (arguments.listen, arguments.s3_listen);
    anyhow::ensure!(
        s3_listen.ip().is_loopback(),
        "--s3-listen: {s3_listen} is not an address of this machine alone; other devices reach the bucket through --listen"
    );
    anyhow::ensure!(
        listen.ip().is_loopback() || arguments.public_url.is_some(),
        "--listen: {listen} is for other devices too; say with --public-url how they reach it, \
         such as --public-url http://192.168.0.7:{}",
        listen.port()
    );
    for (url, option) in [(&arguments.public_url, "--public-url"), (&arguments.s3_public_url, "--s3-public-url")] {
        let Some(url) = url else { continue };
        let is_origin = matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none();
        anyhow::ensure!(is_origin, "{option}: {url} is not of the form http://host:port or https://host");
    }
    Ok(())
}

/// Whether other devices may reach it: directly, or through a proxy on this machine.
fn is_shared(arguments: &Arguments) -> bool {
    let elsewhere = arguments.public_url.as_ref().is_some_and(|url| !is_loopback(url));
    elsewhere || !arguments.listen.ip().is_loopback()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
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
    if arguments.public_url.is_some() {
        println!("  listens   {}", stack.api);
    }
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

#[expect(clippy::print_stderr, reason = "whoever starts it has to know")]
fn warn(arguments: &Arguments) {
    let in_the_clear = arguments.public_url.as_ref().is_none_or(|url| url.scheme() != "https");
    if is_shared(arguments) && in_the_clear {
        eprintln!(
            "warning: other devices reach it without TLS: whoever is on the way can read passwords and files. \
             Put a TLS proxy before it and name that with --public-url https://..."
        );
    }
}

#[expect(clippy::print_stderr, reason = "the reason why it did not start")]
fn complain(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// Ctrl-C, or the signal that service managers send; heard from now on, not only when it is waited for. The second
/// Ctrl-C is for those who cannot wait for the rest.
fn signalled() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tokio::spawn(async move {
            if interrupt.recv().await.is_some() {
                std::process::exit(INTERRUPTED);
            }
        });
    })
}
