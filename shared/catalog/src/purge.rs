//! Step 6: a file's entry goes, and with it its reference and the bytes it counts.

use jiff::Timestamp;
use straightway_core::ports::Purged;
use straightway_core::{Entry, Error, File};

use crate::database::Database;
use crate::transact::{Transacted, Transaction};
use crate::users::{self, Change};
use crate::{entries, files};

/// How often a reference is taken back from a file whose references keep changing.
pub(crate) const ATTEMPTS: u32 = 32;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Why {
    Name,
    Pointer,
    File,
    Space,
}

pub(crate) async fn purge_entry(db: &Database, entry: &Entry, now: Timestamp) -> Result<Purged, Error> {
    for _ in 0..ATTEMPTS {
        let file = file_of(db, entry).await?;
        let freed = Change { used_bytes: -i128::from(entry.size_bytes()), ..Change::default() };
        let mut transaction = Transaction::new("purging an entry");
        transaction.add(Why::Name, entries::delete_name(entry));
        transaction.add(Why::Pointer, entries::delete_pointer(entry));
        transaction.add(Why::File, file.map(|file| files::drop_reference(&file, now)));
        transaction.add(Why::Space, users::change_space(&entry.owner_id, freed));
        let Transacted::Refused(refusals) = db.transact(transaction).await? else { return Ok(Purged::Done) };
        if refusals.has(Why::Name) || refusals.has(Why::Pointer) {
            return Ok(Purged::Changed);
        }
        if refusals.has(Why::Space) {
            return Err(users::no_user());
        }
        // The other branch: its references changed since they were read.
    }
    Err(Error::unavailable("purging an entry", "its file kept changing"))
}

/// The file whose reference goes with an entry, as it is now. `None` when nothing refers to it any more: then the entry
/// is not as it was read, and the conditions on the entry say so.
pub(crate) async fn file_of(db: &Database, entry: &Entry) -> Result<Option<File>, Error> {
    let key = entry.file().ok_or_else(|| Error::internal("a folder has no file"))?;
    Ok(files::read(db, key).await?.filter(|file| file.refs > 0))
}
