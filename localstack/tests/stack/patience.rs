//! What a client that dawdles gets, with limits that a test can wait for.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::Extension;
use axum::routing::{get, post};
use straightway_http::PeerAddress;
use straightway_local::serve::{Patience, answered_within, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const SOON: Duration = Duration::from_millis(200);
const LATE: Duration = Duration::from_mins(1);

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

async fn start(router: Router, patience: Patience) -> Served {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(async move {
        let shutdown = async {
            let _ = stopped.await;
        };
        serve(listener, router, patience, shutdown).await.unwrap();
    });
    Served { address, stop, server }
}

fn router() -> Router {
    Router::new()
        .route("/", get(async |Extension(PeerAddress(peer)): Extension<PeerAddress>| peer.to_string()))
        .route("/", post(async |body: String| body))
}

/// What comes back until the server closes the connection.
async fn exchange(address: SocketAddr, sent: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = tokio::time::timeout(LATE / 2, stream.read_to_string(&mut answer)).await;
    read.expect("the connection stays open").unwrap();
    answer
}

#[tokio::test]
async fn half_a_head_is_closed() {
    let served = start(router(), Patience { head: SOON, grace: LATE }).await;
    let answer = exchange(served.address, "GET / HTTP/1.1\r\nHost: local").await;
    assert!(!answer.contains("200 OK"), "{answer}");
}

#[tokio::test]
async fn half_a_body_is_answered_408_and_closed() {
    let router = answered_within(SOON, router());
    let served = start(router, Patience { head: LATE, grace: LATE }).await;
    let answer = exchange(served.address, "POST / HTTP/1.1\r\nHost: local\r\nContent-Length: 100\r\n\r\nx").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn requests_carry_the_address_of_their_peer() {
    let served = start(router(), Patience::default()).await;
    let answer = exchange(served.address, "GET / HTTP/1.1\r\nHost: local\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with(&IpAddr::from(Ipv4Addr::LOCALHOST).to_string()), "{answer}");
}

#[tokio::test]
async fn a_stop_waits_for_requests_that_end_and_cuts_the_others() {
    let (arrived, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    let (finish, finished) = tokio::sync::watch::channel(false);
    let ends = get({
        let arrived = arrived.clone();
        async move || {
            arrived.send(()).unwrap();
            finished.clone().wait_for(|finished| *finished).await.unwrap();
            "finished"
        }
    });
    let never = get(async move || {
        arrived.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    let router = Router::new().route("/ends", ends).route("/never", never);
    let served = start(router, Patience { head: LATE, grace: Duration::from_secs(2) }).await;
    let ends = tokio::spawn(exchange(served.address, "GET /ends HTTP/1.1\r\nHost: local\r\n\r\n"));
    let never = tokio::spawn(exchange(served.address, "GET /never HTTP/1.1\r\nHost: local\r\n\r\n"));
    arrivals.recv().await.unwrap();
    arrivals.recv().await.unwrap();
    served.stop.send(()).unwrap();
    finish.send(true).unwrap();
    assert!(ends.await.unwrap().ends_with("finished"));
    assert_eq!(never.await.unwrap(), "");
    served.server.await.unwrap();
}
