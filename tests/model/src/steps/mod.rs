//! The workers: who can begin when, and what the next step does.

pub mod entries;
pub mod finalize;
pub mod replicate;
pub mod sweep;
pub mod upload;

use crate::config::{Config, Content, Key};
use crate::records::State;

pub use entries::{Instant, Purge};
pub use finalize::Finalize;
pub use replicate::Replicate;
pub use sweep::{Audit, Clean, Collect, Expire, Redrive};
pub use upload::{Complete, Sign};

/// What a worker does, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Task {
    /// Signs the URLs of an upload.
    Sign(Key, Sign),
    /// Completes it.
    Complete(Key, Complete),
    /// Makes a file of it, or refuses it.
    Finalize(Key, Finalize),
    /// Deletes what a decision left, at once.
    Delete(Key),
    /// Makes an entry of known content.
    Instant(u8, Instant),
    /// Deletes an entry.
    Purge(u8, Purge),
    /// Gives up an upload whose client is gone.
    Expire(Key, Expire),
    /// Goes on with an upload that is being verified.
    Redrive(Key, Redrive),
    /// Deletes a file that nobody refers to.
    Collect(Content, Collect),
    /// Cleans a garbage key.
    Clean(Key, Clean),
    /// Sends the message that a file is to be copied.
    Enqueue(Key),
    /// Copies a file to the second store.
    Replicate(Content, Replicate),
    /// Looks at what the listing shows of a key.
    Audit(Key, Audit),
    /// Writes a garbage item late; only the protocol without its rule does.
    LateGarbage(Key),
}

/// What comes after a step: more of the task, another task, or nothing.
pub(crate) type Next = Option<Task>;

impl Task {
    /// The object key that it may touch.
    pub fn key(&self) -> Option<Key> {
        match *self {
            Self::Sign(key, _)
            | Self::Complete(key, _)
            | Self::Finalize(key, _)
            | Self::Delete(key)
            | Self::Expire(key, _)
            | Self::Redrive(key, _)
            | Self::Clean(key, _)
            | Self::Audit(key, _)
            | Self::Enqueue(key)
            | Self::LateGarbage(key)
            | Self::Collect(_, Collect { key, .. })
            | Self::Replicate(_, Replicate { key, .. }) => Some(key),
            Self::Instant(..) | Self::Purge(..) => None,
        }
    }

    /// Its next step.
    pub(crate) fn step(self, config: &Config, state: &mut State) -> Next {
        match self {
            Self::Sign(key, at) => at.step(config, state, key),
            Self::Complete(key, at) => at.step(config, state, key),
            Self::Finalize(key, at) => at.step(config, state, key),
            Self::Delete(key) => {
                state.delete(key);
                None
            }
            Self::Instant(number, at) => at.step(config, state, number),
            Self::Purge(entry, at) => at.step(config, state, entry),
            Self::Expire(key, at) => at.step(config, state, key),
            Self::Redrive(key, at) => at.step(config, state, key),
            Self::Collect(content, at) => at.step(config, state, content),
            Self::Clean(key, at) => at.step(config, state, key),
            Self::Replicate(content, at) => at.step(config, state, content),
            Self::Audit(key, at) => at.step(config, state, key),
            Self::Enqueue(key) => {
                state.messages |= 1 << key;
                None
            }
            Self::LateGarbage(key) => {
                state.put_garbage(key, false);
                None
            }
        }
    }

    /// Everything that somebody can begin to do now.
    pub(crate) fn beginnings(config: &Config, state: &State) -> Vec<Self> {
        let mut tasks = Vec::new();
        upload::begin(config, state, &mut tasks);
        finalize::begin(config, state, &mut tasks);
        entries::begin(config, state, &mut tasks);
        sweep::begin(config, state, &mut tasks);
        replicate::begin(config, state, &mut tasks);
        tasks
    }
}
