//! Local files and folders, as they are to be recreated.

use std::path::{Path, PathBuf};

use straightway_core::EntryName;
use walkdir::{DirEntry, WalkDir};

/// Something found below a folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    File {
        local: PathBuf,
        remote: String,
    },
    /// A folder with nothing in it: no file's path will make it.
    EmptyFolder {
        local: PathBuf,
        remote: String,
    },
    /// Left out on purpose.
    Skipped {
        local: PathBuf,
        reason: &'static str,
    },
    Failed {
        local: PathBuf,
        message: String,
    },
}

/// Everything below `folder`, its own remote name being `name`, in the order of names.
pub(crate) fn walk(folder: &Path, name: String) -> impl Iterator<Item = Found> + use<> {
    let folder = folder.to_owned();
    // Links are not followed: they may lead out of the tree, or round in it.
    let walk = WalkDir::new(&folder).follow_links(false).follow_root_links(true).sort_by_file_name();
    walk.into_iter().filter_map(move |found| match found {
        Ok(entry) => judge(&entry, &folder, &name),
        Err(error) => {
            let local = error.path().unwrap_or(&folder).to_owned();
            let message = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
            Some(Found::Failed { local, message })
        }
    })
}

fn judge(entry: &DirEntry, folder: &Path, name: &str) -> Option<Found> {
    let local = entry.path().to_owned();
    // The root is listed by its own path, also when that is a link to a folder.
    let kind = if entry.depth() == 0 { None } else { Some(entry.file_type()) };
    let remote = match remote_path(entry.path().strip_prefix(folder).unwrap_or(Path::new("")), name) {
        Ok(remote) => remote,
        Err(message) => return Some(Found::Failed { local, message }),
    };
    match kind {
        Some(kind) if kind.is_file() => Some(Found::File { local, remote }),
        Some(kind) if kind.is_symlink() => Some(Found::Skipped { local, reason: "a symbolic link" }),
        Some(kind) if !kind.is_dir() => Some(Found::Skipped { local, reason: "not a regular file" }),
        // A folder that cannot be read is reported when the walk enters it.
        _ => is_empty(&local).then_some(Found::EmptyFolder { local, remote }),
    }
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

fn remote_path(below: &Path, name: &str) -> Result<String, String> {
    let mut remote = name.to_owned();
    for part in below {
        remote.push('/');
        remote.push_str(remote_name(part.to_str())?.as_str());
    }
    Ok(remote)
}

/// Checks a local name.
pub(crate) fn remote_name(name: Option<&str>) -> Result<EntryName, String> {
    let name = name.ok_or("the name is not UTF-8")?;
    EntryName::parse(name).map_err(|violation| violation.detail)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn found(folder: &Path) -> Vec<String> {
        walk(folder, "top".into())
            .map(|found| match found {
                Found::File { remote, .. } => format!("file {remote}"),
                Found::EmptyFolder { remote, .. } => format!("folder {remote}"),
                Found::Skipped { local, reason } => {
                    format!("skipped {} {reason}", local.file_name().unwrap().to_str().unwrap())
                }
                Found::Failed { message, .. } => format!("failed {message}"),
            })
            .collect()
    }

    #[test]
    fn files_and_empty_folders_are_found_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["b/deep", "empty"] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        for path in ["a.txt", "b/deep/c.txt"] {
            fs::write(folder.path().join(path), "x").unwrap();
        }
        assert_eq!(found(folder.path()), ["file top/a.txt", "file top/b/deep/c.txt", "folder top/empty"]);
    }

    #[test]
    fn an_empty_root_is_a_folder_too() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(found(folder.path()), ["folder top"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_special_files_are_skipped_and_odd_names_reported() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "x").unwrap();
        std::os::unix::fs::symlink("a", folder.path().join("link")).unwrap();
        std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff")), "x").unwrap();
        fs::write(folder.path().join("z\n"), "x").unwrap();
        assert_eq!(
            found(folder.path()),
            [
                "file top/a",
                "skipped link a symbolic link",
                "skipped socket not a regular file",
                "failed a name has no control characters",
                "failed the name is not UTF-8",
            ]
        );
    }
}
