//! The shape of a signature: what it must cover and when it may be used. Whether it is right, `s3s` decides.

use std::borrow::Cow;

use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Request};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

const WEEK: u32 = 7 * 24 * 60 * 60;
const NOT_HOISTED: [&str; 8] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
    "x-amz-signature",
    "x-amz-security-token",
    // Presigners put it into URLs before there is a body: it says nothing there.
    "x-amz-sdk-checksum-algorithm",
];

/// What a request says its signature covers.
struct Signed {
    region: String,
    headers: Vec<String>,
}

/// Refuses signatures that S3 would refuse whatever their value. A request without any is left to `s3s`.
pub(super) fn check<B>(request: &Request<B>, region: &str) -> S3Result<()> {
    refuse_forms(request)?;
    let query = request.uri().query().unwrap_or_default();
    let in_query = from_query(query)?;
    let in_header = from_header(request)?;
    let signed = match (in_query, in_header) {
        (None, None) => return Ok(()),
        (Some(_), Some(_)) => {
            return Err(s3_error!(
                InvalidArgument,
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization \
                 header should be specified"
            ));
        }
        (Some(signed), None) | (None, Some(signed)) => signed,
    };
    check_region(&signed, region)?;
    check_coverage(request, &signed)
}

/// Presigners may move `x-amz-*` headers into the URL, where the signature covers them: to S3 they are headers.
pub(super) fn hoist_query<B>(request: &mut Request<B>) -> S3Result<()> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = parse(&query).collect();
    if !pairs.iter().any(|(name, _)| name == "X-Amz-Signature") {
        return Ok(());
    }
    for (name, value) in pairs {
        let name = name.to_ascii_lowercase();
        if !name.starts_with("x-amz-") || NOT_HOISTED.contains(&name.as_str()) {
            continue;
        }
        let malformed = || s3_error!(InvalidArgument, "A query parameter cannot be a header.");
        let name = HeaderName::try_from(name).map_err(|_| malformed())?;
        let value = HeaderValue::try_from(value.as_ref()).map_err(|_| malformed())?;
        request.headers_mut().entry(name).or_insert(value);
    }
    Ok(())
}

/// Browser forms are not spoken here (and `s3s` would hold their file in memory).
fn refuse_forms<B>(request: &Request<B>) -> S3Result<()> {
    let is_form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().to_ascii_lowercase().starts_with(b"multipart/"));
    if request.method() == Method::POST && is_form {
        return Err(s3_error!(NotImplemented, "POST forms are not supported."));
    }
    Ok(())
}

fn from_query(query: &str) -> S3Result<Option<Signed>> {
    let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = parse(query).collect();
    let value = |wanted: &str| {
        let pair = pairs.iter().find(|(name, _)| name == wanted);
        pair.map(|(_, value)| value.clone())
    };
    if value("Signature").is_some() || value("AWSAccessKeyId").is_some() {
        return Err(signature_v2());
    }
    if value("X-Amz-Signature").is_none() {
        return Ok(None);
    }
    let malformed =
        |message: &'static str| S3Error::with_message(S3ErrorCode::AuthorizationQueryParametersError, message);
    let expires = value("X-Amz-Expires")
        .and_then(|seconds| seconds.parse::<u32>().ok())
        .ok_or_else(|| malformed("X-Amz-Expires should be a number"))?;
    if expires == 0 || expires > WEEK {
        return Err(malformed("X-Amz-Expires must be at least 1 and less than a week (in seconds)"));
    }
    let (Some(credential), Some(headers)) = (value("X-Amz-Credential"), value("X-Amz-SignedHeaders")) else {
        return Err(malformed(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
             X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        ));
    };
    Ok(Some(Signed { region: region_of(&credential), headers: split_headers(&headers) }))
}

fn from_header<B>(request: &Request<B>) -> S3Result<Option<Signed>> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let malformed = || s3_error!(AuthorizationHeaderMalformed, "The authorization header is malformed.");
    let value = value.to_str().map_err(|_| malformed())?;
    let Some(fields) = value.strip_prefix("AWS4-HMAC-SHA256") else {
        return Err(signature_v2());
    };
    let field = |name: &str| fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
    let credential = field("Credential").ok_or_else(malformed)?;
    let headers = field("SignedHeaders").ok_or_else(malformed)?;
    Ok(Some(Signed { region: region_of(credential), headers: split_headers(headers) }))
}

fn check_region(signed: &Signed, region: &str) -> S3Result<()> {
    if signed.region == region {
        return Ok(());
    }
    Err(s3_error!(
        AuthorizationHeaderMalformed,
        "The authorization header is malformed; the region '{}' is wrong; expecting '{region}'",
        signed.region
    ))
}

/// The host and every `x-amz-*` header must be signed: otherwise whoever holds a URL could add some.
fn check_coverage<B>(request: &Request<B>, signed: &Signed) -> S3Result<()> {
    let is_signed = |name: &str| signed.headers.iter().any(|signed| signed == name);
    let must_be_signed =
        request.headers().keys().map(HeaderName::as_str).filter(|name| name.starts_with("x-amz-")).chain(["host"]);
    let unsigned: Vec<&str> = must_be_signed.filter(|name| !is_signed(name)).collect();
    if unsigned.is_empty() {
        return Ok(());
    }
    Err(s3_error!(
        AccessDenied,
        "There were headers present in the request which were not signed: {}",
        unsigned.join(", ")
    ))
}

fn signature_v2() -> S3Error {
    s3_error!(
        InvalidRequest,
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
    )
}

fn parse(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    url::form_urlencoded::parse(query.as_bytes())
}

/// `AKID/20261121/us-east-1/s3/aws4_request`; a key id may hold slashes.
fn region_of(credential: &str) -> String {
    credential.rsplit('/').nth(2).unwrap_or_default().to_owned()
}

fn split_headers(headers: &str) -> Vec<String> {
    headers.split(';').map(str::to_ascii_lowercase).collect()
}
