//! Nothing acknowledged is lost when the process is killed while it writes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use straightway_local::dynamo::{self, EmbeddedDynamo};

use crate::support::{create_table, get, item, put_new};

const CHILD: &str = "STRAIGHTWAY_TEST_DYNAMO_CHILD";
/// Writers at once, so that commits share syncs.
const WRITERS: usize = 8;
const KILLED_AFTER: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_loses_no_acknowledged_transaction() {
    if let Some(path) = std::env::var_os(CHILD) {
        return write_until_killed(Path::new(&path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    create_table(&dynamo::client(&EmbeddedDynamo::open(&path).unwrap())).await;

    let acknowledged = acknowledged_by_a_killed_child(&path);

    let client = dynamo::client(&EmbeddedDynamo::open(&path).unwrap());
    assert!(acknowledged.len() >= KILLED_AFTER);
    for name in acknowledged {
        for half in ["left", "right"] {
            let found = get(&client, half, &name).await;
            assert_eq!(found, Some(item(half, &name, "file-1")), "{name} was acknowledged");
        }
    }
}

/// Starts this very test in a process of its own, kills it in the midst, and returns what it had
/// said to be written.
fn acknowledged_by_a_killed_child(path: &Path) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["durability::a_killed_process_loses_no_acknowledged_transaction", "--exact"])
        .arg("--nocapture")
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut names = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        // A line without the mark is the test runner's, or was cut short by the kill.
        let line = line.unwrap();
        if let Some(name) = line.strip_prefix("written ").and_then(|rest| rest.strip_suffix('.')) {
            names.push(name.to_owned());
        }
        if names.len() == KILLED_AFTER {
            // SIGKILL; the loop goes on to what the pipe still holds.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    names
}

async fn write_until_killed(path: &Path) {
    let client = dynamo::client(&EmbeddedDynamo::open(path).unwrap());
    let next = Arc::new(AtomicUsize::new(0));
    let writers = (0..WRITERS).map(|_| {
        let (client, next) = (client.clone(), Arc::clone(&next));
        tokio::spawn(async move {
            // Bounded, should nobody kill us.
            while let number @ ..20_000 = next.fetch_add(1, Ordering::Relaxed) {
                let name = format!("item-{number}");
                client
                    .transact_write_items()
                    .transact_items(put_new(item("left", &name, "file-1")))
                    .transact_items(put_new(item("right", &name, "file-1")))
                    .send()
                    .await
                    .unwrap();
                let mut out = std::io::stdout().lock();
                out.write_all(format!("written {name}.\n").as_bytes()).unwrap();
                out.flush().unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}
