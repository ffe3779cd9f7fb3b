//! What the tables, the two stores and the workers hold.

use crate::config::{CONTENTS, Content, Key, MAX_ENTRIES, MAX_KEYS, MAX_WORKERS, WRONG};
use crate::steps::Task;

/// Everything there is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Upload sessions by key; those beyond the configuration's are `Aborted` from the beginning.
    pub sessions: [Session; MAX_KEYS],
    /// Files by content.
    pub files: [Option<File>; CONTENTS],
    /// Entries: one for each session, then those of instant uploads.
    pub entries: [Entry; MAX_ENTRIES],
    /// Instant uploads that somebody asked for, by number, as bits.
    pub asked: u8,
    /// Garbage items by object key.
    pub garbage: [Option<Garbage>; MAX_KEYS],
    /// The primary by object key.
    pub primary: [Primary; MAX_KEYS],
    /// The secondary by object key.
    pub secondary: [Secondary; MAX_KEYS],
    /// Who is at work, sorted: workers have no names.
    pub workers: [Option<Worker>; MAX_WORKERS],
    /// How often references to a content came to an end: tells one `collectable_at` from another.
    pub ends: [u8; CONTENTS],
    /// Keys whose file is to be copied, as bits: such a message may come late, and twice, so it stays.
    pub messages: u8,
    /// Whether a file was collected before its grace had ended.
    pub collected_early: bool,
    /// Whether an upload ended as lost although its bytes were there, or about to be.
    pub lost_wrongly: bool,
}

/// The states of an upload session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Takes parts.
    Open,
    /// Being judged.
    Verifying,
    /// A file.
    Stored,
    /// Wrong or lost.
    Rejected,
    /// Cancelled, or not there.
    Aborted,
    /// Given up by its client.
    Expired,
}

impl Phase {
    /// Open or verifying.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Open | Self::Verifying)
    }
}

/// An upload session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    /// Its state.
    pub phase: Phase,
    /// The multipart upload that is recorded.
    pub multipart: Option<u8>,
    /// Whether its quota is reserved.
    pub reserved: bool,
    /// Whether a URL works that was signed for it: its PUT, or the parts of the recorded upload.
    pub urls: bool,
}

/// A file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct File {
    /// The object that holds it.
    pub key: Key,
    /// Entries that refer to it.
    pub refs: u8,
    /// Since which end nobody refers to it.
    pub collectable_at: Option<u8>,
    /// Whether that is 24 h ago.
    pub ripe: bool,
    /// The copy.
    pub copy: Copy,
}

/// The copy of a file in the second store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Copy {
    /// There is no second store.
    None,
    /// To be made; with the multipart upload that is recorded.
    Pending(Option<u8>),
    /// Made.
    Copied,
}

/// An entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// Not yet.
    Never,
    /// Refers to this content.
    Present(Content),
    /// Deleted.
    Purged,
}

/// A garbage item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Garbage {
    /// Whether the second store may hold the key too.
    pub secondary: bool,
    /// Whether `not_before` has passed.
    pub due: bool,
}

/// What the primary holds under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Primary {
    /// The object.
    pub object: Option<Content>,
    /// Multipart uploads that were ever made.
    pub made: u8,
    /// Those that are under way, as bits.
    pub uploads: u8,
    /// The content of the parts of each.
    pub parts: [Option<Content>; 2],
    /// Those that were asked to complete, as bits.
    pub completing: u8,
}

/// What the secondary holds under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Secondary {
    /// The object.
    pub object: Option<Content>,
    /// Multipart uploads that were ever made.
    pub made: u8,
    /// Those that are under way, as bits.
    pub uploads: u8,
    /// Those that have all parts, as bits.
    pub parts: u8,
    /// Those that were asked to complete, as bits.
    pub completing: u8,
}

/// Somebody at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Worker {
    /// On what, and how far.
    pub task: Task,
    /// Whether it began before the garbage item of its key was written: such an item is not due while it runs.
    pub old: bool,
}

impl State {
    /// Every session created, nothing uploaded.
    pub fn new(uploads: usize) -> Self {
        let session = |key| Session {
            phase: if key < uploads { Phase::Open } else { Phase::Aborted },
            multipart: None,
            reserved: key < uploads,
            urls: false,
        };
        Self {
            sessions: std::array::from_fn(session),
            files: [None; CONTENTS],
            entries: [Entry::Never; MAX_ENTRIES],
            asked: 0,
            garbage: [None; MAX_KEYS],
            primary: [Primary::default(); MAX_KEYS],
            secondary: [Secondary::default(); MAX_KEYS],
            workers: [None; MAX_WORKERS],
            ends: [0; CONTENTS],
            messages: 0,
            collected_early: false,
            lost_wrongly: false,
        }
    }

    /// The file of a content; there is none of wrong bytes.
    pub fn file(&self, content: Content) -> Option<&File> {
        self.files.get(usize::from(content)).and_then(Option::as_ref)
    }

    /// The file that points at a key.
    pub fn file_at(&self, key: Key) -> Option<&File> {
        self.files.iter().flatten().find(|file| file.key == key)
    }

    /// Writes a garbage item, or writes it anew.
    pub(crate) fn put_garbage(&mut self, key: Key, secondary: bool) {
        let before = self.garbage[key].is_some_and(|item| item.secondary);
        self.garbage[key] = Some(Garbage { secondary: secondary || before, due: false });
        for worker in self.workers.iter_mut().flatten().filter(|worker| worker.task.key() == Some(key)) {
            worker.old = true;
        }
    }

    /// Ends a live session together with its reservation: `false` when it was not live.
    pub(crate) fn end(&mut self, key: Key, phase: Phase) -> bool {
        let session = &mut self.sessions[key];
        let live = session.phase.is_live();
        if live {
            session.phase = phase;
            session.reserved = false;
        }
        live
    }

    /// One more reference to a file.
    pub(crate) fn refer(&mut self, content: Content, entry: usize) {
        if let Some(file) = self.files[usize::from(content)].as_mut() {
            file.refs += 1;
            file.collectable_at = None;
            file.ripe = false;
        }
        self.entries[entry] = Entry::Present(content);
    }

    /// Deletes a key's object and aborts one of its multipart uploads, as the winner of a decision does.
    pub(crate) fn delete(&mut self, key: Key) {
        if let Some(upload) = self.sessions[key].multipart {
            self.abort(key, upload);
        }
        self.primary[key].object = None;
    }

    /// Aborts a multipart upload.
    pub(crate) fn abort(&mut self, key: Key, upload: u8) {
        self.primary[key].uploads &= !(1 << upload);
        self.primary[key].parts[usize::from(upload)] = None;
    }

    /// Puts the workers into their order.
    pub(crate) fn sorted(mut self) -> Self {
        self.workers.sort_unstable_by(|a, b| b.cmp(a));
        self
    }

    /// Whether nothing is under way: nobody works, no URL works, nothing lands.
    pub fn is_quiet(&self) -> bool {
        self.workers.iter().all(Option::is_none)
            && self.sessions.iter().all(|session| !session.urls)
            && self.primary.iter().all(|at| at.completing == 0)
            && self.secondary.iter().all(|at| at.completing == 0)
    }
}

impl Primary {
    /// Whether a multipart upload is under way.
    pub const fn has(&self, upload: u8) -> bool {
        self.uploads & (1 << upload) != 0
    }

    /// A Complete arrives: the object is there, of whatever parts there are.
    pub(crate) fn land(&mut self, upload: u8) {
        self.completing &= !(1 << upload);
        if self.has(upload) {
            self.object = Some(self.parts[usize::from(upload)].unwrap_or(WRONG));
            self.uploads &= !(1 << upload);
            self.parts[usize::from(upload)] = None;
        }
    }
}

impl Secondary {
    /// Whether a multipart upload is under way.
    pub const fn has(&self, upload: u8) -> bool {
        self.uploads & (1 << upload) != 0
    }

    /// A Complete arrives.
    pub(crate) fn land(&mut self, upload: u8, content: Content) {
        self.completing &= !(1 << upload);
        if self.has(upload) {
            self.object = Some(if self.parts & (1 << upload) == 0 { WRONG } else { content });
            self.uploads &= !(1 << upload);
            self.parts &= !(1 << upload);
        }
    }
}
