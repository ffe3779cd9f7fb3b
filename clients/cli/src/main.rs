//! The command line of Straightway.

mod args;
mod commands;
mod context;
mod credentials;
mod failure;
mod output;
mod remote;
mod tree;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use args::Args;
use failure::Failure;
use output::Output;

fn main() -> ExitCode {
    let args = Args::parse();
    let output = Arc::new(Output::new(args.format()));
    match run(args, &output) {
        Ok(code) => code,
        Err(failure) => output.failed(&failure),
    }
}

/// Enough for a handful of connections; the heavy work, hashing, has threads of its own.
const THREADS: usize = 2;

fn run(args: Args, output: &Arc<Output>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(|error| Failure::from(anyhow::Error::new(error).context("cannot start")))?;
    let result = runtime.block_on(async {
        let resumes = args.command.resumes();
        tokio::select! {
            result = commands::run(args, Arc::clone(output)) => result,
            () = interrupted() => Err(Failure::interrupted(resumes)),
        }
    });
    // Threads that still read for an abandoned transfer are not waited for.
    runtime.shutdown_background();
    result
}

/// Returns at Ctrl-C, or when somebody asks the process to end.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                result = tokio::signal::ctrl_c() => if result.is_ok() { return },
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
