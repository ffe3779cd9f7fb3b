//! Steps 5 and 6: an entry of known content, and the end of an entry.

use crate::config::{Bug, Config};
use crate::records::{Entry, State};
use crate::steps::{Next, Task};

/// Makes an entry of known content; which content was found when it began. Its entry id is fixed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Instant {
    /// The transaction.
    Commit,
    /// The transaction once more: its answer was lost.
    Again,
}

impl Instant {
    pub(crate) fn step(self, config: &Config, state: &mut State, number: u8) -> Next {
        let content = config.instants[usize::from(number)];
        let mut entry = entry_of(config, number);
        if self == Self::Again && config.bug == Some(Bug::InstantNewId) {
            entry += 1;
        }
        let there = matches!(state.entries[entry], Entry::Present(_));
        let known = state.file(content).is_some() || config.bug == Some(Bug::InstantWithoutFile);
        if !there && known {
            let before = state.file(content).copied();
            state.refer(content, entry);
            if config.bug == Some(Bug::InstantKeepsCollectable)
                && let (Some(before), Some(file)) = (before, state.files[usize::from(content)].as_mut())
            {
                (file.collectable_at, file.ripe) = (before.collectable_at, before.ripe);
            }
        }
        None
    }
}

/// Deletes an entry; how many references its file has was read when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purge {
    /// The entry is there: how many references has its file?
    Read,
    /// The transaction for a file with one reference.
    Last,
    /// The transaction for a file with more.
    OneOfMany,
}

impl Purge {
    pub(crate) fn step(self, config: &Config, state: &mut State, entry: u8) -> Next {
        let again = Some(Task::Purge(entry, Self::Read));
        let Entry::Present(content) = state.entries[usize::from(entry)] else {
            if config.bug == Some(Bug::PurgeTwice) && self != Self::Read {
                unrefer(config, state, 0);
            }
            return None;
        };
        let refs = state.file(content).map_or(0, |file| file.refs);
        match self {
            Self::Read => Some(Task::Purge(entry, if refs > 1 { Self::OneOfMany } else { Self::Last })),
            Self::Last if refs != 1 => again,
            Self::OneOfMany if refs < 2 => again,
            Self::Last | Self::OneOfMany => {
                state.entries[usize::from(entry)] = Entry::Purged;
                unrefer(config, state, content);
                None
            }
        }
    }
}

/// One reference less, and `collectable_at` in the same update when it was the last.
fn unrefer(config: &Config, state: &mut State, content: u8) {
    let Some(file) = state.files[usize::from(content)].as_mut() else { return };
    file.refs = file.refs.saturating_sub(1);
    if file.refs == 0 && config.bug != Some(Bug::PurgeWithoutCollectable) {
        state.ends[usize::from(content)] += 1;
        file.collectable_at = Some(state.ends[usize::from(content)]);
        file.ripe = false;
    }
}

/// The entry that an instant upload makes.
pub(crate) fn entry_of(config: &Config, number: u8) -> usize {
    config.uploads.len() + usize::from(number)
}

pub(crate) fn begin(config: &Config, state: &State, tasks: &mut Vec<Task>) {
    for (number, content) in (0..).zip(&config.instants) {
        if state.asked & (1 << number) == 0 && state.file(*content).is_some() {
            tasks.push(Task::Instant(number, Instant::Commit));
        }
    }
    if config.purges {
        for (entry, _) in (0..).zip(state.entries).filter(|(_, entry)| matches!(entry, Entry::Present(_))) {
            tasks.push(Task::Purge(entry, Purge::Read));
        }
    }
}
