//! Sending, receiving, deleting, releasing.

use std::time::Duration;

use straightway_core::Queue as _;
use straightway_local::queue::Counts;

use super::{ManualClock, TestQueue};

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_message_is_received_as_it_was_sent_and_gone_once_deleted() {
    let test = TestQueue::open(ManualClock::new());
    test.queue.send("{\"type\": \"ümlaut\"}".into()).await.unwrap();
    let received = test.queue.receive(10).await.unwrap();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].message.body, "{\"type\": \"ümlaut\"}");
    assert_eq!(received[0].message.attempt, 1);
    assert!(test.queue.delete(&received[0].receipt).await.unwrap());
    assert_eq!(test.queue.counts().await.unwrap(), Counts::default());
    assert!(!test.queue.delete(&received[0].receipt).await.unwrap());
}

#[tokio::test]
async fn messages_come_oldest_first_and_never_twice_at_a_time() {
    let test = TestQueue::open(ManualClock::new());
    for number in 0..5 {
        test.queue.send(number.to_string()).await.unwrap();
    }
    let mut bodies = Vec::new();
    for limit in [2, 2, 2] {
        let received = test.queue.receive(limit).await.unwrap();
        bodies.extend(received.into_iter().map(|leased| leased.message.body));
    }
    assert_eq!(bodies, ["0", "1", "2", "3", "4"]);
    let leased = Counts { leased: 5, ..Counts::default() };
    assert_eq!(test.queue.counts().await.unwrap(), leased);
}

#[tokio::test]
async fn a_lease_that_runs_out_gives_the_message_to_the_next_receiver() {
    let clock = ManualClock::new();
    let test = TestQueue::open(clock.clone());
    let queue = test.queue.clone().with_lease(MINUTE);
    queue.send("work".into()).await.unwrap();
    let first = queue.receive(1).await.unwrap().remove(0);
    assert!(queue.receive(1).await.unwrap().is_empty());

    clock.advance(MINUTE);
    let second = queue.receive(1).await.unwrap().remove(0);

    assert_eq!(second.message.attempt, 2);
    assert_eq!(second.message.id, first.message.id);
    // The first worker has lost its right to the message.
    assert!(!queue.delete(&first.receipt).await.unwrap());
    assert!(!queue.release(&first.receipt, Duration::ZERO).await.unwrap());
    assert!(queue.delete(&second.receipt).await.unwrap());
}

#[tokio::test]
async fn delays_hold_messages_back() {
    let clock = ManualClock::new();
    let test = TestQueue::open(clock.clone());
    test.queue.send_after("later".into(), MINUTE).await.unwrap();
    assert!(test.queue.receive(1).await.unwrap().is_empty());
    assert_eq!(test.queue.counts().await.unwrap().delayed, 1);
    clock.advance(MINUTE);
    let leased = test.queue.receive(1).await.unwrap().remove(0);
    assert!(test.queue.release(&leased.receipt, MINUTE).await.unwrap());
    assert!(test.queue.receive(1).await.unwrap().is_empty());
    clock.advance(MINUTE);
    assert_eq!(test.queue.receive(1).await.unwrap()[0].message.attempt, 2);
}

#[tokio::test]
async fn after_five_attempts_a_message_is_dead_until_it_is_redriven() {
    let test = TestQueue::open(ManualClock::new());
    test.queue.send("poison".into()).await.unwrap();
    for attempt in 1..=5 {
        let leased = test.queue.receive(1).await.unwrap().remove(0);
        assert_eq!(leased.message.attempt, attempt);
        test.queue.release(&leased.receipt, Duration::ZERO).await.unwrap();
    }
    assert!(test.queue.receive(1).await.unwrap().is_empty());
    assert_eq!(test.queue.counts().await.unwrap().dead, 1);
    assert_eq!(test.queue.dead_letters(10).await.unwrap()[0].body, "poison");

    assert_eq!(test.queue.redrive().await.unwrap(), 1);
    assert_eq!(test.queue.receive(1).await.unwrap()[0].message.attempt, 1);
}

#[tokio::test]
async fn queues_do_not_see_each_other() {
    let test = TestQueue::open(ManualClock::new());
    test.queue.send("mine".into()).await.unwrap();
    let other = test.engine.queue("other");
    assert!(other.receive(1).await.unwrap().is_empty());
    assert_eq!(other.counts().await.unwrap(), Counts::default());
}

#[tokio::test]
async fn messages_survive_a_restart_and_leases_end_with_it() {
    let clock = ManualClock::new();
    let test = TestQueue::open(clock.clone());
    for body in ["leased", "waiting"] {
        test.queue.send(body.into()).await.unwrap();
    }
    let leased = test.queue.receive(1).await.unwrap().remove(0);
    let test = test.reopen(clock);
    let received = test.queue.receive(10).await.unwrap();
    let mut seen: Vec<(String, u32)> =
        received.into_iter().map(|leased| (leased.message.body, leased.message.attempt)).collect();
    seen.sort();
    assert_eq!(seen, [("leased".to_owned(), 2), ("waiting".to_owned(), 1)]);
    assert!(!test.queue.delete(&leased.receipt).await.unwrap());
}

#[tokio::test]
async fn many_senders_and_receivers_lose_and_double_nothing() {
    let test = TestQueue::open(ManualClock::new());
    let sends = (0..200).map(|number| test.queue.send(number.to_string()));
    futures::future::try_join_all(sends).await.unwrap();
    let receives = (0..50).map(|_| test.queue.receive(10));
    let pages = futures::future::try_join_all(receives).await.unwrap();
    let mut numbers: Vec<u32> =
        pages.into_iter().flatten().map(|leased| leased.message.body.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..200).collect::<Vec<u32>>());
}
