//! Where an upload goes: a folder, and the folders that a path still lacks.

use straightway_core::ports::PutFolder;
use straightway_core::{Conflict, Entry, EntryId, EntryName, Error, FolderId, OwnerId, Violation, name};

use crate::Ports;
use crate::ports::random;

/// Most folders in a `path`.
const MAX_DEPTH: usize = 64;

/// A place in the owner's space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The deepest folder that is there.
    pub(crate) folder: FolderId,
    /// Folders below it that are not.
    pub(crate) lacking: Vec<EntryName>,
    /// The name in the last of them.
    pub(crate) name: EntryName,
}

/// The names that a request gives: those of folders, and the last one.
///
/// # Errors
/// `Invalid` unless exactly one of `name` and `path` is given and every segment is a name.
pub(crate) fn names(name: Option<&str>, path: Option<&str>) -> Result<(Vec<EntryName>, EntryName), Error> {
    match (name, path) {
        (Some(name), None) => {
            let name = EntryName::parse(name).map_err(|violation| Error::invalid("/name", violation))?;
            Ok((Vec::new(), name))
        }
        (None, Some(path)) => {
            let mut names = name::parse_path(path).map_err(|violation| Error::invalid("/path", violation))?;
            if names.len() > MAX_DEPTH {
                return Err(Error::invalid("/path", Violation::new("too-long", "a path has at most 64 names")));
            }
            let last = names.pop().ok_or_else(|| Error::internal("a path has at least one name"))?;
            Ok((names, last))
        }
        (Some(_), Some(_)) => {
            Err(Error::invalid("/path", Violation::new("exclusive", "give `name` or `path`, not both")))
        }
        (None, None) => Err(Error::invalid("/name", Violation::new("required", "give `name` or `path`"))),
    }
}

impl Ports {
    /// Follows `folders` from `parent` as far as they are there.
    ///
    /// # Errors
    /// `NotFound` when the parent is no folder of the owner's; `Conflict(NameTaken)` when a file is in the way.
    pub(crate) async fn find_target(
        &self,
        owner: &OwnerId,
        parent: Option<&str>,
        folders: Vec<EntryName>,
        name: EntryName,
    ) -> Result<Target, Error> {
        let mut folder = self.lifecycle.folder(owner, parent.unwrap_or("root")).await?;
        let mut lacking = folders.into_iter();
        while let Some(next) = lacking.as_slice().first() {
            match self.lifecycle.catalog.entry_named(owner, &folder, &next.folded()).await? {
                None => break,
                Some(entry) => folder = into_folder(entry)?,
            }
            lacking.next();
        }
        Ok(Target { folder, lacking: lacking.collect(), name })
    }

    /// Makes the folders that a target lacks; one that somebody else made meanwhile is used.
    ///
    /// # Errors
    /// `NotFound` when the folder above went meanwhile; `Conflict(NameTaken)` when a file is in the way.
    pub(crate) async fn make_folders(&self, owner: &OwnerId, target: Target) -> Result<Target, Error> {
        let mut folder = target.folder;
        for name in target.lacking {
            folder = self.make_folder(owner, folder, name).await?;
        }
        Ok(Target { folder, lacking: Vec::new(), name: target.name })
    }

    async fn make_folder(&self, owner: &OwnerId, parent: FolderId, name: EntryName) -> Result<FolderId, Error> {
        let now = self.lifecycle.clock.now();
        let entry = Entry::folder(EntryId::from_random(random()?), owner.clone(), parent, name, now);
        let catalog = &self.lifecycle.catalog;
        loop {
            match catalog.put_folder(&entry).await? {
                PutFolder::Done => return Ok(FolderId::Folder(entry.entry_id)),
                PutFolder::ParentGone => return Err(Error::NotFound),
                PutFolder::NameTaken => {
                    let holder = catalog.entry_named(owner, &entry.parent, &entry.name.folded()).await?;
                    // None: it went again; put once more.
                    if let Some(holder) = holder {
                        return into_folder(holder);
                    }
                }
            }
        }
    }
}

fn into_folder(entry: Entry) -> Result<FolderId, Error> {
    if entry.is_folder() {
        Ok(FolderId::Folder(entry.entry_id))
    } else {
        Err(Error::Conflict(Conflict::NameTaken { entry_id: entry.entry_id }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(result: Result<(Vec<EntryName>, EntryName), Error>) -> (String, &'static str) {
        match result {
            Err(Error::Invalid(violations)) => (violations[0].pointer.clone(), violations[0].code),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn exactly_one_of_name_and_path_is_given() {
        assert_eq!(pointer(names(None, None)), ("/name".into(), "required"));
        assert_eq!(pointer(names(Some("a"), Some("a"))), ("/path".into(), "exclusive"));
        assert_eq!(pointer(names(Some("a/b"), None)), ("/name".into(), "name"));
        assert_eq!(pointer(names(None, Some("a//b"))), ("/path".into(), "name"));
        let (folders, name) = names(None, Some("holiday/2026/film.mp4")).unwrap();
        assert_eq!((folders.len(), name.as_str()), (2, "film.mp4"));
    }
}
