//! Keys of a local stack: generated at the first run, kept in one file that only its owner can read.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, ensure};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Every secret of a local stack.
#[derive(Clone, Debug)]
pub struct StackKeys {
    /// Keys of challenges and cursors are derived from it.
    pub secret: SecretString,
    /// Refresh tokens are authenticated with it.
    pub accounts_secret: SecretString,
    /// Signs access tokens: Ed25519, PKCS #8 PEM.
    pub token_key: SecretString,
    /// Signs requests to the bucket and to the exposed DynamoDB.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: SecretString,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    secret: String,
    accounts_secret: String,
    token_key: String,
    access_key_id: String,
    secret_access_key: String,
}

impl StackKeys {
    /// Reads the keys, or generates them at the first run.
    ///
    /// # Errors
    /// When the file cannot be read or written, is damaged, or others can read it.
    pub fn load_or_generate(path: &Path) -> anyhow::Result<Self> {
        match fs::read_to_string(path) {
            Ok(text) => {
                let mode = fs::metadata(path)?.permissions().mode();
                ensure!(mode & 0o077 == 0, "{} can be read by others: run chmod 600 on it", path.display());
                let stored: Stored =
                    serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
                Ok(stored.into())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let stored = Stored::generate()?;
                write(path, &stored).with_context(|| format!("{} cannot be written", path.display()))?;
                Ok(stored.into())
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }
}

impl Stored {
    fn generate() -> anyhow::Result<Self> {
        Ok(Self {
            secret: HEXLOWER.encode(&random::<32>()?),
            accounts_secret: HEXLOWER.encode(&random::<32>()?),
            token_key: straightway_accounts::generate_signing_key()?.expose_secret().to_owned(),
            // The form of AWS's ids, which some clients check: 20 characters.
            access_key_id: format!("AKIA{}", BASE32_NOPAD.encode(&random::<10>()?)),
            secret_access_key: HEXLOWER.encode(&random::<20>()?),
        })
    }
}

impl From<Stored> for StackKeys {
    fn from(stored: Stored) -> Self {
        Self {
            secret: stored.secret.into(),
            accounts_secret: stored.accounts_secret.into(),
            token_key: stored.token_key.into(),
            access_key_id: stored.access_key_id,
            secret_access_key: stored.secret_access_key.into(),
        }
    }
}

/// Written whole or not at all: a crash at the first run must not leave half a file of keys behind.
fn write(path: &Path, stored: &Stored) -> anyhow::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(serde_json::to_string_pretty(stored)?.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_generated_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let first = StackKeys::load_or_generate(&path).unwrap();
        let again = StackKeys::load_or_generate(&path).unwrap();
        assert_eq!(first.secret.expose_secret(), again.secret.expose_secret());
        assert_eq!(first.access_key_id.len(), 20);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!format!("{first:?}").contains(first.secret.expose_secret()));
    }

    #[test]
    fn a_file_that_others_can_read_or_that_is_damaged_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        StackKeys::load_or_generate(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(StackKeys::load_or_generate(&path).unwrap_err().to_string().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "{").unwrap();
        assert!(StackKeys::load_or_generate(&path).unwrap_err().to_string().contains("damaged"));
    }
}
