//! SIGKILL at the worst moments: what was acknowledged is there, and clients finish by themselves.

use std::time::Duration;

use e2e::{Cli, Content, StackProcess};
use serde_json::json;

use crate::Visitor;

#[tokio::test]
async fn parts_session_and_files_survive_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let stack = StackProcess::start(data.path()).await;
    let (api, s3) = (stack.api, stack.s3);
    let ada = Visitor::sign_up(&stack.origin()).await;
    let content = Content::random(40 << 20);
    let leaves = content.leaves.iter().enumerate();
    let parts: Vec<_> = leaves.map(|(i, leaf)| json!({"part_number": i + 1, "leaf_hash": leaf.to_hex()})).collect();
    let create = json!({
        "name": "film.mp4", "size_bytes": content.size(), "content_hash": content.hash.to_hex(), "parts": parts,
    });
    let upload = ada.post("/v1/uploads", &create).await.expect(201);
    let id = upload["session"]["session_id"].as_str().unwrap().to_owned();
    for part in &upload["parts"].as_array().unwrap()[..2] {
        ada.put_part(part, &content).await;
    }

    stack.kill();
    let stack = StackProcess::start_on(data.path(), api, s3).await;

    let again = ada.post("/v1/uploads", &create).await.expect(201);
    assert_eq!((&again["resumed"], &again["missing"]), (&json!(true), &json!([[3, 3]])));
    ada.put_part(&upload["parts"][2], &content).await;
    let stored = ada.post(&format!("/v1/uploads/{id}/complete"), &json!({})).await.expect(200);
    assert_eq!(stored["state"], "stored");

    stack.kill();
    let _stack = StackProcess::start_on(data.path(), api, s3).await;

    let found = ada.get("/v1/files?name=film.mp4").await;
    assert_eq!(found["items"][0], stored["entry"]);
    let path = format!("/v1/files/{}/download", stored["entry"]["entry_id"].as_str().unwrap());
    let url = ada.get(&path).await["url"].as_str().unwrap().to_owned();
    assert_eq!(reqwest::get(url).await.unwrap().bytes().await.unwrap(), content.bytes);
}

#[tokio::test]
async fn an_event_survives_a_kill_and_makes_the_file() {
    let data = tempfile::tempdir().unwrap();
    let stack = StackProcess::start(data.path()).await;
    let (api, s3) = (stack.api, stack.s3);
    let ada = Visitor::sign_up(&stack.origin()).await;
    let content = Content::random(1000);
    let create = json!({"name": "film.mp4", "size_bytes": 1000, "content_hash": content.hash.to_hex()});
    let upload = ada.post("/v1/uploads", &create).await.expect(201);
    ada.put_part(&upload["parts"][0], &content).await;

    stack.kill();
    let _stack = StackProcess::start_on(data.path(), api, s3).await;

    e2e::eventually("the file of the vanished client", async || {
        ada.get("/v1/files?name=film.mp4").await["items"].get(0).cloned()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_finishes_by_itself_when_the_stack_comes_back() {
    let data = tempfile::tempdir().unwrap();
    let stack = StackProcess::start(data.path()).await;
    let (api, s3) = (stack.api, stack.s3);
    let ada = Cli::new(&stack.origin());
    ada.json(&["signup", "ada"]);
    let content = Content::random(256 << 20);
    let file = data.path().join("film.bin");
    std::fs::write(&file, &content.bytes).unwrap();
    let mut put = ada.command(&["--quiet", "put", file.to_str().unwrap()]).spawn().unwrap();
    let objects = data.path().join("bucket/data");
    while std::fs::read_dir(&objects).unwrap().count() < 4 {
        assert!(put.try_wait().unwrap().is_none(), "it ended before the stack could be killed");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }

    stack.kill();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let _stack = StackProcess::start_on(data.path(), api, s3).await;

    let ended = tokio::task::spawn_blocking(move || put.wait()).await.unwrap().unwrap();
    assert!(ended.success());
    let back = data.path().join("back.bin");
    ada.json(&["get", "film.bin", "-o", back.to_str().unwrap()]);
    assert_eq!(std::fs::read(back).unwrap(), content.bytes);
}
