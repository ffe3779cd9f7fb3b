//! Big files: straight to the store, verified, resumed, and never sent twice.

use std::time::Duration;

use crate::{LocalFile, Metered, sha256};

const MIB: usize = 1 << 20;
/// Larger than all headers of a 64-part upload, smaller than any part.
const OVERHEAD: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_straight_to_the_store_and_the_same_content_never_again() {
    let size = if e2e::is_full_run() { 8192 * MIB } else { 1024 * MIB };
    let metered = Metered::start().await;
    let (file, ada) = (LocalFile::random(size), metered.signed_up("ada"));

    let first = ada.json(&["put", file.path()]);
    let stored = first.last().unwrap();
    assert_eq!(stored["outcome"], "uploaded");
    assert!(metered.api.sent() + metered.api.received() < 1 << 20, "the API carries no content");
    assert!(metered.s3.sent() >= size as u64);
    // Whoever reads back also computes the SHA-1: without one, nothing was read.
    assert!(stored["entry"].get("sha1").is_none());

    let back = file.beside("back.bin");
    ada.json(&["get", "film.bin", "-o", back.to_str().unwrap()]);
    assert_eq!(sha256(&back), sha256(&file.path));

    let sent = metered.s3.sent();
    let again = ada.json(&["put", file.path()]);
    assert_eq!(again.last().unwrap()["outcome"], "unchanged");
    let other_name = ada.json(&["put", file.path(), "--name", "copy.bin"]);
    assert_eq!(other_name.last().unwrap()["outcome"], "instant");
    let bob = metered.signed_up("bob");
    let proved = bob.json(&["put", file.path()]);
    assert_eq!(proved.last().unwrap()["outcome"], "proved");
    assert_eq!(metered.s3.sent(), sent, "not a byte went to the store");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_half_way_and_run_again_it_sends_at_most_the_parts_in_flight_again() {
    let (size, part, parallel) = (256 * MIB as u64, 16 * MIB as u64, 4);
    let metered = Metered::start().await;
    let file = LocalFile::random(usize::try_from(size).unwrap());
    let ada = metered.signed_up("ada");

    let mut put = ada.command(&["put", file.path()]).spawn().unwrap();
    while metered.s3.sent() < size / 2 {
        assert!(put.try_wait().unwrap().is_none(), "it ended before it could be killed");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    put.kill().unwrap();
    put.wait().unwrap();
    assert!(metered.s3.sent() < size, "half of it was left");

    let again = ada.json(&["put", file.path()]);
    assert_eq!(again.last().unwrap()["event"], "stored");
    assert!(metered.s3.sent() <= size + parallel * part + OVERHEAD, "{} bytes were sent", metered.s3.sent());
    let back = file.beside("back.bin");
    ada.json(&["get", "film.bin", "-o", back.to_str().unwrap()]);
    assert_eq!(sha256(&back), sha256(&file.path));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_at_another_machine() {
    let (size, part, parallel) = (192 * MIB as u64, 16 * MIB as u64, 4);
    let metered = Metered::start().await;
    let file = LocalFile::random(usize::try_from(size).unwrap());
    let laptop = metered.signed_up("ada");
    let mut put = laptop.command(&["put", file.path()]).spawn().unwrap();
    while metered.s3.sent() < size / 2 {
        assert!(put.try_wait().unwrap().is_none(), "it ended before it could be killed");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    put.kill().unwrap();
    put.wait().unwrap();

    let desktop = metered.signed_in("ada");
    let status = desktop.json(&["status"]);
    assert_eq!(status.len(), 1, "{status:?}");
    let stored = desktop.json(&["put", file.path()]);
    assert_eq!(stored.last().unwrap()["event"], "stored");
    assert!(metered.s3.sent() <= size + parallel * part + OVERHEAD, "{} bytes were sent", metered.s3.sent());
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_is_a_file_too_and_an_empty_one_as_well() {
    let metered = Metered::start().await;
    let ada = metered.signed_up("ada");
    let file = LocalFile::random(20 * MIB + 3);
    let mut command = ada.command(&["--json", "put", "-", "--name", "piped.bin"]);
    let put = command.stdin(std::fs::File::open(&file.path).unwrap()).output().unwrap();
    assert!(put.status.success(), "{}", String::from_utf8_lossy(&put.stderr));
    let back = ada.run(&["get", "piped.bin", "-o", "-"]);
    assert!(back.status.success());
    assert_eq!(back.stdout, std::fs::read(&file.path).unwrap());

    let empty = LocalFile::random(0);
    ada.json(&["put", empty.path(), "--name", "empty.bin"]);
    assert!(ada.run(&["get", "empty.bin", "-o", "-"]).stdout.is_empty());
}
