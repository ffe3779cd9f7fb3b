//! What a command ends with when it does not succeed: a message, a hint, an exit code.

use std::process::ExitCode;

use straightway_client::{ApiError, Error};

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: anyhow::Error,
    pub(crate) hint: Option<String>,
    pub(crate) code: Code,
}

/// Exit codes; `--help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Failed = 1,
    Usage = 2,
    Unauthorized = 3,
    NotFound = 4,
    Conflict = 5,
    Quota = 6,
    Unavailable = 7,
    /// 128 + SIGINT, as shells have it.
    Interrupted = 130,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

impl Failure {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self { error: anyhow::Error::msg(message.into()), hint: None, code }
    }

    /// The command line makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// There is no such remote path.
    pub(crate) fn not_found(path: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no {path}"))
    }

    /// Something else is in the way.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(Code::Conflict, message)
    }

    /// Some of several things did not succeed; each was reported already.
    pub(crate) fn partial(message: impl Into<String>) -> Self {
        Self::new(Code::Failed, message)
    }

    /// Somebody stopped it.
    pub(crate) fn interrupted(resumes: bool) -> Self {
        let failure = Self::new(Code::Interrupted, "interrupted");
        if resumes { failure.hint("run the same command again to go on where it stopped") } else { failure }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether whoever read our output went away.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        let broken = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
        self.error.downcast_ref::<std::io::Error>().is_some_and(broken)
    }

    /// Whether going on with other files makes no sense.
    pub(crate) fn concerns_all(&self) -> bool {
        matches!(
            self.error.downcast_ref::<Error>(),
            Some(Error::SignedOut | Error::Unreachable { .. } | Error::Credentials(_))
        )
    }

    /// The message with its causes, in one line.
    pub(crate) fn message(&self) -> String {
        format!("{:#}", self.error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Error>() {
            Ok(error) => error.into(),
            Err(error) => Self { error, hint: None, code: Code::Failed },
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self { error: error.into(), hint: None, code: Code::Failed }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { code: code(&error), hint: hint(&error), error: error.into() }
    }
}

fn code(error: &Error) -> Code {
    match error {
        Error::SignedOut => Code::Unauthorized,
        Error::Unreachable { .. } => Code::Unavailable,
        Error::Api(api) => match api.status {
            401 | 403 => Code::Unauthorized,
            404 => Code::NotFound,
            409 | 412 => Code::Conflict,
            429 | 502..=504 => Code::Unavailable,
            507 => Code::Quota,
            _ => Code::Failed,
        },
        _ => Code::Failed,
    }
}

fn hint(error: &Error) -> Option<String> {
    let hint = match error {
        Error::SignedOut => "sign in with `straightway login USERNAME`",
        Error::Unreachable { whom: "the server", .. } => "is it running? choose another with `--server URL`",
        Error::KeepsChanging => "try again when nobody writes to it",
        Error::Corrupt { .. } => "nothing was kept; if it happens again, the store's copy is damaged",
        Error::Api(api) => return api_hint(api),
        _ => return None,
    };
    Some(hint.to_owned())
}

fn api_hint(api: &ApiError) -> Option<String> {
    let hint = match api.problem.as_str() {
        "wrong-credentials" => "check user name and password; `straightway signup USERNAME` makes an account",
        "signup-closed" => "ask for an invitation and give it with `--invite CODE`",
        "username-taken" => "choose another name, or sign in with `straightway login USERNAME`",
        "name-taken" => "choose another name, or `--on-conflict rename` or `replace`",
        "quota-exceeded" => return quota_hint(api),
        "too-many-requests" => {
            let wait = api.retry_after?;
            return Some(format!("try again in {} s", wait.as_secs()));
        }
        "internal" => return api.request_id.as_ref().map(|id| format!("the server's log has more under request {id}")),
        _ => return None,
    };
    Some(hint.to_owned())
}

fn quota_hint(api: &ApiError) -> Option<String> {
    let bytes = |member: &str| api.members.get(member)?.as_u64();
    let (needed, available) = (bytes("needed_bytes")?, bytes("available_bytes")?);
    Some(format!("{needed} bytes are needed, {available} are left; `straightway rm` and `abort --all` free some"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(status: u16, problem: &str) -> Failure {
        let error = ApiError {
            problem: problem.into(),
            status,
            title: "title".into(),
            detail: None,
            request_id: None,
            errors: Vec::new(),
            members: serde_json::Map::from_iter([
                ("needed_bytes".into(), 7.into()),
                ("available_bytes".into(), 3.into()),
            ]),
            retry_after: None,
        };
        Error::from(error).into()
    }

    #[test]
    fn every_remedy_has_its_exit_code() {
        for (status, problem, code) in [
            (401, "wrong-credentials", Code::Unauthorized),
            (403, "signup-closed", Code::Unauthorized),
            (404, "not-found", Code::NotFound),
            (409, "name-taken", Code::Conflict),
            (412, "changed", Code::Conflict),
            (507, "quota-exceeded", Code::Quota),
            (503, "unavailable", Code::Unavailable),
            (429, "too-many-requests", Code::Unavailable),
            (422, "invalid", Code::Failed),
        ] {
            assert_eq!(api(status, problem).code, code, "{problem}");
        }
        assert_eq!(Failure::from(Error::SignedOut).code, Code::Unauthorized);
    }

    #[test]
    fn a_quota_hint_has_the_figures() {
        let hint = api(507, "quota-exceeded").hint.unwrap();
        assert!(hint.starts_with("7 bytes are needed, 3 are left"), "{hint}");
    }

    #[test]
    fn an_error_keeps_its_code_through_anyhow() {
        let failure = Failure::from(anyhow::Error::new(Error::SignedOut));
        assert_eq!(failure.code, Code::Unauthorized);
        assert!(failure.concerns_all());
    }
}
