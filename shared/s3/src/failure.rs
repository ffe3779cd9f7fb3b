//! What the SDK reports, divided by what can be done about it.

use std::fmt;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::{RequestId, RequestIdExt};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use straightway_core::{BoxError, Error};

/// A call to the store that did not do what it should: the source of every [`Error`] of this crate that came from
/// the store.
#[derive(Debug)]
pub struct StoreFailure {
    kind: Kind,
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    source: BoxError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The request never became one.
    NotSent,
    /// No whole answer: it may have been carried out.
    NoAnswer,
    /// The store answered that it failed.
    Answered,
}

/// Busy, out of step or half-way: the same request may work later. Statuses alone do not tell: S3's `RequestTimeout`
/// is a 400. Ended credentials are renewed by their provider.
const PASSING_CODES: [&str; 8] = [
    "SlowDown",
    "RequestTimeout",
    "Throttling",
    "ThrottlingException",
    "RequestThrottled",
    "RequestLimitExceeded",
    "ExpiredToken",
    "OperationAborted",
];

impl StoreFailure {
    /// Reads everything worth keeping from what the SDK returned.
    pub(crate) fn new<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let kind = match &error {
            SdkError::ConstructionFailure(_) => Kind::NotSent,
            SdkError::DispatchFailure(failure) if failure.is_user() => Kind::NotSent,
            SdkError::ServiceError(_) => Kind::Answered,
            _ => Kind::NoAnswer,
        };
        Self {
            kind,
            status: error.raw_response().map(|response| response.status().as_u16()),
            code: error.code().map(str::to_owned),
            message: error.message().map(str::to_owned),
            request_id: error.request_id().or(error.extended_request_id()).map(str::to_owned),
            source: Box::new(error),
        }
    }

    /// The HTTP status of the store's answer, when there was one.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The store's error code (`NoSuchUpload`), when its answer had one.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    pub(crate) fn is(&self, code: &str) -> bool {
        self.code() == Some(code)
    }

    /// Absent, said by status alone: answers to HEAD have no body.
    pub(crate) fn is_absent(&self) -> bool {
        self.status == Some(404)
    }

    pub(crate) fn is_no_such_upload(&self) -> bool {
        self.is("NoSuchUpload")
    }

    /// Whether the same request may work later.
    pub(crate) fn is_passing(&self) -> bool {
        match self.kind {
            Kind::NotSent => false,
            Kind::NoAnswer => true,
            Kind::Answered => {
                let busy = self.status.is_some_and(|status| status >= 500 || status == 429 || status == 409);
                // Complete can begin with 200 and end with an error in the body.
                let late = self.status == Some(200) && self.code.is_some();
                busy || late || self.code().is_some_and(|code| PASSING_CODES.contains(&code))
            }
        }
    }

    /// Whether the store judged the request and said no, as opposed to being busy.
    pub(crate) fn is_refusal(&self) -> bool {
        let judged = self.status.is_some_and(|status| (400..500).contains(&status) && status != 429);
        judged && !self.code().is_some_and(|code| PASSING_CODES.contains(&code))
    }

    /// The port's error for this failure of `context`.
    pub(crate) fn during(self, context: impl Into<String>) -> Error {
        if self.is_passing() {
            return Error::unavailable(context, self);
        }
        Error::Internal { context: context.into(), source: Some(Box::new(self)) }
    }
}

impl fmt::Display for StoreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::NotSent => f.write_str("the request could not be sent")?,
            Kind::NoAnswer => f.write_str("the store did not answer")?,
            Kind::Answered => f.write_str("the store answered")?,
        }
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        for detail in [&self.code, &self.message].into_iter().flatten() {
            write!(f, " {detail}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for StoreFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}
