use std::path::Path;
use std::sync::Arc;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use straightway_local::{LocalStack, Options};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{Answer, TestClock, TestUser};

/// Every test user's password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A running stack of this test's own, on ports of the kernel's choice, with a data folder that goes with it.
pub struct TestApp {
    /// The API's origin.
    pub origin: String,
    /// The bucket's origin.
    pub s3_origin: String,
    /// The stack's time.
    pub clock: Arc<TestClock>,
    /// The functions' ports, for looking behind the scenes.
    pub functions: straightway_local::gateway::Functions,
    /// The keys of the stack.
    pub keys: straightway_local::StackKeys,
    /// The finalizer's queue.
    pub finalize_queue: straightway_local::queue::DurableQueue,
    http: Client,
    running: Option<Running>,
    data: Option<TempDir>,
}

struct Running {
    stop: oneshot::Sender<()>,
    stack: JoinHandle<anyhow::Result<()>>,
}

impl TestApp {
    /// Starts a stack as `make run` does.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a stack with other options.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder can be made");
        let mut app = Self::start_in(data.path(), change).await;
        app.data = Some(data);
        app
    }

    /// Starts a stack over a data folder that the test keeps.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_in(data: &Path, change: impl FnOnce(&mut Options)) -> Self {
        let clock = Arc::new(TestClock::default());
        let mut options = Options::new(data);
        options.listen.set_port(0);
        options.s3_listen.set_port(0);
        options.clock = clock.clone();
        change(&mut options);
        let stack = LocalStack::start(options).await.expect("the stack starts");
        let (origin, s3_origin) = (stack.origin(), format!("http://{}", stack.s3));
        let (functions, keys, finalize_queue) =
            (stack.functions.clone(), stack.keys.clone(), stack.finalize_queue.clone());
        let (stop, stopped) = oneshot::channel();
        let stack = tokio::spawn(stack.run_until(async move {
            // An error means that the test is over: stop too.
            let _ = stopped.await;
        }));
        Self {
            origin,
            s3_origin,
            clock,
            functions,
            keys,
            finalize_queue,
            http: Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client can be built"),
            running: Some(Running { stop, stack }),
            data: None,
        }
    }

    /// Stops the stack in order and waits until its files are closed.
    ///
    /// # Panics
    /// When a part of it had failed.
    pub async fn stop(mut self) {
        if let Some(Running { stop, stack }) = self.running.take() {
            // An error means that it has stopped already; then the result says why.
            let _ = stop.send(());
            stack.await.expect("the stack does not panic").expect("the stack stops in order");
        }
    }

    /// A plain HTTP client that follows no redirect.
    pub const fn http(&self) -> &Client {
        &self.http
    }

    /// A request to the API, by nobody.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.origin))
    }

    /// Sends a request to the API, by nobody.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.expect("the API answers")).await
    }

    /// `POST /v1/accounts`
    pub async fn create_account(&self, body: &Value) -> Answer {
        self.send(self.request(Method::POST, "/v1/accounts").json(body)).await
    }

    /// `POST /v1/logins`
    pub async fn create_login(&self, body: &Value) -> Answer {
        self.send(self.request(Method::POST, "/v1/logins").json(body)).await
    }

    /// Makes an account and signs in.
    ///
    /// # Panics
    /// When either fails.
    pub async fn user(&self, username: &str) -> TestUser<'_> {
        let credentials = json!({"username": username, "password": PASSWORD});
        let account = self.create_account(&credentials).await.expect(201);
        let login = self.create_login(&credentials).await.expect(201);
        let text = |value: &Value| value.as_str().expect("ids and tokens are text").to_owned();
        TestUser {
            app: self,
            user_id: text(&account["user_id"]),
            token: text(&login["access_token"]),
            refresh_token: text(&login["refresh_token"]),
        }
    }

    /// Sends a signed part to the store: method, URL and headers exactly as they came, with this body.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn put_part(&self, part: &Value, body: impl Into<reqwest::Body>) -> reqwest::StatusCode {
        let mut request = self.http.put(part["url"].as_str().expect("a part has a URL")).body(body);
        for (name, value) in part["headers"].as_object().expect("a part has headers") {
            request = request.header(name, value.as_str().expect("headers are text"));
        }
        request.send().await.expect("the store answers").status()
    }
}
