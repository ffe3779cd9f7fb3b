//! Folders: the tree is made anew on the other side; running it again changes and sends nothing.

use std::fs;
use std::path::Path;

use crate::Metered;

/// Files in the tree; thousands in `make test-full`.
fn count() -> usize {
    if e2e::is_full_run() { 5_000 } else { 300 }
}

fn plant(root: &Path, files: usize) {
    for i in 0..files {
        let folder = root.join(format!("folder-{}/deep", i % 17));
        fs::create_dir_all(&folder).unwrap();
        let mut content = format!("file {i}").into_bytes();
        content.resize(1024, b'.');
        fs::write(folder.join(format!("file-{i:05}.txt")), content).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_of_small_files_arrives_and_again_nothing_is_sent() {
    let metered = Metered::start().await;
    let ada = metered.signed_up("ada");
    let home = tempfile::tempdir().unwrap();
    let tree = home.path().join("tree");
    plant(&tree, count());

    ada.json(&["put", tree.to_str().unwrap()]);
    let back = home.path().join("back");
    ada.json(&["get", "tree", "-o", back.to_str().unwrap()]);
    assert_eq!(listing(&back), listing(&tree));

    let (sent, usage) = (metered.s3.sent(), ada.json(&["whoami"]));
    ada.json(&["put", tree.to_str().unwrap()]);
    assert_eq!(metered.s3.sent(), sent, "nothing was sent");
    assert_eq!(ada.json(&["whoami"]), usage, "nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_reported_and_the_rest_arrives() {
    let metered = Metered::start().await;
    let ada = metered.signed_up("ada");
    let home = tempfile::tempdir().unwrap();
    let tree = home.path().join("tree");
    plant(&tree, 3);
    std::os::unix::fs::symlink("/nowhere", tree.join("dangling")).unwrap();
    let missing = home.path().join("missing");

    let put = ada.run(&["put", tree.to_str().unwrap(), missing.to_str().unwrap()]);
    assert_eq!(put.status.code(), Some(1), "a part of it failed");
    assert!(String::from_utf8_lossy(&put.stderr).contains("missing"));
    let back = home.path().join("back");
    ada.json(&["get", "tree", "-o", back.to_str().unwrap()]);
    fs::remove_file(tree.join("dangling")).unwrap();
    assert_eq!(listing(&back), listing(&tree));
}

/// Relative paths and contents, ordered.
fn listing(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.push((name, fs::read(&path).unwrap_or_default()));
            }
        }
    }
    files.sort();
    files
}
