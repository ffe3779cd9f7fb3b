//! `signup`, `login`, `logout`, `whoami`.

use std::io::{self, BufRead, IsTerminal};

use secrecy::SecretString;
use straightway_client::Patience;

use crate::args::PasswordArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Line, human_bytes, result};

const PASSWORD_VARIABLE: &str = "STRAIGHTWAY_PASSWORD";

pub(crate) async fn signup(
    context: &Context,
    username: &str,
    invite: Option<&str>,
    password: &PasswordArgs,
) -> Result<(), Failure> {
    let password = read_password(context, password, Asked::Twice)?;
    let api = context.api_for(username)?;
    let account = api.create_account(username, &password, invite).await?;
    api.create_login(username, &password).await?;
    signed_in(context, &account.username, Some(&account.user_id))
}

pub(crate) async fn login(context: &Context, username: &str, password: &PasswordArgs) -> Result<(), Failure> {
    let password = read_password(context, password, Asked::Once)?;
    context.api_for(username)?.create_login(username, &password).await?;
    signed_in(context, username, None)
}

fn signed_in(context: &Context, username: &str, user_id: Option<&str>) -> Result<(), Failure> {
    let server = context.server.as_str();
    context.output.event(&Line::SignedIn { server, username, user_id })?;
    Ok(context.output.say(&format!("signed in to {server} as {username}"))?)
}

pub(crate) async fn logout(context: &Context, all: bool) -> Result<(), Failure> {
    let api = context.api(Patience::SHORT)?;
    if all {
        api.delete_all_logins().await?;
    } else {
        api.delete_login().await?;
    }
    let server = context.server.as_str();
    context.output.event(&Line::SignedOut { server })?;
    Ok(context.output.say(&format!("signed out of {server}{}", if all { ", everywhere" } else { "" }))?)
}

pub(crate) async fn whoami(context: &Context) -> Result<(), Failure> {
    let me = context.api(Patience::SHORT)?.me().await?;
    let server = context.server.as_str();
    Ok(result(&context.output, &Line::Account { server, account: &me }, || {
        let usage = me.usage;
        let [used, reserved, quota] = [usage.used_bytes, usage.reserved_bytes, usage.quota_bytes].map(human_bytes);
        format!("{} at {server}\n{used} used, {reserved} reserved for unfinished uploads, of {quota}", me.username)
    })?)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Once,
    /// A typing mistake in a new password would lock its owner out.
    Twice,
}

fn read_password(context: &Context, args: &PasswordArgs, asked: Asked) -> Result<SecretString, Failure> {
    if context.is_exposed() {
        context.output.note("note: the connection is not encrypted; others can read the password on its way");
    }
    if args.password_stdin {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).into());
    }
    if let Some(password) = std::env::var_os(PASSWORD_VARIABLE) {
        let password = password.into_string();
        return password
            .map(SecretString::from)
            .map_err(|_| Failure::usage(format!("{PASSWORD_VARIABLE} is not UTF-8")));
    }
    if !io::stdin().is_terminal() {
        let hint = format!("give it with --password-stdin or in {PASSWORD_VARIABLE}");
        return Err(Failure::usage("there is no terminal to ask for the password").hint(hint));
    }
    let password = rpassword::prompt_password("Password: ")?;
    if asked == Asked::Twice && rpassword::prompt_password("Again: ")? != password {
        return Err(Failure::usage("the two passwords differ"));
    }
    Ok(password.into())
}
