//! One entry to the disk.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use straightway_api::files::Entry;
use straightway_client::{Error, Got, Unobserved};

use crate::server::{Scripted, Server, content_hash, entry, store_error};

const PART: usize = 16 << 20;

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n.wrapping_mul(2_654_435_761) >> 11).to_le_bytes()[0]).collect()
}

async fn holding(content: &[u8]) -> (Server, Entry) {
    let server = Server::start().await;
    server.put_content(content);
    let entry = entry(content.len() as u64, &content_hash(content).to_hex());
    (server, serde_json::from_value(entry).unwrap())
}

async fn get(server: &Server, entry: &Entry, path: &Path) -> Result<Got, Error> {
    server.engine().get(entry, path, Arc::new(Unobserved)).await
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn files_come_back_byte_for_byte() {
    for length in [0, 1, PART + 1] {
        let (content, folder) = (content(length), tempfile::tempdir().unwrap());
        let (server, entry) = holding(&content).await;
        let path = folder.path().join("film.mp4");
        assert_eq!(get(&server, &entry, &path).await.unwrap().received_bytes, length as u64);
        assert!(fs::read(&path).unwrap() == content, "{length}");
        assert_eq!(names(folder.path()), ["film.mp4"]);
    }
}

#[tokio::test]
async fn a_download_that_breaks_goes_on_from_there() {
    let (content, folder) = (content(PART + 1000), tempfile::tempdir().unwrap());
    let (server, entry) = holding(&content).await;
    server.script("get", [Scripted::BreakAfter(100_000), store_error(503, "SlowDown"), Scripted::BreakAfter(1)]);
    let path = folder.path().join("film.mp4");
    get(&server, &entry, &path).await.unwrap();
    assert!(fs::read(&path).unwrap() == content);
    let seen = server.seen("get");
    assert_eq!(seen.last().unwrap().headers["range"], "bytes=100001-");
    assert_eq!(seen.last().unwrap().headers["if-match"], "\"e\"");
    assert_eq!(server.seen("download").len(), 1);
}

#[tokio::test]
async fn a_later_run_goes_on_from_what_an_earlier_one_left() {
    let (content, folder) = (content(PART + 1000), tempfile::tempdir().unwrap());
    let (server, entry) = holding(&content).await;
    let path = folder.path().join("film.mp4");
    server.script("get", [Scripted::BreakAfter(70_000), store_error(404, "NoSuchKey"), store_error(404, "NoSuchKey")]);
    assert!(matches!(get(&server, &entry, &path).await, Err(Error::Store { .. })));
    let hash = entry.content_hash.as_deref().unwrap();
    assert_eq!(names(folder.path()), [format!("film.mp4.{}.part", &hash[..12])]);
    let got = get(&server, &entry, &path).await.unwrap();
    assert_eq!(got.received_bytes, (PART + 1000 - 70_000) as u64);
    assert!(fs::read(&path).unwrap() == content);
}

#[tokio::test]
async fn a_damaged_rest_of_an_earlier_run_is_fetched_again() {
    let (content, folder) = (content(1000), tempfile::tempdir().unwrap());
    let (server, entry) = holding(&content).await;
    let path = folder.path().join("film.mp4");
    server.script("get", [Scripted::BreakAfter(500), store_error(404, ""), store_error(404, "")]);
    get(&server, &entry, &path).await.unwrap_err();
    fs::write(folder.path().join(&names(folder.path())[0]), [0; 400]).unwrap();
    let got = get(&server, &entry, &path).await.unwrap();
    assert_eq!(got.received_bytes, 600 + 1000);
    assert!(fs::read(&path).unwrap() == content);
}

#[tokio::test]
async fn bytes_other_than_promised_are_not_kept() {
    let (content, folder) = (content(1000), tempfile::tempdir().unwrap());
    let (server, entry) = holding(&content).await;
    server.script("get", [Scripted::Damage]);
    let path = folder.path().join("film.mp4");
    fs::write(&path, "before").unwrap();
    assert!(matches!(get(&server, &entry, &path).await, Err(Error::Corrupt { .. })));
    assert_eq!(names(folder.path()), ["film.mp4"]);
    assert_eq!(fs::read(&path).unwrap(), b"before");
}

#[tokio::test]
async fn an_expired_url_is_asked_for_again_and_a_second_refusal_is_an_error() {
    let (content, folder) = (content(1000), tempfile::tempdir().unwrap());
    let (server, entry) = holding(&content).await;
    let path = folder.path().join("film.mp4");
    server.script("get", [store_error(403, "AccessDenied")]);
    get(&server, &entry, &path).await.unwrap();
    assert_eq!(server.seen("download").len(), 2);
    let elsewhere = folder.path().join("other.mp4");
    server.script("get", [store_error(403, "AccessDenied"), store_error(403, "AccessDenied")]);
    assert!(matches!(get(&server, &entry, &elsewhere).await, Err(Error::Store { .. })));
}

#[tokio::test]
async fn a_file_that_is_here_already_is_not_fetched() {
    let (content, folder) = (content(1000), tempfile::tempdir().unwrap());
    let (server, entry) = holding(&content).await;
    let path = folder.path().join("film.mp4");
    fs::write(&path, &content).unwrap();
    assert_eq!(get(&server, &entry, &path).await.unwrap().received_bytes, 0);
    assert!(server.seen("download").is_empty());
}

#[tokio::test]
async fn a_stream_gets_the_bytes_and_is_told_when_they_are_wrong() {
    let content = content(1000);
    let (server, entry) = holding(&content).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    server.engine().get_into(&entry, file.reopen().unwrap(), Arc::new(Unobserved)).await.unwrap();
    assert!(fs::read(file.path()).unwrap() == content);
    server.script("get", [Scripted::Damage]);
    let damaged = server.engine().get_into(&entry, std::io::sink(), Arc::new(Unobserved)).await;
    assert!(matches!(damaged, Err(Error::Corrupt { .. })));
}
