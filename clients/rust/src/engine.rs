//! What all transfers of one program share: connections, and how much happens at the same time.

use std::sync::Arc;

use tokio::sync::{OnceCell, Semaphore};

use crate::api::Api;
use crate::error::Error;

/// How much happens at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parallel {
    /// Parts in flight of one file.
    pub parts: usize,
    /// Parts in flight of all files together.
    pub sends: usize,
    /// Threads that hash.
    pub hashers: usize,
}

impl Default for Parallel {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { parts: 4, sends: 8, hashers: cores.min(8) }
    }
}

/// Carries out transfers. Cheap to clone; clones share connections and limits. Dropping the future of a transfer
/// cancels it; what was sent stays in its session, and the same transfer later goes on from there.
#[derive(Clone)]
pub struct Engine {
    pub(crate) api: Api,
    pub(crate) parallel: Parallel,
    pub(crate) sends: Arc<Semaphore>,
    pub(crate) hashers: Arc<Semaphore>,
    owner_id: Arc<OnceCell<String>>,
}

impl Engine {
    /// An engine with the usual limits.
    pub fn new(api: Api) -> Self {
        Self::with(api, Parallel::default())
    }

    /// An engine with these limits; zeros count as one.
    pub fn with(api: Api, parallel: Parallel) -> Self {
        Self {
            api,
            sends: Arc::new(Semaphore::new(parallel.sends.max(1))),
            hashers: Arc::new(Semaphore::new(parallel.hashers.max(1))),
            parallel: Parallel { parts: parallel.parts.max(1), ..parallel },
            owner_id: Arc::new(OnceCell::new()),
        }
    }

    /// The client it uses.
    pub const fn api(&self) -> &Api {
        &self.api
    }

    /// The caller's id, asked for once.
    pub(crate) async fn owner_id(&self) -> Result<String, Error> {
        self.owner_id.get_or_try_init(|| async { Ok(self.api.me().await?.user_id) }).await.cloned()
    }
}
