//! The words and rules of Straightway, true under any cloud and any transport.
//!
//! Nothing here does I/O, reads a clock, draws random numbers or looks at the environment: time and randomness
//! come in as values, the world comes in through the [`ports`]. A value that exists is valid.

pub mod account;
pub mod entry;
mod error;
pub mod file;
pub mod garbage;
pub mod hash;
pub mod ids;
pub mod name;
pub mod outbox;
pub mod plan;
pub mod ports;
pub mod proof;
pub mod seal;
pub mod session;
pub mod settings;

pub use account::{Login, Usage, User, Username};
pub use entry::{Entry, EntryKind, FolderId, Metadata};
pub use error::{BoxError, Conflict, Error, Forbidden, Unauthorized, Violation};
pub use file::{File, FileKey, FileRecordKey, Replica};
pub use garbage::Garbage;
pub use hash::{ContentHash, LeafHash, Sha1Hash};
pub use ids::{EntryId, EventId, JobId, LoginId, MultipartUploadId, ObjectKey, OwnerId, SessionId, UserId};
pub use name::{EntryName, FoldedName};
pub use outbox::OutboxEvent;
pub use plan::{PartNumber, PartPlan};
pub use ports::{Accounts, Catalog, Clock, Limits, Message, ObjectStore, Queue};
pub use session::{Integrity, OnConflict, RejectReason, SessionState, UploadMethod, UploadSession};
