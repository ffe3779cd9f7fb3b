//! Ctrl-C ends it, whatever clients do.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::process::Program;

/// The grace of ten seconds, and what a busy machine adds.
const IN_TIME: Duration = Duration::from_secs(40);
/// Far below the grace.
const AT_ONCE: Duration = Duration::from_secs(7);

/// A request with one of its hundred bytes.
fn half_a_request(api: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(api).unwrap();
    write!(
        stream,
        "POST /v1/logins HTTP/1.1\r\nHost: {api}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    )
    .unwrap();
    stream
}

/// A whole request on a connection of its own: what was sent before it has arrived, too.
fn whole_request(api: SocketAddr) {
    let mut stream = TcpStream::connect(api).unwrap();
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn half_a_request_does_not_keep_it_from_stopping() {
    let program = Program::start(&["--listen", "127.0.0.1:0"]);
    let _open = half_a_request(program.api);
    whole_request(program.api);
    program.interrupt();
    assert!(program.ended_within(IN_TIME).success());
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_anything() {
    let program = Program::start(&["--listen", "127.0.0.1:0"]);
    let _open = half_a_request(program.api);
    whole_request(program.api);
    program.interrupt();
    program.wait_until_it_stops_listening();
    program.interrupt();
    assert_eq!(program.ended_within(AT_ONCE).code(), Some(130));
}
