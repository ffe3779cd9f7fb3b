//! Ports: what the rules need of the world, as small traits named for what they hold.

mod accounts;
mod catalog;
mod limits;
mod object_store;
mod queue;

pub use accounts::{Accounts, Rotated};
pub use catalog::{
    Begun, Catalog, Commit, CommitBy, Committed, Ended, FileChange, Job, Moved, NewSession, Opened, Page, ProofAttempt,
    Purged, PutFolder, ReadBack, RecordedMultipart, SessionEnd,
};
pub use limits::{Limits, RequestBegun, Requests};
pub use object_store::{
    Abilities, Completed, ObjectBody, ObjectHead, ObjectStore, PartToSign, ResponseHeaders, SignedRequest,
    StoreChecksum, UploadedPart,
};
pub use queue::{Message, Queue};

use jiff::Timestamp;

/// The time, to the millisecond (what records keep).
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}
