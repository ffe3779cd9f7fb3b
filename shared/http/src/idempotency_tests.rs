use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::testing::ManualClock;

/// Fingerprint and answer; `None` is a claim that still runs.
type Known = ([u8; 32], Option<String>);

/// The port as its documentation has it, in memory.
#[derive(Default)]
struct Memory(Mutex<HashMap<String, Known>>);

#[async_trait]
impl Requests for Memory {
    async fn begin_request(
        &self,
        owner: &OwnerId,
        key: &str,
        fingerprint: [u8; 32],
        _: Timestamp,
    ) -> Result<RequestBegun, Error> {
        let mut known = self.0.lock().unwrap();
        Ok(match known.get(&format!("{owner} {key}")) {
            Some((other, _)) if *other != fingerprint => RequestBegun::Mismatch,
            Some((_, None)) => RequestBegun::Running,
            Some((_, Some(answer))) => RequestBegun::Done(answer.clone()),
            None => {
                known.insert(format!("{owner} {key}"), (fingerprint, None));
                RequestBegun::Fresh
            }
        })
    }

    async fn finish_request(&self, owner: &OwnerId, key: &str, answer: &str, _: Timestamp) -> Result<(), Error> {
        self.0.lock().unwrap().get_mut(&format!("{owner} {key}")).unwrap().1 = Some(answer.to_owned());
        Ok(())
    }

    async fn forget_request(&self, owner: &OwnerId, key: &str) -> Result<(), Error> {
        self.0.lock().unwrap().remove(&format!("{owner} {key}"));
        Ok(())
    }
}

const KEY: &str = "0123456789abcdef";

struct Service {
    requests: Arc<dyn Requests>,
    clock: Arc<dyn Clock>,
}

impl Service {
    fn new() -> Self {
        Self { requests: Arc::new(Memory::default()), clock: ManualClock::new() }
    }

    async fn begin(&self, owner: u8, keys: &[&str], route: &str, body: Value) -> Result<Begun, Error> {
        let request = keys.iter().fold(Request::builder(), |request, key| request.header(HEADER, *key));
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let Ok(key) = IdempotencyKey::from_request_parts(&mut parts, &()).await;
        key.begin(&self.requests, &self.clock, &OwnerId::from_random([owner; 16]), route, &body).await
    }
}

fn code(begun: Result<Begun, Error>) -> &'static str {
    match begun {
        Err(Error::Invalid(violations)) => violations[0].code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_repeated_request_gets_what_the_first_one_came_to() {
    let service = Service::new();
    let body = json!({"name": "a", "size": 1});
    let Begun::Fresh(claim) = service.begin(1, &[KEY], "create", body.clone()).await.unwrap() else { panic!() };
    let while_it_runs = service.begin(1, &[KEY], "create", body.clone()).await;
    assert!(matches!(while_it_runs, Err(Error::Conflict(Conflict::InProgress))));
    assert_eq!(claim.settle(Ok::<_, Error>(7), |id| format!("201 {id}")).await.unwrap(), 7);
    let Begun::Done(answer) = service.begin(1, &[KEY], "create", body).await.unwrap() else { panic!() };
    assert_eq!(answer, "201 7");
}

#[tokio::test]
async fn a_request_that_failed_can_be_repeated() {
    let service = Service::new();
    let Begun::Fresh(claim) = service.begin(1, &[KEY], "create", json!(1)).await.unwrap() else { panic!() };
    assert!(claim.settle(Err::<(), _>(Error::NotFound), |()| String::new()).await.is_err());
    assert!(matches!(service.begin(1, &[KEY], "create", json!(1)).await, Ok(Begun::Fresh(_))));
}

#[tokio::test]
async fn a_key_stands_for_one_request_of_one_owner() {
    let service = Service::new();
    assert!(matches!(service.begin(1, &[KEY], "create", json!(1)).await, Ok(Begun::Fresh(_))));
    assert_eq!(code(service.begin(1, &[KEY], "create", json!(2)).await), "idempotency-key-reused");
    assert!(matches!(service.begin(2, &[KEY], "create", json!(2)).await, Ok(Begun::Fresh(_))), "another owner");
}

#[tokio::test]
async fn the_same_key_on_another_route_is_another_key() {
    let service = Service::new();
    for (route, id) in [("create", "1"), ("other", "2")] {
        let Begun::Fresh(claim) = service.begin(1, &[KEY], route, json!(1)).await.unwrap() else { panic!("{route}") };
        claim.settle(Ok::<_, Error>(id), |id| (*id).to_owned()).await.unwrap();
    }
    for (route, id) in [("create", "1"), ("other", "2")] {
        let Begun::Done(answer) = service.begin(1, &[KEY], route, json!(1)).await.unwrap() else { panic!("{route}") };
        assert_eq!(answer, id);
    }
}

#[tokio::test]
async fn without_a_key_every_request_is_fresh_and_nothing_is_recorded() {
    let service = Service::new();
    for _ in 0..2 {
        let Begun::Fresh(claim) = service.begin(1, &[], "create", json!(1)).await.unwrap() else { panic!() };
        assert!(claim.settle(Ok::<_, Error>(()), |()| String::new()).await.is_ok());
    }
}

#[tokio::test]
async fn a_malformed_key_is_refused() {
    let service = Service::new();
    let long = "k".repeat(129);
    for wrong in [&["short"][..], &[""], &[&long], &["0123456789\u{e4}bcdef"], &[KEY, KEY]] {
        assert_eq!(code(service.begin(1, wrong, "create", json!(1)).await), "idempotency-key", "{wrong:?}");
    }
    for right in ["k".repeat(16), "k".repeat(128)] {
        assert!(service.begin(1, &[&right], "create", json!(1)).await.is_ok());
    }
}
