//! The S3 protocol before the storage engine: `s3s` parses, verifies signatures and speaks XML; what it leaves open
//! (digests, conditions, unsigned headers, hosts, origins, CORS) is judged here, as strictly as S3 does.

mod body;
mod buckets;
mod checks;
mod convert;
mod copy;
mod drain;
mod errors;
mod front;
mod guard;
mod keys;
mod multipart;
mod objects;
mod ranges;
mod signature;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use s3s::config::{S3Config as Limits, StaticConfigProvider};
use s3s::service::{S3Service as Protocol, S3ServiceBuilder};
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::bucket::Bucket;
use crate::serve::Patience;

/// Complete lists 10,000 parts with a checksum each in less than this.
const MAX_XML: usize = 8 * 1024 * 1024;

/// Who may use the bucket port, and from where.
#[derive(Clone, Debug)]
pub struct S3Config {
    /// The keys that may sign.
    pub access_keys: Vec<AccessKey>,
    /// The region that signatures must name.
    pub region: String,
    /// Host names (without port) that requests may name, path style.
    pub allowed_hosts: Vec<String>,
    /// The domain below which bucket names are host names (`bucket.domain`), without port.
    pub domain: Option<String>,
    /// Origins of web pages that may use the port, exactly as browsers send them.
    pub cors_origins: Vec<String>,
}

/// A key that may sign requests.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Its public id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}

/// The S3 protocol as a `tower` (and, through [`serve`], `hyper`) service.
#[derive(Clone)]
pub struct S3Service {
    protocol: Protocol,
    guard: Arc<guard::Guard>,
}

/// The S3 front of an engine. It answers path-style on any host that the configuration allows, so a gateway may also
/// mount it on a port of its own.
pub fn service(engine: Arc<Bucket>, config: &S3Config) -> S3Service {
    let mut limits = Limits::default();
    limits.xml_max_body_size = MAX_XML;
    // Forms are refused; if one got through, it must not fill the memory.
    limits.post_object_max_file_size = 0;
    let guard = Arc::new(guard::Guard::new(config));
    let limits = Arc::new(StaticConfigProvider::new(Arc::new(limits)));
    let builder = |engine| {
        let mut builder = S3ServiceBuilder::new(front::Front { engine });
        builder.set_config(limits.clone());
        builder.set_host(guard::Hosts::new(config));
        builder
    };
    let ignoring = ranges::Ignored::new(builder(Arc::clone(&engine)).build());
    let mut protocol = builder(engine);
    protocol.set_auth(keys::Keys::new(&config.access_keys));
    protocol.set_route(ignoring);
    S3Service { protocol: protocol.build(), guard }
}

/// Serves a bucket's port until `shutdown`, as [`crate::serve::serve`] does by default.
///
/// # Errors
/// None at present.
pub async fn serve(
    listener: TcpListener,
    service: S3Service,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    crate::serve::serve(listener, service, Patience::default(), shutdown).await
}

impl S3Service {
    /// Answers one request.
    pub async fn handle<B>(self, request: Request<B>) -> Response<s3s::Body>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        guard::handle(&self.guard, &self.protocol, request).await
    }
}

impl<B> tower::Service<Request<B>> for S3Service
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Response = Response<s3s::Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.handle(request).await) })
    }
}

impl std::fmt::Debug for S3Service {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("S3Service").finish_non_exhaustive()
    }
}
