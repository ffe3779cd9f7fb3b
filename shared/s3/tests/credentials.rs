//! Signing with credentials that change and end.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::future;
use jiff::{SignedDuration, Timestamp};
use straightway_core::ports::{Abilities, SignedRequest};
use straightway_core::{Error, ObjectKey, ObjectStore, SessionId};
use straightway_s3::{ProvideCredentials, S3Config, S3Store, SharedCredentialsProvider};

const LIFE: Duration = Duration::from_mins(15);

/// A provider whose present answer the test decides.
#[derive(Clone, Debug)]
struct Provider(Arc<Mutex<Credentials>>);

impl Provider {
    fn new(credentials: Credentials) -> Self {
        Self(Arc::new(Mutex::new(credentials)))
    }

    fn turn_to(&self, credentials: Credentials) {
        *self.0.lock().unwrap() = credentials;
    }
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Ok(self.0.lock().unwrap().clone()))
    }
}

fn credentials(id: &str, end: Option<Timestamp>) -> Credentials {
    Credentials::new(id, "secret", Some("token".to_owned()), end.map(SystemTime::from), "test")
}

async fn store(provider: &Provider) -> S3Store {
    let provider = SharedCredentialsProvider::new(provider.clone());
    let config = S3Config {
        endpoint: Some("http://store.internal:9000".to_owned()),
        public_url: Some("https://files.example.com".to_owned()),
        ..S3Config::new("films", "eu-central-1", provider)
    };
    S3Store::new(&config, Abilities { vouches: true, conditional_put: true }).await.unwrap()
}

fn noon() -> Timestamp {
    "2026-11-21T12:00:00.250Z".parse().unwrap()
}

fn sign(store: &S3Store, now: Timestamp) -> Result<SignedRequest, Error> {
    let key = ObjectKey::of_session(&SessionId::from_random([1; 16]));
    store.sign_put(&key, 5, None, LIFE, now)
}

/// Lets the task that asks the provider run.
async fn let_others_run() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn urls_name_the_public_address_and_whole_seconds() {
    let store = store(&Provider::new(credentials("AKIDONE", None))).await;
    let signed = sign(&store, noon()).unwrap();
    assert!(signed.url.starts_with("https://films.files.example.com/objects/01/"), "not ours");
    assert_eq!(signed.expires_at, "2026-11-21T12:15:00Z".parse().unwrap());
}

#[tokio::test]
async fn credentials_without_a_known_end_are_looked_at_every_minute() {
    let provider = Provider::new(credentials("AKIDONE", None));
    let store = store(&provider).await;
    sign(&store, noon()).unwrap();
    let_others_run().await;

    provider.turn_to(credentials("AKIDTWO", None));
    sign(&store, noon() + SignedDuration::from_secs(59)).unwrap();
    let_others_run().await;
    assert!(sign(&store, noon() + SignedDuration::from_secs(59)).unwrap().url.contains("AKIDONE"), "not yet");

    sign(&store, noon() + SignedDuration::from_secs(60)).unwrap();
    let_others_run().await;
    assert!(sign(&store, noon() + SignedDuration::from_secs(60)).unwrap().url.contains("AKIDTWO"));
}

#[tokio::test]
async fn urls_end_with_the_credentials_that_signed_them() {
    let end = noon() + SignedDuration::from_mins(5);
    let store = store(&Provider::new(credentials("AKIDONE", Some(end)))).await;
    assert_eq!(sign(&store, noon()).unwrap().expires_at, end);
}

#[tokio::test]
async fn ended_credentials_sign_nothing_until_there_are_new_ones() {
    let end = noon() + SignedDuration::from_mins(5);
    let provider = Provider::new(credentials("AKIDONE", Some(end)));
    let store = store(&provider).await;

    let later = end + SignedDuration::from_secs(1);
    assert!(sign(&store, later).unwrap_err().is_transient());
    provider.turn_to(credentials("AKIDTWO", Some(later + SignedDuration::from_hours(1))));
    let_others_run().await;

    assert!(sign(&store, later).unwrap().url.contains("AKIDTWO"));
}

#[tokio::test]
async fn what_the_sdk_learns_the_presigner_learns() {
    let far = noon() + SignedDuration::from_hours(24 * 365 * 50);
    let provider = Provider::new(credentials("AKIDONE", Some(far)));
    let store = store(&provider).await;
    provider.turn_to(credentials("AKIDTWO", Some(far)));

    // Nobody answers there; but the request has to be signed before it fails.
    let _ = store.head(&ObjectKey::of_session(&SessionId::from_random([2; 16]))).await;

    assert!(sign(&store, noon()).unwrap().url.contains("AKIDTWO"));
}

#[tokio::test]
async fn a_provider_without_credentials_is_unavailable() {
    let nobody = SharedCredentialsProvider::new(Nobody);
    let config = S3Config::new("films", "eu-central-1", nobody);
    let store = S3Store::new(&config, Abilities { vouches: true, conditional_put: true }).await;
    assert!(store.unwrap_err().is_transient());
}

#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(aws_credential_types::provider::error::CredentialsError::not_loaded(
            "none",
        )))
    }
}
