//! Step 9: the copy in the second store.

use crate::config::{Bug, Config, Content, Key, MAX_MULTIPARTS};
use crate::records::{Copy, State};
use crate::steps::{Next, Task};

/// Copies a file that was read: its object, and how far the copier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Replicate {
    /// The object that the file pointed at.
    pub key: Key,
    /// What is next.
    pub at: At,
}

/// What is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum At {
    /// Make a multipart upload there.
    Make,
    /// Record it.
    Record(u8),
    /// Another was recorded first: abort one's own, use that.
    AbortOwn(u8, u8),
    /// Read the primary, send all parts.
    Send(u8),
    /// Complete.
    Complete(u8),
    /// Does the second store have the object, with our checksum?
    Head,
    /// The transaction that says so.
    Copied,
    /// The file is gone: garbage for what was made.
    Lost,
}

impl Replicate {
    pub(crate) fn step(self, config: &Config, state: &mut State, content: Content) -> Next {
        let Self { key, at } = self;
        let next = |at| Some(Task::Replicate(content, Self { key, at }));
        let ours = state.file(content).is_some_and(|file| file.key == key);
        match at {
            At::Make => {
                let store = &mut state.secondary[key];
                let upload = store.made;
                if upload == MAX_MULTIPARTS {
                    return None;
                }
                store.made += 1;
                store.uploads |= 1 << upload;
                next(At::Record(upload))
            }
            At::Record(_) if !ours => next(At::Lost),
            At::Record(upload) => {
                let file = state.files[usize::from(content)].as_mut()?;
                match file.copy {
                    Copy::Pending(None) => {
                        file.copy = Copy::Pending(Some(upload));
                        next(At::Send(upload))
                    }
                    Copy::Pending(Some(recorded)) => next(At::AbortOwn(upload, recorded)),
                    Copy::Copied | Copy::None => next(At::AbortOwn(upload, upload)),
                }
            }
            At::AbortOwn(own, recorded) => {
                state.secondary[key].uploads &= !(1 << own);
                (own != recorded).then_some(Task::Replicate(content, Self { key, at: At::Send(recorded) }))
            }
            At::Send(upload) => {
                if !state.secondary[key].has(upload) {
                    return next(At::Head);
                }
                // Absent: the file is gone, and its message is acknowledged.
                state.primary[key].object?;
                state.secondary[key].parts |= 1 << upload;
                next(At::Complete(upload))
            }
            At::Complete(upload) => {
                if state.secondary[key].has(upload) {
                    state.secondary[key].completing |= 1 << upload;
                }
                next(At::Head)
            }
            At::Head => (state.secondary[key].object == Some(content))
                .then_some(Task::Replicate(content, Self { key, at: At::Copied })),
            At::Copied => {
                let unconditional = config.bug == Some(Bug::CopiedUnconditionally);
                match state.files[usize::from(content)].as_mut() {
                    Some(file) if ours || unconditional => {
                        file.copy = Copy::Copied;
                        None
                    }
                    _ => next(At::Lost),
                }
            }
            At::Lost => {
                state.put_garbage(key, true);
                None
            }
        }
    }
}

/// A message names an object key. It may be late: then there is no such file any more, which the copier need not know.
pub(crate) fn begin(config: &Config, state: &State, tasks: &mut Vec<Task>) {
    for (key, upload) in config.uploads.iter().enumerate().filter(|(key, _)| state.messages & (1 << key) != 0) {
        let can_make = state.secondary[key].made < MAX_MULTIPARTS;
        let at = match state.file_at(key).map(|file| file.copy) {
            Some(Copy::Pending(Some(upload))) => At::Send(upload),
            Some(Copy::Pending(None)) | None if can_make => At::Make,
            _ => continue,
        };
        tasks.push(Task::Replicate(upload.content, Replicate { key, at }));
    }
}
