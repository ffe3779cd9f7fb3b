//! How sessions end without a file.

use futures::future::join_all;
use straightway_core::ports::{Ended, SessionEnd};
use straightway_core::{Error, LeafHash, OutboxEvent, RejectReason, SessionState, UploadSession};

use super::subject::{NOW, Owner, Subject, garbage};

const ENDS: [SessionEnd; 4] =
    [SessionEnd::Rejected(RejectReason::HashMismatch), SessionEnd::Lost, SessionEnd::Aborted, SessionEnd::Expired];

const fn state_of(end: SessionEnd) -> (SessionState, Option<RejectReason>) {
    match end {
        SessionEnd::Rejected(reason) => (SessionState::Rejected, Some(reason)),
        SessionEnd::Lost => (SessionState::Rejected, Some(RejectReason::Lost)),
        SessionEnd::Aborted => (SessionState::Aborted, None),
        SessionEnd::Expired => (SessionState::Expired, None),
    }
}

async fn end(subject: &Subject, session: &UploadSession, end: SessionEnd) -> Ended {
    let rejected = matches!(end, SessionEnd::Rejected(_) | SessionEnd::Lost);
    let event = rejected.then(|| OutboxEvent::upload_rejected(session, RejectReason::HashMismatch, NOW));
    subject.end_session(session, end, &garbage(session), event.as_ref(), NOW).await.unwrap()
}

/// Ends an open or verifying session this way, which must work, and looks at what is left of it.
async fn ends(subject: &Subject, owner: &Owner, session: &UploadSession, how: SessionEnd) {
    assert_eq!(end(subject, session, how).await, Ended::Done, "{how:?}");
    let (state, reason) = state_of(how);
    assert_eq!(subject.session_now(session).await, UploadSession { state, reason, ..session.clone() });
    assert_eq!(subject.used(owner).await, (0, 0), "the reservation is given back");
    assert_eq!(subject.live_sessions(&owner.id, None, 10).await.unwrap().items, []);
    assert_eq!(subject.session_with_marker(&session.marker().unwrap()).await.unwrap(), None);
}

pub async fn an_open_session_ends_in_every_way_but_lost(subject: &Subject) {
    let owner = subject.owner().await;
    for how in ENDS {
        let session = subject.open(&owner, "film.mp4", 10).await;
        if how == SessionEnd::Lost {
            assert_eq!(end(subject, &session, how).await, Ended::Not(Box::new(session.clone())));
            subject.abort(&session).await;
        } else {
            ends(subject, &owner, &session, how).await;
        }
    }
}

pub async fn a_verifying_session_ends_in_every_way_but_expired(subject: &Subject) {
    let owner = subject.owner().await;
    for how in ENDS {
        let session = subject.open(&owner, "film.mp4", 10).await;
        subject.begin_verifying(&session.session_id, NOW).await.unwrap();
        let session = subject.session_now(&session).await;
        if how == SessionEnd::Expired {
            assert_eq!(end(subject, &session, how).await, Ended::Not(Box::new(session.clone())));
            subject.abort(&session).await;
        } else {
            ends(subject, &owner, &session, how).await;
        }
    }
}

pub async fn an_ended_session_does_not_end_again(subject: &Subject) {
    let owner = subject.owner().await;
    for first in [SessionEnd::Rejected(RejectReason::SizeMismatch), SessionEnd::Aborted, SessionEnd::Expired] {
        let session = subject.open(&owner, "film.mp4", 10).await;
        assert_eq!(end(subject, &session, first).await, Ended::Done);
        let ended = subject.session_now(&session).await;
        for second in ENDS {
            assert_eq!(end(subject, &session, second).await, Ended::Not(Box::new(ended.clone())), "{second:?}");
        }
        assert_eq!(subject.used(&owner).await, (0, 0));
    }
}

pub async fn of_many_ends_at_once_one_counts(subject: &Subject) {
    let owner = subject.owner().await;
    subject.open(&owner, "another", 7).await;
    let session = subject.open(&owner, "film.mp4", 10).await;
    let ended = join_all((0..8).map(|_| end(subject, &session, SessionEnd::Aborted))).await;
    assert_eq!(ended.iter().filter(|ended| **ended == Ended::Done).count(), 1);
    assert_eq!(subject.used(&owner).await, (0, 7));
    assert_eq!(subject.live_sessions(&owner.id, None, 10).await.unwrap().items.len(), 1);
}

pub async fn a_hash_declared_late_leaves_the_marker_of_another_session(subject: &Subject) {
    let owner = subject.owner().await;
    let late = UploadSession { content_hash: None, ..owner.session("film.mp4", 10) };
    subject.try_open(&late).await;
    let hash = LeafHash::of(b"late").into();
    let holder = UploadSession { content_hash: Some(hash), ..owner.session("film.mp4", 10) };
    subject.try_open(&holder).await;
    let late = subject.declare_hash(&late, hash).await.unwrap();
    assert_eq!(late.marker(), holder.marker());

    assert_eq!(subject.abort(&late).await, Ended::Done);

    assert_eq!(subject.session_with_marker(&holder.marker().unwrap()).await.unwrap(), Some(holder));
}

pub async fn an_unknown_session_does_not_end(subject: &Subject) {
    let owner = subject.owner().await;
    let session = owner.session("film.mp4", 10);
    let ended = subject.end_session(&session, SessionEnd::Aborted, &garbage(&session), None, NOW).await;
    assert!(matches!(ended, Err(Error::NotFound)), "{ended:?}");
    assert_eq!(subject.used(&owner).await, (0, 0));
}
