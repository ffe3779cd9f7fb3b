//! One content, many at once: one file that counts them all.

use e2e::{Content, TestApp, entry_id};
use futures::future::join_all;
use serde_json::json;

use crate::{MIB, take};

const MANY: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_users_upload_the_same_new_content_at_once() {
    let app = TestApp::start().await;
    let content = Content::random(100_000);
    let names: Vec<_> = (0..MANY).map(|number| format!("user-{number}")).collect();
    let users = join_all(names.iter().map(|name| app.user(name))).await;
    let uploads = join_all(users.iter().map(|user| user.open("film", &content))).await;
    let entries = join_all(users.iter().zip(&uploads).map(|(user, upload)| user.finish(upload, &content))).await;

    assert_eq!(app.records.refs(&content.file_key()).await, MANY as u64);
    assert_eq!(app.records.all("files").await.len(), 1);
    assert_eq!(app.records.garbage().await.len(), MANY - 1, "every object but one");
    for (user, entry) in users.iter().zip(&entries) {
        assert_eq!(user.list_files("").await.expect(200)["items"], json!([entry]));
        assert_eq!(user.usage().await, (content.size(), 0));
        assert_eq!(user.download(entry_id(entry)).await, content.bytes);
    }
    app.audit().await;
    // All but one go again, at once.
    let gone =
        join_all(users.iter().zip(&entries).skip(1).map(|(user, entry)| user.delete_file(entry_id(entry)))).await;
    assert!(gone.iter().all(|answer| answer.status == 204));
    assert_eq!(app.records.refs(&content.file_key()).await, 1);
    assert_eq!(users[0].download(entry_id(&entries[0])).await, content.bytes);
    app.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_uploads_one_content_under_twenty_names_at_once() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(100_000);
    let names: Vec<_> = (0..MANY).map(|number| format!("copy {number:02}")).collect();
    let uploads = join_all(names.iter().map(|name| ada.open(name, &content))).await;
    join_all(uploads.iter().map(|upload| ada.finish(upload, &content))).await;
    assert_eq!(e2e::names(&ada.list_files("").await.expect(200)), names);
    assert_eq!(app.records.refs(&content.file_key()).await, MANY as u64);
    assert_eq!(app.records.garbage().await.len(), MANY - 1);
    assert_eq!(ada.usage().await, (MANY as u64 * content.size(), 0));
    app.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_content_under_one_name_in_many_sessions_at_once_is_numbered() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(1000);
    let create = json!({"name": "film", "size_bytes": 1000});
    let uploads = join_all((0..10).map(|_| async { ada.create_upload(&create).await.expect(201) })).await;
    join_all(uploads.iter().map(|upload| ada.finish(upload, &content))).await;
    let listed = ada.list_files("").await.expect(200);
    assert_eq!(e2e::names(&listed).len(), 10);
    assert_eq!(app.records.refs(&content.file_key()).await, 10);
    app.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_and_purges_of_one_file_at_once_leave_the_count_right() {
    let app = TestApp::start().await;
    let content = Content::random(MIB);
    let names: Vec<_> = (0..6).map(|number| format!("user-{number}")).collect();
    let users = join_all(names.iter().map(|name| app.user(name))).await;
    users[0].put("film", &content).await;
    join_all(users[1..].iter().map(|user| async {
        for _ in 0..3 {
            let entry = take(user, "film", &content).await;
            assert_eq!(user.delete_file(entry_id(&entry)).await.status, 204);
        }
    }))
    .await;
    assert_eq!(app.records.refs(&content.file_key()).await, 1);
    app.audit().await;
}
