//! How every port is served: no client can hold a connection or the end of the process for longer than it may.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Request as AnyRequest;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response as AnyResponse};
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use straightway_http::PeerAddress;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::{Service, ServiceExt as _};

/// Between attempts to accept when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How patient a port is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A client that opened a connection, or had its answer, has this long to send the head of a request.
    pub head: Duration,
    /// Connections still busy this long after the shutdown began are cut.
    pub grace: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(30), grace: Duration::from_secs(10) }
    }
}

/// Serves `service` on `listener` until `shutdown`, then lets the requests under way finish, and cuts those that do not.
/// Requests carry the [`PeerAddress`].
///
/// # Errors
/// None at present: a connection that cannot be accepted is logged, and the next one tried.
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    patience: Patience,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.head);
    // What is left in it when this returns is cut.
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener) => accepted,
        };
        let Some((stream, peer)) = accepted else { continue };
        let service = service.clone();
        let handle = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(PeerAddress(peer.ip()));
            service.clone().oneshot(request)
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), handle));
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(patience.grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were cut by the shutdown");
    }
    Ok(())
}

/// Routes whose requests, body and all, are answered within `limit`: 408 otherwise. For ports without long transfers.
pub fn answered_within(limit: Duration, router: Router) -> Router {
    router.layer(from_fn(move |request: AnyRequest, next: Next| async move {
        tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| too_slow())
    }))
}

fn too_slow() -> AnyResponse {
    // The rest of the body may still come: only a new connection is unambiguous.
    (StatusCode::REQUEST_TIMEOUT, [(CONNECTION, HeaderValue::from_static("close"))]).into_response()
}

async fn accept(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        // Small answers must not wait for acknowledgements. It fails where the client is gone already.
        Ok((stream, peer)) => stream.set_nodelay(true).is_ok().then_some((stream, peer)),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}
