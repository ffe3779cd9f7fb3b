//! Proof of possession: evidence that a client has the bytes, not just the hash.
//!
//! It bounds possession, it does not prove each byte: a holder of the fraction f of a large file passes with at most
//! f^64; a file of at most 16 MiB is asked for whole.

use std::collections::HashSet;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::plan::MIN_PART_SIZE;
use crate::seal::SealingKey;
use crate::{FileKey, OwnerId};

type HmacSha256 = Hmac<Sha256>;

/// How many ranges a challenge over a large file has, one in each equal share of it.
pub const RANGES: u64 = 64;
/// Bytes in each range of a large file.
pub const RANGE_BYTES: u64 = 4096;
/// How long a challenge can be answered.
pub const CHALLENGE_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// A 64-range answer counts only when at least this many ranges are neither constant nor equal to one another:
/// else a sparse file could be claimed by who has nothing of it.
pub const MIN_TELLING_RANGES: usize = 32;
/// Wrong answers an owner may give for one file in a day.
pub const MAX_WRONG_PER_OWNER: u64 = 3;
/// Wrong answers everybody together may give for one file in a day.
pub const MAX_WRONG_PER_FILE: u64 = 20;

/// Bytes that a challenge asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

/// The question whether a client has a file. Its token is what the client brings back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    owner_id: String,
    file_key: String,
    nonce: String,
    day: Date,
    expires_at: Timestamp,
}

impl Challenge {
    /// A challenge for this owner and file. `nonce` is 32 fresh random bytes.
    pub fn new(owner: &OwnerId, file: &FileKey, nonce: [u8; 32], now: Timestamp) -> Self {
        Self {
            owner_id: owner.to_string(),
            file_key: file.to_string(),
            nonce: data_encoding::HEXLOWER.encode(&nonce),
            day: utc_day(now),
            expires_at: now + CHALLENGE_LIFE,
        }
    }

    /// The token that the client brings back; only we can make one.
    pub fn seal(&self, key: &SealingKey) -> String {
        key.seal(self)
    }

    /// Reads a token; `None` unless we made it, for this owner and this file, and it has not expired.
    pub fn open(token: &str, key: &SealingKey, owner: &OwnerId, file: &FileKey, now: Timestamp) -> Option<Self> {
        let challenge: Self = key.open(token)?;
        let fits = challenge.owner_id == owner.as_str()
            && challenge.file_key == file.to_string()
            && now < challenge.expires_at;
        fits.then_some(challenge)
    }

    /// The nonce: 64 characters of lower-case hex.
    pub fn nonce_hex(&self) -> &str {
        &self.nonce
    }

    /// The UTC day that decides the offsets.
    pub const fn day(&self) -> Date {
        self.day
    }

    /// When it can no longer be answered.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    fn nonce(&self) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(self.nonce.as_bytes()).unwrap_or_default()
    }
}

/// The UTC day of an instant.
pub fn utc_day(now: Timestamp) -> Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// The ranges that are asked of everybody all day for this file: re-rolling a challenge gives the same ones.
pub fn ranges(key: &SealingKey, file: &FileKey, day: Date) -> Vec<ByteRange> {
    let size = file.size_bytes;
    if size <= MIN_PART_SIZE {
        return vec![ByteRange { offset: 0, length: size }];
    }
    let share_start = |i: u64| u64::try_from(u128::from(size) * u128::from(i) / u128::from(RANGES)).unwrap_or(size);
    (0..RANGES)
        .map(|i| {
            let (start, end) = (share_start(i), share_start(i + 1));
            let choices = end - start - RANGE_BYTES + 1;
            let mac = key.mac(format!("{file}{day}#{i}").as_bytes());
            let draw = u128::from_be_bytes(mac[..16].try_into().expect("a MAC has 32 bytes"));
            // 128 random bits modulo at most 2^40 choices: the bias is below 2^-88.
            let skip = u64::try_from(draw % u128::from(choices)).expect("smaller than `choices`");
            ByteRange { offset: start + skip, length: RANGE_BYTES }
        })
        .collect()
}

/// Computes the answer to a challenge, on either side, from the bytes of the ranges in order.
pub struct Prover {
    mac: HmacSha256,
}

impl Prover {
    /// Starts an answer. `nonce` is the challenge's 32 decoded bytes, `origin` the API's public origin
    /// (`scheme://host[:port]`), `owner_id` the caller's user id.
    pub fn new(nonce: &[u8], origin: &str, owner_id: &str, file: &FileKey) -> Self {
        let mut mac = HmacSha256::new_from_slice(nonce).expect("HMAC takes keys of any length");
        mac.update(b"straightway proof 1");
        for field in [origin, owner_id, &file.to_string()] {
            let length = u32::try_from(field.len()).expect("fields are short");
            mac.update(&length.to_be_bytes());
            mac.update(field.as_bytes());
        }
        Self { mac }
    }

    /// Adds bytes of the ranges, in order.
    pub fn update(&mut self, bytes: &[u8]) {
        self.mac.update(bytes);
    }

    /// The answer: 32 bytes.
    pub fn finish(self) -> [u8; 32] {
        self.mac.finalize().into_bytes().into()
    }

    /// Whether `answer` is right, in constant time.
    pub fn verify(self, answer: &[u8; 32]) -> bool {
        self.mac.verify_slice(answer).is_ok()
    }
}

/// Judges an answer against the bytes we read ourselves, one `Vec` a range.
pub fn judge(challenge: &Challenge, origin: &str, file: &FileKey, ranges: &[Vec<u8>], answer: &[u8; 32]) -> bool {
    let mut prover = Prover::new(&challenge.nonce(), origin, &challenge.owner_id, file);
    for range in ranges {
        prover.update(range);
    }
    let telling = ranges.len() == 1 || telling_ranges(ranges) >= MIN_TELLING_RANGES;
    prover.verify(answer) && telling
}

fn telling_ranges(ranges: &[Vec<u8>]) -> usize {
    let is_constant = |range: &[u8]| range.iter().all(|byte| Some(byte) == range.first());
    ranges.iter().filter(|range| !is_constant(range)).collect::<HashSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::LeafHash;

    fn key() -> SealingKey {
        SealingKey::derive(&[7; 32], "challenge")
    }

    fn file(size_bytes: u64) -> FileKey {
        FileKey { content_hash: LeafHash::of(b"x").into(), size_bytes }
    }

    fn owner(n: u8) -> OwnerId {
        OwnerId::from_random([n; 16])
    }

    const NOW: Timestamp = Timestamp::constant(1_780_000_000, 0);
    const ORIGIN: &str = "http://127.0.0.1:8080";

    #[test]
    fn a_small_file_is_asked_whole() {
        let whole = ByteRange { offset: 0, length: MIN_PART_SIZE };
        assert_eq!(ranges(&key(), &file(MIN_PART_SIZE), utc_day(NOW)), vec![whole]);
    }

    proptest! {
        #[test]
        fn a_large_file_is_asked_once_in_each_64th(size in MIN_PART_SIZE + 1..=crate::plan::MAX_FILE_BYTES) {
            let ranges = ranges(&key(), &file(size), utc_day(NOW));
            prop_assert_eq!(ranges.len(), 64);
            for (i, range) in ranges.iter().enumerate() {
                let start = u64::try_from(u128::from(size) * i as u128 / 64).unwrap();
                let end = u64::try_from(u128::from(size) * (i as u128 + 1) / 64).unwrap();
                prop_assert!(range.offset >= start && range.offset + range.length <= end);
            }
        }
    }

    #[test]
    fn offsets_are_the_same_all_day_for_everybody_and_others_the_next_day() {
        let day = utc_day(NOW);
        let tomorrow = utc_day(NOW + SignedDuration::from_hours(24));
        let size = 1 << 30;
        assert_eq!(ranges(&key(), &file(size), day), ranges(&key(), &file(size), day));
        assert_ne!(ranges(&key(), &file(size), day), ranges(&key(), &file(size), tomorrow));
    }

    #[test]
    fn a_challenge_holds_for_its_owner_its_file_and_five_minutes() {
        let challenge = Challenge::new(&owner(1), &file(5), [9; 32], NOW);
        let token = challenge.seal(&key());
        let open = |token: &str, owner: &OwnerId, file: &FileKey, now| Challenge::open(token, &key(), owner, file, now);
        assert_eq!(open(&token, &owner(1), &file(5), NOW), Some(challenge));
        assert_eq!(open(&token, &owner(2), &file(5), NOW), None);
        assert_eq!(open(&token, &owner(1), &file(6), NOW), None);
        assert_eq!(open(&token, &owner(1), &file(5), NOW + CHALLENGE_LIFE), None);
        let mut altered = token.into_bytes();
        altered[3] ^= 1;
        assert_eq!(open(&String::from_utf8(altered).unwrap(), &owner(1), &file(5), NOW), None);
    }

    fn answer(challenge: &Challenge, owner: &OwnerId, ranges: &[Vec<u8>]) -> [u8; 32] {
        let mut prover = Prover::new(&challenge.nonce(), ORIGIN, owner.as_str(), &file(5));
        for range in ranges {
            prover.update(range);
        }
        prover.finish()
    }

    #[test]
    fn only_the_right_bytes_pass() {
        let challenge = Challenge::new(&owner(1), &file(5), [9; 32], NOW);
        let ours = vec![b"hello".to_vec()];
        let right = answer(&challenge, &owner(1), &ours);
        assert!(judge(&challenge, ORIGIN, &file(5), &ours, &right));
        assert!(!judge(&challenge, ORIGIN, &file(5), &[b"hellp".to_vec()], &right));
        assert!(!judge(&challenge, "https://elsewhere.example", &file(5), &ours, &right));
        assert!(!judge(&challenge, ORIGIN, &file(5), &ours, &answer(&challenge, &owner(2), &ours)));
    }

    #[test]
    fn a_mostly_constant_large_file_is_never_granted() {
        let challenge = Challenge::new(&owner(1), &file(5), [9; 32], NOW);
        let with_telling =
            |n: u8| -> Vec<Vec<u8>> { (0..64).map(|i| if i < n { vec![i, i + 1, 7] } else { vec![0; 3] }).collect() };
        for (telling, granted) in [(31, false), (32, true), (64, true)] {
            let ranges = with_telling(telling);
            let right = answer(&challenge, &owner(1), &ranges);
            assert_eq!(judge(&challenge, ORIGIN, &file(5), &ranges, &right), granted, "{telling}");
        }
        let equal = vec![vec![1, 2, 3]; 64];
        assert!(!judge(&challenge, ORIGIN, &file(5), &equal, &answer(&challenge, &owner(1), &equal)));
    }

    #[test]
    fn the_answer_is_the_documented_mac() {
        // Computed once with Python's hmac module from the definition; other languages check against it.
        let file = FileKey { content_hash: LeafHash::of(b"hello").into(), size_bytes: 5 };
        let mut prover = Prover::new(&[9; 32], ORIGIN, &"1".repeat(32), &file);
        prover.update(b"hello");
        assert_eq!(
            data_encoding::HEXLOWER.encode(&prover.finish()),
            "ec14e2e4d5f7c7ee3ca7ac189261c9384260c9fd4a51fd23c765fc7ad3cc2d2a"
        );
    }
}
