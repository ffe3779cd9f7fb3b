//! Steps 2 (good) and 5: an entry comes to refer to a file, and everything that becomes true with it.

use jiff::Timestamp;
use straightway_core::ports::{Commit, CommitBy, Committed, FileChange};
use straightway_core::{Entry, Error, File, SessionState, UploadSession};

use crate::database::Database;
use crate::end::{LIVE, end_from};
use crate::item::text;
use crate::purge::{ATTEMPTS, file_of};
use crate::traces::{put_event, put_garbage};
use crate::transact::{Refusals, Transacted, Transaction};
use crate::users::{self, Change, NoRoom, Space};
use crate::write::Write;
use crate::{entries, files, proofs, sessions};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Why {
    Session,
    Live,
    Marker,
    Proof,
    Pointer,
    Event,
    File,
    OwnEntry,
    Name,
    Parent,
    Space,
    ReplacedPointer,
    ReplacedFile,
    Garbage,
}

/// What was read before an attempt, and what an attempt before it taught.
struct Basis {
    /// The owner's space, where the quota is checked.
    space: Option<Space>,
    /// The file that `replaced` refers to, unless it is the one that is committed, or gone with `replaced`.
    replaced_file: Option<File>,
    /// The marker belongs to another session: leave it.
    foreign_marker: bool,
    /// The counters of the proof have expired: nothing to take back.
    no_counters: bool,
}

pub(crate) async fn commit(db: &Database, commit: &Commit<'_>) -> Result<Committed, Error> {
    if commit.replaced.is_some_and(|holder| holder.is_folder() || !entries::same_place(holder, commit.entry)) {
        return Ok(Committed::NameTaken);
    }
    let (mut foreign_marker, mut no_counters) = (false, false);
    for _ in 0..ATTEMPTS {
        let replaced_file = match replaced_elsewhere(commit) {
            Some(holder) => file_of(db, holder).await?,
            None => None,
        };
        let space = match commit.by {
            CommitBy::Session { .. } => None,
            CommitBy::Instant { .. } | CommitBy::Own { .. } => Some(users::space(db, &commit.entry.owner_id).await?),
        };
        let basis = Basis { space, replaced_file, foreign_marker, no_counters };
        let Transacted::Refused(refusals) = db.transact(transaction(commit, &basis)).await? else {
            return Ok(Committed::Done);
        };
        if let Some(committed) = judge(commit, &basis, &refusals)? {
            return Ok(committed);
        }
        foreign_marker |= refusals.has(Why::Marker);
        no_counters |= refusals.has(Why::Proof);
    }
    Err(Error::unavailable("committing an entry", "its file or the replaced one kept changing"))
}

fn file_key<'a>(commit: &Commit<'a>) -> &'a straightway_core::FileRecordKey {
    match commit.file {
        FileChange::New(file) => &file.record_key,
        FileChange::Known(key) => key,
    }
}

/// The replaced entry, if it refers to another file than the new one.
fn replaced_elsewhere<'a>(commit: &Commit<'a>) -> Option<&'a Entry> {
    commit.replaced.filter(|holder| holder.file() != Some(file_key(commit)))
}

fn change(commit: &Commit<'_>) -> Change {
    let new = i128::from(commit.entry.size_bytes());
    let replaced = commit.replaced.map_or(0, |holder| i128::from(holder.size_bytes()));
    match commit.by {
        // Its reservation is counted as used already, and becomes the entry's.
        CommitBy::Session { session, .. } => {
            let reserved = i128::from(session.plan.size_bytes());
            Change { used_bytes: new - reserved - replaced, reserved_bytes: -reserved, open_sessions: -1 }
        }
        CommitBy::Instant { .. } | CommitBy::Own { .. } => Change { used_bytes: new - replaced, ..Change::default() },
    }
}

fn transaction(commit: &Commit<'_>, basis: &Basis) -> Transaction<Why> {
    let entry = commit.entry;
    let mut transaction = Transaction::new("committing an entry");
    add_cause(&mut transaction, commit, basis);
    add_file(&mut transaction, commit, basis);
    transaction.add(
        Why::Name,
        match commit.replaced {
            None => entries::put_name(entry),
            Some(holder) => entries::put_name_over(entry, holder),
        },
    );
    transaction.add(Why::Pointer, entries::put_pointer(entry));
    transaction.add(Why::ReplacedPointer, commit.replaced.map(entries::delete_pointer));
    transaction.add(Why::Parent, entries::check_parent(&entry.owner_id, &entry.parent));
    transaction.add(
        Why::Space,
        match basis.space {
            None => users::change_space(&entry.owner_id, change(commit)),
            Some(space) => users::change_space_within_quota(&entry.owner_id, change(commit), space),
        },
    );
    transaction.add(Why::Event, put_event(commit.event));
    transaction
}

fn add_cause(transaction: &mut Transaction<Why>, commit: &Commit<'_>, basis: &Basis) {
    match commit.by {
        CommitBy::Session { session, garbage } => {
            let marker = (!basis.foreign_marker).then(|| sessions::delete_marker(session)).flatten();
            transaction.add(Why::Session, store(session, commit.now));
            transaction.add(Why::Live, sessions::delete_live(session));
            transaction.add(Why::Marker, marker);
            transaction.add(Why::Garbage, garbage.map(put_garbage));
        }
        CommitBy::Instant { proof } => {
            let counters = proof.filter(|_| !basis.no_counters).map(proofs::take_back);
            for counter in counters.into_iter().flatten() {
                transaction.add(Why::Proof, counter);
            }
        }
        CommitBy::Own { entry } => {
            // At the name itself the condition of the put decides, and a transaction may touch an item only once.
            let elsewhere = !entries::same_place(entry, commit.entry);
            transaction.add(Why::OwnEntry, elsewhere.then(|| entries::check_name(entry)));
        }
    }
}

/// Live -> stored, unless a content hash was declared since the session was read: it was not compared with the bytes.
fn store(session: &UploadSession, now: Timestamp) -> Write {
    let write = end_from(session, LIVE, SessionState::Stored, None, now);
    match session.content_hash {
        Some(hash) => write.only_if("#content_hash = :declared").value(":declared", text(hash)),
        None => write.only_if("attribute_not_exists(#content_hash)"),
    }
}

fn add_file(transaction: &mut Transaction<Why>, commit: &Commit<'_>, basis: &Basis) {
    let same_file = commit.replaced.is_some() && replaced_elsewhere(commit).is_none();
    transaction.add(
        Why::File,
        match commit.file {
            FileChange::New(file) => files::put_new(file),
            FileChange::Known(key) if same_file => files::keep_reference(key),
            FileChange::Known(key) => files::add_reference(key),
        },
    );
    let replaced = basis.replaced_file.as_ref().map(|file| files::drop_reference(file, commit.now));
    transaction.add(Why::ReplacedFile, replaced);
}

/// What was in the way, in the documented order; `None` when it is worth another attempt.
fn judge(commit: &Commit<'_>, basis: &Basis, refusals: &Refusals<Why>) -> Result<Option<Committed>, Error> {
    if refusals.has(Why::Session) {
        let present = sessions::from_item(refusals.item(Why::Session).ok_or(Error::NotFound)?)?;
        return Ok(Some(if present.state.is_live() {
            Committed::HashDeclared
        } else {
            Committed::SessionEnded(Box::new(present))
        }));
    }
    let by_session = matches!(commit.by, CommitBy::Session { .. });
    // An entry that no session made has the id of its event: it was made before, even if it is gone since.
    if refusals.has(Why::Pointer) || (refusals.has(Why::Event) && !by_session) {
        return Ok(Some(Committed::EntryExists));
    }
    if refusals.has(Why::File) || refusals.has(Why::OwnEntry) {
        return Ok(Some(Committed::FileChanged));
    }
    if refusals.has(Why::Name) || refusals.has(Why::ReplacedPointer) {
        return Ok(Some(Committed::NameTaken));
    }
    if refusals.has(Why::Parent) {
        return Ok(Some(Committed::ParentGone));
    }
    if refusals.has(Why::Event) {
        return Err(Error::internal("the event of a live session is there already"));
    }
    if !refusals.has(Why::Space) {
        return Ok(None);
    }
    let user = refusals.item(Why::Space);
    match (basis.space, user) {
        (Some(seen), user) => Ok(match users::no_room(user, change(commit), seen)? {
            NoRoom::QuotaExceeded { available_bytes } => Some(Committed::QuotaExceeded { available_bytes }),
            NoRoom::QuotaChanged | NoRoom::Room => None,
        }),
        (None, _) => Err(users::no_user()),
    }
}
