//! Sealed values: what a client carries for us and brings back, unchanged or refused.

use data_encoding::BASE64URL_NOPAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;

const MAC_BYTES: usize = 32;

/// A key for one kind of sealed value: challenges, cursors and upload tokens never open as one another.
pub struct SealingKey(SecretBox<[u8; 32]>);

impl SealingKey {
    /// The key for `kind`, derived from the deployment's secret by HKDF-SHA-256.
    pub fn derive(secret: &[u8], kind: &str) -> Self {
        let mut key = Box::new([0; 32]);
        Hkdf::<Sha256>::new(Some(b"straightway"), secret)
            .expand(kind.as_bytes(), key.as_mut_slice())
            .expect("32 bytes are within HKDF's limit");
        Self(SecretBox::new(key))
    }

    /// HMAC-SHA-256 of `message` under this key.
    pub fn mac(&self, message: &[u8]) -> [u8; MAC_BYTES] {
        self.hmac(message).finalize().into_bytes().into()
    }

    /// The value as a token: readable by the client, but only we can make one.
    ///
    /// # Panics
    /// When the value cannot be JSON (a map with keys that are not text): a mistake in the calling code.
    pub fn seal(&self, value: &impl Serialize) -> String {
        let mut bytes = serde_json::to_vec(value).expect("sealed values are plain data");
        let mac = self.mac(&bytes);
        bytes.extend_from_slice(&mac);
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The value of a token that this key sealed; `None` for anything else.
    pub fn open<T: DeserializeOwned>(&self, token: &str) -> Option<T> {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (value, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
        self.hmac(value).verify_slice(mac).ok()?;
        serde_json::from_slice(value).ok()
    }

    fn hmac(&self, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).expect("HMAC takes keys of any length");
        mac.update(message);
        mac
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_under_its_own_kind_and_only_unaltered() {
        let cursors = SealingKey::derive(b"secret", "cursor");
        let token = cursors.seal(&("a", 1));
        assert_eq!(cursors.open::<(String, u32)>(&token), Some(("a".into(), 1)));
        assert_eq!(SealingKey::derive(b"secret", "challenge").open::<(String, u32)>(&token), None);
        assert_eq!(SealingKey::derive(b"other", "cursor").open::<(String, u32)>(&token), None);
        for i in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[i] = if altered[i] == b'A' { b'B' } else { b'A' };
            assert_eq!(cursors.open::<(String, u32)>(std::str::from_utf8(&altered).unwrap()), None, "{i}");
        }
        for wrong in ["", "AAAA", "not base64!", "ä"] {
            assert_eq!(cursors.open::<(String, u32)>(wrong), None);
        }
    }
}
