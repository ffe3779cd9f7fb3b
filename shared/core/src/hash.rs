//! Leaf hashes and the content hash: a two-level SHA-256 tree over the parts of a file.
//!
//! The tree is bit for bit what S3 keeps as the COMPOSITE SHA-256 of a multipart upload with the same parts, so a
//! store that checks part checksums vouches for it and nobody has to read the object again.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};

use crate::Violation;

macro_rules! digest_type {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $len]);

        impl $name {
            /// The hash with these bytes.
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Parses lower-case hex.
            ///
            /// # Errors
            /// A violation with code `hash` when the text has another length or other characters (upper case is
            /// refused, so that one hash has one spelling).
            pub fn from_hex(text: &str) -> Result<Self, Violation> {
                HEXLOWER
                    .decode(text.as_bytes())
                    .ok()
                    .and_then(|bytes| bytes.try_into().ok())
                    .map(Self)
                    .ok_or_else(|| Violation::new("hash", concat!("must be ", $len, " bytes in lower-case hex")))
            }

            /// Lower-case hex, as the API and the file key spell it.
            pub fn to_hex(&self) -> String {
                HEXLOWER.encode(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

digest_type!(
    /// SHA-256 of one part's bytes.
    LeafHash, 32
);
digest_type!(
    /// The hash tree over a file's leaf hashes; together with the size it is the identity of content.
    ContentHash, 32
);
digest_type!(
    /// Whole-file SHA-1: an alias that only ever serves as a hint.
    Sha1Hash, 20
);

impl LeafHash {
    /// The leaf hash of these bytes.
    pub fn of(part: &[u8]) -> Self {
        Self(Sha256::digest(part).into())
    }

    /// Base64 with padding, as S3's `x-amz-checksum-sha256` header wants it.
    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// Parses what a store's checksum header holds; `None` unless it is exactly 32 bytes of padded base64.
    pub fn from_base64(text: &str) -> Option<Self> {
        BASE64.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }
}

impl ContentHash {
    /// The content hash over a file's leaves, in part order.
    ///
    /// With one leaf it is that leaf; with more it is `SHA-256(leaf_1 || ... || leaf_n)` over the raw 32-byte leaves.
    ///
    /// # Panics
    /// When there is no leaf: every file has at least one part.
    pub fn from_leaves(leaves: &[LeafHash]) -> Self {
        match leaves {
            [] => panic!("a file has at least one part"),
            [only] => Self(only.0),
            many => {
                let mut tree = Sha256::new();
                for leaf in many {
                    tree.update(leaf.0);
                }
                Self(tree.finalize().into())
            }
        }
    }
}

impl From<LeafHash> for ContentHash {
    /// The content hash of a file with one part.
    fn from(leaf: LeafHash) -> Self {
        Self(leaf.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_hash_of_one_part_is_its_leaf() {
        let leaf = LeafHash::of(b"hello");
        assert_eq!(
            ContentHash::from_leaves(&[leaf]).to_hex(),
            "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        );
    }

    #[test]
    fn the_content_hash_of_two_parts_is_the_hash_of_their_leaves() {
        let (a, b) = (LeafHash::of(b"a"), LeafHash::of(b"b"));
        let both: Vec<u8> = [a.0, b.0].concat();
        assert_eq!(ContentHash::from_leaves(&[a, b]).as_bytes(), LeafHash::of(&both).as_bytes());
    }

    #[test]
    fn hex_is_read_strictly() {
        let hex = LeafHash::of(b"").to_hex();
        assert_eq!(LeafHash::from_hex(&hex).unwrap(), LeafHash::of(b""));
        for wrong in [hex.to_uppercase(), hex[1..].to_owned(), format!("{hex}00"), format!(" {}", &hex[1..])] {
            assert_eq!(LeafHash::from_hex(&wrong).unwrap_err().code, "hash", "{wrong}");
        }
    }

    #[test]
    fn base64_round_trips_and_rejects_other_lengths() {
        let leaf = LeafHash::of(b"x");
        assert_eq!(LeafHash::from_base64(&leaf.to_base64()), Some(leaf));
        assert_eq!(LeafHash::from_base64("aGVsbG8="), None);
        assert_eq!(LeafHash::from_base64("not base64"), None);
    }
}
