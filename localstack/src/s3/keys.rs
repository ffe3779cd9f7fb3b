//! The keys that may sign.

use std::collections::HashMap;

use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};
use secrecy::ExposeSecret as _;

use super::AccessKey;

/// Secrets by key id.
pub(super) struct Keys(HashMap<String, SecretKey>);

impl Keys {
    pub(super) fn new(keys: &[AccessKey]) -> Self {
        let pair = |key: &AccessKey| (key.id.clone(), SecretKey::from(key.secret.expose_secret()));
        Self(keys.iter().map(pair).collect())
    }
}

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, id: &str) -> S3Result<SecretKey> {
        self.0.get(id).cloned().ok_or_else(|| {
            s3_error!(InvalidAccessKeyId, "The AWS Access Key Id you provided does not exist in our records.")
        })
    }
}
