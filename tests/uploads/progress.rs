//! How far uploads are, and which ones there are.

use e2e::{Content, TestApp, session_id, with};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use crate::MIB;

#[tokio::test]
async fn reported_parts_are_progress_in_bytes_and_percent() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let upload = ada.create_upload(&json!({"name": "a", "size_bytes": 80 * MIB})).await.expect(201);
    let id = session_id(&upload);
    assert_eq!(upload["session"]["progress"], json!({"parts": 0, "bytes": 0, "percent": 0}));
    let reported = ada.sign_parts(id, &json!({"done": [1, 3]})).await.expect(200);
    let expected = json!({"parts": 2, "bytes": 32 * MIB, "percent": 40});
    assert_eq!((&reported["progress"], &reported["parts"]), (&expected, &json!([])));
    // Reporting again changes nothing.
    assert_eq!(ada.sign_parts(id, &json!({"done": [3]})).await.expect(200)["progress"], expected);
    assert_eq!(ada.get_upload(id, "").await.expect(200)["progress"], expected);
    let all = ada.sign_parts(id, &json!({"done": [1, 2, 3, 4, 5]})).await.expect(200);
    assert_eq!(all["progress"], json!({"parts": 5, "bytes": 80 * MIB, "percent": 100}));
}

#[tokio::test]
async fn a_stored_session_is_at_100_percent() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for content in [Content::random(10), Content::random(17 * MIB)] {
        let upload = ada.open("file", &content).await;
        ada.finish(&upload, &content).await;
        let session = ada.get_upload(session_id(&upload), "").await.expect(200);
        assert_eq!(session["progress"]["percent"], 100);
        assert_eq!(session["progress"]["bytes"], content.size());
    }
}

#[tokio::test]
async fn waiting_ends_as_soon_as_the_state_changes() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let upload = ada.open("file", &content).await;
    let id = session_id(&upload);
    let started = Instant::now();
    let (seen, ()) = tokio::join!(ada.get_upload(id, "?wait=20"), async {
        ada.finish(&upload, &content).await;
    });
    assert_eq!(seen.expect(200)["state"], "stored");
    assert!(started.elapsed() < Duration::from_secs(10), "it waited to the end");
    // Nothing changes any more: no reason to wait.
    let started = Instant::now();
    ada.get_upload(id, "?wait=20").await.expect(200);
    assert!(started.elapsed() < Duration::from_secs(10), "it waited for a session that has ended");
    for wait in ["21", "-1", "x"] {
        ada.get_upload(id, &format!("?wait={wait}")).await.expect_problem(422, "invalid");
    }
}

#[tokio::test]
async fn waiting_ends_when_the_time_is_over() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let upload = ada.open("file", &Content::random(10)).await;
    let started = Instant::now();
    let session = ada.get_upload(session_id(&upload), "?wait=1").await.expect(200);
    assert_eq!(session["state"], "open");
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn the_list_shows_the_callers_live_uploads_page_by_page() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = Content::random(10);
    let mut expected = Vec::new();
    for name in ["a", "b", "c", "d"] {
        expected.push(session_id(&ada.open(name, &content).await).to_owned());
    }
    bob.open("e", &content).await;
    ada.cancel_upload(&expected.remove(3)).await;

    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ada.list_uploads(&format!("?limit=1{cursor}")).await.expect(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 1);
        found.extend(items.iter().map(|session| session_id(session).to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(bob.list_uploads("").await.expect(200)["items"].as_array().unwrap().len(), 1);
    bob.list_uploads(cursor.replacen('&', "?", 1).as_str()).await.expect_problem(422, "invalid");
    for limit in ["0", "1001", "x"] {
        ada.list_uploads(&format!("?limit={limit}")).await.expect_problem(422, "invalid");
    }
    ada.list_uploads("?offset=1").await.expect_problem(422, "invalid");
}

#[tokio::test]
async fn metadata_and_times_come_back_everywhere() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let more = json!({
        "content_type": "video/mp4", "client_modified_at": "2026-01-02T03:04:05Z", "metadata": {"camera": "X100", "ä": "ö"},
    });
    let upload = ada.open_with(&content, with(more.clone(), json!({"name": "film"}))).await;
    let check = |holder: &Value| {
        for field in ["content_type", "client_modified_at", "metadata"] {
            assert_eq!(holder[field], more[field], "{field} of {holder}");
        }
    };
    check(&upload["session"]);
    check(&ada.get_upload(session_id(&upload), "").await.expect(200));
    check(&ada.list_uploads("").await.expect(200)["items"][0]);
    let entry = ada.finish(&upload, &content).await;
    check(&entry);
    check(&ada.get_file(e2e::entry_id(&entry)).await.expect(200));
    check(&ada.list_files("").await.expect(200)["items"][0]);
    // An entry made at once has its own.
    let again = with(content.upload("copy"), json!({"metadata": {"of": "film"}}));
    let copy = ada.create_upload(&again).await.expect(201);
    assert_eq!(copy["entry"]["metadata"], json!({"of": "film"}));
    assert_eq!(copy["entry"]["content_type"], "application/octet-stream");
    assert!(copy["entry"].get("client_modified_at").is_none());
}
