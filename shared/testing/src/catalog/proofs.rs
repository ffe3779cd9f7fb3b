//! Proof of possession: what is counted before any byte is read.

use futures::future::join_all;
use jiff::{SignedDuration, ToSpan, civil::date};
use straightway_core::ports::{CommitBy, Committed, FileChange, ProofAttempt};
use straightway_core::proof::{MAX_WRONG_PER_FILE, MAX_WRONG_PER_OWNER};
use straightway_core::{FileKey, FolderId, LeafHash};

use super::subject::{NOW, Owner, Subject, new_key, random};

fn attempt(owner: &Owner, file_key: FileKey) -> ProofAttempt {
    ProofAttempt {
        nonce: LeafHash::of(&random::<32>()).to_hex(),
        owner_id: owner.id.clone(),
        file_key,
        day: date(2026, 11, 21),
        expires_at: NOW + SignedDuration::from_mins(5),
    }
}

async fn begins(subject: &Subject, attempt: &ProofAttempt) -> bool {
    subject.begin_proof(attempt).await.unwrap()
}

pub async fn a_nonce_is_used_once(subject: &Subject) {
    let owner = subject.owner().await;
    let attempt = attempt(&owner, new_key(1).file_key);
    assert!(begins(subject, &attempt).await);
    assert!(!begins(subject, &attempt).await);
    let elsewhere = ProofAttempt { file_key: new_key(1).file_key, ..attempt };
    assert!(!begins(subject, &elsewhere).await);
}

pub async fn an_owner_is_wrong_three_times_a_day_at_most(subject: &Subject) {
    let (owner, other) = (subject.owner().await, subject.owner().await);
    let file = new_key(1).file_key;
    for _ in 0..MAX_WRONG_PER_OWNER {
        assert!(begins(subject, &attempt(&owner, file)).await);
    }
    assert!(!begins(subject, &attempt(&owner, file)).await);
    assert!(begins(subject, &attempt(&other, file)).await);
    assert!(begins(subject, &attempt(&owner, new_key(1).file_key)).await);
    let today = attempt(&owner, file);
    let tomorrow = ProofAttempt { day: today.day.checked_add(1.day()).unwrap(), ..today };
    assert!(begins(subject, &tomorrow).await);
}

pub async fn a_file_is_guessed_at_twenty_times_a_day_at_most(subject: &Subject) {
    let file = new_key(1).file_key;
    let mut begun = 0;
    for _ in 0..8 {
        let owner = subject.owner().await;
        for _ in 0..MAX_WRONG_PER_OWNER {
            begun += u64::from(begins(subject, &attempt(&owner, file)).await);
        }
    }
    assert_eq!(begun, MAX_WRONG_PER_FILE);
}

pub async fn of_many_attempts_at_once_three_begin(subject: &Subject) {
    let owner = subject.owner().await;
    let file = new_key(1).file_key;
    let attempts: Vec<_> = (0..10).map(|_| attempt(&owner, file)).collect();
    let begun = join_all(attempts.iter().map(|attempt| begins(subject, attempt))).await;
    assert_eq!(begun.into_iter().filter(|begun| *begun).count(), 3);
}

pub async fn a_right_proof_is_not_counted_as_wrong(subject: &Subject) {
    let (owner, other) = (subject.owner().await, subject.owner().await);
    let stored = subject.store(&other, "film.mp4", 100).await;
    let key = stored.file().unwrap();
    for n in 0..2 * MAX_WRONG_PER_FILE {
        let right = attempt(&owner, key.file_key);
        assert!(begins(subject, &right).await, "{n}");
        let entry = owner.entry(&FolderId::Root, &n.to_string(), key);
        let by = CommitBy::Instant { proof: Some(&right) };
        assert_eq!(subject.commit_by(by, &entry, FileChange::Known(key), None).await, Committed::Done);
        // Once, even if the commit is repeated.
        assert_eq!(subject.commit_by(by, &entry, FileChange::Known(key), None).await, Committed::EntryExists);
    }
    for _ in 0..MAX_WRONG_PER_OWNER {
        assert!(begins(subject, &attempt(&owner, key.file_key)).await);
    }
    assert!(!begins(subject, &attempt(&owner, key.file_key)).await);
}

pub async fn a_proof_whose_counters_are_forgotten_still_counts(subject: &Subject) {
    let (owner, other) = (subject.owner().await, subject.owner().await);
    let stored = subject.store(&other, "film.mp4", 100).await;
    let key = stored.file().unwrap();
    let never_counted = attempt(&owner, key.file_key);
    let entry = owner.entry(&FolderId::Root, "mine", key);
    let by = CommitBy::Instant { proof: Some(&never_counted) };
    assert_eq!(subject.commit_by(by, &entry, FileChange::Known(key), None).await, Committed::Done);
}
