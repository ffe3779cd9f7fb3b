//! Where an entry goes when its name or its folder was taken meanwhile. Uploaded bytes are never thrown away for a name.

use straightway_core::{Catalog, Entry, EntryName, Error, FolderId, OnConflict, OwnerId};

use crate::Lifecycle;

/// Names longer than this are numbered no further; far more entries of one name than a folder sensibly holds.
const MAX_NUMBER: u32 = 1 << 30;

/// The first free of `name`, `name (1)`, ... as far as a search that doubles and halves finds it: about 2 log n reads
/// for n entries of one name. It may skip gaps.
pub async fn free_name(
    catalog: &dyn Catalog,
    owner: &OwnerId,
    parent: &FolderId,
    name: &EntryName,
) -> Result<EntryName, Error> {
    if is_free(catalog, owner, parent, name).await? {
        return Ok(name.clone());
    }
    let (mut taken, mut free) = (0, 1);
    while !is_free(catalog, owner, parent, &name.numbered(free)).await? {
        if free >= MAX_NUMBER {
            return Err(Error::internal("a folder holds more entries of one name than can be numbered"));
        }
        (taken, free) = (free, free * 2);
    }
    while free - taken > 1 {
        let middle = taken + (free - taken) / 2;
        if is_free(catalog, owner, parent, &name.numbered(middle)).await? {
            free = middle;
        } else {
            taken = middle;
        }
    }
    Ok(name.numbered(free))
}

async fn is_free(catalog: &dyn Catalog, owner: &OwnerId, parent: &FolderId, name: &EntryName) -> Result<bool, Error> {
    Ok(catalog.entry_named(owner, parent, &name.folded()).await?.is_none())
}

/// What is where an entry is to go.
pub(crate) enum Place {
    /// Nothing.
    Free,
    /// An entry that the commit purges.
    HeldBy(Box<Entry>),
    /// The entry itself: it was committed before.
    Ours,
}

impl Place {
    /// The entry that the commit purges.
    pub(crate) fn replaced(&self) -> Option<&Entry> {
        match self {
            Self::HeldBy(holder) => Some(holder),
            Self::Free | Self::Ours => None,
        }
    }
}

impl Lifecycle {
    /// The owner's folder that a request names: `root` or the id of an entry of kind folder.
    ///
    /// # Errors
    /// `NotFound` for anything else, another owner's too.
    pub async fn folder(&self, owner: &OwnerId, id: &str) -> Result<FolderId, Error> {
        match FolderId::parse(id).ok_or(Error::NotFound)? {
            FolderId::Root => Ok(FolderId::Root),
            FolderId::Folder(id) => {
                let entry = self.catalog.entry(owner, &id).await?.filter(Entry::is_folder);
                entry.map(|entry| FolderId::Folder(entry.entry_id)).ok_or(Error::NotFound)
            }
        }
    }

    /// Moves `entry` to a name that is free now, made of the one that was asked for; with `replace` the present holder
    /// goes instead. A folder is never replaced: then the entry is renamed.
    pub(crate) async fn place(
        &self,
        entry: &mut Entry,
        requested: &EntryName,
        on_conflict: OnConflict,
    ) -> Result<Place, Error> {
        let catalog = self.catalog.as_ref();
        let holder = catalog.entry_named(&entry.owner_id, &entry.parent, &entry.name.folded()).await?;
        match holder {
            None => Ok(Place::Free),
            // Another attempt was faster: nothing is left to be placed.
            Some(holder) if holder.entry_id == entry.entry_id => Ok(Place::Ours),
            Some(holder) if on_conflict == OnConflict::Replace && !holder.is_folder() => {
                Ok(Place::HeldBy(Box::new(holder)))
            }
            Some(_) => {
                entry.name = free_name(catalog, &entry.owner_id, &entry.parent, requested).await?;
                Ok(Place::Free)
            }
        }
    }
}
