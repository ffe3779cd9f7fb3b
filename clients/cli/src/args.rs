//! What can be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use straightway_api::files::OnConflict;

use crate::output::Format;

const EXIT_CODES: &str = "\
Exit codes:
  0  done                      4  not found
  1  failed, also in part      5  conflict: the name is taken, or it changed meanwhile
  2  wrong usage               6  quota exceeded
  3  not signed in, refused    7  the server or the store is unavailable
  130  interrupted

Remote paths are names separated by `/`, from the top of your space; `id:<entry id>` names an entry directly.
The login is kept in $XDG_CONFIG_HOME/straightway/credentials.json, readable by you alone.";

/// Uploads straight to object storage: resumed, verified, and nothing sent that is known already.
#[derive(Debug, Parser)]
#[command(name = "straightway", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// Address of the server [default: where you signed in last, else http://127.0.0.1:8080]
    #[arg(long, global = true, env = "STRAIGHTWAY_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Print one JSON object a line to standard output instead of text
    #[arg(long, global = true)]
    json: bool,
    /// Print errors and asked-for lists only
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    pub(crate) const fn format(&self) -> Format {
        match (self.json, self.quiet) {
            (true, _) => Format::Json,
            (false, true) => Format::Quiet,
            (false, false) => Format::Text,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an account and sign in
    Signup {
        username: String,
        /// Needed where sign-up is by invitation
        #[arg(long, value_name = "CODE")]
        invite: Option<String>,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Sign in
    Login {
        username: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Sign out
    Logout {
        /// Everywhere, not only here
        #[arg(long)]
        all: bool,
    },
    /// Show who is signed in, and what they use
    Whoami,
    /// Upload files and folders; run it again to go on where it stopped
    Put(PutArgs),
    /// Download a file or a folder; run it again to go on where it stopped
    Get {
        /// Remote path
        remote: String,
        /// Local path; `-` writes the file to standard output
        #[arg(long, short, value_name = "PATH")]
        output: Option<PathBuf>,
    },
    /// List a folder
    Ls {
        /// Remote path [default: the top]
        path: Option<String>,
        /// With kind, size, time of change and id
        #[arg(short)]
        long: bool,
    },
    /// Rename or move; into an existing folder it keeps its name
    Mv {
        source: String,
        destination: String,
        /// When the name is taken
        #[arg(long, value_enum, default_value_t = Conflict::Fail)]
        on_conflict: Conflict,
    },
    /// Delete
    Rm {
        #[arg(required = true)]
        paths: Vec<String>,
        /// Folders too, with everything below
        #[arg(long, short)]
        recursive: bool,
    },
    /// Make a folder
    Mkdir {
        path: String,
        /// With the folders above it; no error when it is there
        #[arg(long, short)]
        parents: bool,
    },
    /// Show unfinished uploads and what they lack
    Status,
    /// Give up unfinished uploads
    Abort {
        /// Ids as `status` shows them
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        sessions: Vec<String>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
}

impl Command {
    /// Whether running it again goes on where it stopped.
    pub(crate) const fn resumes(&self) -> bool {
        matches!(self, Self::Put(_) | Self::Get { .. })
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct PutArgs {
    /// Local files and folders; `-` reads standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Remote folder; made when it is not there [default: the top]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: Option<String>,
    /// When a name is taken by other content
    #[arg(long, value_enum, default_value_t = Conflict::Rename)]
    pub(crate) on_conflict: Conflict,
    /// Remote name of a single file; required for standard input
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Parts of one file in flight
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64), value_name = "N")]
    pub(crate) parallel: u8,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PasswordArgs {
    /// Read the password from the first line of standard input [else: $STRAIGHTWAY_PASSWORD, else the terminal]
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Conflict {
    /// The new one gets another name
    Rename,
    /// Nothing is done
    Fail,
    /// The new one takes the name, the present one goes
    Replace,
}

impl From<Conflict> for OnConflict {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::Rename => Self::Rename,
            Conflict::Fail => Self::Fail,
            Conflict::Replace => Self::Replace,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn abort_wants_sessions_or_all_but_not_both() {
        let parse = |line: &str| Args::try_parse_from(line.split(' '));
        assert!(parse("straightway abort").is_err());
        assert!(parse("straightway abort --all s1").is_err());
        assert!(parse("straightway abort --all").is_ok());
        assert!(parse("straightway abort s1 s2").is_ok());
    }
}
