//! The one registry of environment variables. Nothing else reads the environment.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail};
use secrecy::SecretString;
use straightway_core::settings::{Dedupe, InstantUpload, OwnerLimits, UrlLives};

/// A variable: its name, what it is for, and what it is when it is not set.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// As in the environment.
    pub name: &'static str,
    /// For people.
    pub purpose: &'static str,
    /// `None`: required by the functions that use it, or off when it is optional.
    pub default: Option<&'static str>,
}

macro_rules! variables {
    ($($(#[$doc:meta])* $ident:ident = $name:literal, $default:expr, $purpose:literal;)*) => {
        $(
            #[doc = $purpose]
            pub const $ident: Variable = Variable { name: $name, purpose: $purpose, default: $default };
        )*

        /// Every variable, in the order of the documentation.
        pub const VARIABLES: &[Variable] = &[$($ident),*];
    };
}

variables! {
    PUBLIC_URL = "STRAIGHTWAY_PUBLIC_URL", None, "Public origin of the API, `scheme://host[:port]`: issuer of tokens, part of proofs, default CORS origin.";
    CORS_ORIGINS = "STRAIGHTWAY_CORS_ORIGINS", Some(""), "Origins of web pages that may call the API, separated by commas; the API's own always may.";
    LOG = "STRAIGHTWAY_LOG", Some("info"), "What is logged, as a tracing filter.";
    REGION = "AWS_REGION", Some("us-east-1"), "Region of table, queue and bucket.";
    TABLE_PREFIX = "STRAIGHTWAY_TABLE_PREFIX", Some("straightway-"), "What the tables' names start with.";
    DYNAMODB_ENDPOINT = "STRAIGHTWAY_DYNAMODB_ENDPOINT", None, "Address of DynamoDB where it is not the region's own.";
    BUCKET = "STRAIGHTWAY_BUCKET", None, "The primary bucket.";
    S3_ENDPOINT = "STRAIGHTWAY_S3_ENDPOINT", None, "Address at which the functions reach the primary, where it is not the region's own.";
    S3_PUBLIC_URL = "STRAIGHTWAY_S3_PUBLIC_URL", None, "Address of the primary in presigned URLs, where it differs from the functions' own.";
    S3_PATH_STYLE = "STRAIGHTWAY_S3_PATH_STYLE", Some("false"), "`true`: the bucket stands in the path, not in the host (most S3-compatible stores).";
    S3_VOUCHES = "STRAIGHTWAY_S3_VOUCHES", Some("true"), "What the deploy-time probe found: the primary refuses wrong digests and returns SHA-256.";
    S3_CONDITIONAL_PUT = "STRAIGHTWAY_S3_CONDITIONAL_PUT", Some("true"), "What the deploy-time probe found: the primary refuses a second PUT.";
    FINALIZE_QUEUE_URL = "STRAIGHTWAY_FINALIZE_QUEUE_URL", None, "The finalizer's queue.";
    SQS_ENDPOINT = "STRAIGHTWAY_SQS_ENDPOINT", None, "Address of SQS where it is not the region's own.";
    SECRET = "STRAIGHTWAY_SECRET", None, "At least 32 characters: keys of challenges and cursors are derived from it. `accounts` does not have it.";
    TOKEN_KEY = "STRAIGHTWAY_TOKEN_KEY", None, "Ed25519 private key (PKCS #8 PEM) that signs access tokens. Only `accounts` has it.";
    TOKEN_JWKS = "STRAIGHTWAY_TOKEN_JWKS", None, "Public keys that access tokens are checked with, as a JWKS document.";
    ACCOUNTS_SECRET = "STRAIGHTWAY_ACCOUNTS_SECRET", None, "At least 32 characters: refresh tokens are authenticated with it. Only `accounts` has it.";
    SIGNUP = "STRAIGHTWAY_SIGNUP", Some("invite"), "Who may sign up: `open`, `invite` or `closed`.";
    INVITE = "STRAIGHTWAY_INVITE", None, "The invitation that sign-up asks for under `invite`.";
    QUOTA_BYTES = "STRAIGHTWAY_QUOTA_BYTES", Some("10737418240"), "Quota of a new user, in bytes.";
    INSTANT = "STRAIGHTWAY_INSTANT", Some("global"), "Whose content an upload may find: `global` (after proof of possession), `own`, `off`.";
    DEDUPE = "STRAIGHTWAY_DEDUPE", Some("global"), "Among whom stored content is shared: `global` or `owner`. Not to be changed later.";
    PUT_SECONDS = "STRAIGHTWAY_PUT_SECONDS", Some("900"), "Life of a single PUT's URL; at most 12 hours.";
    PART_SECONDS = "STRAIGHTWAY_PART_SECONDS", Some("3600"), "Life of a part's URL; at most 12 hours.";
    GET_SECONDS = "STRAIGHTWAY_GET_SECONDS", Some("300"), "Life of a download URL; at most 7 days.";
    MAX_CREATES = "STRAIGHTWAY_MAX_CREATES_PER_MINUTE", Some("300"), "Uploads that an owner may create a minute.";
    MAX_SIGNS = "STRAIGHTWAY_MAX_SIGNS_PER_MINUTE", Some("600"), "Calls that sign parts, an owner and minute.";
    MAX_STORE_CALLS = "STRAIGHTWAY_MAX_STORE_CALLS_PER_MINUTE", Some("60"), "Calls that ask the store, an owner and minute.";
    MAX_OPEN_SESSIONS = "STRAIGHTWAY_MAX_OPEN_SESSIONS", Some("1000"), "Live uploads of an owner.";
    MAX_READ_BACK_BYTES = "STRAIGHTWAY_MAX_READ_BACK_BYTES_PER_DAY", Some("1099511627776"), "Bytes of `integrity: read` uploads, an owner and day.";
}

/// The environment as it was when the process started.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The process's environment.
    pub fn of_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// An environment of these values, for tests and hosts that configure functions themselves.
    pub fn of(values: impl IntoIterator<Item = (Variable, String)>) -> Self {
        Self(values.into_iter().map(|(variable, value)| (variable.name.to_owned(), value)).collect())
    }

    /// A variable's value or default; `None` when it has neither. An empty value counts as not set.
    pub fn get(&self, variable: Variable) -> Option<&str> {
        self.0.get(variable.name).map(String::as_str).filter(|value| !value.is_empty()).or(variable.default)
    }

    /// A variable that has to be set.
    ///
    /// # Errors
    /// Names the variable and its purpose.
    pub fn required(&self, variable: Variable) -> anyhow::Result<&str> {
        self.get(variable).with_context(|| format!("{} is not set. {}", variable.name, variable.purpose))
    }

    /// A variable read as something.
    ///
    /// # Errors
    /// Names the variable and its purpose.
    pub fn parsed<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
        &self,
        variable: Variable,
    ) -> anyhow::Result<T> {
        let text = self.required(variable)?;
        text.parse().with_context(|| format!("{} cannot be `{text}`. {}", variable.name, variable.purpose))
    }

    /// A variable read as something; `None` when it is not set, whatever its default.
    ///
    /// # Errors
    /// Names the variable and its purpose.
    pub fn set<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
        &self,
        variable: Variable,
    ) -> anyhow::Result<Option<T>> {
        match self.get(Variable { default: None, ..variable }) {
            None => Ok(None),
            Some(_) => self.parsed(variable).map(Some),
        }
    }

    /// A secret that has to be set.
    ///
    /// # Errors
    /// Names the variable, never its value.
    pub fn secret(&self, variable: Variable) -> anyhow::Result<SecretString> {
        self.required(variable).map(SecretString::from)
    }

    /// Whose content an upload may find.
    ///
    /// # Errors
    /// Names the variable and its purpose.
    pub fn instant(&self) -> anyhow::Result<InstantUpload> {
        self.word(
            INSTANT,
            &[("global", InstantUpload::Global), ("own", InstantUpload::Own), ("off", InstantUpload::Off)],
        )
    }

    /// Among whom content is shared.
    ///
    /// # Errors
    /// Names the variable and its purpose.
    pub fn dedupe(&self) -> anyhow::Result<Dedupe> {
        self.word(DEDUPE, &[("global", Dedupe::Global), ("owner", Dedupe::Owner)])
    }

    /// One of several words.
    ///
    /// # Errors
    /// Names the variable and its purpose.
    pub fn word<T: Copy>(&self, variable: Variable, words: &[(&str, T)]) -> anyhow::Result<T> {
        let text = self.required(variable)?;
        let found = words.iter().find(|(word, _)| *word == text);
        found
            .map(|(_, value)| *value)
            .with_context(|| format!("{} cannot be `{text}`. {}", variable.name, variable.purpose))
    }

    /// How long presigned URLs live.
    ///
    /// # Errors
    /// Names the variable and its bounds.
    pub fn url_lives(&self) -> anyhow::Result<UrlLives> {
        Ok(UrlLives {
            put: self.life(PUT_SECONDS, UrlLives::MAX_PUT)?,
            part: self.life(PART_SECONDS, UrlLives::MAX_PUT)?,
            get: self.life(GET_SECONDS, UrlLives::MAX_GET)?,
        })
    }

    fn life(&self, variable: Variable, most: Duration) -> anyhow::Result<Duration> {
        let seconds: u64 = self.parsed(variable)?;
        if seconds == 0 || seconds > most.as_secs() {
            bail!("{} must be 1 to {} seconds, not {seconds}", variable.name, most.as_secs());
        }
        Ok(Duration::from_secs(seconds))
    }

    /// How often an owner may do what costs money.
    ///
    /// # Errors
    /// Names the variable and its purpose.
    pub fn owner_limits(&self) -> anyhow::Result<OwnerLimits> {
        Ok(OwnerLimits {
            creates: self.parsed(MAX_CREATES)?,
            signs: self.parsed(MAX_SIGNS)?,
            store_calls: self.parsed(MAX_STORE_CALLS)?,
            open_sessions: self.parsed(MAX_OPEN_SESSIONS)?,
            read_back_bytes: self.parsed(MAX_READ_BACK_BYTES)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_design() {
        let environment = Environment::default();
        assert_eq!(environment.url_lives().unwrap(), UrlLives::default());
        assert_eq!(environment.owner_limits().unwrap(), OwnerLimits::default());
        assert_eq!(environment.instant().unwrap(), InstantUpload::Global);
        assert_eq!(environment.dedupe().unwrap(), Dedupe::Global);
    }

    #[test]
    fn a_wrong_value_is_an_error_that_names_the_variable() {
        let of = |variable, value: &str| Environment::of([(variable, value.to_owned())]);
        let message = |result: anyhow::Result<_>| result.map(|_: UrlLives| ()).unwrap_err().to_string();
        assert!(message(of(PUT_SECONDS, "43201").url_lives()).contains("STRAIGHTWAY_PUT_SECONDS must be 1 to 43200"));
        assert!(message(of(PUT_SECONDS, "0").url_lives()).contains("STRAIGHTWAY_PUT_SECONDS"));
        assert!(message(of(GET_SECONDS, "soon").url_lives()).contains("STRAIGHTWAY_GET_SECONDS cannot be `soon`"));
        assert!(of(INSTANT, "GLOBAL").instant().is_err());
        assert!(Environment::default().required(BUCKET).unwrap_err().to_string().contains("STRAIGHTWAY_BUCKET"));
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = VARIABLES.iter().map(|variable| variable.name).collect();
        assert_eq!(names.len(), VARIABLES.len());
    }
}
