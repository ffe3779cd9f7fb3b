//! HMAC-SHA256 whose key is hashed once.

use secrecy::zeroize::Zeroizing;

use crate::sha256::{self, BLOCK, Digest, Midstate};

/// A key, ready to authenticate many messages: both of its blocks are already hashed.
pub(crate) struct HmacKey {
    inner: Midstate,
    outer: Midstate,
}

impl HmacKey {
    pub(crate) fn new(key: &[u8]) -> Self {
        let mut block = Zeroizing::new([0; BLOCK]);
        if key.len() > BLOCK {
            block[..32].copy_from_slice(&sha256::digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let hashed = |pad: u8| {
            let mut midstate = Midstate::START;
            midstate.absorb(&*Zeroizing::new(block.map(|byte| byte ^ pad)));
            midstate
        };
        Self { inner: hashed(0x36), outer: hashed(0x5c) }
    }

    /// The authentication code of one message.
    pub(crate) fn sign(&self, message: &[u8]) -> Digest {
        self.outer.finish(&self.inner.finish(message))
    }

    /// Where the hash of every message starts.
    pub(crate) fn inner(&self) -> Midstate {
        self.inner
    }

    /// Where the hash over a message's inner digest starts.
    pub(crate) fn outer(&self) -> Midstate {
        self.outer
    }
}

impl Drop for HmacKey {
    fn drop(&mut self) {
        self.inner.wipe();
        self.outer.wipe();
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    /// RFC 4231, test cases 1, 2, 6 (a key longer than a block) and 7.
    #[test]
    fn the_published_vectors_come_out() {
        let long_key = [0xaa; 131];
        let vectors: [(&[u8], &[u8], &str); 4] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &long_key,
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &long_key,
                b"This is a test using a larger than block-size key and a larger than block-size data. \
                  The key needs to be hashed before being used by the HMAC algorithm.",
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ];
        for (key, message, expected) in vectors {
            assert_eq!(HEXLOWER.encode(&HmacKey::new(key).sign(message)), expected);
        }
    }
}
