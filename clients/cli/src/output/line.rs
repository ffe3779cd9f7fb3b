//! The JSON lines. Stable: members are added, never renamed or removed.

use serde::Serialize;
use straightway_api::accounts::Me;
use straightway_api::files::Entry;
use straightway_api::uploads::Session;

/// One line.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Line<'a> {
    /// Signed in; a new account when `user_id` is given.
    SignedIn {
        server: &'a str,
        username: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_id: Option<&'a str>,
    },
    SignedOut {
        server: &'a str,
    },
    Account {
        server: &'a str,
        account: &'a Me,
    },
    /// The content hash of a local file is known.
    Hashed {
        path: &'a str,
        size_bytes: u64,
        content_hash: &'a str,
    },
    /// The server asks for proof that we have the bytes.
    Proving {
        path: &'a str,
    },
    /// Bytes are going to be sent.
    Uploading {
        path: &'a str,
        session_id: &'a str,
        resumed: bool,
        size_bytes: u64,
        part_count: u16,
        missing_parts: u16,
        missing_bytes: u64,
    },
    /// At most two a second and file. `stage` is `hash`, `upload` or `download`.
    Progress {
        path: &'a str,
        stage: &'a str,
        bytes: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        total_bytes: Option<u64>,
    },
    /// The store has a part.
    PartStored {
        path: &'a str,
        part_number: u16,
        size_bytes: u64,
    },
    /// The server judges the bytes.
    Verifying {
        path: &'a str,
    },
    /// The upload begins again.
    Restarted {
        path: &'a str,
        reason: &'a str,
    },
    /// Something does not answer, or is busy.
    Waiting {
        reason: &'a str,
        seconds: f64,
    },
    /// An upload is done. `outcome` is `uploaded`, `unchanged`, `instant` or `proved`.
    Stored {
        path: &'a str,
        remote: &'a str,
        outcome: &'a str,
        sent_bytes: u64,
        entry: &'a Entry,
    },
    /// A download is done.
    Got {
        remote: &'a str,
        path: &'a str,
        size_bytes: u64,
        received_bytes: u64,
        content_hash: Option<&'a str>,
    },
    /// Not a file or folder: left out.
    Skipped {
        path: &'a str,
        reason: &'a str,
    },
    /// One of several files did not succeed.
    Failed {
        path: &'a str,
        message: &'a str,
    },
    /// The end of a transfer of several files.
    Summary {
        files: u64,
        uploaded: u64,
        unchanged: u64,
        instant: u64,
        skipped: u64,
        failed: u64,
        sent_bytes: u64,
    },
    Downloaded {
        files: u64,
        failed: u64,
        received_bytes: u64,
    },
    /// One of a list; also what `mkdir` and `mv` leave.
    Entry {
        entry: &'a Entry,
    },
    Deleted {
        path: &'a str,
    },
    /// An unfinished upload.
    Session {
        session: &'a Session,
    },
    Aborted {
        session_id: &'a str,
    },
    /// The last line of a command that did not succeed.
    Error {
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<&'a str>,
        exit_code: u8,
    },
}
