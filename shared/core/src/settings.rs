//! What a deployment may choose, with defaults from the design. `shared/runtime` reads them from the environment.

use std::time::Duration;

/// Whose content a create may find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstantUpload {
    /// The caller's own, and after proof of possession everybody's from [`MIN_INSTANT_BYTES`] up.
    Global,
    /// Only the caller's own: nothing of others is ever looked up.
    Own,
    /// Nothing, own entries neither.
    Off,
}

/// 1 MiB: smaller content of others is never offered, so that nobody can ask for short guessable files.
pub const MIN_INSTANT_BYTES: u64 = 1 << 20;

impl InstantUpload {
    /// The word in settings and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Own => "own",
            Self::Off => "off",
        }
    }
}

/// Among whom one stored content is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dedupe {
    /// Everybody.
    Global,
    /// Each owner alone: the file's record key starts with the owner.
    Owner,
}

/// How long presigned URLs live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrlLives {
    /// A single PUT.
    pub put: Duration,
    /// A part.
    pub part: Duration,
    /// A download.
    pub get: Duration,
}

impl UrlLives {
    /// 12 h: the longest life of a PUT or part URL; the garbage grace is 24 h.
    pub const MAX_PUT: Duration = Duration::from_hours(12);
    /// 7 days: the longest life of any presigned URL (SigV4).
    pub const MAX_GET: Duration = Duration::from_hours(7 * 24);
}

impl Default for UrlLives {
    fn default() -> Self {
        Self { put: Duration::from_mins(15), part: Duration::from_hours(1), get: Duration::from_mins(5) }
    }
}

/// How often an owner may do what costs money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerLimits {
    /// Creates a minute.
    pub creates: u64,
    /// Calls that sign parts a minute.
    pub signs: u64,
    /// Calls a minute that ask the store: status with `missing`, complete of a multipart.
    pub store_calls: u64,
    /// Live sessions.
    pub open_sessions: u64,
    /// Bytes a day that the finalizer reads back.
    pub read_back_bytes: u64,
}

impl Default for OwnerLimits {
    fn default() -> Self {
        Self { creates: 300, signs: 600, store_calls: 60, open_sessions: 1_000, read_back_bytes: 1 << 40 }
    }
}

impl OwnerLimits {
    /// The limits of a machine that only its own user reaches: all the same, times 100.
    #[must_use]
    pub fn on_loopback(self) -> Self {
        Self {
            creates: self.creates * 100,
            signs: self.signs * 100,
            store_calls: self.store_calls * 100,
            open_sessions: self.open_sessions * 100,
            read_back_bytes: self.read_back_bytes * 100,
        }
    }
}
