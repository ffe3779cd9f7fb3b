//! Remote paths: names separated by `/`, or `id:<entry id>`.

use straightway_api::files::{Entry, Kind};
use straightway_client::{Api, ListFiles};
use straightway_core::name::parse_path;

use crate::failure::Failure;

/// Entries asked for at a time: the API's most.
const PAGE: u32 = 1000;

/// What a path leads to.
#[derive(Clone, Debug)]
pub(crate) enum Remote {
    /// The top of the caller's space.
    Root,
    Entry(Box<Entry>),
}

impl Remote {
    /// The id that `parent_id` takes.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Root => "root",
            Self::Entry(entry) => &entry.entry_id,
        }
    }

    pub(crate) fn is_folder(&self) -> bool {
        match self {
            Self::Root => true,
            Self::Entry(entry) => entry.kind == Kind::Folder,
        }
    }

    /// The entry; the top has none.
    pub(crate) fn entry(self) -> Result<Entry, Failure> {
        match self {
            Self::Root => Err(Failure::usage("the top folder itself cannot be meant here")),
            Self::Entry(entry) => Ok(*entry),
        }
    }
}

/// A path as typed: where it starts, and the names below.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RemotePath<'a> {
    start: Option<&'a str>,
    names: Vec<&'a str>,
}

impl<'a> RemotePath<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Failure> {
        let (start, below) = match text.strip_prefix("id:") {
            Some(rest) => match rest.split_once('/') {
                Some((id, below)) => (Some(id), below),
                None => (Some(rest), ""),
            },
            None => (None, text),
        };
        let below = below.trim_matches('/');
        if start == Some("") {
            return Err(Failure::usage("`id:` wants an entry id"));
        }
        if below.is_empty() {
            return Ok(Self { start, names: Vec::new() });
        }
        parse_path(below).map_err(|violation| Failure::usage(format!("{text}: {}", violation.detail)))?;
        Ok(Self { start, names: below.split('/').collect() })
    }

    /// The path without its last name, and that name; `None` when it has no name.
    pub(crate) fn split_last(mut self) -> Option<(Self, &'a str)> {
        let name = self.names.pop()?;
        Some((self, name))
    }

    /// Where it starts: what `parent_id` takes for the names below.
    pub(crate) fn start(&self) -> Option<&'a str> {
        self.start
    }

    pub(crate) fn names(&self) -> &[&'a str] {
        &self.names
    }

    /// Follows the path; `None` when something on it is not there.
    pub(crate) async fn find(&self, api: &Api) -> Result<Option<Remote>, Failure> {
        let mut at = match self.start {
            None | Some("root") => Remote::Root,
            Some(id) => match api.file(id).await {
                Err(error) if error.is_problem("not-found") => return Ok(None),
                entry => Remote::Entry(Box::new(entry?)),
            },
        };
        for name in &self.names {
            if !at.is_folder() {
                return Ok(None);
            }
            let page = ListFiles {
                parent_id: Some(at.id().to_owned()),
                name: Some((*name).to_owned()),
                ..ListFiles::default()
            };
            match api.list_files(&page).await?.items.into_iter().next() {
                Some(entry) => at = Remote::Entry(Box::new(entry)),
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}

/// What a path leads to.
pub(crate) async fn resolve(api: &Api, path: &str) -> Result<Remote, Failure> {
    RemotePath::parse(path)?.find(api).await?.ok_or_else(|| Failure::not_found(path))
}

/// The entries of a folder, page by page.
pub(crate) struct Listing<'a> {
    api: &'a Api,
    page: ListFiles,
    ended: bool,
}

impl<'a> Listing<'a> {
    pub(crate) fn of(api: &'a Api, folder_id: &str) -> Self {
        let page = ListFiles { parent_id: Some(folder_id.to_owned()), limit: Some(PAGE), ..ListFiles::default() };
        Self { api, page, ended: false }
    }

    /// The next page; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Entry>>, Failure> {
        if self.ended {
            return Ok(None);
        }
        let list = self.api.list_files(&self.page).await?;
        self.ended = list.next_cursor.is_none();
        self.page.cursor = list.next_cursor;
        Ok(Some(list.items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_around_a_path_do_not_matter_and_those_within_separate_names() {
        let names = |text| RemotePath::parse(text).unwrap().names.join("|");
        assert_eq!(names("/holiday/2026/"), "holiday|2026");
        assert_eq!(names("/"), "");
        assert_eq!(names(""), "");
        for wrong in ["a//b", "a/../b", "./a", "id:/a"] {
            assert!(RemotePath::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_path_may_start_at_an_entry() {
        let path = RemotePath::parse("id:abc/film.mp4").unwrap();
        assert_eq!((path.start, path.names.as_slice()), (Some("abc"), &["film.mp4"][..]));
        assert_eq!(RemotePath::parse("id:abc").unwrap().names.len(), 0);
    }

    #[test]
    fn the_last_name_can_be_taken_off() {
        let (above, name) = RemotePath::parse("a/b/c").unwrap().split_last().unwrap();
        assert_eq!((above.names.as_slice(), name), (&["a", "b"][..], "c"));
        assert!(RemotePath::parse("/").unwrap().split_last().is_none());
    }
}
