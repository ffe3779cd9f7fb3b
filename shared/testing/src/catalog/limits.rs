//! Counters that say "too often".

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::subject::{NOW, Subject};

const END: SignedDuration = SignedDuration::from_mins(1);

fn ends_at() -> Timestamp {
    NOW + END
}

pub async fn a_counter_takes_up_to_its_maximum(subject: &Subject) {
    for expected in [true, true, false] {
        assert_eq!(subject.take("creates", 2, 5, ends_at()).await.unwrap(), expected);
    }
    assert!(subject.take("creates", 1, 5, ends_at()).await.unwrap(), "a refusal counts nothing");
    assert!(!subject.take("creates", 1, 5, ends_at()).await.unwrap());
}

pub async fn more_than_the_maximum_is_never_taken(subject: &Subject) {
    assert!(!subject.take("bytes", 6, 5, ends_at()).await.unwrap());
    assert!(!subject.take("bytes", u64::MAX, 5, ends_at()).await.unwrap());
    assert!(subject.take("bytes", 5, 5, ends_at()).await.unwrap());
}

pub async fn counters_do_not_share(subject: &Subject) {
    assert!(subject.take("a", 1, 1, ends_at()).await.unwrap());
    assert!(subject.take("b", 1, 1, ends_at()).await.unwrap());
}

pub async fn what_is_given_back_can_be_taken_again(subject: &Subject) {
    assert!(subject.take("calls", 3, 3, ends_at()).await.unwrap());
    subject.give_back("calls", 2).await.unwrap();
    assert!(subject.take("calls", 2, 3, ends_at()).await.unwrap());
    assert!(!subject.take("calls", 1, 3, ends_at()).await.unwrap());
}

pub async fn giving_back_to_a_forgotten_counter_changes_nothing(subject: &Subject) {
    subject.give_back("gone", 1).await.unwrap();
    assert!(subject.take("gone", 1, 1, ends_at()).await.unwrap());
    assert!(!subject.take("gone", 1, 1, ends_at()).await.unwrap());
}

pub async fn of_many_takes_at_once_only_those_that_fit_succeed(subject: &Subject) {
    let taken = join_all((0..30).map(|_| subject.take("burst", 1, 10, ends_at()))).await;
    assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 10);
}
