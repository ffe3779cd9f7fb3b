//! The HTTP API, typed: one method a route.

mod call;
mod renew;
mod routes;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use url::Url;

use crate::credentials::{Credentials, InMemory, Login};
use crate::error::Error;
use crate::retry::{Backoff, Failures, Patience};

pub use routes::{Created, Deleted, ListFiles};

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A wait before the next try, for whoever watches.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// What went wrong.
    pub reason: String,
    /// How long we wait.
    pub delay: Duration,
}

type OnWait = Arc<dyn Fn(Waiting) + Send + Sync>;

/// A client of one server. Cheap to clone; clones share connections and the login.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    base: Url,
    http: reqwest::Client,
    credentials: Arc<dyn Credentials>,
    /// The login as last seen; the lock also makes renewals one at a time.
    login: tokio::sync::Mutex<Option<Login>>,
    backoff: Backoff,
    patience: Patience,
    on_wait: OnWait,
    reached: AtomicBool,
}

/// Collects what an [`Api`] needs.
pub struct ApiBuilder {
    base: Url,
    credentials: Arc<dyn Credentials>,
    backoff: Backoff,
    patience: Patience,
    on_wait: OnWait,
}

impl ApiBuilder {
    /// Where the login is kept; default in memory.
    #[must_use]
    pub fn credentials(mut self, credentials: Arc<dyn Credentials>) -> Self {
        self.credentials = credentials;
        self
    }

    /// How long to wait between tries.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How long to go on trying; default [`Patience::SHORT`].
    #[must_use]
    pub const fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Is told of every wait before another try.
    #[must_use]
    pub fn on_wait(mut self, on_wait: impl Fn(Waiting) + Send + Sync + 'static) -> Self {
        self.on_wait = Arc::new(on_wait);
        self
    }

    /// The client.
    ///
    /// # Errors
    /// When the TLS stack of this machine cannot be used.
    pub fn build(self) -> Result<Api, Error> {
        let http = reqwest::Client::builder()
            // A redirected request would carry a token, or a body with a signed host, to somewhere else.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .build()
            .map_err(|error| Error::Protocol(format!("no HTTP client: {}", chain(&error))))?;
        Ok(Api {
            inner: Arc::new(Inner {
                base: self.base,
                http,
                credentials: self.credentials,
                login: tokio::sync::Mutex::new(None),
                backoff: self.backoff,
                patience: self.patience,
                on_wait: self.on_wait,
                reached: AtomicBool::new(false),
            }),
        })
    }
}

impl Api {
    /// Starts a client of the server at `base`, for example `http://127.0.0.1:8080`.
    pub fn builder(base: Url) -> ApiBuilder {
        ApiBuilder {
            base,
            credentials: Arc::new(InMemory::default()),
            backoff: Backoff::default(),
            patience: Patience::SHORT,
            on_wait: Arc::new(|_| ()),
        }
    }

    /// The address this client talks to.
    pub fn base(&self) -> &Url {
        &self.inner.base
    }

    /// `scheme://host[:port]`: what a proof of possession names.
    pub fn origin(&self) -> String {
        self.inner.base.origin().ascii_serialization()
    }

    /// The connections, also used towards the store: nothing of the API's is ever a default header of theirs.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.inner.http
    }

    pub(crate) fn failures(&self) -> Failures {
        Failures::new(self.inner.backoff)
    }

    /// Waits before another try; `false` when patience is over.
    pub(crate) async fn pause(&self, failures: &mut Failures, asked: Option<Duration>, reason: &str) -> bool {
        let Patience { first, later } = self.inner.patience;
        let patience = if self.inner.reached.load(Ordering::Relaxed) { later } else { first };
        let Some(delay) = failures.another(asked, patience) else { return false };
        tracing::debug!(reason, delay_ms = delay.as_millis(), "trying again");
        (self.inner.on_wait)(Waiting { reason: reason.to_owned(), delay });
        tokio::time::sleep(delay).await;
        true
    }

    fn was_reached(&self) {
        self.inner.reached.store(true, Ordering::Relaxed);
    }
}

/// An error with its causes, without the URL (it may be a presigned one).
pub(crate) fn chain(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    // The innermost cause says what happened ("connection refused"); the layers above repeat it.
    causes.pop().unwrap_or_else(|| if error.is_timeout() { "timed out".into() } else { "connection failed".into() })
}
