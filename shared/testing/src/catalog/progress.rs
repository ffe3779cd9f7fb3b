//! What happens to a session while it lives.

use futures::future::join_all;
use jiff::SignedDuration;
use straightway_core::ports::{Begun, ReadBack, RecordedMultipart};
use straightway_core::session::{IDLE_LIFE, MAX_LIFE, VERIFYING_DUE};
use straightway_core::{Error, LeafHash, MultipartUploadId, PartNumber, SessionId, SessionState, UploadSession};

use super::subject::{NOW, Subject, random};

const GIB: u64 = 1 << 30;

fn part(number: u64) -> PartNumber {
    PartNumber::new(number).unwrap()
}

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}

pub async fn the_first_multipart_id_stays(subject: &Subject) {
    let session = subject.open(&subject.owner().await, "film.mp4", GIB).await;
    let (first, second) = (MultipartUploadId("first".into()), MultipartUploadId("second".into()));
    let id = &session.session_id;
    assert_eq!(subject.record_multipart(id, &first).await.unwrap(), RecordedMultipart::Done);
    assert_eq!(subject.record_multipart(id, &second).await.unwrap(), RecordedMultipart::Other(first.clone()));
    assert_eq!(subject.record_multipart(id, &first).await.unwrap(), RecordedMultipart::Done);
    assert_eq!(subject.session_now(&session).await.multipart_id, Some(first));
}

pub async fn of_many_multipart_ids_at_once_one_stays(subject: &Subject) {
    let session = subject.open(&subject.owner().await, "film.mp4", GIB).await;
    let ids: Vec<_> = (0..8).map(|n| MultipartUploadId(n.to_string())).collect();
    let recorded = join_all(ids.iter().map(|id| subject.record_multipart(&session.session_id, id))).await;
    let stayed = subject.session_now(&session).await.multipart_id.unwrap();
    for (id, recorded) in ids.iter().zip(recorded) {
        let expected = if *id == stayed { RecordedMultipart::Done } else { RecordedMultipart::Other(stayed.clone()) };
        assert_eq!(recorded.unwrap(), expected);
    }
}

pub async fn only_an_open_session_takes_a_multipart_id(subject: &Subject) {
    let owner = subject.owner().await;
    let id = MultipartUploadId("late".into());
    let verifying = subject.open(&owner, "a", GIB).await;
    subject.begin_verifying(&verifying.session_id, NOW).await.unwrap();
    let aborted = subject.open(&owner, "b", GIB).await;
    subject.abort(&aborted).await;
    for (session, state) in [(verifying, SessionState::Verifying), (aborted, SessionState::Aborted)] {
        let recorded = subject.record_multipart(&session.session_id, &id).await.unwrap();
        assert_eq!(recorded, RecordedMultipart::NotOpen(state));
        assert_eq!(subject.session_now(&session).await.multipart_id, None);
    }
    let nothing = subject.record_multipart(&SessionId::from_random(random()), &id).await;
    assert!(matches!(nothing, Err(Error::NotFound)), "{nothing:?}");
}

pub async fn finished_parts_add_up(subject: &Subject) {
    let session = subject.open(&subject.owner().await, "film.mp4", GIB).await;
    subject.record_done(&session, &[part(1), part(64)], NOW).await.unwrap();
    // By somebody who read the session before.
    let after = subject.record_done(&session, &[part(2), part(1)], NOW).await.unwrap();
    assert_eq!(subject.session_now(&session).await, after);
    for number in 1..=64 {
        assert_eq!(after.done.contains(part(number)), [1, 2, 64].contains(&number), "{number}");
    }
}

pub async fn no_finished_part_is_lost_when_many_devices_record(subject: &Subject) {
    let session = subject.open(&subject.owner().await, "film.mp4", 100 * GIB).await;
    let record = |n: u64| {
        let (session, parts) = (session.clone(), [part(2 * n + 1), part(2 * n + 2)]);
        async move { subject.record_done(&session, &parts, NOW).await.unwrap() }
    };
    join_all((0..40).map(record)).await;
    assert_eq!(subject.session_now(&session).await.progress().parts, 80);
}

pub async fn using_a_session_lets_it_live_longer(subject: &Subject) {
    let session = subject.open(&subject.owner().await, "film.mp4", GIB).await;
    let with_part = subject.record_done(&session, &[part(1)], NOW + days(1)).await.unwrap();
    assert_eq!(with_part.expires_at, NOW + days(1) + IDLE_LIFE);
    // Nothing new within a day: not worth a write.
    let unchanged = subject.record_done(&with_part, &[part(1)], NOW + days(2)).await.unwrap();
    assert_eq!(unchanged.expires_at, NOW + days(1) + IDLE_LIFE);
    let used = subject.record_done(&with_part, &[], NOW + days(3)).await.unwrap();
    assert_eq!(used.expires_at, NOW + days(3) + IDLE_LIFE);
    let last = subject.record_done(&used, &[part(2)], NOW + days(59)).await.unwrap();
    assert_eq!(last.expires_at, NOW + MAX_LIFE);
    assert_eq!(subject.session_now(&session).await, last);
}

pub async fn nothing_is_recorded_on_a_session_that_is_not_open(subject: &Subject) {
    let session = subject.open(&subject.owner().await, "film.mp4", GIB).await;
    subject.abort(&session).await;
    let answer = subject.record_done(&session, &[part(1)], NOW + days(9)).await.unwrap();
    assert_eq!(answer.state, SessionState::Aborted);
    assert_eq!(answer.progress().parts, 0);
    assert_eq!(subject.session_now(&session).await, answer);
}

pub async fn a_hash_is_declared_once(subject: &Subject) {
    let owner = subject.owner().await;
    let session = UploadSession { content_hash: None, ..owner.session("film.mp4", GIB) };
    subject.try_open(&session).await;
    let (first, second) = (LeafHash::of(b"1").into(), LeafHash::of(b"2").into());
    for hash in [first, second] {
        let answer = subject.declare_hash(&session, hash).await.unwrap();
        assert_eq!(answer.content_hash, Some(first));
        assert_eq!(subject.session_now(&session).await, answer);
    }
}

pub async fn no_hash_is_declared_on_an_ended_session(subject: &Subject) {
    let owner = subject.owner().await;
    let session = UploadSession { content_hash: None, ..owner.session("film.mp4", GIB) };
    subject.try_open(&session).await;
    subject.abort(&session).await;
    let answer = subject.declare_hash(&session, LeafHash::of(b"1").into()).await.unwrap();
    assert_eq!((answer.state, answer.content_hash), (SessionState::Aborted, None));
}

pub async fn verifying_begins_from_open_and_goes_on(subject: &Subject) {
    let session = subject.open(&subject.owner().await, "film.mp4", GIB).await;
    for _ in 0..2 {
        let begun = subject.begin_verifying(&session.session_id, NOW + VERIFYING_DUE).await.unwrap();
        let expected = UploadSession { state: SessionState::Verifying, ..session.clone() };
        assert_eq!(begun, Begun::Verifying(Box::new(expected)));
    }
}

pub async fn an_ended_session_is_not_verified(subject: &Subject) {
    let session = subject.open(&subject.owner().await, "film.mp4", GIB).await;
    subject.abort(&session).await;
    let begun = subject.begin_verifying(&session.session_id, NOW).await.unwrap();
    assert_eq!(begun, Begun::Ended(Box::new(subject.session_now(&session).await)));
    let nothing = subject.begin_verifying(&SessionId::from_random(random()), NOW).await;
    assert!(matches!(nothing, Err(Error::NotFound)), "{nothing:?}");
}

pub async fn the_leaves_of_ten_thousand_parts_are_read_in_order(subject: &Subject) {
    let session = subject.open(&subject.owner().await, "film.mp4", 150 * GIB).await;
    let id = &session.session_id;
    assert_eq!(subject.leaves(id).await.unwrap(), []);
    let leaf = |n: u64| (part(n), LeafHash::of(&n.to_be_bytes()));
    let mut leaves: Vec<_> = (1..=10_000).map(leaf).collect();
    // Signed from both ends, in calls of at most 1,000, at the same time.
    let calls: Vec<Vec<_>> = leaves.rchunks(1_000).map(|call| call.iter().rev().copied().collect()).collect();
    for recorded in join_all(calls.iter().map(|call| subject.record_leaves(id, call))).await {
        recorded.unwrap();
    }
    assert!(subject.leaves(id).await.unwrap() == leaves);

    leaves[4_999].1 = LeafHash::of(b"the file changed");
    for _ in 0..2 {
        subject.record_leaves(id, &leaves[4_999..5_000]).await.unwrap();
    }
    assert!(subject.leaves(id).await.unwrap() == leaves);
}

pub async fn of_two_leaves_for_one_part_the_later_counts(subject: &Subject) {
    let session = subject.open(&subject.owner().await, "film.mp4", GIB).await;
    let (one, two) = (LeafHash::of(b"1"), LeafHash::of(b"2"));
    subject.record_leaves(&session.session_id, &[(part(3), one), (part(1), one), (part(3), two)]).await.unwrap();
    assert_eq!(subject.leaves(&session.session_id).await.unwrap(), [(part(1), one), (part(3), two)]);
}

pub async fn a_read_back_is_saved_and_replaced(subject: &Subject) {
    let session = subject.open(&subject.owner().await, "film.mp4", 150 * GIB).await;
    let id = &session.session_id;
    assert_eq!(subject.read_back(id).await.unwrap(), None);
    for parts in [0, 1, 10_000] {
        let leaves = (0..parts).map(|n: u32| LeafHash::of(&n.to_be_bytes())).collect();
        let saved = ReadBack { etag: "\"e\"".into(), leaves, sha1_state: vec![7; 96] };
        subject.save_read_back(id, &saved).await.unwrap();
        assert!(subject.read_back(id).await.unwrap() == Some(saved));
    }
}
