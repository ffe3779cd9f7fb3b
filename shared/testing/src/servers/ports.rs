//! Free ports, below those that the system hands out for outgoing connections (32768 and up), so that none of these
//! can take one between its choice and its use.

use std::net::TcpListener;
use std::ops::Range;

const CHOICE: Range<u16> = 12_000..30_000;

/// `N` different ports that nothing listens on at 127.0.0.1.
pub(super) fn free_ports<const N: usize>() -> [u16; N] {
    let mut held = Vec::with_capacity(N);
    while held.len() < N {
        // Held until all are found, so that none is found twice.
        held.extend(TcpListener::bind(("127.0.0.1", random_port())));
    }
    let port = |index: usize| held.get(index).and_then(|listener: &TcpListener| listener.local_addr().ok());
    std::array::from_fn(|index| port(index).expect("a bound listener has an address").port())
}

fn random_port() -> u16 {
    let random = getrandom::u32().expect("the system has randomness");
    let offset = random % u32::from(CHOICE.end - CHOICE.start);
    CHOICE.start + u16::try_from(offset).expect("the choice is a range of u16")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn free_ports_differ_and_can_be_bound() {
        let ports: [u16; 8] = free_ports();
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), 8);
        for port in ports {
            assert!(CHOICE.contains(&port));
            TcpListener::bind(("127.0.0.1", port)).unwrap();
        }
    }
}
