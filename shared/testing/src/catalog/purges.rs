//! Step 6: entries go, and their references with them.

use futures::future::join_all;
use straightway_core::Entry;
use straightway_core::ports::Purged;

use super::subject::{NOW, Subject, next};

pub async fn the_last_reference_makes_the_file_collectable(subject: &Subject) {
    let owner = subject.owner().await;
    let entry = subject.store(&owner, "film.mp4", 100).await;
    assert_eq!(subject.purge_entry(&entry, NOW).await.unwrap(), Purged::Done);
    let file = subject.file_of(&entry).await;
    assert_eq!((file.refs, file.collectable_at), (0, Some(NOW)));
    assert_eq!(subject.entry(&owner.id, &entry.entry_id).await.unwrap(), None);
    assert_eq!(subject.entry_named(&owner.id, &entry.parent, &entry.name.folded()).await.unwrap(), None);
    assert_eq!(subject.entry_of_file(&owner.id, entry.file().unwrap()).await.unwrap(), None);
    assert_eq!(subject.used(&owner).await, (0, 0));
}

pub async fn a_new_reference_saves_a_collectable_file(subject: &Subject) {
    let owner = subject.owner().await;
    let entry = subject.store(&owner, "film.mp4", 100).await;
    subject.purge_entry(&entry, NOW).await.unwrap();
    subject.refer(&owner, "again.mp4", entry.file().unwrap()).await;
    let file = subject.file_of(&entry).await;
    assert_eq!((file.refs, file.collectable_at), (1, None));
}

pub async fn other_references_keep_the_file(subject: &Subject) {
    let owner = subject.owner().await;
    let first = subject.store(&owner, "film.mp4", 100).await;
    let second = subject.refer(&owner, "copy.mp4", first.file().unwrap()).await;
    assert_eq!(subject.purge_entry(&first, NOW).await.unwrap(), Purged::Done);
    let file = subject.file_of(&second).await;
    assert_eq!((file.refs, file.collectable_at), (1, None));
    assert_eq!(subject.used(&owner).await, (100, 0));
}

pub async fn an_entry_that_is_not_as_it_was_read_stays(subject: &Subject) {
    let owner = subject.owner().await;
    let entry = subject.store(&owner, "film.mp4", 100).await;
    subject.move_entry(&entry, &next(&entry), None, &[]).await.unwrap();
    assert_eq!(subject.purge_entry(&entry, NOW).await.unwrap(), Purged::Changed);
    assert_eq!(subject.file_of(&entry).await.refs, 1);
    assert_eq!(subject.purge_entry(&next(&entry), NOW).await.unwrap(), Purged::Done);
    assert_eq!(subject.purge_entry(&next(&entry), NOW).await.unwrap(), Purged::Changed);
    assert_eq!(subject.used(&owner).await, (0, 0));
}

pub async fn an_empty_file_is_purged_too(subject: &Subject) {
    let owner = subject.owner().await;
    let entry = subject.store(&owner, "empty", 0).await;
    assert_eq!(subject.purge_entry(&entry, NOW).await.unwrap(), Purged::Done);
    assert_eq!(subject.file_of(&entry).await.refs, 0);
}

pub async fn of_many_purges_of_one_entry_one_counts(subject: &Subject) {
    let owner = subject.owner().await;
    let entry = subject.store(&owner, "film.mp4", 100).await;
    subject.refer(&owner, "copy.mp4", entry.file().unwrap()).await;
    let purged = join_all((0..8).map(|_| subject.purge_entry(&entry, NOW))).await;
    assert_eq!(purged.iter().filter(|purged| matches!(purged, Ok(Purged::Done))).count(), 1);
    assert_eq!(subject.file_of(&entry).await.refs, 1);
    assert_eq!(subject.used(&owner).await, (100, 0));
}

pub async fn references_stay_right_when_many_come_and_go_at_once(subject: &Subject) {
    let owner = subject.owner().await;
    let first = subject.store(&owner, "0", 10).await;
    let key = first.file().unwrap();
    let mut going: Vec<Entry> = vec![first.clone()];
    for n in 1..8 {
        going.push(subject.refer(&owner, &n.to_string(), key).await);
    }
    let names: Vec<String> = (8..16).map(|n| n.to_string()).collect();
    let coming = async { join_all(names.iter().map(|name| subject.refer(&owner, name, key))).await };
    let leaving = async { join_all(going.iter().map(|entry| subject.purge_entry(entry, NOW))).await };
    let (kept, purged) = futures::future::join(coming, leaving).await;
    assert!(purged.iter().all(|purged| matches!(purged, Ok(Purged::Done))), "{purged:?}");
    let file = subject.file(key).await.unwrap().unwrap();
    assert_eq!((file.refs, file.collectable_at), (8, None));
    assert_eq!(subject.used(&owner).await, (80, 0));

    for purged in join_all(kept.iter().map(|entry| subject.purge_entry(entry, NOW))).await {
        assert_eq!(purged.unwrap(), Purged::Done);
    }
    let file = subject.file(key).await.unwrap().unwrap();
    assert_eq!((file.refs, file.collectable_at), (0, Some(NOW)));
    assert_eq!(subject.used(&owner).await, (0, 0));
}
