//! A store whose every answer the test decides.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use straightway_core::ports::Abilities;
use straightway_s3::{S3Config, S3Store, fixed_credentials};

/// An answer to every request.
type Script = dyn Fn(&HttpRequest) -> Answer + Send + Sync;

pub(crate) enum Answer {
    Reply(u16, &'static [(&'static str, &'static str)], &'static str),
    Timeout,
}
pub(crate) use Answer::{Reply, Timeout};

#[derive(Clone)]
struct Scripted {
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl HttpConnector for Scripted {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        let headers: Vec<String> = request.headers().iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let headers = headers.join(
            "
",
        );
        let line = format!("{} {}\n{headers}\n\n{body}", request.method(), request.uri());
        self.seen.lock().unwrap().push(line);
        HttpConnectorFuture::ready(match (self.script)(&request) {
            Timeout => Err(ConnectorError::timeout("no answer".into())),
            Reply(status, headers, body) => {
                let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
                for (name, value) in headers {
                    response.headers_mut().insert(*name, *value);
                }
                Ok(response)
            }
        })
    }
}

pub(crate) struct Fixture {
    pub(crate) config: S3Config,
    pub(crate) store: S3Store,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Fixture {
    pub(crate) async fn new(script: impl Fn(&HttpRequest) -> Answer + Send + Sync + 'static) -> Self {
        let scripted = Scripted { script: Arc::new(script), seen: Arc::default() };
        let seen = Arc::clone(&scripted.seen);
        let config = S3Config {
            http_client: Some(http_client_fn(move |_, _| SharedHttpConnector::new(scripted.clone()))),
            ..S3Config::new("files", "eu-central-1", fixed_credentials("AKID", &"secret".into(), None))
        };
        let store = S3Store::new(&config, Abilities { vouches: true, conditional_put: true }).await.unwrap();
        Self { config, store, seen }
    }

    pub(crate) fn seen(&self, method: &str) -> Vec<String> {
        self.seen.lock().unwrap().iter().filter(|line| line.starts_with(method)).cloned().collect()
    }
}
