//! An answer before the end of the body reaches clients only when the rest of the body is taken, too: most send all
//! before they read, and a closed connection would take the answer with it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;

/// Two parts of 16 MiB; whoever sends more than that after a refusal loses the connection.
const MAX_REST: usize = 32 * 1024 * 1024;
const MAX_WAIT: Duration = Duration::from_secs(5);

struct State<B> {
    body: B,
    touched: bool,
    failed: bool,
}

/// Keeps hold of a request's body while something else reads it.
pub(super) struct Drain<B> {
    state: Arc<Mutex<State<B>>>,
    expects_continue: bool,
}

impl<B> Drain<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    pub(super) fn new(body: B, expects_continue: bool) -> Self {
        Self { state: Arc::new(Mutex::new(State { body, touched: false, failed: false })), expects_continue }
    }

    /// Whether the client waits for a permission to send its body that it never got.
    pub(super) fn left_waiting(&self) -> bool {
        self.expects_continue && !lock(&self.state).touched
    }

    /// Takes what nobody read of the body, within limits.
    pub(super) async fn rest(self) {
        // Reading would give the permission.
        if self.left_waiting() || self.has_ended() {
            return;
        }
        let mut rest = Shared::of(&self);
        let drain = async {
            let mut taken = 0;
            while taken < MAX_REST {
                match rest.frame().await {
                    Some(Ok(frame)) => taken += frame.data_ref().map_or(0, Bytes::len),
                    _ => return,
                }
            }
        };
        // Whatever is left after this is the client's loss.
        let _ = tokio::time::timeout(MAX_WAIT, drain).await;
    }
}

impl<B: Body> Drain<B> {
    fn has_ended(&self) -> bool {
        let state = lock(&self.state);
        state.failed || state.body.is_end_stream()
    }
}

/// The body as its reader sees it.
pub(super) struct Shared<B>(Arc<Mutex<State<B>>>);

impl<B> Shared<B> {
    pub(super) fn of(drain: &Drain<B>) -> Self {
        Self(Arc::clone(&drain.state))
    }
}

impl<B> Body for Shared<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut state = lock(&self.0);
        // Asking for a body that there is makes the server say `100 Continue`.
        state.touched |= !state.body.is_end_stream();
        let polled = Pin::new(&mut state.body).poll_frame(context);
        state.failed |= matches!(polled, Poll::Ready(Some(Err(_))));
        polled
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.0).body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.0).body.size_hint()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
