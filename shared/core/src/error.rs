//! One error type, divided by what the caller can do about it.

use std::time::Duration;

use crate::{EntryId, RejectReason, SessionState};

/// Any error as a source: kept for the log, never printed twice.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong, by remedy. `shared/http` holds the one table that maps it to problems and statuses.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request says something that cannot be: mend the named fields (422).
    #[error("invalid: {}", Violation::list(.0))]
    Invalid(Vec<Violation>),
    /// Nobody, or somebody without the right credentials: sign in (401).
    #[error("unauthorized")]
    Unauthorized(Unauthorized),
    /// Somebody who may not (403).
    #[error("forbidden")]
    Forbidden(Forbidden),
    /// Not there, or not the caller's: the two look the same (404).
    #[error("not found")]
    NotFound,
    /// The present state forbids it (409).
    #[error("conflict: {0:?}")]
    Conflict(Conflict),
    /// The upload session has ended without a file (410).
    #[error("the session is {}", state.as_str())]
    Gone {
        /// How it ended.
        state: SessionState,
        /// Why, when it was rejected.
        reason: Option<RejectReason>,
    },
    /// More bytes than fit (413).
    #[error("larger than {max_bytes} bytes")]
    TooLarge {
        /// The most that is taken, in bytes.
        max_bytes: u64,
    },
    /// The bytes are not those that the declared hash names (422).
    #[error("the content does not match its declared hash")]
    HashMismatch,
    /// The thing changed since the caller last saw it: read again (412).
    #[error("changed meanwhile")]
    Changed,
    /// Too often: wait (429).
    #[error("too many requests")]
    TooMany {
        /// How long until it can work again.
        retry_after: Duration,
    },
    /// The owner's quota is used up (507).
    #[error("quota exceeded: {needed_bytes} bytes needed, {available_bytes} available")]
    QuotaExceeded {
        /// What the request needs.
        needed_bytes: u64,
        /// What is left.
        available_bytes: u64,
    },
    /// Something below us does not answer, or is busy: the same request may work later (503).
    #[error("unavailable: {context}")]
    Unavailable {
        /// What was being done.
        context: String,
        /// What the component below said.
        #[source]
        source: Option<BoxError>,
    },
    /// A fault of ours, or an answer that cannot be (500).
    #[error("internal: {context}")]
    Internal {
        /// What was being done.
        context: String,
        /// What the component below said.
        #[source]
        source: Option<BoxError>,
    },
}

impl Error {
    /// One violation of one field. `pointer` is a JSON pointer into the request (`/size_bytes`), or a parameter's name.
    pub fn invalid(pointer: impl Into<String>, violation: Violation) -> Self {
        Self::Invalid(vec![violation.at(pointer)])
    }

    /// Something below did not answer while `context` was being done.
    pub fn unavailable(context: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Unavailable { context: context.into(), source: Some(source.into()) }
    }

    /// An answer that cannot be, without a source.
    pub fn internal(context: impl Into<String>) -> Self {
        Self::Internal { context: context.into(), source: None }
    }

    /// Whether the same call may succeed later: event handlers give such a message back to the queue.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::TooMany { .. })
    }
}

/// One thing wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer of the field, or the name of a query parameter; empty until [`Violation::at`] sets it.
    pub pointer: String,
    /// Stable name of the rule that was broken; clients localise from it.
    pub code: &'static str,
    /// English, for people.
    pub detail: String,
}

impl Violation {
    /// A broken rule, not yet tied to a field.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: String::new(), code, detail: detail.into() }
    }

    /// The same, tied to a field.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = pointer.into();
        self
    }

    fn list(violations: &[Self]) -> String {
        let one = |v: &Self| format!("{} {}: {}", v.pointer, v.code, v.detail);
        violations.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

/// Why a caller is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unauthorized {
    /// No token, or one that does not hold (problem `unauthorized`).
    Token,
    /// User name, password or refresh token wrong (problem `wrong-credentials`).
    WrongCredentials,
}

/// Why a caller may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// This deployment takes no new accounts this way (problem `signup-closed`).
    SignupClosed,
    /// A web page from another origin (problem `forbidden`).
    ForeignOrigin,
}

/// Which state is in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// Another entry has the name (problem `name-taken`).
    NameTaken {
        /// The entry that has it.
        entry_id: EntryId,
    },
    /// Another account has the user name (problem `username-taken`).
    UsernameTaken,
    /// The store does not hold every part (problem `parts-missing`).
    PartsMissing {
        /// Ascending, merged, inclusive `[first, last]` part numbers.
        missing: Vec<[u16; 2]>,
    },
    /// The upload has become a file: delete the file instead (problem `already-stored`).
    AlreadyStored,
    /// The first request with this idempotency key still runs (problem `in-progress`).
    InProgress,
}
