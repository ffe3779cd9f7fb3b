//! A request body that streams one part from its file in bounded memory.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use straightway_core::plan::Part;
use tokio::task::JoinHandle;

use crate::progress::{Event, Observer};
use crate::source::{Source, chunk_length};

/// What can be seen of a body while, and after, a connection sends it.
#[derive(Debug, Default)]
pub(crate) struct BodyWatch {
    sent: AtomicU64,
    done: AtomicBool,
    fault: Mutex<Option<io::Error>>,
}

impl BodyWatch {
    /// Bytes handed to the connection.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Why the file could not be read, if that is what broke the request.
    pub(crate) fn take_fault(&self) -> Option<io::Error> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// From here on nothing is counted: the connection may let go of the body later than we let go of the request.
    pub(crate) fn close(&self) -> u64 {
        self.done.store(true, Ordering::Relaxed);
        self.sent()
    }
}

/// Exactly the bytes of one part, read a chunk ahead of the connection.
pub(crate) struct PartBody {
    source: Source,
    next: u64,
    left: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    watch: Arc<BodyWatch>,
    observer: Arc<dyn Observer>,
}

impl PartBody {
    pub(crate) fn new(source: Source, part: Part, watch: Arc<BodyWatch>, observer: Arc<dyn Observer>) -> Self {
        Self { source, next: part.offset, left: part.size_bytes, reading: None, watch, observer }
    }

    fn read_ahead(&mut self) {
        // `left` counts bytes not yet handed over; one chunk is read at a time.
        if self.reading.is_some() || self.left == 0 {
            return;
        }
        let (source, offset, length) = (self.source.clone(), self.next, chunk_length(self.left));
        self.reading = Some(tokio::task::spawn_blocking(move || {
            let mut buffer = vec![0; length];
            source.read_exact_at(&mut buffer, offset)?;
            Ok(Bytes::from(buffer))
        }));
    }
}

impl Body for PartBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.read_ahead();
        let Some(reading) = self.reading.as_mut() else { return Poll::Ready(None) };
        let read = ready!(Pin::new(reading).poll(cx)).map_err(io::Error::other).flatten();
        self.reading = None;
        let chunk = match read {
            Ok(chunk) => chunk,
            Err(error) => {
                let kept = io::Error::new(error.kind(), error.to_string());
                *self.watch.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
                return Poll::Ready(Some(Err(error)));
            }
        };
        let bytes = chunk.len() as u64;
        self.next += bytes;
        self.left -= bytes;
        if !self.watch.done.load(Ordering::Relaxed) {
            self.watch.sent.fetch_add(bytes, Ordering::Relaxed);
            self.observer.on(Event::Sent { bytes });
        }
        self.read_ahead();
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::progress::Unobserved;
    use straightway_core::PartNumber;

    async fn collect(mut body: PartBody) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            all.extend_from_slice(frame?.data_ref().unwrap());
        }
        Ok(all)
    }

    fn body(content: &[u8], offset: u64, size_bytes: u64) -> (PartBody, Arc<BodyWatch>) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        let part = Part { number: PartNumber::FIRST, offset, size_bytes };
        let watch = Arc::new(BodyWatch::default());
        let source = Source::from_file(file).unwrap();
        (PartBody::new(source, part, Arc::clone(&watch), Arc::new(Unobserved)), watch)
    }

    #[tokio::test]
    async fn a_body_is_exactly_its_part() {
        let content: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
        let (body, watch) = body(&content, 123_456, 700_001);
        assert_eq!(body.size_hint().exact(), Some(700_001));
        assert_eq!(collect(body).await.unwrap(), content[123_456..823_457]);
        assert_eq!(watch.sent(), 700_001);
    }

    #[tokio::test]
    async fn an_empty_part_ends_at_once() {
        let (body, _) = body(b"", 0, 0);
        assert!(body.is_end_stream());
        assert!(collect(body).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_file_that_became_shorter_breaks_the_body_and_says_so() {
        let (body, watch) = body(b"short", 0, 6);
        assert!(collect(body).await.is_err());
        assert_eq!(watch.take_fault().unwrap().kind(), io::ErrorKind::UnexpectedEof);
    }
}
