//! Tokens: renewed in time, once, also among processes.

use std::io;
use std::sync::{Arc, Mutex};

use secrecy::ExposeSecret;
use serde_json::json;
use straightway_client::{Credentials, Error, InMemory, Login};

use crate::server::{Scripted, Server, login, problem};

/// One store with a real lock, as two processes share a file.
#[derive(Default)]
struct Shared {
    login: Mutex<Option<Login>>,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl Shared {
    fn holding(login: Login) -> Arc<Self> {
        Arc::new(Self { login: Mutex::new(Some(login)), lock: Arc::default() })
    }
}

impl Credentials for Shared {
    fn load(&self) -> io::Result<Option<Login>> {
        Ok(self.login.lock().unwrap().clone())
    }

    fn save(&self, login: Option<&Login>) -> io::Result<()> {
        *self.login.lock().unwrap() = login.cloned();
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        Ok(Box::new(Arc::clone(&self.lock).blocking_lock_owned()))
    }
}

fn expired() -> Login {
    Login { access_expires_at: "2020-01-01T00:00:00Z".parse().unwrap(), ..login("old") }
}

#[tokio::test]
async fn a_token_that_has_ended_is_renewed_before_it_is_used() {
    let server = Server::start().await;
    let store = Shared::holding(expired());
    server.api_with(store.clone()).me().await.unwrap();
    assert_eq!(server.seen("me").len(), 1);
    let kept = store.load().unwrap().unwrap();
    assert_eq!(kept.refresh_token.expose_secret(), "refresh-2");
    assert_eq!(server.seen("refresh")[0].json(), json!({"refresh_token": "refresh-1"}));
}

#[tokio::test]
async fn a_refused_token_is_renewed_and_the_request_sent_again() {
    let server = Server::start().await;
    server.expect_token("access-2");
    server.api().me().await.unwrap();
    assert_eq!((server.seen("me").len(), server.seen("refresh").len()), (2, 1));
}

#[tokio::test]
async fn many_requests_and_two_processes_renew_once() {
    let server = Server::start().await;
    let store = Shared::holding(expired());
    let (one, other) = (server.api_with(store.clone()), server.api_with(store));
    let calls = (0..20).map(|n| if n % 2 == 0 { one.clone() } else { other.clone() });
    let results = futures::future::join_all(calls.map(|api| async move { api.me().await })).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(server.seen("refresh").len(), 1);
}

#[tokio::test]
async fn a_renewal_whose_answer_is_lost_is_repeated() {
    let server = Server::start().await;
    server.script("refresh", [Scripted::Lost]);
    server.api_with(Shared::holding(expired())).me().await.unwrap();
    assert_eq!(server.seen("refresh").len(), 2);
}

#[tokio::test]
async fn a_login_that_has_ended_asks_to_sign_in() {
    let server = Server::start().await;
    server.script("refresh", [problem(401, "wrong-credentials", &json!({}))]);
    let error = server.api_with(Shared::holding(expired())).me().await.unwrap_err();
    assert!(matches!(error, Error::SignedOut), "{error:?}");
}

#[tokio::test]
async fn a_token_that_is_refused_even_when_fresh_asks_to_sign_in() {
    let server = Server::start().await;
    server.script("me", [problem(401, "unauthorized", &json!({})), problem(401, "unauthorized", &json!({}))]);
    let error = server.api().me().await.unwrap_err();
    assert!(matches!(error, Error::SignedOut), "{error:?}");
    assert_eq!(server.seen("refresh").len(), 1);
}

#[tokio::test]
async fn without_a_login_nothing_is_sent() {
    let server = Server::start().await;
    let error = server.api_with(Arc::new(InMemory::default())).me().await.unwrap_err();
    assert!(matches!(error, Error::SignedOut), "{error:?}");
    assert!(server.seen("me").is_empty());
}
