//! The signing key of a day, derived once.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

use crate::{
    Credentials, Error, encode,
    hmac::HmacKey,
    sha256::{self, Digest},
    sigv4::ALGORITHM,
    time::{Day, SigningTime},
};

/// What a signing key is good for: one region of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    region: String,
    service: String,
}

impl Scope {
    /// A region of any service, by its name in signatures (`dynamodb`, `sqs`).
    pub fn new(region: impl Into<String>, service: impl Into<String>) -> Result<Self, Error> {
        let (region, service) = (region.into(), service.into());
        require_word("region", &region)?;
        require_word("service", &service)?;
        Ok(Self { region, service })
    }

    /// A region of S3, or of a store that speaks it.
    pub fn s3(region: impl Into<String>) -> Result<Self, Error> {
        Self::new(region, "s3")
    }

    /// S3 encodes paths once and wants the payload's hash as a header, all other services differ.
    pub(crate) fn is_s3(&self) -> bool {
        self.service == "s3"
    }
}

fn require_word(part: &'static str, value: &str) -> Result<(), Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if value.is_empty() || !value.bytes().all(allowed) {
        let value = value.to_owned();
        return Err(Error::InvalidScope { part, value });
    }
    Ok(())
}

/// Everything about the credentials that is the same all day.
pub(crate) struct DayKey {
    day: Day,
    credentials: Arc<Credentials>,
    /// `20130524/us-east-1/s3/aws4_request`
    scope: String,
    /// The access key id and the scope, percent-encoded for a query.
    credential_query: String,
    /// The whole parameter with its `&`, or nothing. Tokens are long, so encoding them once a day counts.
    token_query: SecretString,
    key: HmacKey,
}

impl DayKey {
    fn derive(credentials: Arc<Credentials>, scope: &Scope, day: Day) -> Self {
        let Scope { region, service } = scope;
        let secret = credentials.secret_access_key().expose_secret();

        // Sized beforehand: growing would leave copies of the secret behind.
        let mut first = Zeroizing::new(Vec::with_capacity("AWS4".len() + secret.len()));
        first.extend_from_slice(b"AWS4");
        first.extend_from_slice(secret.as_bytes());

        let date = Zeroizing::new(HmacKey::new(&first).sign(&day));
        let dated_region = Zeroizing::new(HmacKey::new(&*date).sign(region.as_bytes()));
        let dated_service = Zeroizing::new(HmacKey::new(&*dated_region).sign(service.as_bytes()));
        let signing = Zeroizing::new(HmacKey::new(&*dated_service).sign(b"aws4_request"));

        let scope = format!("{}/{region}/{service}/aws4_request", encode::ascii(&day));
        let credential = [credentials.access_key_id(), &scope].join("/");
        Self {
            day,
            scope,
            credential_query: encode::query(&credential).into_owned(),
            token_query: token_query(&credentials),
            key: HmacKey::new(&*signing),
            credentials,
        }
    }

    /// `AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request`
    pub(crate) fn credential(&self) -> String {
        [self.credentials.access_key_id(), &self.scope].join("/")
    }

    pub(crate) fn credential_query(&self) -> &str {
        &self.credential_query
    }

    pub(crate) fn session_token(&self) -> Option<&SecretString> {
        self.credentials.session_token()
    }

    pub(crate) fn token_query(&self) -> &str {
        self.token_query.expose_secret()
    }

    pub(crate) fn key(&self) -> &HmacKey {
        &self.key
    }

    /// What is signed, up to the digest of the canonical request that ends it.
    pub(crate) fn string_to_sign(&self, time: &SigningTime) -> String {
        let mut text = String::with_capacity(192);
        text.extend([ALGORITHM, "\n", time.as_str(), "\n", &self.scope, "\n"]);
        text
    }

    /// The signature over a canonical request.
    pub(crate) fn sign(&self, time: &SigningTime, canonical: &str) -> [u8; 64] {
        let digest = encode::hex(&sha256::digest(canonical.as_bytes()));
        let mut string_to_sign = self.string_to_sign(time);
        string_to_sign.push_str(encode::ascii(&digest));
        let signature: Digest = self.key.sign(string_to_sign.as_bytes());
        encode::hex(&signature)
    }
}

fn token_query(credentials: &Credentials) -> SecretString {
    let parameter = |token: &SecretString| {
        let value = encode::query(token.expose_secret());
        ["&X-Amz-Security-Token=", &value].concat()
    };
    credentials.session_token().map(parameter).unwrap_or_default().into()
}

/// The present credentials and the key of the latest day they signed on.
pub(crate) struct KeyCache {
    scope: Scope,
    current: RwLock<Current>,
}

struct Current {
    credentials: Arc<Credentials>,
    day_key: Option<Arc<DayKey>>,
}

impl KeyCache {
    pub(crate) fn new(scope: Scope, credentials: Credentials) -> Self {
        let current = Current { credentials: Arc::new(credentials), day_key: None };
        Self { scope, current: RwLock::new(current) }
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn replace_credentials(&self, credentials: Credentials) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.credentials = Arc::new(credentials);
        current.day_key = None;
    }

    /// The key of `day`. A new day takes the old one's place; a straggler of an earlier day does not.
    pub(crate) fn for_day(&self, day: Day) -> Arc<DayKey> {
        if let Some(key) = self.cached(day) {
            return key;
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let fresh = Arc::new(DayKey::derive(Arc::clone(&current.credentials), &self.scope, day));
        if current.day_key.as_ref().is_none_or(|key| key.day < day) {
            current.day_key = Some(Arc::clone(&fresh));
        }
        fresh
    }

    fn cached(&self, day: Day) -> Option<Arc<DayKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let key = current.day_key.as_ref()?;
        (key.day == day).then(|| Arc::clone(key))
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").field("scope", &self.scope).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn cache(secret: &str) -> KeyCache {
        let credentials = Credentials::new("AKIDEXAMPLE", secret.into(), None).unwrap();
        KeyCache::new(Scope::new("us-east-1", "iam").unwrap(), credentials)
    }

    /// AWS General Reference, "Examples of how to derive a signing key for Signature Version 4": the key
    /// itself is published, so its HMAC over a message must equal ours.
    #[test]
    fn the_published_signing_key_is_derived() {
        let published = HEXLOWER.decode(b"c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9").unwrap();
        let derived = cache("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY").for_day(*b"20150830");
        assert_eq!(derived.key.sign(b"any message"), HmacKey::new(&published).sign(b"any message"));
    }

    #[test]
    fn a_key_is_derived_once_a_day_and_rolls_over() {
        let cache = cache("secret");
        let first = cache.for_day(*b"20261121");
        assert!(Arc::ptr_eq(&first, &cache.for_day(*b"20261121")));

        let next = cache.for_day(*b"20261122");
        assert_ne!(first.key.sign(b"m"), next.key.sign(b"m"));
        assert!(Arc::ptr_eq(&next, &cache.for_day(*b"20261122")));
    }

    #[test]
    fn a_straggler_of_yesterday_does_not_push_out_the_key_of_today() {
        let cache = cache("secret");
        let yesterday = cache.for_day(*b"20261121");
        let today = cache.for_day(*b"20261122");

        let straggler = cache.for_day(*b"20261121");
        assert_eq!(straggler.key.sign(b"m"), yesterday.key.sign(b"m"));
        assert!(Arc::ptr_eq(&today, &cache.for_day(*b"20261122")));
    }

    #[test]
    fn replaced_credentials_sign_from_then_on() {
        let cache = cache("old");
        let old = cache.for_day(*b"20261121");
        cache.replace_credentials(Credentials::new("AKIDEXAMPLE", "new".into(), None).unwrap());

        let new = cache.for_day(*b"20261121");
        assert_ne!(old.key.sign(b"m"), new.key.sign(b"m"));
        let expected = super::tests::cache("new").for_day(*b"20261121");
        assert_eq!(new.key.sign(b"m"), expected.key.sign(b"m"));
    }
}
