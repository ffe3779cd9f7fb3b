use e2e::{TestApp, session_id};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{both, expect_unharmed, send, three_parts};

/// What the store may answer to a body that is not the one that was signed for.
const REFUSED: [u16; 3] = [400, 403, 411];

#[tokio::test]
async fn other_bytes_are_refused() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for (content, upload) in both(&app, &ada).await {
        let mut bytes = content.part(1).to_vec();
        bytes[500] ^= 1;
        assert_eq!(app.put_part(&upload["parts"][0], bytes).await, 400);
        expect_unharmed(&ada, &upload, &content).await;
    }
}

#[tokio::test]
async fn shorter_and_longer_bodies_are_refused() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for (content, upload) in both(&app, &ada).await {
        let part = content.part(1);
        for bytes in [part[..part.len() - 1].to_vec(), [part, b"x"].concat(), Vec::new()] {
            let status = app.put_part(&upload["parts"][0], bytes).await.as_u16();
            assert!(REFUSED.contains(&status), "{status}");
        }
        expect_unharmed(&ada, &upload, &content).await;
    }
}

#[tokio::test]
async fn a_body_without_a_length_is_refused() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for (content, upload) in both(&app, &ada).await {
        let part = &upload["parts"][0];
        let chunks: Vec<std::io::Result<Vec<u8>>> = vec![Ok(content.part(1).to_vec())];
        let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
        let mut request = app.http().put(part["url"].as_str().unwrap()).body(body);
        for (name, value) in part["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        let status = send(request).await.as_u16();
        assert!(REFUSED.contains(&status), "{status}");
        expect_unharmed(&ada, &upload, &content).await;
    }
}

#[tokio::test]
async fn swapped_parts_are_refused() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = three_parts();
    let upload = ada.open("film", &content).await;
    assert_eq!(app.put_part(&upload["parts"][0], content.part(2).to_vec()).await, 400);
    assert_eq!(app.put_part(&upload["parts"][1], content.part(1).to_vec()).await, 400);
    expect_unharmed(&ada, &upload, &content).await;
}

#[tokio::test]
async fn parts_of_one_upload_are_no_parts_of_another() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (one, other) = (three_parts(), three_parts());
    let uploads = [ada.open("one", &one).await, ada.open("other", &other).await];
    assert_eq!(app.put_part(&uploads[0]["parts"][0], other.part(1).to_vec()).await, 400);
    assert_eq!(app.put_part(&uploads[1]["parts"][0], one.part(1).to_vec()).await, 400);
    expect_unharmed(&ada, &uploads[0], &one).await;
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_leaves_nothing() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for (content, upload) in both(&app, &ada).await {
        let bytes = content.part(1);
        send_half(&app, &upload["parts"][0], bytes).await;
        let id = session_id(&upload);
        ada.complete_upload(id, &json!({})).await.expect_problem(409, "parts-missing");
        expect_unharmed(&ada, &upload, &content).await;
    }
}

/// Promises the whole body, sends half of it and hangs up.
async fn send_half(app: &TestApp, part: &Value, bytes: &[u8]) {
    let host = app.s3_origin.trim_start_matches("http://");
    let url = part["url"].as_str().unwrap();
    let target = url.split_once(host).expect("the URL names the store").1;
    let mut head = format!("PUT {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n", bytes.len());
    for (name, value) in part["headers"].as_object().unwrap() {
        head += &[name, ": ", value.as_str().unwrap(), "\r\n"].concat();
    }
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all((head + "\r\n").as_bytes()).await.unwrap();
    stream.write_all(&bytes[..bytes.len() / 2]).await.unwrap();
    stream.shutdown().await.unwrap();
    // Until the store hangs up too: by then it has decided.
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "half a body was taken");
}
