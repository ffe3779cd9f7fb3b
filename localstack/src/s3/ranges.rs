//! `Range` headers that S3 and HTTP ignore: malformed ones, several ranges, other units. `s3s` would refuse them.

use http::header::{AUTHORIZATION, RANGE};
use http::uri::PathAndQuery;
use http::{Extensions, HeaderMap, Method, Request, Uri};
use s3s::dto::Range;
use s3s::route::S3Route;
use s3s::service::S3Service as Protocol;
use s3s::{Body, S3Request, S3Response, S3Result, s3_error};

/// Answers reads with such a header as if it were not there. As a route it comes after the signature, which may cover
/// the header, was checked, and refuses whoever has none.
pub(super) struct Ignored {
    /// The same protocol without authentication: it must not be reachable in any other way.
    judged: Protocol,
}

impl Ignored {
    pub(super) fn new(judged: Protocol) -> Self {
        Self { judged }
    }
}

#[async_trait::async_trait]
impl S3Route for Ignored {
    fn is_match(&self, method: &Method, _: &Uri, headers: &HeaderMap, _: &mut Extensions) -> bool {
        matches!(*method, Method::GET | Method::HEAD) && is_ignored(headers)
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let mut plain = Request::new(Body::empty());
        *plain.method_mut() = request.method;
        *plain.uri_mut() = without_signature(&request.uri)?;
        *plain.headers_mut() = request.headers;
        plain.headers_mut().remove(RANGE);
        plain.headers_mut().remove(AUTHORIZATION);
        let answer = self.judged.call(plain).await.map_err(|_| s3_error!(InternalError))?;
        let (parts, body) = answer.into_parts();
        let mut response = S3Response::new(body);
        response.status = Some(parts.status);
        response.headers = parts.headers;
        Ok(response)
    }
}

fn is_ignored(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(RANGE).iter();
    let Some(first) = values.next() else { return false };
    values.next().is_some() || !first.to_str().is_ok_and(is_one_range)
}

fn is_one_range(value: &str) -> bool {
    // `s3s` takes `bytes=-` for the last zero bytes.
    value != "bytes=-" && Range::parse(value).is_ok()
}

/// The URL without what would be a signature to check.
fn without_signature(uri: &Uri) -> S3Result<Uri> {
    let is_signing = |pair: &&str| pair.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"));
    let query: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(|pair| !is_signing(pair)).collect();
    let path = PathAndQuery::try_from(format!("{}?{}", uri.path(), query.join("&")));
    path.map(Uri::from).map_err(|_| s3_error!(InvalidURI))
}
