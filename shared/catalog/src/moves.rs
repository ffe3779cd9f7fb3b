//! Renaming, moving, and changing what an entry says about itself.

use std::collections::HashSet;

use straightway_core::ports::Moved;
use straightway_core::{Entry, EntryId, Error, File, FolderId, Violation};

use crate::database::{Database, Written};
use crate::purge::{ATTEMPTS, file_of};
use crate::transact::{MAX_ACTIONS, Refusals, Transacted, Transaction};
use crate::users::{self, Change};
use crate::{entries, files};

/// Actions of a move that are no ancestors: two names, two pointers, a file, the owner's space, and one to spare.
const OTHER_ACTIONS: usize = 7;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Why {
    OldName,
    NewName,
    Pointer,
    Parent,
    Ancestor,
    ReplacedPointer,
    ReplacedFile,
    Space,
}

/// A move: `after` takes the place of `before`, `replaced` goes.
#[derive(Clone, Copy)]
struct Move<'a> {
    before: &'a Entry,
    after: &'a Entry,
    replaced: Option<&'a Entry>,
    ancestors: &'a [Entry],
}

pub(crate) async fn move_entry(
    db: &Database,
    before: &Entry,
    after: &Entry,
    replaced: Option<&Entry>,
    ancestors: &[Entry],
) -> Result<Moved, Error> {
    check_request(before, after, ancestors)?;
    if entries::same_place(before, after) {
        return change_in_place(db, before, after).await;
    }
    if replaced.is_some_and(|holder| holder.is_folder() || !entries::same_place(holder, after)) {
        return Ok(Moved::NameTaken);
    }
    let wanted = Move { before, after, replaced, ancestors };
    for _ in 0..ATTEMPTS {
        let replaced_file = match replaced {
            Some(holder) => file_of(db, holder).await?,
            None => None,
        };
        let Transacted::Refused(refusals) = db.transact(transaction(wanted, replaced_file.as_ref())).await? else {
            return Ok(Moved::Done);
        };
        if let Some(moved) = judge(wanted, &refusals)? {
            return Ok(moved);
        }
    }
    Err(Error::unavailable("moving an entry", "the file it replaces kept changing"))
}

/// What a caller must have ruled out: else a transaction would name an item twice.
fn check_request(before: &Entry, after: &Entry, ancestors: &[Entry]) -> Result<(), Error> {
    if before.entry_id != after.entry_id || before.owner_id != after.owner_id {
        return Err(Error::internal("a move changes neither id nor owner"));
    }
    let into_itself = |id: &EntryId| *id == before.entry_id;
    if ancestors.iter().any(|folder| into_itself(&folder.entry_id))
        || matches!(&after.parent, FolderId::Folder(id) if into_itself(id))
    {
        return Err(Error::invalid("/parent_id", Violation::new("cycle", "a folder cannot move into itself or below")));
    }
    if ancestors.len() > MAX_ACTIONS - OTHER_ACTIONS {
        return Err(Error::invalid("/parent_id", Violation::new("too-deep", "that folder lies too deep")));
    }
    let distinct: HashSet<&EntryId> = ancestors.iter().map(|folder| &folder.entry_id).collect();
    if distinct.len() != ancestors.len() {
        return Err(Error::internal("a folder cannot lie below itself"));
    }
    Ok(())
}

/// The same folder and the same folded name: only the name item changes.
async fn change_in_place(db: &Database, before: &Entry, after: &Entry) -> Result<Moved, Error> {
    match db.write(entries::put_name_over(after, before)).await? {
        Written::Done(_) => Ok(Moved::Done),
        // The answer to an earlier attempt was lost.
        Written::Refused(Some(item)) if entries::from_item(&item)? == *after => Ok(Moved::Done),
        Written::Refused(_) => Ok(Moved::Changed),
    }
}

fn transaction(wanted: Move<'_>, replaced_file: Option<&File>) -> Transaction<Why> {
    let Move { before, after, replaced, ancestors } = wanted;
    let mut transaction = Transaction::new("moving an entry");
    transaction.add(Why::OldName, entries::delete_name(before));
    transaction.add(
        Why::NewName,
        match replaced {
            None => entries::put_name(after),
            Some(holder) => entries::put_name_over(after, holder),
        },
    );
    transaction.add(Why::Pointer, entries::move_pointer(before, after));
    // A rename checks its folder too: in one that is being deleted the entry could slip past the page that is purged.
    let is_ancestor = |id: &EntryId| ancestors.iter().any(|folder| folder.entry_id == *id);
    if !matches!(&after.parent, FolderId::Folder(id) if is_ancestor(id)) {
        transaction.add(Why::Parent, entries::check_parent(&after.owner_id, &after.parent));
    }
    for folder in ancestors {
        let why = if after.parent == FolderId::Folder(folder.entry_id.clone()) { Why::Parent } else { Why::Ancestor };
        transaction.add(why, entries::check_folder_in_place(folder));
    }
    transaction.add(Why::ReplacedPointer, replaced.map(entries::delete_pointer));
    transaction.add(Why::ReplacedFile, replaced_file.map(|file| files::drop_reference(file, after.updated_at)));
    let freed =
        Change { used_bytes: -replaced.map_or(0, |holder| i128::from(holder.size_bytes())), ..Change::default() };
    transaction.add(Why::Space, users::change_space(&after.owner_id, freed));
    transaction
}

/// What was in the way; `None` when it is worth another attempt.
fn judge(wanted: Move<'_>, refusals: &Refusals<Why>) -> Result<Option<Moved>, Error> {
    let Move { after, replaced, ancestors, .. } = wanted;
    if let Some(holder) = refusals.item(Why::NewName)
        && entries::from_item(holder)? == *after
    {
        // The answer to an earlier attempt was lost.
        return Ok(Some(Moved::Done));
    }
    let replaced_changed = replaced.is_some() && refusals.has(Why::NewName);
    if replaced_changed
        || [Why::OldName, Why::Pointer, Why::Ancestor, Why::ReplacedPointer].iter().any(|w| refusals.has(*w))
    {
        return Ok(Some(Moved::Changed));
    }
    let parent_there = entries::is_folder_of(&after.owner_id, refusals.item(Why::Parent))?;
    if refusals.has(Why::Parent) && parent_there && !ancestors.is_empty() {
        return Ok(Some(Moved::Changed));
    }
    if refusals.has(Why::NewName) {
        return Ok(Some(Moved::NameTaken));
    }
    if refusals.has(Why::Parent) {
        return Ok(Some(Moved::ParentGone));
    }
    if refusals.has(Why::Space) {
        return Err(users::no_user());
    }
    Ok(None)
}
