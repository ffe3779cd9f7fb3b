//! Web pages and other programs on this machine.

use std::collections::BTreeSet;
use std::fs;

use e2e::StackProcess;
use reqwest::{Client, Method};

#[tokio::test]
async fn it_listens_on_the_documented_ports_and_no_others() {
    let data = tempfile::tempdir().unwrap();
    let stack = StackProcess::start(data.path()).await;
    let expected = BTreeSet::from([stack.api.port(), stack.s3.port()]);
    assert_eq!(listening_ports(stack.pid()), expected);
}

#[tokio::test]
async fn a_foreign_host_or_origin_gets_nothing_from_any_port() {
    let data = tempfile::tempdir().unwrap();
    let stack = StackProcess::start(data.path()).await;
    let http = Client::new();
    for address in [stack.api, stack.s3] {
        let get = http.get(format!("http://{address}/v1/capabilities")).header("host", "evil.example");
        assert_eq!(get.send().await.unwrap().status().as_u16(), 421, "{address}");
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let request = http.request(method.clone(), format!("http://{address}/v1/logins"));
            let answer = request.header("origin", "https://evil.example").send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 403, "{method} {address}");
            assert!(answer.headers().get("access-control-allow-origin").is_none());
        }
    }
}

/// TCP ports on which a process listens, from its own view of /proc.
fn listening_ports(pid: u32) -> BTreeSet<u16> {
    let sockets: BTreeSet<String> = fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let tables =
        ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    let listening = lines.filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // Local address, state (0A: LISTEN), and the socket's inode.
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        (*state == "0A" && sockets.contains(*inode)).then(|| local.rsplit(':').next())?
    });
    listening.map(|port| u16::from_str_radix(port, 16).unwrap()).collect()
}
