//! Step 2: finalizing; and cancelling, which ends a session too.

use crate::config::{Bug, Config, Content, Key};
use crate::records::{Copy, File, Phase, State};
use crate::steps::{Next, Task};

/// Makes a file of an upload, or refuses it. Begins by reading the session: live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Finalize {
    /// Is the object there?
    Head,
    /// These bytes were read; is there such a file?
    Judge(Content),
    /// There is none: the object becomes it.
    CommitNew,
    /// There is one: the object is not needed.
    CommitKnown,
    /// The bytes are wrong.
    Reject,
    /// Not the protocol: who lost deletes all the same.
    DeleteAsLoser,
    /// Not the protocol: deletes first and rejects then.
    RejectDeleted,
}

impl Finalize {
    pub(crate) fn step(self, config: &Config, state: &mut State, key: Key) -> Next {
        let next = |at| Some(Task::Finalize(key, at));
        let declared = config.uploads[key].content;
        match self {
            Self::Head => state.primary[key].object.and_then(|content| next(Self::Judge(content))),
            Self::Judge(content) if content != declared => next(Self::Reject),
            Self::Judge(_) => next(if state.file(declared).is_some() { Self::CommitKnown } else { Self::CommitNew }),
            Self::CommitNew => commit_new(config, state, key),
            Self::CommitKnown => commit_known(config, state, key),
            Self::Reject if config.bug == Some(Bug::DeletionBeforeGarbage) => {
                state.delete(key);
                next(Self::RejectDeleted)
            }
            Self::Reject | Self::RejectDeleted => {
                if state.end(key, Phase::Rejected) {
                    state.put_garbage(key, false);
                    return Some(Task::Delete(key));
                }
                lost(config, key)
            }
            Self::DeleteAsLoser => {
                state.delete(key);
                None
            }
        }
    }
}

/// The session has ended by somebody else: nothing is left to do.
fn lost(config: &Config, key: Key) -> Next {
    (config.bug == Some(Bug::LoserDeletes)).then_some(Task::Finalize(key, Finalize::DeleteAsLoser))
}

/// The transaction that makes a file of a session.
fn commit_new(config: &Config, state: &mut State, key: Key) -> Next {
    let content = config.uploads[key].content;
    if !state.sessions[key].phase.is_live() && config.bug != Some(Bug::CommitWithoutSession) {
        return lost(config, key);
    }
    if state.file(content).is_some() && config.bug != Some(Bug::CommitOverFile) {
        return Some(Task::Finalize(key, Finalize::Judge(content)));
    }
    let copy = if config.secondary { Copy::Pending(None) } else { Copy::None };
    let file = File { key, refs: 0, collectable_at: None, ripe: false, copy };
    state.files[usize::from(content)] = Some(file);
    state.refer(content, key);
    store(state, key);
    config.secondary.then_some(Task::Enqueue(key))
}

/// The transaction that adds an entry to a file that is there, and makes garbage of the session's own object.
fn commit_known(config: &Config, state: &mut State, key: Key) -> Next {
    let content = config.uploads[key].content;
    if !state.sessions[key].phase.is_live() && config.bug != Some(Bug::CommitWithoutSession) {
        return lost(config, key);
    }
    if state.file(content).is_none() && config.bug != Some(Bug::CommitWithoutFile) {
        return Some(Task::Finalize(key, Finalize::Judge(content)));
    }
    state.refer(content, key);
    store(state, key);
    if config.bug == Some(Bug::GarbageAfterTheTransaction) {
        return Some(Task::LateGarbage(key));
    }
    state.put_garbage(key, false);
    Some(Task::Delete(key))
}

fn store(state: &mut State, key: Key) {
    state.sessions[key].phase = Phase::Stored;
    state.sessions[key].reserved = false;
}

pub(crate) fn begin(config: &Config, state: &State, tasks: &mut Vec<Task>) {
    for key in 0..config.uploads.len() {
        if state.sessions[key].phase.is_live() && state.primary[key].object.is_some() {
            tasks.push(Task::Finalize(key, Finalize::Head));
        }
    }
}
