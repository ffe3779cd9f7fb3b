//! The rules, against vectors that were computed apart from this code (`scripts/make-vectors.py`).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use serde::Deserialize;
use straightway_core::proof::Prover;
use straightway_core::{ContentHash, Error, FileKey, LeafHash, PartPlan};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    part_plans: Vec<Plan>,
    too_large: Vec<u64>,
    content_hashes: Vec<Hashed>,
    same_hash_other_size: SameHash,
    proofs: Vec<Proof>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    size_bytes: u64,
    method: String,
    part_size: u64,
    part_count: u16,
    last_part_bytes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hashed {
    size_bytes: u64,
    leaf_hashes: Vec<String>,
    content_hash: String,
    file_key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SameHash {
    content_hash: String,
    file_keys: [String; 2],
    small_file_hex: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    size_bytes: u64,
    origin: String,
    owner_id: String,
    file_key: String,
    nonce: String,
    ranges: Vec<Range>,
    mac: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    offset: u64,
    length: u64,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../tests/vectors/content-hash.json")).unwrap()
}

/// Byte `i` is `i mod 251`.
fn content(size: u64) -> Vec<u8> {
    (0..=250).cycle().take(usize::try_from(size).unwrap()).collect()
}

fn bytes(content: &[u8], offset: u64, length: u64) -> &[u8] {
    &content[usize::try_from(offset).unwrap()..][..usize::try_from(length).unwrap()]
}

fn unhex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

#[test]
fn plans_are_those_of_the_vectors() {
    for wanted in vectors().part_plans {
        let plan = PartPlan::for_size(wanted.size_bytes).unwrap();
        let last = plan.parts().last().unwrap();
        let method = if plan.is_single() { "put" } else { "multipart" };
        assert_eq!(
            (method, plan.part_size(), plan.part_count(), last.size_bytes),
            (wanted.method.as_str(), wanted.part_size, wanted.part_count, wanted.last_part_bytes),
            "{} bytes",
            wanted.size_bytes
        );
    }
}

#[test]
fn sizes_beyond_the_largest_have_no_plan() {
    for size in vectors().too_large {
        assert!(matches!(PartPlan::for_size(size), Err(Error::TooLarge { .. })), "{size} bytes");
    }
}

#[test]
fn content_hashes_are_those_of_the_vectors() {
    for wanted in vectors().content_hashes {
        let content = content(wanted.size_bytes);
        let plan = PartPlan::for_size(wanted.size_bytes).unwrap();
        let leaves: Vec<_> =
            plan.parts().map(|part| LeafHash::of(bytes(&content, part.offset, part.size_bytes))).collect();
        let content_hash = ContentHash::from_leaves(&leaves);
        let file_key = FileKey { content_hash, size_bytes: wanted.size_bytes };
        assert_eq!(leaves.iter().map(LeafHash::to_hex).collect::<Vec<_>>(), wanted.leaf_hashes);
        assert_eq!(content_hash.to_hex(), wanted.content_hash);
        assert_eq!(file_key.to_string(), wanted.file_key);
    }
}

#[test]
fn a_file_of_two_leaves_has_the_hash_but_not_the_key_of_the_file_above_them() {
    let same = vectors().same_hash_other_size;
    let small = unhex(&same.small_file_hex);
    let content_hash = ContentHash::from(LeafHash::of(&small));
    let key = FileKey { content_hash, size_bytes: small.len() as u64 };
    assert_eq!(content_hash.to_hex(), same.content_hash);
    assert_eq!(key.to_string(), same.file_keys[1]);
    assert_eq!(FileKey::parse(&same.file_keys[0]).unwrap().content_hash, content_hash);
    assert_ne!(same.file_keys[0], same.file_keys[1]);
}

#[test]
fn answers_to_challenges_are_those_of_the_vectors() {
    for wanted in vectors().proofs {
        let content = content(wanted.size_bytes);
        let file = FileKey::parse(&wanted.file_key).unwrap();
        let mut prover = Prover::new(&unhex(&wanted.nonce), &wanted.origin, &wanted.owner_id, &file);
        for range in &wanted.ranges {
            prover.update(bytes(&content, range.offset, range.length));
        }
        assert_eq!(data_encoding::HEXLOWER.encode(&prover.finish()), wanted.mac);
    }
}
