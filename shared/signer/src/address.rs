//! Where a bucket is.

use url::{Host, Url};

use crate::{Error, encode};

/// How the bucket stands in the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressStyle {
    /// `https://endpoint/bucket/key`: Ceph RGW, MinIO, `SeaweedFS`, the local stack.
    Path,
    /// `https://bucket.endpoint/key`: AWS.
    VirtualHost,
}

/// One bucket at one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketAddress {
    scheme: &'static str,
    host: String,
    base_path: String,
}

impl BucketAddress {
    /// The bucket at `endpoint`, an `http` or `https` URL with optional port and base path.
    ///
    /// The endpoint's host is lower-cased and the scheme's default port is dropped, as every HTTP client does
    /// before it writes the `Host` header that is signed here.
    pub fn new(endpoint: &str, bucket: &str, style: AddressStyle) -> Result<Self, Error> {
        let endpoint = parse_endpoint(endpoint)?;
        require_bucket_name(bucket)?;

        let base = endpoint.url.path().trim_end_matches('/');
        let mut base_path = String::new();
        encode::push_recoded_path(&mut base_path, base);

        let mut host = endpoint.host_and_port();
        match style {
            AddressStyle::Path => base_path.extend(["/", bucket]),
            AddressStyle::VirtualHost => {
                endpoint.require_host_name()?;
                require_lower_case(bucket)?;
                host = format!("{bucket}.{host}");
            }
        }
        Ok(Self { scheme: endpoint.scheme, host, base_path })
    }

    /// The `Host` header of every request to this bucket.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn push_origin(&self, out: &mut String) {
        out.extend([self.scheme, "://", &self.host]);
    }

    /// The path of an object, percent-encoded once, as it is sent and as it is signed.
    pub(crate) fn path(&self, key: &str) -> String {
        let mut path = String::with_capacity(self.base_path.len() + 1 + key.len());
        path.extend([&self.base_path, "/"]);
        encode::push_path(&mut path, key);
        path
    }
}

struct Endpoint {
    scheme: &'static str,
    url: Url,
}

fn parse_endpoint(endpoint: &str) -> Result<Endpoint, Error> {
    let invalid = |reason| Error::InvalidEndpoint { reason };

    let url = Url::parse(endpoint).map_err(|_| invalid("it is not a URL"))?;
    let scheme = match url.scheme() {
        "http" => "http",
        "https" => "https",
        _ => return Err(invalid("its scheme is neither http nor https")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("it holds a user or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("it has a query or fragment"));
    }
    Ok(Endpoint { scheme, url })
}

impl Endpoint {
    fn host_and_port(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    fn require_host_name(&self) -> Result<(), Error> {
        match self.url.host() {
            Some(Host::Domain(_)) => Ok(()),
            _ => Err(Error::VirtualHostOnAddress),
        }
    }
}

/// Wider than AWS's rule, because older buckets and other stores allow more.
fn require_bucket_name(bucket: &str) -> Result<(), Error> {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = bucket.as_bytes();
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);

    let valid = bytes.len() <= 255
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(allowed)
        && !bucket.contains("..");
    if !valid {
        let bucket = bucket.to_owned();
        return Err(Error::InvalidBucket { bucket });
    }
    Ok(())
}

/// Host names are lower-cased on their way, so that another bucket would be meant.
fn require_lower_case(bucket: &str) -> Result<(), Error> {
    if bucket.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let bucket = bucket.to_owned();
        return Err(Error::InvalidBucket { bucket });
    }
    Ok(())
}
