//! What a transfer tells whoever watches it.

use straightway_api::uploads::State;
use straightway_core::ContentHash;

/// Something that happened to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The content hash is being computed from the beginning.
    Hashing {
        /// Size of the file.
        size_bytes: u64,
    },
    /// So many more bytes were hashed.
    Hashed {
        /// Since the last such event.
        bytes: u64,
    },
    /// The content hash is known.
    HashKnown {
        /// What it is.
        content_hash: ContentHash,
    },
    /// The server knows the content and asks whether we have it.
    Proving,
    /// Bytes are going to be sent.
    Uploading {
        /// The upload session.
        session_id: String,
        /// Whether an earlier run began it.
        resumed: bool,
        /// Size of the file.
        size_bytes: u64,
        /// Parts in the plan.
        part_count: u16,
        /// Parts that the store does not have yet.
        missing_parts: u16,
        /// Bytes in those parts.
        missing_bytes: u64,
    },
    /// So many more bytes were handed to a connection.
    Sent {
        /// Since the last such event.
        bytes: u64,
    },
    /// A try failed: its bytes count no more.
    TakenBack {
        /// Of the failed try.
        bytes: u64,
    },
    /// The store has this part.
    PartStored {
        /// From 1.
        part_number: u16,
        /// Its size.
        size_bytes: u64,
    },
    /// Every part is there; the server judges the bytes.
    Verifying,
    /// The upload begins again.
    Restarted {
        /// Why.
        reason: Restart,
    },
    /// Bytes are going to be received.
    Downloading {
        /// Size of the file.
        size_bytes: u64,
        /// Bytes that an earlier run left here.
        present_bytes: u64,
    },
    /// So many more bytes were received.
    Received {
        /// Since the last such event.
        bytes: u64,
    },
}

/// Why an upload begins again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restart {
    /// The file is no longer what was hashed.
    FileChanged,
    /// The session ended elsewhere.
    SessionEnded {
        /// How; `None` when the server no longer knows it.
        state: Option<State>,
    },
}

/// Watches the transfer of one file. Called from any thread, often: must be quick.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn on(&self, event: Event);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn on(&self, _: Event) {}
}
