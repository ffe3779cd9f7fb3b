//! Steps 3, 4, 7, 8, 10 and 11: the sweeper.

use crate::config::{Bug, Config, Content, Key};
use crate::records::{Copy, Phase, State};
use crate::steps::upload::ask;
use crate::steps::{Finalize, Next, Task};

/// Step 3: gives up an upload whose client is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Expire {
    /// Is its object there after all?
    Head,
    /// The transaction.
    End,
}

impl Expire {
    pub(crate) fn step(self, config: &Config, state: &mut State, key: Key) -> Next {
        match self {
            Self::Head if state.primary[key].object.is_some() => Some(Task::Finalize(key, Finalize::Head)),
            Self::Head => Some(Task::Expire(key, Self::End)),
            Self::End => {
                let phase = state.sessions[key].phase;
                let allowed = phase == Phase::Open || config.bug == Some(Bug::ExpireVerifying);
                ended(config, state, key, Phase::Expired, allowed)
            }
        }
    }
}

/// Step 4: goes on with an upload that is being verified for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Redrive {
    /// Complete once more; the multipart upload is there.
    Ask,
    /// Neither the multipart upload nor a running Complete was there: is there an object?
    Head,
    /// Not the protocol: no object was there; is there a multipart upload?
    UploadAfterHead,
    /// Nothing is left of it.
    Reject,
}

impl Redrive {
    pub(crate) fn step(self, config: &Config, state: &mut State, key: Key) -> Next {
        match self {
            Self::Ask => {
                ask(state, key);
                None
            }
            Self::Head if state.primary[key].object.is_some() => Some(Task::Finalize(key, Finalize::Head)),
            Self::Head => Some(Task::Redrive(key, Self::Reject)),
            Self::UploadAfterHead => (!has_upload(state, key)).then_some(Task::Redrive(key, Self::Reject)),
            Self::Reject => {
                let verifying = state.sessions[key].phase == Phase::Verifying;
                ended(config, state, key, Phase::Rejected, verifying)
            }
        }
    }
}

/// The transaction that ends a session which is what it has to be, with its garbage.
fn ended(config: &Config, state: &mut State, key: Key, phase: Phase, allowed: bool) -> Next {
    let verifying = state.sessions[key].phase == Phase::Verifying;
    if !allowed || !state.end(key, phase) {
        return None;
    }
    let store = &state.primary[key];
    let right = Some(config.uploads[key].content);
    let there = store.object == right || store.parts.contains(&right) || store.completing != 0;
    state.lost_wrongly |= verifying && there;
    state.put_garbage(key, false);
    Some(Task::Delete(key))
}

fn has_upload(state: &State, key: Key) -> bool {
    state.sessions[key].multipart.is_some_and(|upload| state.primary[key].has(upload))
}

/// Step 7: deletes a file that nobody refers to since a day; as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Collect {
    /// Its object.
    pub key: Key,
    /// Since when.
    pub collectable_at: u8,
}

impl Collect {
    pub(crate) fn step(self, config: &Config, state: &mut State, content: Content) -> Next {
        let file = state.file(content).copied().filter(|file| file.key == self.key)?;
        let unreferenced = file.refs == 0 || config.bug == Some(Bug::CollectReferenced);
        let unchanged = match config.bug {
            Some(Bug::CollectYoung | Bug::CollectReferenced) => true,
            _ => file.collectable_at == Some(self.collectable_at),
        };
        if unreferenced && unchanged {
            state.collected_early |= !file.ripe;
            state.files[usize::from(content)] = None;
            state.put_garbage(self.key, config.secondary);
        }
        None
    }
}

/// Step 8: one pass over a garbage key. `true`: it began after the item was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Clean {
    /// Abort everything under the key in the primary.
    Abort(bool),
    /// Delete the object there.
    Delete(bool),
    /// The same in the secondary.
    Secondary(bool),
    /// The item goes, if the pass began late enough.
    Forget(bool),
}

impl Clean {
    pub(crate) fn step(self, config: &Config, state: &mut State, key: Key) -> Next {
        let next = |at| Some(Task::Clean(key, at));
        match self {
            Self::Abort(late) => {
                state.primary[key].uploads = 0;
                state.primary[key].parts = [None; 2];
                next(Self::Delete(late))
            }
            Self::Delete(late) => {
                state.primary[key].object = None;
                let secondary = state.garbage[key].is_some_and(|item| item.secondary);
                next(if secondary { Self::Secondary(late) } else { Self::Forget(late) })
            }
            Self::Secondary(late) => {
                let store = &mut state.secondary[key];
                (store.uploads, store.parts, store.object) = (0, 0, None);
                next(Self::Forget(late))
            }
            Self::Forget(late) => {
                let due = state.garbage[key].is_some_and(|item| item.due);
                if (late && due) || config.bug == Some(Bug::CleanTooEarly) {
                    state.garbage[key] = None;
                }
                None
            }
        }
    }
}

/// Step 11: something is listed under a key in either store; the session is read first, then the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Audit {
    /// The session.
    Session,
    /// It has ended; the file.
    File,
    /// Not the protocol: there was no file; the session.
    SessionAfterFile,
    /// Nobody needs what is there.
    Garbage,
}

impl Audit {
    pub(crate) fn step(self, config: &Config, state: &mut State, key: Key) -> Next {
        let next = |at| Some(Task::Audit(key, at));
        let ended = !state.sessions[key].phase.is_live();
        match self {
            Self::Session if config.bug == Some(Bug::AuditFileFirst) => {
                state.file_at(key).is_none().then_some(Task::Audit(key, Self::SessionAfterFile))
            }
            Self::Session => ended.then_some(Task::Audit(key, Self::File)),
            Self::SessionAfterFile => ended.then_some(Task::Audit(key, Self::Garbage)),
            Self::File if state.file_at(key).is_some() => {
                // The object is the file's; what else is under way for its key is nobody's, once it is copied too.
                state.primary[key].uploads = 0;
                state.primary[key].parts = [None; 2];
                if state.file_at(key).is_some_and(|file| file.copy == Copy::Copied) {
                    (state.secondary[key].uploads, state.secondary[key].parts) = (0, 0);
                }
                None
            }
            Self::File => next(Self::Garbage),
            Self::Garbage => {
                state.put_garbage(key, config.secondary);
                None
            }
        }
    }
}

/// Whether a listing shows something under a key that its session and file do not explain.
fn is_listed(state: &State, key: Key) -> bool {
    let (primary, secondary) = (&state.primary[key], &state.secondary[key]);
    let file = state.file_at(key);
    let objects = primary.object.is_some() || secondary.object.is_some();
    let copying = file.is_some_and(|file| file.copy != Copy::Copied);
    let uploads = primary.uploads != 0 || (secondary.uploads != 0 && !copying);
    state.garbage[key].is_none() && (uploads || (objects && file.is_none()))
}

pub(crate) fn begin(config: &Config, state: &State, tasks: &mut Vec<Task>) {
    for key in 0..config.uploads.len() {
        match state.sessions[key].phase {
            Phase::Open if config.bug != Some(Bug::NoExpiry) => tasks.push(Task::Expire(key, Expire::Head)),
            Phase::Verifying if config.bug != Some(Bug::NoRedrive) => redrive(config, state, key, tasks),
            _ => {}
        }
        if config.bug == Some(Bug::ExpireVerifying) && state.sessions[key].phase == Phase::Verifying {
            tasks.push(Task::Expire(key, Expire::Head));
        }
        let pending = state.file_at(key).is_some_and(|file| matches!(file.copy, Copy::Pending(_)));
        if pending && state.messages & (1 << key) == 0 && config.bug != Some(Bug::NoOutbox) {
            tasks.push(Task::Enqueue(key));
        }
        if let Some(item) = state.garbage[key] {
            tasks.push(Task::Clean(key, Clean::Abort(item.due)));
        }
        if config.audit && is_listed(state, key) {
            tasks.push(Task::Audit(key, Audit::Session));
        }
    }
    for (content, file) in (0..).zip(state.files) {
        let Some(file) = file.filter(|file| file.refs == 0 || config.bug == Some(Bug::InstantKeepsCollectable)) else {
            continue;
        };
        if let (Some(collectable_at), true) = (file.collectable_at, file.ripe && config.bug != Some(Bug::NoCollection))
        {
            tasks.push(Task::Collect(content, Collect { key: file.key, collectable_at }));
        }
    }
}

fn redrive(config: &Config, state: &State, key: Key, tasks: &mut Vec<Task>) {
    let upload = has_upload(state, key) && config.bug != Some(Bug::LostWithUpload);
    let completing = state.primary[key].completing != 0 && config.bug != Some(Bug::LostWhileCompleting);
    match config.bug {
        Some(Bug::LostHeadFirst) if state.primary[key].object.is_none() => {
            tasks.push(Task::Redrive(key, Redrive::UploadAfterHead));
        }
        _ if upload && !(config.bug == Some(Bug::LostWhileCompleting)) => tasks.push(Task::Redrive(key, Redrive::Ask)),
        _ if !completing => tasks.push(Task::Redrive(key, Redrive::Head)),
        _ => {}
    }
}
