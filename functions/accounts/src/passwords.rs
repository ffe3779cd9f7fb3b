//! Password hashing: argon2id with OWASP's parameters, never more than two at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use straightway_core::{Error, Violation};
use tokio::sync::Semaphore;

/// 19 MiB.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes at a time: what they may take of memory (38 MiB) and of cores.
const AT_A_TIME: usize = 2;

/// Checks a password that somebody wants to have: 8 to 128 characters, and no other rule.
///
/// # Errors
/// A violation with code `password`.
pub(crate) fn parse_new(password: String) -> Result<SecretString, Violation> {
    if (8..=128).contains(&password.chars().count()) {
        Ok(SecretString::from(password))
    } else {
        Err(Violation::new("password", "must be 8 to 128 characters"))
    }
}

/// Makes and checks password hashes.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    permits: Arc<Semaphore>,
    computed: Arc<AtomicU64>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_A_TIME)), computed: Arc::default() }
    }
}

impl Passwords {
    /// The hash of a password in PHC form, under a fresh salt.
    pub(crate) async fn hash(&self, password: SecretString) -> Result<SecretString, Error> {
        let hashed = self.compute(move |argon2| hash(argon2, &password)).await?;
        hashed.map(SecretString::from).map_err(|error| internal("hashing a password", error))
    }

    /// Whether this is the password of `stored`. Without a stored hash it never is, after the same work: the time
    /// does not tell whether a name is known.
    pub(crate) async fn verify(&self, password: SecretString, stored: Option<SecretString>) -> Result<bool, Error> {
        let checked = self.compute(move |argon2| match stored {
            Some(stored) => argon2.verify_password(password.expose_secret().as_bytes(), stored.expose_secret()),
            None => hash(argon2, &password).and(Err(password_hash::Error::PasswordInvalid)),
        });
        match checked.await? {
            Ok(()) => Ok(true),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(internal("checking a password", error)),
        }
    }

    /// How many hashes were computed so far.
    #[cfg(test)]
    pub(crate) fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    /// Runs argon2 apart from the tasks that answer requests. The permit goes with the work: a caller that gives up
    /// does not make room for another hash.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'_>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|error| Error::unavailable("waiting to hash", error))?;
        let computed = Arc::clone(&self.computed);
        let done = tokio::task::spawn_blocking(move || {
            computed.fetch_add(1, Ordering::Relaxed);
            let done = work(&argon2());
            drop(permit);
            done
        });
        done.await.map_err(|error| Error::unavailable("hashing a password", error))
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(argon2: &Argon2<'_>, password: &SecretString) -> password_hash::Result<String> {
    argon2.hash_password(password.expose_secret().as_bytes()).map(|hash| hash.to_string())
}

fn internal(context: &str, error: password_hash::Error) -> Error {
    Error::Internal { context: context.to_owned(), source: Some(Box::new(error)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[tokio::test]
    async fn hashes_are_salted_phc_strings_with_the_parameters_of_the_design() {
        let passwords = Passwords::default();
        let first = passwords.hash(secret("correct horse")).await.unwrap();
        let second = passwords.hash(secret("correct horse")).await.unwrap();
        assert!(first.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", first.expose_secret());
        assert_ne!(first.expose_secret(), second.expose_secret());
        assert!(passwords.verify(secret("correct horse"), Some(first.clone())).await.unwrap());
        assert!(!passwords.verify(secret("wrong horse"), Some(first)).await.unwrap());
    }

    #[tokio::test]
    async fn an_unknown_user_costs_as_much_as_a_wrong_password() {
        let passwords = Passwords::default();
        let stored = passwords.hash(secret("correct horse")).await.unwrap();
        let work = async |stored| {
            let before = passwords.computed();
            assert!(!passwords.verify(secret("wrong horse"), stored).await.unwrap());
            passwords.computed() - before
        };
        assert_eq!((work(Some(stored)).await, work(None).await), (1, 1));
    }

    #[tokio::test]
    async fn a_record_that_is_no_hash_is_our_fault_not_the_callers() {
        let judged = Passwords::default().verify(secret("x"), Some(secret("not a hash"))).await;
        assert!(matches!(judged, Err(Error::Internal { .. })));
    }

    #[tokio::test]
    async fn no_more_than_two_hashes_are_computed_at_a_time() {
        let passwords = Passwords::default();
        let (running, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let one = || {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            let passwords = passwords.clone();
            let work = move |argon2: &Argon2<'_>| {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                hash(argon2, &secret("x")).unwrap();
                running.fetch_sub(1, Ordering::SeqCst);
            };
            async move { passwords.compute(work).await }
        };
        let all: Vec<_> = (0..5).map(|_| tokio::spawn(one())).collect();
        for done in all {
            done.await.unwrap().unwrap();
        }
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
    }

    #[test]
    fn a_new_password_has_8_to_128_characters_of_any_kind() {
        for right in ["12345678".to_owned(), " ".repeat(8), "\u{1f511}".repeat(128)] {
            assert!(parse_new(right).is_ok());
        }
        for wrong in [String::new(), "1234567".to_owned(), "\u{1f511}".repeat(7), "x".repeat(129)] {
            assert_eq!(parse_new(wrong).unwrap_err().code, "password");
        }
    }
}
