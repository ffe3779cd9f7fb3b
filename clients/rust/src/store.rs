//! Requests to the store, and what its answers mean.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use reqwest::{Body, Method, StatusCode};
use straightway_api::uploads::SignedPart;
use straightway_core::plan::Part;

use crate::api::chain;
use crate::body::{BodyWatch, PartBody};
use crate::error::retry_after;
use crate::progress::Observer;
use crate::source::Source;

/// A connection that moves no byte for so long is given up.
pub(crate) const STALL: Duration = Duration::from_mins(1);
/// Error documents of a store are short; nothing more of an answer is read.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// What a store's answer to a part means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It has the part.
    Stored,
    /// The object is there already: complete.
    AlreadyThere,
    /// The same URL again, later.
    Again,
    /// The URL no longer holds, or a header changed: ask for another.
    SignAgain,
    /// The bytes are not those that were signed, or were damaged on their way.
    CheckBytes,
    /// The multipart upload is gone: ask what became of the session.
    SessionGone,
    /// Nothing that we could do would change it.
    Refused,
}

/// A store's answer to a part.
#[derive(Clone, Debug)]
pub(crate) struct StoreAnswer {
    pub(crate) meaning: Meaning,
    /// For people: status, code, message; or why there was no answer.
    pub(crate) text: String,
    pub(crate) retry_after: Option<Duration>,
    /// Whether anything answered at all.
    pub(crate) answered: bool,
}

impl StoreAnswer {
    /// Why another try is needed, for who waits.
    pub(crate) fn reason(&self) -> String {
        format!("{}: {}", if self.answered { "the store is busy" } else { "the store does not answer" }, self.text)
    }
}

/// The table of the API document, "what a client does with the store's answer to a part".
pub(crate) fn meaning(status: StatusCode, code: &str) -> Meaning {
    match (status.as_u16(), code) {
        (200..=299, _) => Meaning::Stored,
        (412, _) | (409, "FileAlreadyExists") => Meaning::AlreadyThere,
        // These two 400s speak of a broken or slow connection, not of wrong bytes.
        (400, "RequestTimeout" | "IncompleteBody") | (408 | 409 | 429 | 500..=599, _) => Meaning::Again,
        (403, _) | (400, "ExpiredToken" | "TokenRefreshRequired") => Meaning::SignAgain,
        (400, _) => Meaning::CheckBytes,
        (404, "NoSuchBucket") => Meaning::Refused,
        (404, _) => Meaning::SessionGone,
        _ => Meaning::Refused,
    }
}

/// Sends one part to where it was signed for.
pub(crate) async fn put_part(
    http: &reqwest::Client,
    signed: &SignedPart,
    part: Part,
    source: &Source,
    watch: &Arc<BodyWatch>,
    observer: &Arc<dyn Observer>,
) -> StoreAnswer {
    let body = PartBody::new(source.clone(), part, Arc::clone(watch), Arc::clone(observer));
    let mut request = http.request(Method::PUT, &signed.url).header(CONTENT_LENGTH, part.size_bytes);
    for (name, value) in &signed.headers {
        request = request.header(name, value);
    }
    let exchange = async {
        let response = request.body(Body::wrap(body)).send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        // An early refusal closes the connection: then its status has to do.
        let text = if status.is_success() { String::new() } else { read_error(response).await };
        Ok::<_, reqwest::Error>(answered(status, &headers, &text))
    };
    tokio::select! {
        answer = exchange => answer.unwrap_or_else(|error| no_answer(chain(&error))),
        () = stalled(watch) => no_answer("the connection moves no more bytes".into()),
    }
}

fn answered(status: StatusCode, headers: &HeaderMap, document: &str) -> StoreAnswer {
    let code = element(document, "Code").unwrap_or_default();
    StoreAnswer {
        meaning: meaning(status, code),
        text: describe(status, document),
        retry_after: retry_after(headers),
        answered: true,
    }
}

fn no_answer(text: String) -> StoreAnswer {
    StoreAnswer { meaning: Meaning::Again, text, retry_after: None, answered: false }
}

/// Status, code and message of an error document, for people.
pub(crate) fn describe(status: StatusCode, document: &str) -> String {
    let part = |name| element(document, name).unwrap_or_default();
    [status.as_str(), part("Code"), part("Message")].join(" ").trim_end().to_owned()
}

/// The error document of a refusal, as far as it can be had.
pub(crate) async fn read_error(mut response: reqwest::Response) -> String {
    let mut document = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            document.extend_from_slice(&chunk);
            if document.len() > MAX_ERROR_BYTES {
                break;
            }
        }
    };
    // What came until then is good enough.
    let _ = tokio::time::timeout(Duration::from_secs(5), reading).await;
    String::from_utf8_lossy(&document).into_owned()
}

/// The text of the first element with this name: S3's and OSS's error documents are flat.
pub(crate) fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

/// Returns once no byte was sent for [`STALL`].
async fn stalled(watch: &BodyWatch) {
    loop {
        let before = watch.sent();
        tokio::time::sleep(STALL).await;
        if watch.sent() == before {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_holds() {
        let of = |status, code| meaning(StatusCode::from_u16(status).unwrap(), code);
        assert_eq!(of(200, ""), Meaning::Stored);
        assert_eq!(of(412, "PreconditionFailed"), Meaning::AlreadyThere);
        assert_eq!(of(409, "FileAlreadyExists"), Meaning::AlreadyThere);
        for (status, code) in
            [(409, "ConditionalRequestConflict"), (429, ""), (500, "InternalError"), (503, "SlowDown")]
        {
            assert_eq!(of(status, code), Meaning::Again, "{status}");
        }
        assert_eq!(of(403, "AccessDenied"), Meaning::SignAgain);
        assert_eq!(of(400, "ExpiredToken"), Meaning::SignAgain);
        for code in ["BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest", ""] {
            assert_eq!(of(400, code), Meaning::CheckBytes, "{code}");
        }
        assert_eq!(of(400, "RequestTimeout"), Meaning::Again);
        assert_eq!(of(404, "NoSuchUpload"), Meaning::SessionGone);
        assert_eq!(of(404, "NoSuchBucket"), Meaning::Refused);
        assert_eq!(of(301, "PermanentRedirect"), Meaning::Refused);
    }

    #[test]
    fn an_error_document_is_told_in_one_line() {
        let document = "<?xml version=\"1.0\"?><Error><Code>BadDigest</Code><Message>No match.</Message></Error>";
        assert_eq!(describe(StatusCode::BAD_REQUEST, document), "400 BadDigest No match.");
        assert_eq!(describe(StatusCode::BAD_GATEWAY, "<html>"), "502");
        assert_eq!(element("<Code>unfinished", "Code"), None);
    }
}
