//! Finding and listing entries, and the files they refer to.

use std::collections::HashSet;

use straightway_core::ports::{Committed, FileChange};
use straightway_core::{Entry, EntryId, EntryName, File, FoldedName, FolderId, Sha1Hash, UploadSession};

use super::subject::{Owner, Subject, Upload, inside, new_key, random};

/// All pages of the root.
async fn list(subject: &Subject, owner: &Owner, prefix: &str, page: usize) -> Vec<String> {
    let prefix = FoldedName::of(prefix);
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let listed =
            subject.list_folder(&owner.id, &FolderId::Root, Some(&prefix), after.as_ref(), page).await.unwrap();
        assert!(listed.items.len() <= page);
        names.extend(listed.items.into_iter().map(|entry| entry.name.to_string()));
        after = listed.next;
        if after.is_none() {
            return names;
        }
    }
}

pub async fn an_entry_is_found_by_any_spelling_of_its_name(subject: &Subject) {
    let owner = subject.owner().await;
    let entry = subject.store(&owner, "Straße.TXT", 1).await;
    let found = subject.entry_named(&owner.id, &FolderId::Root, &FoldedName::of("STRASSE.txt")).await.unwrap();
    assert_eq!(found, Some(entry));
}

pub async fn entries_of_others_are_not_found(subject: &Subject) {
    let (owner, other) = (subject.owner().await, subject.owner().await);
    let entry = subject.store(&owner, "film.mp4", 1).await;
    let key = entry.file().unwrap();
    assert_eq!(subject.entry(&other.id, &entry.entry_id).await.unwrap(), None);
    assert_eq!(subject.entry_named(&other.id, &FolderId::Root, &entry.name.folded()).await.unwrap(), None);
    assert_eq!(subject.entry_of_file(&other.id, key).await.unwrap(), None);
    assert_eq!(list(subject, &other, "", 10).await, Vec::<String>::new());
}

pub async fn what_is_not_there_is_not_found(subject: &Subject) {
    let owner = subject.owner().await;
    assert_eq!(subject.entry(&owner.id, &EntryId::from_random(random())).await.unwrap(), None);
    for name in ["", "x", &"ǰ".repeat(2_000)] {
        assert_eq!(subject.entry_named(&owner.id, &FolderId::Root, &FoldedName::of(name)).await.unwrap(), None);
    }
    assert_eq!(subject.entry_of_file(&owner.id, &new_key(1)).await.unwrap(), None);
    assert_eq!(subject.file(&new_key(1)).await.unwrap(), None);
}

pub async fn a_folder_is_listed_by_folded_name(subject: &Subject) {
    let owner = subject.owner().await;
    let folder = subject.folder(&owner, &FolderId::Root, "B folder").await;
    subject.store_in(&owner, &inside(&folder), "inside", 1).await;
    for name in ["c", "a", "Ä", "Z", "é", "🎬", " "] {
        subject.store(&owner, name, 1).await;
    }
    let expected = [" ", "a", "B folder", "c", "Z", "Ä", "é", "🎬"];
    for page in [1, 3, 8, 100] {
        assert_eq!(list(subject, &owner, "", page).await, expected, "{page}");
    }
    let below = subject.list_folder(&owner.id, &inside(&folder), None, None, 10).await.unwrap().items;
    assert_eq!(below.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["inside"]);
}

pub async fn a_list_can_be_limited_to_a_prefix(subject: &Subject) {
    let owner = subject.owner().await;
    for name in ["Film 1", "film 2", "FILM 3", "films", "fil", "film", "g"] {
        subject.store(&owner, name, 1).await;
    }
    for page in [1, 2, 100] {
        let listed = list(subject, &owner, "FILM", page).await;
        assert_eq!(listed, ["film", "Film 1", "film 2", "FILM 3", "films"], "{page}");
    }
    assert_eq!(list(subject, &owner, "h", 10).await, Vec::<String>::new());
    assert_eq!(list(subject, &owner, &"f".repeat(3_000), 10).await, Vec::<String>::new());
}

pub async fn a_list_goes_on_after_any_name(subject: &Subject) {
    let owner = subject.owner().await;
    for name in ["film 1", "film 2", "film 3", "g"] {
        subject.store(&owner, name, 1).await;
    }
    let list = async |prefix: Option<&str>, after: &str| {
        let (prefix, after) = (prefix.map(FoldedName::of), FoldedName::of(after));
        let page = subject.list_folder(&owner.id, &FolderId::Root, prefix.as_ref(), Some(&after), 10).await.unwrap();
        page.items.into_iter().map(|entry| entry.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(list(None, "film 1").await, ["film 2", "film 3", "g"]);
    assert_eq!(list(None, "film 11").await, ["film 2", "film 3", "g"]);
    assert_eq!(list(None, "").await.len(), 4);
    assert_eq!(list(None, &"film 2".repeat(500)).await, ["film 3", "g"]);
    assert_eq!(list(Some("film"), "film 2").await, ["film 3"]);
    assert_eq!(list(Some("film"), "a").await, ["film 1", "film 2", "film 3"]);
    assert_eq!(list(Some("film"), "fz").await, Vec::<String>::new());
}

pub async fn the_longest_names_can_be_kept(subject: &Subject) {
    let owner = subject.owner().await;
    for name in ["x".repeat(255), "ﬃ".repeat(85), "\u{1d160}".repeat(63), "ΐ".repeat(127)] {
        let entry = subject.store(&owner, &name, 1).await;
        let folded = EntryName::parse(&name).unwrap().folded();
        let found = subject.entry_named(&owner.id, &FolderId::Root, &folded).await.unwrap();
        assert_eq!(found, Some(entry));
    }
}

pub async fn an_entry_of_a_file_is_found_among_several(subject: &Subject) {
    let owner = subject.owner().await;
    let first = subject.store(&owner, "0", 1).await;
    let key = first.file().unwrap();
    let second = subject.refer(&owner, "1", key).await;
    let found = subject.entry_of_file(&owner.id, key).await.unwrap().unwrap();
    assert!([&first, &second].contains(&&found));
    subject.purge_entry(&found, super::NOW).await.unwrap();
    let rest = subject.entry_of_file(&owner.id, key).await.unwrap().unwrap();
    assert_ne!(rest, found);
}

pub async fn files_are_read_many_at_once(subject: &Subject) {
    let owner = subject.owner().await;
    let mut keys = vec![new_key(1), new_key(1)];
    for n in 0..120 {
        keys.push(subject.store(&owner, &n.to_string(), 1).await.file().unwrap().clone());
    }
    keys.extend_from_within(5..9);
    let files = subject.files(&keys).await.unwrap();
    let found: HashSet<_> = files.iter().map(|file| file.record_key.clone()).collect();
    assert_eq!((files.len(), found.len()), (120, 120));
    assert!(keys[2..].iter().all(|key| found.contains(key)));
    assert_eq!(subject.files(&[]).await.unwrap(), []);
}

pub async fn a_file_is_found_by_its_sha1_and_size(subject: &Subject) {
    let owner = subject.owner().await;
    let sha1 = Sha1Hash::from_bytes(random());
    let upload = Upload::of(subject.open(&owner, "film.mp4", 7).await);
    let file = File { sha1: Some(sha1), ..upload.file.clone() };
    assert_eq!(subject.commit_upload(&upload, FileChange::New(&file), None).await, Committed::Done);
    assert_eq!(subject.file_with_sha1(&sha1, 7).await.unwrap().as_ref(), Some(upload.key()));
    assert_eq!(subject.file_with_sha1(&sha1, 8).await.unwrap(), None);
    assert_eq!(subject.file_with_sha1(&Sha1Hash::from_bytes(random()), 7).await.unwrap(), None);
    assert_eq!(subject.file(upload.key()).await.unwrap(), Some(file));
}

pub async fn content_can_be_confined_to_an_owner(subject: &Subject) {
    let (one, two) = (subject.owner().await, subject.owner().await);
    let shared = new_key(10);
    for owner in [&one, &two] {
        let session =
            UploadSession { content_hash: Some(shared.file_key.content_hash), ..owner.session("film.mp4", 10) };
        subject.try_open(&session).await;
        let mut upload = Upload::of(session);
        upload.file.record_key.owner = Some(owner.id.clone());
        upload.entry =
            Entry { entry_id: upload.entry.entry_id.clone(), ..owner.entry(&FolderId::Root, "film.mp4", upload.key()) };
        assert_eq!(subject.commit_upload(&upload, FileChange::New(&upload.file), None).await, Committed::Done);
        assert_eq!(subject.file_of(&upload.entry).await, upload.file);
    }
    assert_eq!(subject.file(&shared).await.unwrap(), None);
}
