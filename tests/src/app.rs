use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use reqwest::header::CONTENT_LENGTH;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use straightway_core::{ObjectKey, SessionId};
use straightway_local::{LocalStack, Options};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{Answer, Records, TestClock, TestUser, eventually};

/// Every test user's password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A running stack of this test's own, on ports of the kernel's choice, with a data folder that goes with it.
pub struct TestApp {
    /// The API's origin.
    pub origin: String,
    /// The bucket's origin.
    pub s3_origin: String,
    /// Where the API listens.
    pub api: SocketAddr,
    /// Where the bucket listens.
    pub s3: SocketAddr,
    /// Where DynamoDB listens.
    pub dynamodb: SocketAddr,
    /// The stack's time.
    pub clock: Arc<TestClock>,
    /// The functions' ports, for looking behind the scenes.
    pub functions: straightway_local::gateway::Functions,
    /// The keys of the stack.
    pub keys: straightway_local::StackKeys,
    /// The finalizer's queue.
    pub finalize_queue: straightway_local::queue::DurableQueue,
    /// The records as they stand in the tables.
    pub records: Records,
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
        options.expose_dynamodb = Some((Ipv4Addr::LOCALHOST, 0).into());
        options.clock = clock.clone();
        change(&mut options);
        let stack = LocalStack::start(options).await.expect("the stack starts");
        let (origin, s3_origin) = (stack.origin.clone(), format!("http://{}", stack.s3));
        let (functions, keys, finalize_queue) =
            (stack.functions.clone(), stack.keys.clone(), stack.finalize_queue.clone());
        let tables = stack.dynamodb.expect("DynamoDB is exposed");
        let records = Records::new(tables, &keys, Arc::clone(&clock));
        let (api, s3) = (stack.api, stack.s3);
        let (stop, stopped) = oneshot::channel();
        let stack = tokio::spawn(stack.run_until(async move {
            // An error means that the test is over: stop too.
            let _ = stopped.await;
        }));
        Self {
            origin,
            s3_origin,
            api,
            s3,
            dynamodb: tables,
            clock,
            functions,
            keys,
            finalize_queue,
            records,
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

    /// `POST /v1/logins/refresh`
    pub async fn refresh_login(&self, refresh_token: &str) -> Answer {
        let body = json!({"refresh_token": refresh_token});
        self.send(self.request(Method::POST, "/v1/logins/refresh").json(&body)).await
    }

    /// A public document: `GET /v1/capabilities`, `/v1/part-plan?..`, `/.well-known/jwks.json`, `/openapi.json`
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Makes an account and signs in.
    ///
    /// # Panics
    /// When either fails.
    pub async fn user(&self, username: &str) -> TestUser<'_> {
        self.create_account(&json!({"username": username, "password": PASSWORD})).await.expect(201);
        self.sign_in(username).await
    }

    /// Signs in to an account that [`Self::user`] made: another device, or the same one after its token expired.
    ///
    /// # Panics
    /// When it fails.
    pub async fn sign_in(&self, username: &str) -> TestUser<'_> {
        let login = self.create_login(&json!({"username": username, "password": PASSWORD})).await.expect(201);
        let text = |value: &Value| value.as_str().expect("ids and tokens are text").to_owned();
        let mut user = TestUser {
            app: self,
            user_id: String::new(),
            token: text(&login["access_token"]),
            refresh_token: text(&login["refresh_token"]),
        };
        user.user_id = text(&user.me().await.expect(200)["user_id"]);
        user
    }

    /// Sends a signed part to the store: method, URL and headers exactly as they came, with this body.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn put_part(&self, part: &Value, body: Vec<u8>) -> StatusCode {
        self.part_request(part, body).send().await.expect("the store answers").status()
    }

    /// The request that [`Self::put_part`] sends.
    ///
    /// # Panics
    /// When the part is malformed.
    pub fn part_request(&self, part: &Value, body: Vec<u8>) -> RequestBuilder {
        let url = part["url"].as_str().expect("a part has a URL");
        // reqwest sends no length with an empty body, browsers and curl do.
        let request = self.http.put(url).header(CONTENT_LENGTH, body.len()).body(body);
        let headers = part["headers"].as_object().expect("a part has headers").iter();
        headers.fold(request, |request, (name, value)| request.header(name, value.as_str().expect("headers are text")))
    }

    /// Waits until the object of a session is deleted: whoever decides that deletes it after everybody can see the
    /// decision.
    pub async fn wait_until_deleted(&self, session_id: &str) {
        eventually("the deletion of an object", async || (!self.has_object(session_id).await).then_some(())).await;
    }

    /// Whether the store has the object of a session.
    ///
    /// # Panics
    /// When the store cannot be asked.
    pub async fn has_object(&self, session_id: &str) -> bool {
        let session = SessionId::parse(session_id).expect("the session's id is one");
        let store = &self.functions.uploads.lifecycle.store;
        store.head(&ObjectKey::of_session(&session)).await.expect("the store answers").is_some()
    }
}
