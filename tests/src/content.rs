use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use straightway_core::{ContentHash, FileKey, LeafHash, PartPlan};

/// Bytes with everything that is known of them.
#[derive(Clone)]
pub struct Content {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How they are cut.
    pub plan: PartPlan,
    /// The leaf hash of each part.
    pub leaves: Vec<LeafHash>,
    /// What they are known by.
    pub hash: ContentHash,
}

impl Content {
    /// These bytes.
    pub fn of(bytes: Vec<u8>) -> Self {
        let plan = PartPlan::for_size(bytes.len() as u64).expect("test content is small");
        let part = |part: straightway_core::plan::Part| {
            let start = usize::try_from(part.offset).expect("test content fits into memory");
            LeafHash::of(&bytes[start..start + usize::try_from(part.size_bytes).expect("as above")])
        };
        let leaves: Vec<_> = plan.parts().map(part).collect();
        let hash = ContentHash::from_leaves(&leaves);
        Self { bytes, plan, leaves, hash }
    }

    /// Fresh random bytes: content that nobody has.
    pub fn random(size: usize) -> Self {
        let mut bytes = vec![0; size];
        getrandom::fill(&mut bytes).expect("the operating system has random numbers");
        Self::of(bytes)
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The bytes of a part, from 1.
    pub fn part(&self, number: u64) -> &[u8] {
        let size = usize::try_from(self.plan.part_size()).expect("test content fits into memory");
        let start = (usize::try_from(number).expect("as above") - 1) * size;
        &self.bytes[start..(start + size).min(self.bytes.len())]
    }

    /// What it is known by as a file: `<hash>-<size>`.
    pub fn file_key(&self) -> String {
        FileKey { content_hash: self.hash, size_bytes: self.size() }.to_string()
    }

    /// The body of a create that knows the content hash and every leaf hash.
    pub fn upload(&self, name: &str) -> Value {
        json!({"name": name, "size_bytes": self.size(), "content_hash": self.hash.to_hex(), "parts": self.parts()})
    }

    /// Every part with its leaf hash, as requests name them.
    pub fn parts(&self) -> Value {
        let part = |(index, leaf): (usize, &LeafHash)| json!({"part_number": index + 1, "leaf_hash": leaf.to_hex()});
        self.leaves.iter().enumerate().map(part).collect()
    }

    /// SHA-256 of the whole, in hex.
    pub fn sha256(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(&self.bytes))
    }

    /// SHA-1 of the whole, in hex.
    pub fn sha1(&self) -> String {
        HEXLOWER.encode(&Sha1::digest(&self.bytes))
    }
}
