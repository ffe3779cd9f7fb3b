//! Opening sessions, and the list of live ones.

use futures::future::join_all;
use straightway_core::ports::{NewSession, Opened};
use straightway_core::{EntryId, FolderId, OwnerId, SessionId, UploadSession};

use super::subject::{MANY, Owner, Subject, inside, random};

const MIB: u64 = 1 << 20;

pub async fn an_opened_session_is_read_back_as_it_was(subject: &Subject) {
    let owner = subject.owner().await;
    let full = owner.session("film.mp4", 100 * MIB);
    let bare = UploadSession { content_hash: None, client_modified_at: None, ..owner.session("Straße 🎬", 0) };
    for session in [full, bare] {
        assert_eq!(subject.try_open(&session).await, Opened::Done);
        assert_eq!(subject.session(&session.session_id).await.unwrap(), Some(session));
    }
    assert_eq!(subject.session(&SessionId::from_random(random())).await.unwrap(), None);
}

pub async fn opening_reserves_its_bytes(subject: &Subject) {
    let owner = subject.owner().await;
    subject.open(&owner, "a", 100).await;
    subject.open(&owner, "b", 20).await;
    assert_eq!(subject.used(&owner).await, (0, 120));
}

pub async fn opening_the_same_upload_again_answers_the_live_session(subject: &Subject) {
    let owner = subject.owner().await;
    let first = subject.open(&owner, "film.mp4", 100).await;
    let again = UploadSession { content_hash: first.content_hash, ..owner.session("FILM.mp4", 100) };
    assert_eq!(again.marker(), first.marker());

    let opened = subject.try_open(&again).await;

    assert_eq!(opened, Opened::Live(Box::new(first.clone())));
    assert_eq!(subject.session_with_marker(&first.marker().unwrap()).await.unwrap(), Some(first));
    assert_eq!(subject.used(&owner).await, (0, 100));
    assert_eq!(subject.session(&again.session_id).await.unwrap(), None);
}

pub async fn the_same_content_elsewhere_is_another_upload(subject: &Subject) {
    let owner = subject.owner().await;
    let folder = subject.folder(&owner, &FolderId::Root, "folder").await;
    let first = subject.open(&owner, "film.mp4", 100).await;
    let content_hash = first.content_hash;
    let named = UploadSession { content_hash, ..owner.session("copy.mp4", 100) };
    let placed = UploadSession { content_hash, parent: inside(&folder), ..owner.session("film.mp4", 100) };
    let other = UploadSession { content_hash, ..subject.owner().await.session("film.mp4", 100) };
    for session in [named, placed, other] {
        assert_eq!(subject.try_open(&session).await, Opened::Done);
    }
}

pub async fn without_a_hash_every_upload_is_its_own(subject: &Subject) {
    let owner = subject.owner().await;
    for _ in 0..2 {
        let session = UploadSession { content_hash: None, ..owner.session("film.mp4", 100) };
        assert_eq!(subject.try_open(&session).await, Opened::Done);
    }
}

pub async fn a_marker_is_free_again_when_its_session_ends(subject: &Subject) {
    let owner = subject.owner().await;
    let first = subject.open(&owner, "film.mp4", 100).await;
    subject.abort(&first).await;
    assert_eq!(subject.session_with_marker(&first.marker().unwrap()).await.unwrap(), None);
    let again = UploadSession { content_hash: first.content_hash, ..owner.session("film.mp4", 100) };
    assert_eq!(subject.try_open(&again).await, Opened::Done);
}

pub async fn a_long_name_still_has_a_marker(subject: &Subject) {
    let owner = subject.owner().await;
    let session = subject.open(&owner, &"ΐ".repeat(127), 100).await;
    assert_eq!(subject.session_with_marker(&session.marker().unwrap()).await.unwrap(), Some(session));
}

pub async fn a_taken_name_is_told_only_where_it_must_be_free(subject: &Subject) {
    let owner = subject.owner().await;
    subject.store(&owner, "film.mp4", 10).await;
    let session = owner.session("FILM.MP4", 10);
    let new = |name_must_be_free| NewSession { session: &session, name_must_be_free, max_open_sessions: MANY };
    assert_eq!(subject.open_session(&new(true)).await.unwrap(), Opened::NameTaken);
    assert_eq!(subject.session(&session.session_id).await.unwrap(), None);
    assert_eq!(subject.open_session(&new(false)).await.unwrap(), Opened::Done);
}

pub async fn a_parent_that_is_no_folder_of_the_owners_is_told(subject: &Subject) {
    let (owner, other) = (subject.owner().await, subject.owner().await);
    let foreign = subject.folder(&other, &FolderId::Root, "theirs").await;
    let file = subject.store(&owner, "file", 10).await;
    let nothing = FolderId::Folder(EntryId::from_random(random()));
    for parent in [inside(&foreign), inside(&file), nothing] {
        let session = UploadSession { parent, ..owner.session("film.mp4", 10) };
        assert_eq!(subject.try_open(&session).await, Opened::ParentGone);
    }
    assert_eq!(subject.used(&owner).await, (10, 0));
}

pub async fn exactly_the_room_that_is_left_is_enough(subject: &Subject) {
    let owner = subject.owner_with_quota(100).await;
    subject.store(&owner, "a", 30).await;
    subject.open(&owner, "b", 20).await;
    assert_eq!(subject.available_bytes(&owner.id).await.unwrap(), 50);
    let too_large = subject.try_open(&owner.session("c", 51)).await;
    assert_eq!(too_large, Opened::QuotaExceeded { available_bytes: 50 });
    let far_too_large = subject.try_open(&owner.session("c", 1 << 40)).await;
    assert_eq!(far_too_large, Opened::QuotaExceeded { available_bytes: 50 });
    assert_eq!(subject.try_open(&owner.session("c", 50)).await, Opened::Done);
    assert_eq!(subject.try_open(&owner.session("empty", 0)).await, Opened::Done);
    assert_eq!(subject.available_bytes(&owner.id).await.unwrap(), 0);
}

pub async fn too_many_live_sessions_are_told(subject: &Subject) {
    let owner = subject.owner().await;
    let open = async |name| {
        let session = owner.session(name, 1);
        let new = NewSession { session: &session, name_must_be_free: true, max_open_sessions: 2 };
        (subject.open_session(&new).await.unwrap(), session)
    };
    let (_, first) = open("a").await;
    assert_eq!(open("b").await.0, Opened::Done);
    assert_eq!(open("c").await.0, Opened::TooManySessions);
    subject.abort(&first).await;
    assert_eq!(open("c").await.0, Opened::Done);
}

pub async fn the_first_of_several_obstacles_is_told(subject: &Subject) {
    let owner = subject.owner_with_quota(100).await;
    subject.store(&owner, "film.mp4", 10).await;
    let live = UploadSession { content_hash: owner.session("x", 90).content_hash, ..owner.session("film.mp4", 90) };
    assert_eq!(subject.try_open(&live).await, Opened::Done);
    let open = async |session: &UploadSession| {
        let new = NewSession { session, name_must_be_free: true, max_open_sessions: 1 };
        subject.open_session(&new).await.unwrap()
    };

    let same = UploadSession { content_hash: live.content_hash, ..owner.session("film.mp4", 90) };
    assert_eq!(open(&same).await, Opened::Live(Box::new(live)));
    assert_eq!(open(&owner.session("film.mp4", 90)).await, Opened::NameTaken);
    let parent = FolderId::Folder(EntryId::from_random(random()));
    assert_eq!(open(&UploadSession { parent, ..owner.session("a", 90) }).await, Opened::ParentGone);
    assert_eq!(open(&owner.session("a", 90)).await, Opened::QuotaExceeded { available_bytes: 0 });
    assert_eq!(open(&owner.session("a", 0)).await, Opened::TooManySessions);
}

pub async fn of_fifty_opens_at_once_only_those_that_fit_succeed(subject: &Subject) {
    let owner = subject.owner_with_quota(1_000).await;
    let sessions: Vec<_> = (0..50).map(|n| owner.session(&format!("{n}"), 60)).collect();
    let opened = join_all(sessions.iter().map(|session| subject.try_open(session))).await;
    assert_eq!(opened.iter().filter(|opened| **opened == Opened::Done).count(), 16);
    assert_eq!(opened.iter().filter(|o| **o == Opened::QuotaExceeded { available_bytes: 40 }).count(), 34);
    assert_eq!(subject.used(&owner).await, (0, 960));
}

pub async fn of_many_opens_of_one_upload_at_once_one_is_live(subject: &Subject) {
    let owner = subject.owner().await;
    let content_hash = owner.session("x", 10).content_hash;
    let sessions: Vec<_> = (0..8).map(|_| UploadSession { content_hash, ..owner.session("film.mp4", 10) }).collect();
    let opened = join_all(sessions.iter().map(|session| subject.try_open(session))).await;
    let winner = opened.iter().position(|opened| *opened == Opened::Done).unwrap();
    for (n, opened) in opened.into_iter().enumerate() {
        let expected = if n == winner { Opened::Done } else { Opened::Live(Box::new(sessions[winner].clone())) };
        assert_eq!(opened, expected);
    }
    assert_eq!(subject.used(&owner).await, (0, 10));
}

pub async fn without_a_user_nothing_is_opened(subject: &Subject) {
    let nobody = Owner { id: OwnerId::from_random(random()), user: super::subject::user(0) };
    let session = nobody.session("a", 1);
    let new = NewSession { session: &session, name_must_be_free: true, max_open_sessions: MANY };
    assert!(subject.open_session(&new).await.is_err());
    assert_eq!(subject.session(&session.session_id).await.unwrap(), None);
}

pub async fn live_sessions_are_listed_in_pages(subject: &Subject) {
    let (owner, other) = (subject.owner().await, subject.owner().await);
    subject.open(&other, "theirs", 1).await;
    let mut expected = Vec::new();
    for n in 0..7 {
        expected.push(subject.open(&owner, &n.to_string(), 1).await);
    }
    let ended = expected.pop().unwrap();
    subject.abort(&ended).await;
    expected.sort_by(|a, b| a.session_id.cmp(&b.session_id));

    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = subject.live_sessions(&owner.id, after.as_ref(), 2).await.unwrap();
        assert!(page.items.len() <= 2);
        listed.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }

    assert_eq!(listed, expected);
    assert_eq!(subject.live_sessions(&owner.id, None, 100).await.unwrap().items, expected);
}
