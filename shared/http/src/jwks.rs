use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use data_encoding::BASE64URL_NOPAD;
use straightway_core::Error;

/// Public keys that verify access tokens, as RFC 7517 writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwks {
    /// The keys: the one that signs now, and those before and after it.
    pub keys: Vec<Jwk>,
}

impl Jwks {
    /// Reads a key set.
    ///
    /// # Errors
    /// `Internal` when it is none, or holds anything but Ed25519 keys: a mistake in the deployment's settings.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let jwks: Self =
            serde_json::from_str(json).map_err(|error| Error::internal(format!("the JWKS cannot be read: {error}")))?;
        for key in &jwks.keys {
            key.decoding_key()?;
        }
        Ok(jwks)
    }
}

/// One Ed25519 public key (RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwk {
    /// Always `OKP`.
    pub kty: String,
    /// Always `Ed25519`.
    pub crv: String,
    /// The key's name in token headers.
    pub kid: String,
    /// The 32 bytes of the key in base64url.
    pub x: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub key_use: String,
    /// Always `EdDSA`.
    pub alg: String,
}

impl Jwk {
    /// The key with these bytes, named by its RFC 7638 thumbprint: nobody has to think of a name.
    pub fn ed25519(public_key: [u8; 32]) -> Self {
        let x = BASE64URL_NOPAD.encode(&public_key);
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        Self {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            kid: BASE64URL_NOPAD.encode(&Sha256::digest(members)),
            x,
            key_use: "sig".to_owned(),
            alg: "EdDSA".to_owned(),
        }
    }

    pub(crate) fn decoding_key(&self) -> Result<DecodingKey, Error> {
        let refuse = |what: &str| Error::internal(format!("the JWKS key {:?} {what}", self.kid));
        if self.kty != "OKP" || self.crv != "Ed25519" || self.key_use != "sig" || self.alg != "EdDSA" {
            return Err(refuse("is no Ed25519 signature key"));
        }
        match BASE64URL_NOPAD.decode(self.x.as_bytes()) {
            Ok(bytes) if bytes.len() == 32 => {
                DecodingKey::from_ed_components(&self.x).map_err(|_| refuse("cannot be used"))
            }
            _ => Err(refuse("does not have 32 bytes")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        let x = BASE64URL_NOPAD.decode(b"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let key = Jwk::ed25519(x.try_into().unwrap());
        assert_eq!(key.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_set_reads_back_what_was_written() {
        let jwks = Jwks { keys: vec![Jwk::ed25519([1; 32]), Jwk::ed25519([2; 32])] };
        assert_eq!(Jwks::parse(&serde_json::to_string(&jwks).unwrap()).unwrap(), jwks);
    }

    #[test]
    fn keys_of_other_kinds_are_refused() {
        let right = Jwk::ed25519([1; 32]);
        let wrong = [
            Jwk { kty: "oct".into(), ..right.clone() },
            Jwk { crv: "P-256".into(), ..right.clone() },
            Jwk { alg: "HS256".into(), ..right.clone() },
            Jwk { key_use: "enc".into(), ..right.clone() },
            Jwk { x: "AAAA".into(), ..right.clone() },
        ];
        for key in wrong {
            let json = serde_json::to_string(&Jwks { keys: vec![right.clone(), key.clone()] }).unwrap();
            assert!(Jwks::parse(&json).is_err(), "{key:?}");
        }
        assert!(Jwks::parse("{}").is_err());
    }
}
