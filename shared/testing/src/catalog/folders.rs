//! Folders, and the jobs that purge them.

use futures::future::join_all;
use straightway_core::ports::{Job, Moved, Opened, Purged, PutFolder};
use straightway_core::{Entry, EntryId, FolderId, JobId, UploadSession};

use super::subject::{NOW, Owner, Subject, folder, inside, moved, next, random, renamed};

fn job(owner: &Owner, pending: &[&Entry]) -> Job {
    Job {
        job_id: JobId::from_random(random()),
        owner_id: owner.id.clone(),
        revision: 1,
        pending: pending.iter().map(|folder| folder.entry_id.clone()).collect(),
        created_at: NOW,
    }
}

pub async fn a_folder_is_put_once(subject: &Subject) {
    let owner = subject.owner().await;
    let first = subject.folder(&owner, &FolderId::Root, "Films").await;
    assert_eq!(subject.put_folder(&folder(&owner, &FolderId::Root, "films")).await.unwrap(), PutFolder::NameTaken);
    assert_eq!(subject.put_folder(&folder(&owner, &inside(&first), "films")).await.unwrap(), PutFolder::Done);
    assert_eq!(subject.entry(&owner.id, &first.entry_id).await.unwrap(), Some(first));
}

pub async fn a_folder_needs_a_parent(subject: &Subject) {
    let (owner, other) = (subject.owner().await, subject.owner().await);
    let foreign = subject.folder(&other, &FolderId::Root, "theirs").await;
    let file = subject.store(&owner, "file", 1).await;
    for parent in [FolderId::Folder(EntryId::from_random(random())), inside(&file), inside(&foreign)] {
        let folder = folder(&owner, &parent, "films");
        assert_eq!(subject.put_folder(&folder).await.unwrap(), PutFolder::ParentGone);
        assert_eq!(subject.entry(&owner.id, &folder.entry_id).await.unwrap(), None);
    }
}

pub async fn of_many_folders_with_one_name_one_is_put(subject: &Subject) {
    let owner = subject.owner().await;
    let folders: Vec<_> = (0..8).map(|_| folder(&owner, &FolderId::Root, "films")).collect();
    let put = join_all(folders.iter().map(|folder| subject.put_folder(folder))).await;
    assert_eq!(put.iter().filter(|put| matches!(put, Ok(PutFolder::Done))).count(), 1, "{put:?}");
}

pub async fn a_purged_folder_leaves_a_job(subject: &Subject) {
    let owner = subject.owner().await;
    let top = subject.folder(&owner, &FolderId::Root, "top").await;
    let below = subject.folder(&owner, &inside(&top), "below").await;
    let first = job(&owner, &[&top]);
    assert_eq!(subject.purge_folder(&top, None, &first).await.unwrap(), Purged::Done);
    assert_eq!(subject.job(&first.job_id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(subject.entry(&owner.id, &top.entry_id).await.unwrap(), None);

    let second = Job { revision: 2, pending: vec![top.entry_id.clone(), below.entry_id.clone()], ..first.clone() };
    assert_eq!(subject.purge_folder(&below, Some(&first), &second).await.unwrap(), Purged::Done);
    assert_eq!(subject.job(&first.job_id).await.unwrap(), Some(second));
    assert_eq!(subject.job(&JobId::from_random(random())).await.unwrap(), None);
}

pub async fn a_folder_or_job_that_is_not_as_it_was_read_stays(subject: &Subject) {
    let owner = subject.owner().await;
    let top = subject.folder(&owner, &FolderId::Root, "top").await;
    let after = renamed(&top, "renamed");
    subject.move_entry(&top, &after, None, &[]).await.unwrap();
    let first = job(&owner, &[&top]);
    assert_eq!(subject.purge_folder(&top, None, &first).await.unwrap(), Purged::Changed);
    assert_eq!(subject.job(&first.job_id).await.unwrap(), None);

    let ahead = Job { revision: 7, ..first.clone() };
    assert_eq!(
        subject.purge_folder(&after, Some(&ahead), &Job { revision: 8, ..ahead.clone() }).await.unwrap(),
        Purged::Changed
    );
    assert_eq!(subject.entry(&owner.id, &top.entry_id).await.unwrap(), Some(after));
}

pub async fn a_job_is_saved_only_as_it_was_read(subject: &Subject) {
    let owner = subject.owner().await;
    let top = subject.folder(&owner, &FolderId::Root, "top").await;
    let first = job(&owner, &[&top]);
    subject.purge_folder(&top, None, &first).await.unwrap();
    let done = Job { revision: 2, pending: vec![], ..first.clone() };
    assert_eq!(subject.save_job(&first, &done).await.unwrap(), Purged::Done);
    let other = Job { revision: 2, ..first.clone() };
    assert_eq!(subject.save_job(&first, &other).await.unwrap(), Purged::Changed);
    assert_eq!(subject.job(&first.job_id).await.unwrap(), Some(done));
    let unknown = job(&owner, &[&top]);
    assert_eq!(subject.save_job(&unknown, &Job { revision: 2, ..unknown.clone() }).await.unwrap(), Purged::Changed);
}

pub async fn nothing_enters_a_purged_folder(subject: &Subject) {
    let owner = subject.owner().await;
    let top = subject.folder(&owner, &FolderId::Root, "top").await;
    let child = subject.store_in(&owner, &inside(&top), "child", 1).await;
    let outside = subject.store(&owner, "outside", 1).await;
    subject.purge_folder(&top, None, &job(&owner, &[&top])).await.unwrap();

    let session = UploadSession { parent: inside(&top), ..owner.session("new", 1) };
    assert_eq!(subject.try_open(&session).await, Opened::ParentGone);
    assert_eq!(subject.put_folder(&folder(&owner, &inside(&top), "new")).await.unwrap(), PutFolder::ParentGone);
    let moved = moved(&outside, &inside(&top));
    assert_eq!(subject.move_entry(&outside, &moved, None, &[]).await.unwrap(), Moved::ParentGone);
    // Nor does anything in it change its name: it could slip past the page that is being purged.
    assert_eq!(subject.move_entry(&child, &renamed(&child, "z"), None, &[]).await.unwrap(), Moved::ParentGone);

    let listed = subject.list_folder(&owner.id, &inside(&top), None, None, 10).await.unwrap();
    assert_eq!(listed.items, std::slice::from_ref(&child));
    assert_eq!(subject.purge_entry(&child, NOW).await.unwrap(), Purged::Done);
}

pub async fn what_is_in_a_purged_folder_can_still_leave_it(subject: &Subject) {
    let owner = subject.owner().await;
    let top = subject.folder(&owner, &FolderId::Root, "top").await;
    let child = subject.store_in(&owner, &inside(&top), "child", 1).await;
    subject.purge_folder(&top, None, &job(&owner, &[&top])).await.unwrap();
    let saved = moved(&child, &FolderId::Root);
    assert_eq!(subject.move_entry(&child, &saved, None, &[]).await.unwrap(), Moved::Done);
    assert_eq!(subject.entry(&owner.id, &child.entry_id).await.unwrap(), Some(saved));
}

pub async fn a_long_list_of_folders_fits_a_job(subject: &Subject) {
    let owner = subject.owner().await;
    let top = subject.folder(&owner, &FolderId::Root, "top").await;
    let pending: Vec<EntryId> = (0..5_000).map(|_| EntryId::from_random(random())).collect();
    let job = Job { pending, ..job(&owner, &[]) };
    assert_eq!(subject.purge_folder(&top, None, &job).await.unwrap(), Purged::Done);
    assert!(subject.job(&job.job_id).await.unwrap() == Some(job));
    assert_eq!(subject.move_entry(&top, &next(&top), None, &[]).await.unwrap(), Moved::Changed);
}
