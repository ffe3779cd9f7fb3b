//! The bytes of one entry, in order, over as many requests as it takes.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderValue, IF_MATCH, RANGE};
use reqwest::{Response, StatusCode};
use straightway_api::files::Entry;
use tokio::sync::mpsc;

use crate::api::{Api, chain};
use crate::error::{Error, retry_after};
use crate::hash::TreeHasher;
use crate::progress::{Event, Observer};
use crate::retry::Failures;
use crate::store::{STALL, describe, element, read_error};

/// Chunks that may wait for the disk.
const QUEUE: usize = 8;
/// How often in a row the store may refuse a fresh URL.
const MAX_REFUSALS: u32 = 1;

/// Where bytes go, and what they hash to.
pub(super) struct Sink<W> {
    pub(super) out: W,
    pub(super) hasher: TreeHasher,
}

impl<W: Write> Sink<W> {
    pub(super) const fn new(out: W, hasher: TreeHasher) -> Self {
        Self { out, hasher }
    }

    /// Takes chunks until there are no more. Blocks.
    fn take_all(mut self, mut chunks: mpsc::Receiver<Bytes>) -> io::Result<Self> {
        while let Some(chunk) = chunks.blocking_recv() {
            self.out.write_all(&chunk)?;
            self.hasher.update(&chunk);
        }
        self.out.flush()?;
        Ok(self)
    }
}

/// Receives one entry.
pub(super) struct Receiver<'a> {
    api: &'a Api,
    entry: &'a Entry,
    observer: &'a Arc<dyn Observer>,
}

/// How one request ended.
enum Ended {
    /// Everything is there.
    Complete,
    /// It broke, or the store is busy.
    Again { reason: String, asked: Option<std::time::Duration> },
    /// The URL no longer holds.
    NewUrl { answer: String },
    /// Nobody takes the bytes any more.
    SinkGone,
}

/// A presigned URL, and the ETag that it led to.
struct Address {
    url: String,
    etag: Option<HeaderValue>,
}

impl<'a> Receiver<'a> {
    pub(super) const fn new(api: &'a Api, entry: &'a Entry, observer: &'a Arc<dyn Observer>) -> Self {
        Self { api, entry, observer }
    }

    /// Everything from `offset` on into the sink.
    pub(super) async fn receive<W: Write + Send + 'static>(
        &self,
        sink: Sink<W>,
        offset: u64,
    ) -> Result<Sink<W>, Error> {
        let (chunks, queue) = mpsc::channel(QUEUE);
        let writer = tokio::task::spawn_blocking(move || sink.take_all(queue));
        let received = self.all_chunks(&chunks, offset).await;
        drop(chunks);
        // Why the sink is gone says more than that it is.
        let sink = writer
            .await
            .map_err(io::Error::other)
            .flatten()
            .map_err(|error| Error::file(format!("cannot write {}", self.entry.name), error))?;
        received.map(|()| sink)
    }

    async fn all_chunks(&self, chunks: &mpsc::Sender<Bytes>, mut offset: u64) -> Result<(), Error> {
        let mut failures = self.api.failures();
        let mut refusals = 0;
        let mut address = None;
        while offset < self.entry.size_bytes {
            let mut current = match address.take() {
                Some(address) => address,
                None => Address { url: self.api.download(&self.entry.entry_id).await?.url, etag: None },
            };
            let before = offset;
            let ended = self.one_request(&mut current, chunks, &mut offset).await?;
            if offset > before {
                failures.forget();
                refusals = 0;
            }
            match ended {
                Ended::Complete => {}
                Ended::SinkGone => return Ok(()),
                Ended::NewUrl { answer } if refusals == MAX_REFUSALS => {
                    return Err(Error::Store { what: "a download".into(), answer });
                }
                Ended::NewUrl { .. } => refusals += 1,
                Ended::Again { reason, asked } => {
                    self.wait(&mut failures, asked, reason).await?;
                    address = Some(current);
                }
            }
        }
        Ok(())
    }

    async fn wait(
        &self,
        failures: &mut Failures,
        asked: Option<std::time::Duration>,
        reason: String,
    ) -> Result<(), Error> {
        if self.api.pause(failures, asked, &format!("the store does not answer: {reason}")).await {
            return Ok(());
        }
        Err(Error::Unreachable { whom: "the store", reason })
    }

    async fn one_request(
        &self,
        address: &mut Address,
        chunks: &mpsc::Sender<Bytes>,
        offset: &mut u64,
    ) -> Result<Ended, Error> {
        let mut request = self.api.http().get(&address.url);
        if *offset > 0 {
            request = request.header(RANGE, format!("bytes={offset}-"));
        }
        if let Some(etag) = &address.etag {
            request = request.header(IF_MATCH, etag);
        }
        let response = match tokio::time::timeout(STALL, request.send()).await {
            Err(_) => return Ok(Ended::Again { reason: "no answer".into(), asked: None }),
            Ok(Err(error)) => return Ok(Ended::Again { reason: chain(&error), asked: None }),
            Ok(Ok(response)) => response,
        };
        if !response.status().is_success() {
            return refused(response).await;
        }
        if !begins_at(&response, *offset) {
            return Err(Error::Protocol("the store sends another range than asked for".into()));
        }
        address.etag = response.headers().get(ETAG).cloned();
        Ok(self.stream(response, chunks, offset).await)
    }

    async fn stream(&self, mut response: Response, chunks: &mpsc::Sender<Bytes>, offset: &mut u64) -> Ended {
        loop {
            let mut chunk = match tokio::time::timeout(STALL, response.chunk()).await {
                Err(_) => return Ended::Again { reason: "no more bytes come".into(), asked: None },
                Ok(Err(error)) => return Ended::Again { reason: chain(&error), asked: None },
                Ok(Ok(None)) if *offset < self.entry.size_bytes => {
                    return Ended::Again { reason: "the answer ended early".into(), asked: None };
                }
                Ok(Ok(None)) => return Ended::Complete,
                Ok(Ok(Some(chunk))) => chunk,
            };
            // Never more than promised: what is too much would only be hashed to be refused.
            let room = usize::try_from(self.entry.size_bytes - *offset).unwrap_or(usize::MAX);
            chunk.truncate(room);
            let bytes = chunk.len() as u64;
            if chunks.send(chunk).await.is_err() {
                return Ended::SinkGone;
            }
            *offset += bytes;
            self.observer.on(Event::Received { bytes });
            if *offset == self.entry.size_bytes {
                return Ended::Complete;
            }
        }
    }
}

fn begins_at(response: &Response, offset: u64) -> bool {
    match response.status() {
        StatusCode::PARTIAL_CONTENT => {
            let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
            range.is_some_and(|range| range.starts_with(&format!("bytes {offset}-")))
        }
        _ => offset == 0,
    }
}

async fn refused(response: Response) -> Result<Ended, Error> {
    let (status, asked) = (response.status(), retry_after(response.headers()));
    let document = read_error(response).await;
    let answer = describe(status, &document);
    match (status.as_u16(), element(&document, "Code").unwrap_or_default()) {
        (408 | 429 | 500..=599, _) | (400, "RequestTimeout") => Ok(Ended::Again { reason: answer, asked }),
        // Expired; or the next URL may lead to another store, or another object of the same content.
        (400, "ExpiredToken") | (403 | 404 | 412, _) => Ok(Ended::NewUrl { answer }),
        _ => Err(Error::Store { what: "a download".into(), answer }),
    }
}
