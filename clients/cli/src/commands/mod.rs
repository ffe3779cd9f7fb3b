//! The commands.

mod accounts;
mod get;
mod manage;
mod put;
mod uploads;

use std::process::ExitCode;
use std::sync::Arc;

use crate::args::{Args, Command};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Output;

/// Runs what was typed.
pub(crate) async fn run(args: Args, output: Arc<Output>) -> Result<ExitCode, Failure> {
    let context = Context::new(args.server, output)?;
    match args.command {
        Command::Signup { username, invite, password } => {
            accounts::signup(&context, &username, invite.as_deref(), &password).await
        }
        Command::Login { username, password } => accounts::login(&context, &username, &password).await,
        Command::Logout { all } => accounts::logout(&context, all).await,
        Command::Whoami => accounts::whoami(&context).await,
        Command::Put(args) => put::put(&context, args).await,
        Command::Get { remote, output } => get::get(&context, &remote, output).await,
        Command::Ls { path, long } => manage::ls(&context, path.as_deref().unwrap_or_default(), long).await,
        Command::Mv { source, destination, on_conflict } => {
            manage::mv(&context, &source, &destination, on_conflict.into()).await
        }
        Command::Rm { paths, recursive } => manage::rm(&context, &paths, recursive).await,
        Command::Mkdir { path, parents } => manage::mkdir(&context, &path, parents).await,
        Command::Status => uploads::status(&context).await,
        Command::Abort { sessions, all } => uploads::abort(&context, sessions, all).await,
    }
    .map(|()| ExitCode::SUCCESS)
}
