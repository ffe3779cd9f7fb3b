//! The life cycle protocol of a file, over the ports of `core`: every function calls these steps, no function has a
//! rule of its own.
//!
//! The protocol was model-checked before it was written down (ARCHITECTURE.md, "The life cycle protocol"). Each step
//! is one module; the numbers in their documentation are the protocol's. Any step may run any number of times, at the
//! same time, and may stop at any point: what makes that safe are the conditions of the catalog's transactions and the
//! garbage item that each of them writes before anything is deleted.

mod cancel;
mod complete;
mod finalize;
mod instant;
mod place;
mod purge;
mod verify;
mod work;

use std::sync::Arc;

use straightway_core::settings::Dedupe;
use straightway_core::{Catalog, Clock, File, FileKey, FileRecordKey, ObjectStore, OwnerId, Queue};

pub use complete::Completion;
pub use finalize::Finalized;
pub use place::free_name;
pub use purge::PurgeProgress;
pub use work::Work;

/// The protocol over its ports.
#[derive(Clone)]
pub struct Lifecycle {
    /// Records.
    pub catalog: Arc<dyn Catalog>,
    /// The primary store.
    pub store: Arc<dyn ObjectStore>,
    /// Where work for the finalizer goes.
    pub finalize_queue: Arc<dyn Queue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Among whom content is shared.
    pub dedupe: Dedupe,
}

impl Lifecycle {
    /// The key of the record that this owner's content of this identity shares.
    pub fn record_key(&self, owner: &OwnerId, file_key: FileKey) -> FileRecordKey {
        let owner = match self.dedupe {
            Dedupe::Global => None,
            Dedupe::Owner => Some(owner.clone()),
        };
        FileRecordKey { owner, file_key }
    }

    /// The file with this key that the owner's content shares, if it is stored.
    pub async fn file(&self, owner: &OwnerId, key: FileKey) -> Result<Option<File>, straightway_core::Error> {
        self.catalog.file(&self.record_key(owner, key)).await
    }
}
