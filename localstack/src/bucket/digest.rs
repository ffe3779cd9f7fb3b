//! Digests of bodies: the MD5 that becomes the ETag, and the checksums S3 knows.

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::Sha256;

/// A checksum algorithm of S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    /// CRC-32 (ISO-HDLC).
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// CRC-64/NVME, what S3 keeps when a client names none.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// The name S3 uses in `ChecksumAlgorithm`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The algorithm of that name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// Length of a value in bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn crc(self) -> Option<crc_fast::CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(crc_fast::CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(crc_fast::CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(crc_fast::CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }
}

/// What a multipart object's checksum covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumKind {
    /// The digest of the concatenated digests of the parts, written `base64-n`.
    Composite,
    /// The digest of all bytes.
    FullObject,
}

impl ChecksumKind {
    /// The name S3 uses in `ChecksumType`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Composite => "COMPOSITE",
            Self::FullObject => "FULL_OBJECT",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Composite, Self::FullObject].into_iter().find(|kind| kind.name() == name)
    }
}

/// The checksum of an object, as S3 shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// How it was computed.
    pub algorithm: Algorithm,
    /// What it covers.
    pub kind: ChecksumKind,
    /// Base64, followed by `-n` when composite over n parts.
    pub value: String,
}

/// Raw checksum values of one body by algorithm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksums(BTreeMap<Algorithm, Vec<u8>>);

impl Checksums {
    /// The value for one algorithm.
    pub fn get(&self, algorithm: Algorithm) -> Option<&[u8]> {
        self.0.get(&algorithm).map(Vec::as_slice)
    }

    /// The value for one algorithm in base64.
    pub fn base64(&self, algorithm: Algorithm) -> Option<String> {
        self.get(algorithm).map(|value| BASE64.encode(value))
    }

    /// The algorithms that were computed.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        self.0.keys().copied()
    }

    /// `CRC32=<base64> SHA256=<base64>`: how a row of the metadata keeps them.
    pub(super) fn to_column(&self) -> String {
        let pairs: Vec<String> =
            self.0.iter().map(|(algorithm, value)| format!("{}={}", algorithm.name(), BASE64.encode(value))).collect();
        pairs.join(" ")
    }

    /// The inverse of [`Checksums::to_column`]; what cannot be read is left out.
    pub(super) fn from_column(column: &str) -> Self {
        let pairs = column.split_ascii_whitespace().filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let value = BASE64.decode(value.as_bytes()).ok()?;
            Some((Algorithm::from_name(name)?, value))
        });
        Self(pairs.collect())
    }
}

impl FromIterator<(Algorithm, Vec<u8>)> for Checksums {
    fn from_iter<T: IntoIterator<Item = (Algorithm, Vec<u8>)>>(iter: T) -> Self {
        Self(iter.into_iter().collect())
    }
}

/// The MD5 of a body.
pub type Md5Sum = [u8; 16];

/// Hashes a body once for everything that is asked for.
pub(super) struct Hasher {
    md5: Md5,
    sha1: Option<Sha1>,
    sha256: Option<Sha256>,
    crcs: Vec<(Algorithm, crc_fast::Digest)>,
}

impl Hasher {
    pub(super) fn new(algorithms: &[Algorithm]) -> Self {
        let wants = |algorithm| algorithms.contains(&algorithm);
        Self {
            md5: Md5::new(),
            sha1: wants(Algorithm::Sha1).then(Sha1::new),
            sha256: wants(Algorithm::Sha256).then(Sha256::new),
            crcs: Algorithm::ALL
                .into_iter()
                .filter(|algorithm| wants(*algorithm))
                .filter_map(|algorithm| Some((algorithm, crc_fast::Digest::new(algorithm.crc()?))))
                .collect(),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(bytes);
        }
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        for (_, crc) in &mut self.crcs {
            crc.update(bytes);
        }
    }

    pub(super) fn finish(self) -> (Md5Sum, Checksums) {
        let crcs = self.crcs.into_iter().map(|(algorithm, crc)| (algorithm, crc_bytes(algorithm, crc.finalize())));
        let sha1 = self.sha1.map(|hash| (Algorithm::Sha1, hash.finalize().to_vec()));
        let sha256 = self.sha256.map(|hash| (Algorithm::Sha256, hash.finalize().to_vec()));
        (self.md5.finalize().into(), crcs.chain(sha1).chain(sha256).collect())
    }
}

/// The digest of `bytes` under one algorithm.
pub fn checksum_of(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha1 => Sha1::digest(bytes).to_vec(),
        Algorithm::Sha256 => Sha256::digest(bytes).to_vec(),
        Algorithm::Crc32 => crc_of(algorithm, crc_fast::CrcAlgorithm::Crc32IsoHdlc, bytes),
        Algorithm::Crc32c => crc_of(algorithm, crc_fast::CrcAlgorithm::Crc32Iscsi, bytes),
        Algorithm::Crc64Nvme => crc_of(algorithm, crc_fast::CrcAlgorithm::Crc64Nvme, bytes),
    }
}

/// The MD5 of `bytes`.
pub fn md5_of(bytes: &[u8]) -> Md5Sum {
    Md5::digest(bytes).into()
}

fn crc_of(algorithm: Algorithm, crc: crc_fast::CrcAlgorithm, bytes: &[u8]) -> Vec<u8> {
    crc_bytes(algorithm, crc_fast::checksum(crc, bytes))
}

fn crc_bytes(algorithm: Algorithm, value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    bytes[bytes.len() - algorithm.length()..].to_vec()
}

/// The ETag of an object stored by one PUT.
pub(super) fn etag_of_put(md5: &Md5Sum) -> String {
    HEXLOWER.encode(md5)
}

/// The ETag of a multipart object: the MD5 of the parts' MD5s, then `-n`.
pub(super) fn etag_of_parts<'a>(md5s: impl Iterator<Item = &'a Md5Sum>) -> String {
    let mut hash = Md5::new();
    let mut count = 0_u32;
    for md5 in md5s {
        hash.update(md5);
        count += 1;
    }
    format!("{}-{count}", HEXLOWER.encode(&hash.finalize()))
}

/// A multipart object's checksum from those of its parts (value, size) in order; `None` when a part lacks one,
/// or when the algorithm has no such kind (a SHA of the whole cannot be had from those of the parts).
pub(super) fn checksum_of_parts<'a>(
    algorithm: Algorithm,
    kind: ChecksumKind,
    parts: impl Iterator<Item = (Option<&'a [u8]>, u64)>,
) -> Option<Checksum> {
    let value = match kind {
        ChecksumKind::Composite => composite(algorithm, parts)?,
        ChecksumKind::FullObject => full_object(algorithm, parts)?,
    };
    Some(Checksum { algorithm, kind, value })
}

fn composite<'a>(algorithm: Algorithm, parts: impl Iterator<Item = (Option<&'a [u8]>, u64)>) -> Option<String> {
    let mut joined = Vec::new();
    let mut count = 0_u32;
    for (value, _) in parts {
        joined.extend_from_slice(value?);
        count += 1;
    }
    let value = BASE64.encode(&checksum_of(algorithm, &joined));
    Some(format!("{value}-{count}"))
}

fn full_object<'a>(algorithm: Algorithm, parts: impl Iterator<Item = (Option<&'a [u8]>, u64)>) -> Option<String> {
    let crc = algorithm.crc()?;
    let mut whole = crc_fast::checksum(crc, b"");
    for (value, size) in parts {
        let part = value?.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        whole = crc_fast::checksum_combine(crc, whole, part, size);
    }
    Some(BASE64.encode(&crc_bytes(algorithm, whole)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: &[u8] = b"123456789";

    #[test]
    fn published_check_values_come_out() {
        let hex = |algorithm| HEXLOWER.encode(&checksum_of(algorithm, CHECK));
        assert_eq!(hex(Algorithm::Crc32), "cbf43926");
        assert_eq!(hex(Algorithm::Crc32c), "e3069283");
        assert_eq!(hex(Algorithm::Crc64Nvme), "ae8b14860a799888");
        assert_eq!(hex(Algorithm::Sha1), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
    }

    #[test]
    fn hashing_in_pieces_equals_hashing_at_once() {
        let mut hasher = Hasher::new(&Algorithm::ALL);
        hasher.update(&CHECK[..4]);
        hasher.update(&CHECK[4..]);
        let (md5, checksums) = hasher.finish();
        assert_eq!(md5, md5_of(CHECK));
        for algorithm in Algorithm::ALL {
            assert_eq!(checksums.get(algorithm), Some(checksum_of(algorithm, CHECK).as_slice()));
        }
    }

    #[test]
    fn crcs_of_parts_combine_to_the_crc_of_the_whole() {
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let (head, tail) = CHECK.split_at(5);
            let values = [checksum_of(algorithm, head), checksum_of(algorithm, tail)];
            let parts = [(Some(values[0].as_slice()), 5), (Some(values[1].as_slice()), 4)];
            let combined = checksum_of_parts(algorithm, ChecksumKind::FullObject, parts.into_iter()).unwrap();
            assert_eq!(combined.value, BASE64.encode(&checksum_of(algorithm, CHECK)));
        }
    }

    #[test]
    fn a_sha_of_the_whole_is_never_made_up_from_parts() {
        let value = checksum_of(Algorithm::Sha256, CHECK);
        let parts = [(Some(value.as_slice()), 9)].into_iter();
        assert_eq!(checksum_of_parts(Algorithm::Sha256, ChecksumKind::FullObject, parts), None);
    }

    #[test]
    fn a_column_keeps_what_was_computed() {
        let checksums: Checksums =
            Algorithm::ALL.into_iter().map(|algorithm| (algorithm, checksum_of(algorithm, CHECK))).collect();
        assert_eq!(Checksums::from_column(&checksums.to_column()), checksums);
    }
}
