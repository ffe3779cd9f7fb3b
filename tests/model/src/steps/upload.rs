//! Signing, and step 1: completing.

use crate::config::{Bug, Config, Key, MAX_MULTIPARTS};
use crate::records::{Phase, State};
use crate::steps::{Finalize, Next, Task};

/// Signs the URLs of an open session. The multipart upload is made first and recorded then, if there is none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sign {
    /// The session was read: open, without a multipart upload.
    Make,
    /// This upload was made.
    Record(u8),
    /// Somebody else's was recorded first: abort one's own, use that.
    AbortOwn(u8),
    /// The session had ended: abort one's own.
    GiveUp(u8),
    /// The URLs go out.
    Issue,
}

impl Sign {
    pub(crate) fn step(self, _: &Config, state: &mut State, key: Key) -> Next {
        let next = |at| Some(Task::Sign(key, at));
        match self {
            Self::Make => {
                let store = &mut state.primary[key];
                let upload = store.made;
                if upload == MAX_MULTIPARTS {
                    return None;
                }
                store.made += 1;
                store.uploads |= 1 << upload;
                next(Self::Record(upload))
            }
            Self::Record(upload) => {
                let session = &mut state.sessions[key];
                match (session.phase, session.multipart) {
                    (Phase::Open, None) => {
                        session.multipart = Some(upload);
                        next(Self::Issue)
                    }
                    (Phase::Open, Some(_)) => next(Self::AbortOwn(upload)),
                    _ => next(Self::GiveUp(upload)),
                }
            }
            Self::AbortOwn(upload) => {
                state.abort(key, upload);
                next(Self::Issue)
            }
            Self::GiveUp(upload) => {
                state.abort(key, upload);
                None
            }
            Self::Issue => {
                state.sessions[key].urls = true;
                None
            }
        }
    }
}

/// Step 1, from the moment on when everything was seen to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Complete {
    /// (c): open becomes verifying.
    Begin,
    /// (d): the store is asked to assemble the object.
    Ask,
}

impl Complete {
    pub(crate) fn step(self, config: &Config, state: &mut State, key: Key) -> Next {
        match self {
            Self::Begin => {
                let session = &mut state.sessions[key];
                if session.phase == Phase::Open || config.bug == Some(Bug::VerifyingUnconditionally) {
                    session.phase = Phase::Verifying;
                }
                (session.phase == Phase::Verifying).then_some(Task::Complete(key, Self::Ask))
            }
            Self::Ask => {
                ask(state, key);
                Some(Task::Finalize(key, Finalize::Head))
            }
        }
    }
}

/// Asks the store to complete the recorded multipart upload; NoSuchUpload changes nothing.
pub(crate) fn ask(state: &mut State, key: Key) {
    if let Some(upload) = state.sessions[key].multipart
        && state.primary[key].has(upload)
    {
        state.primary[key].completing |= 1 << upload;
    }
}

pub(crate) fn begin(config: &Config, state: &State, tasks: &mut Vec<Task>) {
    for (key, upload) in config.uploads.iter().enumerate() {
        let (session, store) = (&state.sessions[key], &state.primary[key]);
        if session.phase == Phase::Open && !session.urls {
            if !upload.multipart || session.multipart.is_some() {
                tasks.push(Task::Sign(key, Sign::Issue));
            } else if store.made < MAX_MULTIPARTS {
                tasks.push(Task::Sign(key, Sign::Make));
            }
        }
        let parts = session.multipart.and_then(|upload| store.parts[usize::from(upload)]);
        if session.phase.is_live() && (store.object.is_some() || parts.is_some()) {
            tasks.push(Task::Complete(key, Complete::Begin));
        }
    }
}
