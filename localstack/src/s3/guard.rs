//! What is judged before `s3s` sees a request: the host it names, the web page it comes from, the shape of its signature.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use s3s::host::{S3Host, VirtualHost};
use s3s::service::S3Service as Protocol;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use super::drain::{Drain, Shared};
use super::{S3Config, signature};

/// Headers a page may send: what URLs are signed with, and ranges. `x-amz-*` besides.
const CORS_HEADERS: [&str; 8] = [
    "authorization",
    "content-type",
    "content-md5",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "range",
];
const CORS_METHODS: HeaderValue = HeaderValue::from_static("PUT, POST, GET, HEAD");
const CORS_EXPOSED: HeaderValue = HeaderValue::from_static("ETag, Location");
const CORS_MAX_AGE: HeaderValue = HeaderValue::from_static("3600");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

pub(super) struct Guard {
    hosts: Hosts,
    origins: Vec<String>,
    region: String,
}

/// A web page that may use the port.
struct Page(HeaderValue);

impl Guard {
    pub(super) fn new(config: &S3Config) -> Self {
        Self { hosts: Hosts::new(config), origins: config.cors_origins.clone(), region: config.region.clone() }
    }

    /// The page a request comes from, if one does that may.
    fn page(&self, headers: &HeaderMap) -> Option<Page> {
        let origin = headers.get(header::ORIGIN)?;
        let listed = self.origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes());
        listed.then(|| Page(origin.clone()))
    }

    /// Refuses what no signature can make right.
    fn admit<B>(&self, request: &mut Request<B>, page: Option<&Page>) -> S3Result<()> {
        if !self.hosts.allows(request) {
            let mut error = s3_error!(InvalidRequest, "This server does not answer for that host.");
            error.set_status_code(StatusCode::MISDIRECTED_REQUEST);
            return Err(error);
        }
        let foreign = request.headers().contains_key(header::ORIGIN) && page.is_none();
        if foreign && !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(s3_error!(AccessDenied, "This CORS request is not allowed."));
        }
        if request.method() == Method::OPTIONS {
            return Ok(());
        }
        signature::check(request, &self.region)?;
        signature::hoist_query(request)
    }
}

/// Answers one request.
pub(super) async fn handle<B>(guard: &Guard, protocol: &Protocol, mut request: Request<B>) -> Response<s3s::Body>
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let page = guard.page(request.headers());
    let admitted = guard.admit(&mut request, page.as_ref());
    let expects_continue = request.headers().contains_key(header::EXPECT);
    let (parts, body) = request.into_parts();
    let drain = Drain::new(body, expects_continue);
    let mut response = match admitted {
        Err(error) => refusal(error),
        Ok(()) if parts.method == Method::OPTIONS => preflight(&parts.headers, page.as_ref()),
        Ok(()) => {
            let body = s3s::Body::http_body_unsync(Shared::of(&drain));
            answer(protocol, Request::from_parts(parts, body)).await
        }
    };
    if drain.left_waiting() {
        // Whether it sends the body now is its choice: only a new connection is unambiguous.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    drain.rest().await;
    finish(response.headers_mut(), page);
    response
}

async fn answer(protocol: &Protocol, request: Request<s3s::Body>) -> Response<s3s::Body> {
    protocol.call(request).await.unwrap_or_else(|error| {
        tracing::error!(?error, "a request to the bucket could not be answered");
        refusal(S3Error::new(S3ErrorCode::InternalError))
    })
}

fn refusal(error: S3Error) -> Response<s3s::Body> {
    error.to_http_response().unwrap_or_else(|_| {
        let mut response = Response::new(s3s::Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

fn preflight(headers: &HeaderMap, page: Option<&Page>) -> Response<s3s::Body> {
    let asks = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let wanted = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    if page.is_none() || !asks || !wanted.is_none_or(may_send) {
        return refusal(s3_error!(AccessDenied, "This CORS request is not allowed."));
    }
    let mut response = Response::new(s3s::Body::empty());
    let answer = response.headers_mut();
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, CORS_METHODS);
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, CORS_MAX_AGE);
    if let Some(wanted) = wanted {
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    response
}

fn may_send(wanted: &HeaderValue) -> bool {
    wanted.to_str().is_ok_and(|names| {
        names
            .split(',')
            .map(|name| name.trim().to_ascii_lowercase())
            .all(|name| name.starts_with("x-amz-") || CORS_HEADERS.contains(&name.as_str()))
    })
}

fn finish(headers: &mut HeaderMap, page: Option<Page>) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(Page(origin)) = page {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, CORS_EXPOSED);
    }
    let mut random = [0_u8; 8];
    if getrandom::fill(&mut random).is_ok() {
        let id = data_encoding::HEXUPPER.encode(&random);
        if let Ok(id) = HeaderValue::try_from(id) {
            headers.insert(REQUEST_ID, id);
        }
    }
}

/// The host names that the port answers to. A page that points its own name at this machine gets nothing.
#[derive(Clone)]
pub(super) struct Hosts {
    allowed: Vec<String>,
    below: Option<String>,
}

impl Hosts {
    pub(super) fn new(config: &S3Config) -> Self {
        let bare = |host: &String| without_port(host);
        Self {
            allowed: config.allowed_hosts.iter().map(bare).collect(),
            below: config.domain.as_ref().map(|domain| format!(".{}", bare(domain))),
        }
    }

    fn allows<B>(&self, request: &Request<B>) -> bool {
        let named = request
            .headers()
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .or_else(|| request.uri().authority().map(http::uri::Authority::as_str));
        named.map(without_port).is_some_and(|host| self.allowed.contains(&host) || self.bucket(&host).is_some())
    }

    fn bucket(&self, host: &str) -> Option<String> {
        let bucket = host.strip_suffix(self.below.as_deref()?)?;
        (!self.allowed.iter().any(|allowed| allowed == host)).then(|| bucket.to_owned())
    }
}

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let bare = without_port(host);
        let virtual_host = VirtualHost::new(bare.clone());
        Ok(match self.bucket(&bare) {
            Some(bucket) => virtual_host.with_bucket(bucket),
            None => virtual_host,
        })
    }
}

fn without_port(host: &str) -> String {
    let bare = match host.rsplit_once(':') {
        // An address of the sixth version without brackets has no port.
        Some((bare, _)) if bare.contains(':') && !bare.ends_with(']') => host,
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        _ => host,
    };
    bare.trim_matches(['[', ']']).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_brackets_do_not_belong_to_a_host_name() {
        assert_eq!(without_port("LocalHost:9000"), "localhost");
        assert_eq!(without_port("[::1]:9000"), "::1");
        assert_eq!(without_port("[::1]"), "::1");
        assert_eq!(without_port("::1"), "::1");
        assert_eq!(without_port("127.0.0.1"), "127.0.0.1");
    }

    #[test]
    fn a_page_may_send_signed_headers_only() {
        assert!(may_send(&HeaderValue::from_static("content-type,x-amz-checksum-sha256, If-None-Match")));
        assert!(!may_send(&HeaderValue::from_static("cookie")));
    }
}
