//! Starting and stopping: clear words, and nothing lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use e2e::{StackProcess, free_port, start_in_vain};

#[tokio::test]
async fn a_folder_that_belongs_to_a_running_stack_is_refused_in_plain_words() {
    let data = tempfile::tempdir().unwrap();
    let _running = StackProcess::start(data.path()).await;
    let second = start_in_vain(data.path(), free_port(), free_port());
    assert!(!second.status.success());
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("belongs to a Straightway that is running"), "{said}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_the_option_that_changes_it() {
    let data = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for (api, s3, option) in [(address, free_port(), "--listen"), (free_port(), address, "--s3-listen")] {
        let refused = start_in_vain(data.path(), api, s3);
        assert!(!refused.status.success());
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains(&format!("port {} is taken", address.port())) && said.contains(option), "{said}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_named_and_left_alone() {
    let data = tempfile::tempdir().unwrap();
    StackProcess::start(data.path()).await.interrupt().await;
    for file in ["keys.json", "dynamodb.sqlite", "bucket/metadata.sqlite"] {
        let path = data.path().join(file);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, b"this is not what was here").unwrap();
        let refused = start_in_vain(data.path(), free_port(), free_port());
        assert!(!refused.status.success(), "{file}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains(file.rsplit('/').next().unwrap()), "{said}");
        assert_eq!(fs::read(&path).unwrap(), b"this is not what was here", "{file} was changed");
        fs::write(&path, whole).unwrap();
    }
    StackProcess::start(data.path()).await.interrupt().await;
}

#[tokio::test]
async fn ctrl_c_stops_it_in_order() {
    let data = tempfile::tempdir().unwrap();
    let stack = StackProcess::start(data.path()).await;
    assert!(stack.interrupt().await.success());
}

#[tokio::test]
async fn other_users_of_the_machine_can_read_nothing() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("data");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    let _running = StackProcess::start(&folder).await;
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["keys.json", "dynamodb.sqlite", "bucket/metadata.sqlite"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
}
