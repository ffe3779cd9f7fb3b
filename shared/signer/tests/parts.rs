//! Signing many parts at once changes nothing but the time it takes.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use jiff::{SignedDuration, Timestamp};
use proptest::{option, prelude::*};
use straightway_signer::{
    AddressStyle, BucketAddress, Credentials, Expiry, Part, PartPresigner, Presigner, Request, Scope,
};

const KEY: &str = "objects/ab/0190f0c2";
const UPLOAD_ID: &str = "VXBsb2FkIElE";

fn credentials(secret: &str, session_token: Option<&str>) -> Credentials {
    let token = session_token.map(Into::into);
    Credentials::new("AKIDEXAMPLE", secret.into(), token).unwrap()
}

fn presigner_of(credentials: Credentials) -> Presigner {
    let address = BucketAddress::new("https://store.example", "films", AddressStyle::Path);
    Presigner::new(address.unwrap(), Scope::s3("auto").unwrap(), credentials)
}

fn presigner() -> Presigner {
    presigner_of(credentials("secret", None))
}

fn hour() -> Expiry {
    Expiry::from_secs(3600).unwrap()
}

fn now() -> Timestamp {
    "2026-11-21T23:59:59Z".parse().unwrap()
}

fn parts(presigner: &Presigner, now: Timestamp) -> PartPresigner<'_> {
    presigner.parts(KEY, UPLOAD_ID, hour(), now).unwrap()
}

fn alone(presigner: &Presigner, part: &Part, now: Timestamp) -> String {
    let request = Request::upload_part(KEY, UPLOAD_ID, part).unwrap();
    let url = presigner.presign(&request, hour(), now).unwrap();
    url.into_string()
}

fn part_numbered(number: u16) -> Part {
    Part { number, content_length: Some(16 << 20), checksum_sha256: Some([number.to_be_bytes()[1]; 32]) }
}

fn any_part() -> impl Strategy<Value = Part> {
    // Lengths of every number of digits, so that what is common has to be found anew.
    let length = (any::<u64>(), 0..64_u32).prop_map(|(bits, shift)| bits >> shift);
    (1..=10_000_u16, option::of(length), option::of(any::<[u8; 32]>()))
        .prop_map(|(number, content_length, checksum_sha256)| Part { number, content_length, checksum_sha256 })
}

proptest! {
    #[test]
    fn every_part_of_a_batch_equals_the_part_signed_alone(
        some in prop::collection::vec(any_part(), 1..20),
        token in option::of("[A-Za-z0-9/+]{1,200}"),
    ) {
        let presigner = presigner_of(credentials("secret", token.as_deref()));
        let mut batch = parts(&presigner, now());
        for part in &some {
            let url = batch.presign(part).unwrap().into_string();
            prop_assert_eq!(url, alone(&presigner, part, now()));
        }
        let all: Vec<String> = parts(&presigner, now())
            .presign_all(&some)
            .unwrap()
            .into_iter()
            .map(straightway_signer::PresignedUrl::into_string)
            .collect();
        let expected: Vec<String> = some
            .iter()
            .map(|part| alone(&presigner, part, now()))
            .collect();
        prop_assert_eq!(all, expected);
    }
}

#[test]
fn all_ten_thousand_parts_equal_those_signed_alone() {
    let presigner = presigner();
    let mut numbered: Vec<Part> = (1..=10_000).map(part_numbered).collect();
    numbered[9_999].content_length = Some(77);

    let urls = parts(&presigner, now()).presign_all(&numbered).unwrap();
    assert_eq!(urls.len(), numbered.len());
    for (part, url) in numbered.iter().zip(&urls) {
        assert_eq!(url.as_str(), alone(&presigner, part, now()));
    }
}

#[test]
fn headers_common_to_all_parts_are_signed() {
    let presigner = presigner();
    let part = part_numbered(7);
    let mut batch = parts(&presigner, now()).header("x-amz-expected-bucket-owner", "111122223333");

    let request =
        Request::upload_part(KEY, UPLOAD_ID, &part).unwrap().header("x-amz-expected-bucket-owner", "111122223333");
    let expected = presigner.presign(&request, hour(), now()).unwrap();
    assert_eq!(batch.presign(&part).unwrap(), expected);
    assert_ne!(expected.as_str(), alone(&presigner, &part, now()));
}

#[test]
fn a_new_day_is_signed_with_its_own_key() {
    let presigner = presigner();
    let part = part_numbered(1);
    let tomorrow = now() + SignedDuration::from_secs(1);

    for time in [now(), tomorrow, now()] {
        let fresh = self::presigner();
        let url = parts(&presigner, time).presign(&part).unwrap();
        assert_eq!(url.as_str(), alone(&fresh, &part, time));
    }
    let url = alone(&presigner, &part, tomorrow);
    assert!(url.contains("AKIDEXAMPLE%2F20261122%2Fauto%2Fs3%2Faws4_request"));
    assert!(url.contains("X-Amz-Date=20261122T000000Z"));
}

#[test]
fn replaced_credentials_sign_the_next_batch_and_leave_the_present_one_alone() {
    let presigner = presigner();
    let part = part_numbered(1);
    let before = alone(&presigner, &part, now());
    let mut present = parts(&presigner, now());

    presigner.replace_credentials(credentials("other", Some("token")));

    assert_eq!(present.presign(&part).unwrap().as_str(), before);
    let after = parts(&presigner, now()).presign(&part).unwrap();
    let expected = presigner_of(credentials("other", Some("token")));
    assert_eq!(after.as_str(), alone(&expected, &part, now()));
    assert!(after.as_str().ends_with("&X-Amz-Security-Token=token"));
}

#[test]
fn one_presigner_serves_many_threads_across_midnight() {
    let presigner = presigner();
    let part = part_numbered(1);
    let times = [now(), now() + SignedDuration::from_secs(1)];
    let expected = times.map(|time| alone(&self::presigner(), &part, time));

    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..500 {
                    let url = alone(&presigner, &part, times[round % 2]);
                    assert_eq!(url, expected[round % 2]);
                }
            });
        }
    });
}
