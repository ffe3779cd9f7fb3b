//! Faults on purpose: an HTTP client around another that fails where a test says so.
//!
//! The embedded database never conflicts, is never throttled and never loses an answer; the real
//! one does all three, and the code above it has to be right then too.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::Answer;
use super::connector::to_sdk;

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Another transaction holds the item: `TransactionCanceledException` with the reason
    /// `TransactionConflict` for a transaction, `TransactionConflictException` for a single write.
    /// The SDK does not retry either.
    TransactionConflict,
    /// `ProvisionedThroughputExceededException`; the SDK retries.
    Throttled,
    /// The connection breaks before the request arrives; the SDK retries.
    RequestLost,
    /// The call is carried out, then the connection breaks; the SDK retries.
    AnswerLost,
}

/// One attempt at a request. The SDK's retries are attempts of their own.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Which attempt of all this is, from 1.
    pub number: usize,
    /// Which attempt at this operation this is, from 1.
    pub nth: usize,
    /// The operation, as in `PutItem`.
    pub operation: &'a str,
    /// The JSON body.
    pub body: &'a [u8],
}

type Plan = dyn Fn(&Attempt<'_>) -> Option<Fault> + Send + Sync;

/// A plan of faults, and the count of the attempts it saw. Clones share both.
#[derive(Clone)]
pub struct Faults {
    shared: Arc<Shared>,
}

struct Shared {
    plan: Box<Plan>,
    attempts: Mutex<HashMap<String, usize>>,
}

impl Faults {
    /// Asks `plan` at every attempt.
    pub fn when(plan: impl Fn(&Attempt<'_>) -> Option<Fault> + Send + Sync + 'static) -> Self {
        let attempts = Mutex::default();
        Self { shared: Arc::new(Shared { plan: Box::new(plan), attempts }) }
    }

    /// One fault, at the attempt with this number.
    pub fn at(number: usize, fault: Fault) -> Self {
        Self::when(move |attempt| (attempt.number == number).then_some(fault))
    }

    /// One fault, at the `nth` attempt at `operation`.
    pub fn at_nth(operation: &'static str, nth: usize, fault: Fault) -> Self {
        Self::when(move |attempt| (attempt.operation == operation && attempt.nth == nth).then_some(fault))
    }

    /// `client`, with these faults before it.
    pub fn around(&self, client: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Faulty { faults: self.clone(), inner: client })
    }

    /// How many attempts there were in all.
    pub fn attempts(&self) -> usize {
        self.shared.attempts.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// How many attempts at this operation there were.
    pub fn attempts_at(&self, operation: &str) -> usize {
        let attempts = self.shared.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.get(operation).copied().unwrap_or(0)
    }

    fn judge(&self, request: &HttpRequest) -> Option<Fault> {
        let operation = operation(request);
        let (number, nth) = {
            let mut attempts = self.shared.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            let nth = attempts.entry(operation.to_owned()).or_default();
            *nth += 1;
            let nth = *nth;
            (attempts.values().sum(), nth)
        };
        let body = request.body().bytes().unwrap_or_default();
        (self.shared.plan)(&Attempt { number, nth, operation, body })
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("attempts", &self.attempts()).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Faulty<Inner> {
    faults: Faults,
    inner: Inner,
}

impl HttpClient for Faulty<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Faulty { faults: self.faults.clone(), inner })
    }
}

impl HttpConnector for Faulty<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let broken = || ConnectorError::io("connection reset on purpose".into());
        match self.faults.judge(&request) {
            None => self.inner.call(request),
            Some(Fault::TransactionConflict) => HttpConnectorFuture::ready(to_sdk(conflict(&request))),
            Some(Fault::Throttled) => HttpConnectorFuture::ready(to_sdk(Answer::exception(
                "ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded",
            ))),
            Some(Fault::RequestLost) => HttpConnectorFuture::ready(Err(broken())),
            Some(Fault::AnswerLost) => {
                let carried_out = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    carried_out.await?;
                    Err(broken())
                })
            }
        }
    }
}

fn operation(request: &HttpRequest) -> &str {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    target.rsplit_once('.').map_or(target, |(_, operation)| operation)
}

fn conflict(request: &HttpRequest) -> Answer {
    if !operation(request).starts_with("Transact") {
        let message = "Transaction is ongoing for the item";
        return Answer::exception("TransactionConflictException", message);
    }
    let body: serde_json::Value =
        serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
    Answer::transaction_conflict(body["TransactItems"].as_array().map_or(1, Vec::len))
}
