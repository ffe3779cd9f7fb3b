//! The small commands, exit codes and the credentials file.

use std::os::unix::fs::PermissionsExt;

use e2e::Cli;

use crate::{LocalFile, Metered};

#[tokio::test(flavor = "multi_thread")]
async fn files_are_listed_moved_and_deleted() {
    let metered = Metered::start().await;
    let ada = metered.signed_up("ada");
    let file = LocalFile::random(1000);
    ada.json(&["put", file.path(), "--to", "holiday/2026"]);
    let list = |path: &str| String::from_utf8(ada.run(&["ls", path]).stdout).unwrap();
    assert!(list("holiday/2026").contains("film.bin"));
    ada.json(&["mkdir", "kept"]);
    ada.json(&["mv", "holiday/2026/film.bin", "kept"]);
    assert!(list("kept").contains("film.bin"));
    ada.json(&["mv", "kept/film.bin", "kept/renamed.bin"]);
    assert!(list("kept").contains("renamed.bin"));
    assert_ne!(ada.run(&["rm", "holiday"]).status.code(), Some(0), "a folder needs -r");
    ada.json(&["rm", "-r", "holiday", "kept"]);
    assert!(String::from_utf8(ada.run(&["ls"]).stdout).unwrap().trim().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_say_what_to_do() {
    let metered = Metered::start().await;
    let nobody = Cli::new(&metered.app.origin);
    assert_eq!(nobody.run(&["whoami"]).status.code(), Some(3), "not signed in");
    assert_eq!(nobody.run(&["frobnicate"]).status.code(), Some(2), "usage");
    let ada = metered.signed_up("ada");
    assert_eq!(ada.run(&["get", "nowhere"]).status.code(), Some(4), "not found");
    assert_eq!(nobody.run(&["signup", "ada"]).status.code(), Some(5), "the name is taken");
    let file = LocalFile::random(10);
    ada.json(&["put", file.path()]);
    let other = LocalFile::random(10);
    assert_eq!(ada.run(&["put", other.path(), "--on-conflict", "fail"]).status.code(), Some(5), "the name is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_is_kept_from_others_and_ends_with_logout() {
    let metered = Metered::start().await;
    let ada = metered.signed_up("ada");
    let credentials = ada.config().join("straightway/credentials.json");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&credentials), 0o600);
    assert_eq!(mode(credentials.parent().unwrap()), 0o700);
    std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = ada.run(&["whoami"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("chmod 600"), "it says what to do");
    std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(0o600)).unwrap();
    ada.json(&["logout"]);
    assert_eq!(ada.run(&["whoami"]).status.code(), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_uploads_are_shown_and_given_up() {
    let metered = Metered::start().await;
    let ada = metered.signed_up("ada");
    let file = LocalFile::random(64 << 20);
    let mut put = ada.command(&["put", file.path()]).spawn().unwrap();
    while metered.s3.sent() < 20 << 20 {
        assert!(put.try_wait().unwrap().is_none(), "it ended before it could be killed");
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    put.kill().unwrap();
    put.wait().unwrap();
    let status = ada.json(&["status"]);
    assert_eq!(status.len(), 1, "{status:?}");
    ada.json(&["abort", "--all"]);
    assert!(ada.json(&["status"]).is_empty());
    let me = ada.json(&["whoami"]);
    assert_eq!(me[0]["account"]["usage"]["reserved_bytes"], 0, "{me:?}");
}
