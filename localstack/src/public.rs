//! The names under which clients know the ports.

use std::collections::HashSet;
use std::net::SocketAddr;

use url::Url;

use crate::Options;

/// The names under which clients know the ports.
pub(crate) struct Public {
    /// The API's origin: issuer of tokens.
    pub(crate) origin: String,
    /// The bucket's origin in presigned URLs.
    pub(crate) s3: String,
    /// `Host` values that the API answers.
    pub(crate) hosts: HashSet<String>,
    /// Origins of the API's own page.
    pub(crate) origins: HashSet<String>,
    /// Host names that the bucket answers.
    pub(crate) s3_hosts: Vec<String>,
}

impl Public {
    pub(crate) fn new(options: &Options, api: SocketAddr, s3: SocketAddr) -> Self {
        let origin = options.public_url.as_ref().map_or_else(|| format!("http://{api}"), origin_of);
        let mut hosts = loopback_hosts(api);
        let mut origins: HashSet<String> = hosts.iter().map(|host| format!("http://{host}")).collect();
        hosts.extend(options.public_url.as_ref().map(authority_of));
        origins.insert(origin.clone());
        let on_api_port = options.public_url.as_ref().filter(|_| options.bucket_on_api_port);
        let s3_urls = [options.s3_public_url.as_ref(), on_api_port];
        let s3_names = s3_urls.into_iter().flatten().filter_map(Url::host_str);
        let s3_hosts = ["127.0.0.1", "localhost", "[::1]"].into_iter().chain(s3_names).map(str::to_owned).collect();
        let s3 = match &options.s3_public_url {
            Some(url) => origin_of(url),
            None if options.bucket_on_api_port => origin.clone(),
            None => format!("http://{s3}"),
        };
        Self { origin, s3, hosts, origins, s3_hosts }
    }
}

/// `scheme://host[:port]`, as browsers write it.
fn origin_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// `host[:port]`, as clients send it.
fn authority_of(url: &Url) -> String {
    url[url::Position::BeforeHost..url::Position::AfterPort].to_owned()
}

/// Names under which a page or a program on this machine may reach a port.
pub(crate) fn loopback_hosts(address: SocketAddr) -> HashSet<String> {
    let port = address.port();
    ["127.0.0.1", "localhost", "[::1]"].into_iter().map(|host| format!("{host}:{port}")).collect()
}
