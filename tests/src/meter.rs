use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A port that passes everything on to another one and counts the bytes, headers included.
pub struct Meter {
    /// Where it listens.
    pub address: SocketAddr,
    target: watch::Sender<Option<SocketAddr>>,
    counted: Arc<Counted>,
}

#[derive(Default)]
struct Counted {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Meter {
    /// Listens; connections wait until [`Meter::pass_on_to`] says where to.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
        let address = listener.local_addr().expect("a bound port has an address");
        let (target, known) = watch::channel(None);
        let counted = Arc::new(Counted::default());
        let counts = Arc::clone(&counted);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, known.clone(), Arc::clone(&counts)));
            }
        });
        Self { address, target, counted }
    }

    /// Passes everything on to this address.
    pub fn pass_on_to(&self, target: SocketAddr) {
        self.target.send_replace(Some(target));
    }

    /// Bytes that clients sent.
    pub fn sent(&self) -> u64 {
        self.counted.sent.load(Ordering::SeqCst)
    }

    /// Bytes that clients received.
    pub fn received(&self) -> u64 {
        self.counted.received.load(Ordering::SeqCst)
    }
}

async fn pass(client: TcpStream, mut target: watch::Receiver<Option<SocketAddr>>, counted: Arc<Counted>) {
    let Ok(target) = target.wait_for(Option::is_some).await.map(|target| *target) else { return };
    let Some(target) = target else { return };
    let Ok(server) = TcpStream::connect(target).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::join!(
        copy(from_client, to_server, |bytes| counted.sent.fetch_add(bytes, Ordering::SeqCst)),
        copy(from_server, to_client, |bytes| counted.received.fetch_add(bytes, Ordering::SeqCst)),
    );
}

/// Copies until either side ends, counting as the bytes pass.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, count: impl Fn(u64) -> u64) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        count(read as u64);
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
