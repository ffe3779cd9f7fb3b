//! What must hold: the invariants of ARCHITECTURE.md.

use stateright::Property;

use crate::config::{Config, Content};
use crate::protocol::{Protocol, instant_entry};
use crate::records::{Copy, Entry, Phase, State};

pub(crate) fn all(config: &Config) -> Vec<Property<Protocol>> {
    let mut properties = vec![
        Property::always("an entry refers to an existing file", entries_have_files),
        Property::always("references are counted", references_are_counted),
        Property::always("a file has its object", files_have_objects),
        Property::always("a copied file has its copy", copies_are_there),
        Property::always("only live sessions hold quota", only_live_sessions_hold_quota),
        Property::always("a stored session made an entry", stored_sessions_made_entries),
        Property::always("nobody gets what nobody asked for", only_asked_for),
        Property::always("a file is kept for its grace", |_, state: &State| !state.collected_early),
        Property::always("no upload is lost that was there", |_, state: &State| !state.lost_wrongly),
        Property::always("at rest nothing is left over", nothing_is_left),
        Property::sometimes("a file is stored", |_, state: &State| state.files.iter().any(Option::is_some)),
    ];
    // Each configuration has to reach what it is there for.
    if config.uploads.iter().any(|upload| upload.may_lie) {
        properties.push(Property::sometimes("an upload is rejected", |_, state: &State| {
            state.sessions.iter().any(|session| session.phase == Phase::Rejected)
        }));
    }
    if config.uploads.len() + config.instants.len() > 1 {
        properties.push(Property::sometimes("something is at rest after all", |protocol: &Protocol, state: &State| {
            state.entries[0] != Entry::Never && is_at_rest(protocol, state)
        }));
    }
    if config.purges {
        properties.push(Property::sometimes("a file is collected and cleaned", |_, state: &State| {
            state.entries.contains(&Entry::Purged) && state.files[0].is_none() && state.garbage[0].is_none()
        }));
    }
    if config.secondary {
        properties.push(Property::sometimes("a file is copied", |_, state: &State| {
            state.files.iter().flatten().any(|file| file.copy == Copy::Copied)
        }));
    }
    properties
}

fn entries_of(state: &State, content: Content) -> usize {
    state.entries.iter().filter(|entry| **entry == Entry::Present(content)).count()
}

fn entries_have_files(_: &Protocol, state: &State) -> bool {
    state.entries.iter().all(|entry| match entry {
        Entry::Present(content) => state.file(*content).is_some(),
        Entry::Never | Entry::Purged => true,
    })
}

fn references_are_counted(_: &Protocol, state: &State) -> bool {
    (0..).zip(state.files).all(|(content, file)| {
        file.is_none_or(|file| {
            usize::from(file.refs) == entries_of(state, content) && (file.refs == 0) == file.collectable_at.is_some()
        })
    })
}

fn files_have_objects(_: &Protocol, state: &State) -> bool {
    (0..)
        .zip(state.files)
        .all(|(content, file)| file.is_none_or(|file| state.primary[file.key].object == Some(content)))
}

fn copies_are_there(_: &Protocol, state: &State) -> bool {
    (0..).zip(state.files).all(|(content, file)| {
        file.is_none_or(|file| file.copy != Copy::Copied || state.secondary[file.key].object == Some(content))
    })
}

fn only_live_sessions_hold_quota(_: &Protocol, state: &State) -> bool {
    state.sessions.iter().all(|session| session.reserved == session.phase.is_live())
}

fn stored_sessions_made_entries(protocol: &Protocol, state: &State) -> bool {
    let entries = state.sessions.iter().zip(state.entries).take(protocol.config.uploads.len());
    entries.into_iter().all(|(session, entry)| (session.phase == Phase::Stored) == (entry != Entry::Never))
}

fn only_asked_for(protocol: &Protocol, state: &State) -> bool {
    (0..).zip(&protocol.config.instants).all(|(number, _)| {
        state.asked & (1 << number) != 0 || state.entries[instant_entry(&protocol.config, number)] == Entry::Never
    })
}

/// Nothing is under way, and the sweeper has nothing to do: what is there now stays.
pub(crate) fn is_at_rest(protocol: &Protocol, state: &State) -> bool {
    let copying = |copy| matches!(copy, Copy::Pending(_)) && protocol.config.secondary;
    state.is_quiet()
        && state.sessions.iter().all(|session| !session.phase.is_live())
        && state.garbage.iter().all(Option::is_none)
        && state.files.iter().flatten().all(|file| file.refs > 0 && !copying(file.copy))
        && !(protocol.config.audit && has_leftover_uploads(state))
}

/// Multipart uploads that were made but not recorded when their maker crashed. The audit finds them; without it the
/// bucket's own rule for unfinished uploads does.
fn has_leftover_uploads(state: &State) -> bool {
    state.primary.iter().any(|at| at.uploads != 0) || state.secondary.iter().any(|at| at.uploads != 0)
}

fn nothing_is_left(protocol: &Protocol, state: &State) -> bool {
    !is_at_rest(protocol, state)
        || (0..protocol.config.uploads.len()).all(|key| {
            let file = state.file_at(key);
            let copied = file.is_some_and(|file| file.copy == Copy::Copied);
            (state.primary[key].object.is_none() || file.is_some()) && (state.secondary[key].object.is_none() || copied)
        })
}
