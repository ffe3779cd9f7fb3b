//! Which actors there are, and which rule is taken out.

/// The most upload sessions (and with them object keys) of a configuration.
pub(crate) const MAX_KEYS: usize = 3;
/// The most entries: one for each session, and instant uploads.
pub(crate) const MAX_ENTRIES: usize = 4;
/// The most different contents.
pub(crate) const CONTENTS: usize = 2;
/// The most workers at the same time.
pub(crate) const MAX_WORKERS: usize = 3;
/// How many multipart uploads a key may get: one, and one that lost a race.
pub(crate) const MAX_MULTIPARTS: u8 = 2;

/// A key, by its session.
pub type Key = usize;
/// A content, by number.
pub type Content = u8;
/// Bytes that are not what was declared.
pub(crate) const WRONG: Content = 9;

/// One upload session of a configuration.
#[derive(Clone, Copy, Debug)]
pub struct Upload {
    /// What it declares.
    pub content: Content,
    /// In parts, or one PUT.
    pub multipart: bool,
    /// Whether its client may send other bytes than it declared.
    pub may_lie: bool,
}

/// What is checked.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each says of one independent actor whether it is there")]
pub struct Config {
    /// Its name in reports.
    pub name: &'static str,
    /// The sessions; each is created at the beginning.
    pub uploads: Vec<Upload>,
    /// The contents of instant uploads.
    pub instants: Vec<Content>,
    /// How many workers run at the same time, of any kind.
    pub workers: usize,
    /// Whether users cancel.
    pub cancels: bool,
    /// Whether users delete entries.
    pub purges: bool,
    /// Whether there is a second store.
    pub secondary: bool,
    /// Whether the listing audit runs.
    pub audit: bool,
    /// The rule that is taken out.
    pub bug: Option<Bug>,
}

/// A PUT of this content.
const fn put(content: Content) -> Upload {
    Upload { content, multipart: false, may_lie: false }
}

/// A multipart upload of this content.
const fn multipart(content: Content) -> Upload {
    Upload { content, multipart: true, may_lie: false }
}

/// An upload that may send other bytes.
const fn lying(upload: Upload) -> Upload {
    Upload { may_lie: true, ..upload }
}

impl Config {
    const fn new(name: &'static str, uploads: Vec<Upload>) -> Self {
        Self {
            name,
            uploads,
            instants: Vec::new(),
            workers: 2,
            cancels: false,
            purges: false,
            secondary: false,
            audit: false,
            bug: None,
        }
    }

    /// Configurations that are checked in every test run.
    pub fn small() -> Vec<Self> {
        vec![
            Self { cancels: true, ..Self::new("a put that may lie, cancelled", vec![lying(put(0))]) },
            Self {
                cancels: true,
                ..Self::new("a multipart upload that may lie, cancelled", vec![lying(multipart(0))])
            },
            Self { cancels: true, workers: 2, ..Self::new("two puts of one content", vec![put(0), put(0)]) },
            Self {
                purges: true,
                instants: vec![0],
                ..Self::new("a put, an instant upload, both deleted", vec![put(0)])
            },
            Self { purges: true, secondary: true, ..Self::new("a put, copied, deleted", vec![put(0)]) },
            Self { audit: true, purges: true, ..Self::new("a multipart upload under audit", vec![multipart(0)]) },
        ]
    }

    /// Configurations that take minutes.
    pub fn large() -> Vec<Self> {
        vec![
            Self {
                cancels: true,
                purges: true,
                ..Self::new("two puts of one content, cancelled and deleted", vec![put(0), put(0)])
            },
            Self {
                cancels: true,
                ..Self::new("a multipart upload and a put of one content", vec![multipart(0), lying(put(0))])
            },
            Self {
                workers: 3,
                cancels: true,
                ..Self::new("a multipart upload with three workers", vec![lying(multipart(0))])
            },
            Self {
                purges: true,
                instants: vec![0],
                ..Self::new("two puts and an instant upload", vec![put(0), put(0)])
            },
            Self {
                purges: true,
                secondary: true,
                instants: vec![0],
                ..Self::new("a put, an instant upload, copied", vec![put(0)])
            },
            Self {
                purges: true,
                secondary: true,
                ..Self::new("two puts of one content, copied", vec![put(0), put(0)])
            },
            Self {
                workers: 3,
                purges: true,
                secondary: true,
                ..Self::new("a put, copied, three workers", vec![put(0)])
            },
            Self { cancels: true, purges: true, ..Self::new("two contents", vec![put(0), lying(put(1))]) },
            Self {
                audit: true,
                cancels: true,
                purges: true,
                ..Self::new("two puts under audit", vec![put(0), put(0)])
            },
        ]
    }
}

/// A rule of the protocol that can be taken out.
///
/// Two rules of step 9 are not among them, because the model does not miss them: that a copier records its multipart
/// upload before it completes it, and that it writes garbage when it lost its file. Cleaning aborts every upload of a
/// key and deletes the primary's object first, so a late copier has nothing to read. The code keeps both, so as not to
/// lean on that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bug {
    /// Step 0: the garbage item of a duplicate is written after its transaction.
    GarbageAfterTheTransaction,
    /// Step 0: an object is deleted before its garbage item is committed.
    DeletionBeforeGarbage,
    /// Step 1c: a session becomes `verifying` whatever it was.
    VerifyingUnconditionally,
    /// Step 2: who finds the session ended deletes the object.
    LoserDeletes,
    /// Step 2: the commit does not ask whether the session is live.
    CommitWithoutSession,
    /// Step 2: a new file is put whether one is there or not.
    CommitOverFile,
    /// Step 2: a duplicate's commit does not ask whether the file is still there.
    CommitWithoutFile,
    /// Step 3: a session that is being verified expires.
    ExpireVerifying,
    /// Step 4: `lost` without asking whether the multipart upload is still there.
    LostWithUpload,
    /// Step 4: `lost` although a Complete may still be running.
    LostWhileCompleting,
    /// Step 4: the object is looked for before the multipart upload.
    LostHeadFirst,
    /// Step 5: an instant upload does not ask whether the file is still there.
    InstantWithoutFile,
    /// Step 5: the new reference leaves `collectable_at`.
    InstantKeepsCollectable,
    /// Step 5: each attempt has a new entry id.
    InstantNewId,
    /// Step 6: an entry that is gone loses its reference again.
    PurgeTwice,
    /// Step 6: `collectable_at` is not set with the last reference.
    PurgeWithoutCollectable,
    /// Step 7: the collector does not look at the references again.
    CollectReferenced,
    /// Step 7: the collector does not compare `collectable_at` with what it read.
    CollectYoung,
    /// Step 8: the garbage item goes after any pass.
    CleanTooEarly,
    /// Step 9: `copied` is written whatever became of the file.
    CopiedUnconditionally,
    /// Step 3: nobody gives up an upload whose client is gone.
    NoExpiry,
    /// Step 7: nobody deletes a file that nobody refers to.
    NoCollection,
    /// Step 4: nobody goes on with a session that is being verified.
    NoRedrive,
    /// Step 10: a message that was never sent is not sent later.
    NoOutbox,
    /// Step 11: the audit reads the file before the session.
    AuditFileFirst,
}

impl Bug {
    /// Every rule that can be taken out, with the configuration in which that shows.
    pub fn all() -> Vec<(Self, Config)> {
        let two_puts = || Config { cancels: true, ..Config::new("two puts", vec![put(0), put(0)]) };
        let one_put = || Config { cancels: true, ..Config::new("one put", vec![lying(put(0))]) };
        let multi = || Config { cancels: true, ..Config::new("multipart", vec![multipart(0)]) };
        let instant = || Config { purges: true, instants: vec![0], ..Config::new("instant", vec![put(0)]) };
        let instants = || Config { instants: vec![0, 0], ..instant() };
        let copied = || Config { purges: true, secondary: true, ..Config::new("copied", vec![put(0)]) };
        let audited = || Config { audit: true, ..Config::new("audited", vec![put(0)]) };
        let two_deleted = || Config { purges: true, cancels: false, ..two_puts() };
        let pairs: Vec<(Self, Config)> = vec![
            (Self::GarbageAfterTheTransaction, two_puts()),
            (Self::DeletionBeforeGarbage, one_put()),
            (Self::VerifyingUnconditionally, one_put()),
            (Self::LoserDeletes, one_put()),
            (Self::CommitWithoutSession, one_put()),
            (Self::CommitOverFile, two_puts()),
            (Self::CommitWithoutFile, two_deleted()),
            (Self::ExpireVerifying, multi()),
            (Self::LostWithUpload, multi()),
            (Self::LostWhileCompleting, multi()),
            (Self::LostHeadFirst, multi()),
            (Self::InstantWithoutFile, instant()),
            (Self::InstantKeepsCollectable, instant()),
            (Self::InstantNewId, instants()),
            (Self::PurgeTwice, instant()),
            (Self::PurgeWithoutCollectable, instant()),
            (Self::CollectReferenced, instant()),
            (Self::CollectYoung, instants()),
            (Self::CleanTooEarly, one_put()),
            (Self::CopiedUnconditionally, Config { cancels: false, secondary: true, ..two_deleted() }),
            (Self::NoExpiry, one_put()),
            (Self::NoCollection, instant()),
            (Self::NoRedrive, multi()),
            (Self::NoOutbox, copied()),
            (Self::AuditFileFirst, audited()),
        ];
        pairs.into_iter().map(|(bug, config)| (bug, Config { bug: Some(bug), ..config })).collect()
    }
}
