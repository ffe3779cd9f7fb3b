use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;

use crate::Problem;

/// Request extension that the host sets: the address of the machine at the other end, as the listener or the
/// gateway's own request context says it, never a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// The client's address: the peer's, or what a proxy says that the deployment trusts (`EdgeConfig::trusted_proxies`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let resolved = parts.extensions.get::<Self>().copied();
        // Without the edge (a router under test) the peer is the client.
        resolved
            .or_else(|| peer(&parts.extensions).map(Self))
            .ok_or_else(|| Problem::internal("the host does not say the peer's address"))
    }
}

/// The address that the host or the listener recorded.
pub(crate) fn peer(extensions: &http::Extensions) -> Option<IpAddr> {
    let set_by_host = extensions.get::<PeerAddress>().map(|peer| peer.0);
    let address = set_by_host.or_else(|| extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip()))?;
    // A dual-stack listener writes IPv4 peers as ::ffff:a.b.c.d: one machine must not have two names.
    Some(address.to_canonical())
}

/// The client behind `peer`: the last address in `X-Forwarded-For` that no trusted proxy has, if `peer` is one.
pub(crate) fn client(peer: IpAddr, trusted: &[IpAddr], forwarded: &http::HeaderMap) -> IpAddr {
    if !trusted.contains(&peer) {
        return peer;
    }
    let lines = forwarded.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let addresses: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    for address in addresses.iter().rev() {
        match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(address) if trusted.contains(&address) => {}
            Ok(address) => return address,
            // What stands before something unreadable may be the client's invention.
            Err(_) => return peer,
        }
    }
    peer
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn forwarded(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| ("x-forwarded-for".parse().unwrap(), HeaderValue::from_str(line).unwrap())).collect()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_header_counts_only_when_a_trusted_proxy_sends_it() {
        let headers = forwarded(&["203.0.113.9"]);
        assert_eq!(client(ip("198.51.100.1"), &[], &headers), ip("198.51.100.1"));
        assert_eq!(client(ip("198.51.100.1"), &[ip("10.0.0.1")], &headers), ip("198.51.100.1"));
        assert_eq!(client(ip("10.0.0.1"), &[ip("10.0.0.1")], &headers), ip("203.0.113.9"));
    }

    #[test]
    fn what_the_client_itself_wrote_into_the_header_does_not_count() {
        let trusted = [ip("10.0.0.1"), ip("10.0.0.2")];
        let headers = forwarded(&["1.2.3.4, 203.0.113.9", "10.0.0.2"]);
        assert_eq!(client(ip("10.0.0.1"), &trusted, &headers), ip("203.0.113.9"));
        assert_eq!(client(ip("10.0.0.1"), &trusted, &forwarded(&["1.2.3.4, unknown"])), ip("10.0.0.1"));
        assert_eq!(client(ip("10.0.0.1"), &trusted, &HeaderMap::new()), ip("10.0.0.1"));
    }

    #[test]
    fn an_ipv4_peer_on_an_ipv6_listener_keeps_its_name() {
        let mut extensions = http::Extensions::new();
        extensions.insert(PeerAddress(ip("::ffff:203.0.113.9")));
        assert_eq!(peer(&extensions), Some(ip("203.0.113.9")));
    }
}
