//! Renaming, moving, and changing what an entry says about itself.

use futures::future::join;
use straightway_core::ports::Moved;
use straightway_core::{Entry, EntryId, EntryKind, Error, FolderId, Metadata};

use super::subject::{NOW, Owner, Subject, inside, moved, next, random, renamed};

/// The entry is where `after` says, and nowhere else.
async fn is_at(subject: &Subject, owner: &Owner, before: &Entry, after: &Entry) {
    let found = Some(after.clone());
    assert_eq!(subject.entry(&owner.id, &after.entry_id).await.unwrap(), found);
    assert_eq!(subject.entry_named(&owner.id, &after.parent, &after.name.folded()).await.unwrap(), found);
    if (&before.parent, before.name.folded()) != (&after.parent, after.name.folded()) {
        assert_eq!(subject.entry_named(&owner.id, &before.parent, &before.name.folded()).await.unwrap(), None);
    }
}

pub async fn an_entry_is_renamed(subject: &Subject) {
    let owner = subject.owner().await;
    let before = subject.store(&owner, "film.mp4", 1).await;
    let after = renamed(&before, "movie.mp4");
    assert_eq!(subject.move_entry(&before, &after, None, &[]).await.unwrap(), Moved::Done);
    is_at(subject, &owner, &before, &after).await;
    assert_eq!(subject.entry_of_file(&owner.id, after.file().unwrap()).await.unwrap(), Some(after.clone()));
    assert_eq!(subject.file_of(&after).await.refs, 1);
}

pub async fn only_the_spelling_of_a_name_changes(subject: &Subject) {
    let owner = subject.owner().await;
    let before = subject.store(&owner, "film.mp4", 1).await;
    let after = renamed(&before, "FILM.mp4");
    assert_eq!(subject.move_entry(&before, &after, None, &[]).await.unwrap(), Moved::Done);
    is_at(subject, &owner, &before, &after).await;
}

pub async fn metadata_and_type_change_in_place(subject: &Subject) {
    let owner = subject.owner().await;
    let before = subject.store(&owner, "film.mp4", 1).await;
    let mut after = next(&before);
    after.metadata = Metadata::new([("k".to_owned(), "other".to_owned())].into()).unwrap();
    after.kind = EntryKind::File { file: before.file().unwrap().clone(), content_type: "video/webm".into() };
    assert_eq!(subject.move_entry(&before, &after, None, &[]).await.unwrap(), Moved::Done);
    is_at(subject, &owner, &before, &after).await;
}

pub async fn an_entry_is_moved_between_folders(subject: &Subject) {
    let owner = subject.owner().await;
    let a = subject.folder(&owner, &FolderId::Root, "a").await;
    let b = subject.folder(&owner, &inside(&a), "b").await;
    let file = subject.store(&owner, "film.mp4", 1).await;
    let below = moved(&file, &inside(&b));
    assert_eq!(subject.move_entry(&file, &below, None, &[b, a]).await.unwrap(), Moved::Done);
    is_at(subject, &owner, &file, &below).await;
    let back = moved(&below, &FolderId::Root);
    assert_eq!(subject.move_entry(&below, &back, None, &[]).await.unwrap(), Moved::Done);
    is_at(subject, &owner, &below, &back).await;
}

pub async fn a_folder_moves_with_what_is_below(subject: &Subject) {
    let owner = subject.owner().await;
    let a = subject.folder(&owner, &FolderId::Root, "a").await;
    let b = subject.folder(&owner, &FolderId::Root, "b").await;
    let child = subject.store_in(&owner, &inside(&a), "child", 1).await;
    let after = moved(&a, &inside(&b));
    assert_eq!(subject.move_entry(&a, &after, None, &[b]).await.unwrap(), Moved::Done);
    is_at(subject, &owner, &a, &after).await;
    let listed = subject.list_folder(&owner.id, &inside(&a), None, None, 10).await.unwrap().items;
    assert_eq!(listed, [child]);
}

pub async fn an_entry_that_is_not_as_it_was_read_does_not_move(subject: &Subject) {
    let owner = subject.owner().await;
    let before = subject.store(&owner, "film.mp4", 1).await;
    let after = next(&before);
    subject.move_entry(&before, &after, None, &[]).await.unwrap();
    for wanted in [renamed(&before, "FILM.mp4"), renamed(&before, "other.mp4")] {
        assert_eq!(subject.move_entry(&before, &wanted, None, &[]).await.unwrap(), Moved::Changed);
    }
    is_at(subject, &owner, &before, &after).await;
    subject.purge_entry(&after, NOW).await.unwrap();
    assert_eq!(subject.move_entry(&after, &renamed(&after, "other.mp4"), None, &[]).await.unwrap(), Moved::Changed);
}

pub async fn repeating_a_move_that_was_done_says_done(subject: &Subject) {
    let owner = subject.owner().await;
    let before = subject.store(&owner, "film.mp4", 1).await;
    let holder = subject.store(&owner, "other.mp4", 1).await;
    let in_place = renamed(&before, "FILM.mp4");
    let elsewhere = renamed(&in_place, "other.mp4");
    for _ in 0..2 {
        assert_eq!(subject.move_entry(&before, &in_place, None, &[]).await.unwrap(), Moved::Done);
    }
    for _ in 0..2 {
        assert_eq!(subject.move_entry(&in_place, &elsewhere, Some(&holder), &[]).await.unwrap(), Moved::Done);
    }
    assert_eq!(subject.used(&owner).await, (1, 0));
}

pub async fn a_taken_name_is_not_moved_to(subject: &Subject) {
    let owner = subject.owner().await;
    let before = subject.store(&owner, "film.mp4", 1).await;
    let holder = subject.store(&owner, "other.mp4", 1).await;
    let folder = subject.folder(&owner, &FolderId::Root, "folder").await;
    for name in ["OTHER.mp4", "folder"] {
        let wanted = renamed(&before, name);
        assert_eq!(subject.move_entry(&before, &wanted, None, &[]).await.unwrap(), Moved::NameTaken);
    }
    let over_a_folder = renamed(&before, "folder");
    assert_eq!(subject.move_entry(&before, &over_a_folder, Some(&folder), &[]).await.unwrap(), Moved::NameTaken);
    is_at(subject, &owner, &before, &before).await;
    is_at(subject, &owner, &holder, &holder).await;
}

pub async fn a_move_needs_a_parent(subject: &Subject) {
    let (owner, other) = (subject.owner().await, subject.owner().await);
    let before = subject.store(&owner, "film.mp4", 1).await;
    let file = subject.store(&owner, "file", 1).await;
    let foreign = subject.folder(&other, &FolderId::Root, "theirs").await;
    for parent in [FolderId::Folder(EntryId::from_random(random())), inside(&file), inside(&foreign)] {
        let wanted = moved(&before, &parent);
        assert_eq!(subject.move_entry(&before, &wanted, None, &[]).await.unwrap(), Moved::ParentGone);
    }
    is_at(subject, &owner, &before, &before).await;
}

pub async fn a_move_replaces_the_holder_of_the_name(subject: &Subject) {
    let owner = subject.owner().await;
    let before = subject.store(&owner, "film.mp4", 10).await;
    let holder = subject.store(&owner, "other.mp4", 30).await;
    let after = renamed(&before, "other.mp4");
    assert_eq!(subject.move_entry(&before, &after, Some(&holder), &[]).await.unwrap(), Moved::Done);
    is_at(subject, &owner, &before, &after).await;
    assert_eq!(subject.entry(&owner.id, &holder.entry_id).await.unwrap(), None);
    let file = subject.file_of(&holder).await;
    assert_eq!((file.refs, file.collectable_at), (0, Some(after.updated_at)));
    assert_eq!(subject.used(&owner).await, (10, 0));
}

pub async fn a_move_over_the_same_content_drops_one_reference(subject: &Subject) {
    let owner = subject.owner().await;
    let before = subject.store(&owner, "film.mp4", 10).await;
    let holder = subject.refer(&owner, "copy.mp4", before.file().unwrap()).await;
    let after = renamed(&before, "copy.mp4");
    assert_eq!(subject.move_entry(&before, &after, Some(&holder), &[]).await.unwrap(), Moved::Done);
    assert_eq!(subject.file_of(&after).await.refs, 1);
    assert_eq!(subject.used(&owner).await, (10, 0));
}

pub async fn a_holder_that_changed_is_not_replaced_by_a_move(subject: &Subject) {
    let owner = subject.owner().await;
    let before = subject.store(&owner, "film.mp4", 10).await;
    let holder = subject.store(&owner, "other.mp4", 30).await;
    subject.move_entry(&holder, &next(&holder), None, &[]).await.unwrap();
    let after = renamed(&before, "other.mp4");
    assert_eq!(subject.move_entry(&before, &after, Some(&holder), &[]).await.unwrap(), Moved::Changed);
    assert_eq!(subject.file_of(&holder).await.refs, 1);
    is_at(subject, &owner, &before, &before).await;
}

pub async fn a_folder_does_not_move_when_an_ancestor_has_moved(subject: &Subject) {
    let owner = subject.owner().await;
    let a = subject.folder(&owner, &FolderId::Root, "a").await;
    let b = subject.folder(&owner, &inside(&a), "b").await;
    let c = subject.folder(&owner, &FolderId::Root, "c").await;
    let other = subject.folder(&owner, &FolderId::Root, "other").await;
    // Under c goes what the mover believes to be the folder above b.
    let a_after = moved(&a, &inside(&other));
    subject.move_entry(&a, &a_after, None, std::slice::from_ref(&other)).await.unwrap();
    let wanted = moved(&c, &inside(&b));
    assert_eq!(subject.move_entry(&c, &wanted, None, &[b.clone(), a]).await.unwrap(), Moved::Changed);
    let b_after = moved(&b, &FolderId::Root);
    subject.move_entry(&b, &b_after, None, &[]).await.unwrap();
    assert_eq!(subject.move_entry(&c, &wanted, None, &[b, a_after, other]).await.unwrap(), Moved::Changed);
    is_at(subject, &owner, &c, &c).await;
}

pub async fn a_renamed_ancestor_is_no_obstacle(subject: &Subject) {
    let owner = subject.owner().await;
    let a = subject.folder(&owner, &FolderId::Root, "a").await;
    let c = subject.folder(&owner, &FolderId::Root, "c").await;
    subject.move_entry(&a, &renamed(&a, "z"), None, &[]).await.unwrap();
    let after = moved(&c, &inside(&a));
    assert_eq!(subject.move_entry(&c, &after, None, &[a]).await.unwrap(), Moved::Done);
    is_at(subject, &owner, &c, &after).await;
}

pub async fn two_folders_never_come_to_lie_in_each_other(subject: &Subject) {
    let owner = subject.owner().await;
    for n in 0..5 {
        let a = subject.folder(&owner, &FolderId::Root, &format!("a{n}")).await;
        let b = subject.folder(&owner, &FolderId::Root, &format!("b{n}")).await;
        let (a_after, b_after) = (moved(&a, &inside(&b)), moved(&b, &inside(&a)));
        let (ancestors_of_a, ancestors_of_b) = (std::slice::from_ref(&b), std::slice::from_ref(&a));
        let (one, other) = join(
            subject.move_entry(&a, &a_after, None, ancestors_of_a),
            subject.move_entry(&b, &b_after, None, ancestors_of_b),
        )
        .await;
        let mut outcomes = [one.unwrap(), other.unwrap()];
        outcomes.sort_by_key(|moved| *moved != Moved::Done);
        assert_eq!(outcomes, [Moved::Done, Moved::Changed]);
    }
}

pub async fn a_folder_does_not_move_into_itself(subject: &Subject) {
    let owner = subject.owner().await;
    let a = subject.folder(&owner, &FolderId::Root, "a").await;
    let b = subject.folder(&owner, &inside(&a), "b").await;
    let into_itself = subject.move_entry(&a, &moved(&a, &inside(&a)), None, std::slice::from_ref(&a)).await;
    let below_itself = subject.move_entry(&a, &moved(&a, &inside(&b)), None, &[b, a.clone()]).await;
    for refused in [into_itself, below_itself] {
        let Err(Error::Invalid(violations)) = refused else { panic!("{refused:?}") };
        assert_eq!((violations[0].pointer.as_str(), violations[0].code), ("/parent_id", "cycle"));
    }
    is_at(subject, &owner, &a, &a).await;
}

pub async fn an_entry_is_found_while_it_moves(subject: &Subject) {
    let owner = subject.owner().await;
    let mut entry = subject.store(&owner, "0", 1).await;
    let id = entry.entry_id.clone();
    let move_on = async {
        for n in 1..40 {
            let after = renamed(&entry, &n.to_string());
            assert_eq!(subject.move_entry(&entry, &after, None, &[]).await.unwrap(), Moved::Done);
            entry = after;
        }
    };
    let read = async {
        for _ in 0..60 {
            assert!(subject.entry(&owner.id, &id).await.unwrap().is_some());
        }
    };
    join(move_on, read).await;
}
