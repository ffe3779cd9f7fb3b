use e2e::{Content, TestApp, session_id, with};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{both, expect_unharmed, three_parts};

/// The part with another URL.
fn with_url(part: &Value, change: impl FnOnce(&str) -> String) -> Value {
    let url = part["url"].as_str().unwrap();
    let changed = change(url);
    assert_ne!(changed, url, "the test changes something");
    with(part.clone(), json!({"url": changed}))
}

#[tokio::test]
async fn an_altered_url_is_refused() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for (content, upload) in both(&app, &ada).await {
        let part = &upload["parts"][0];
        let id = session_id(&upload);
        let altered = [
            with_url(part, |url| url.replace(id, &"0".repeat(32))),
            with_url(part, |url| format!("{url}&x-amz-meta-owner=bob")),
            with_url(part, |url| format!("{url}&x=y")),
            with_url(part, |url| url.replace("X-Amz-Expires=", "X-Amz-Expires=1")),
            with_url(part, |url| url.replace("X-Amz-SignedHeaders=", "X-Amz-SignedHeaders=accept%3B")),
            with_url(part, |url| url[..url.len() - 1].to_owned()),
            with_url(part, |url| url.split("&X-Amz-Signature").next().unwrap().to_owned()),
            with_url(part, |url| url.split('?').next().unwrap().to_owned()),
        ];
        for part in altered {
            let status = app.put_part(&part, content.part(1).to_vec()).await.as_u16();
            assert!([400, 403].contains(&status), "{status}: {}", part["url"]);
        }
        expect_unharmed(&ada, &upload, &content).await;
    }
}

#[tokio::test]
async fn the_part_number_and_the_upload_are_signed() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = three_parts();
    let upload = ada.open("film", &content).await;
    let other = ada.open("other", &three_parts()).await;
    let upload_id = |upload: &Value| {
        let url = upload["parts"][0]["url"].as_str().unwrap().to_owned();
        url.split("uploadId=").nth(1).unwrap().split('&').next().unwrap().to_owned()
    };
    let part = &upload["parts"][0];
    for part in [
        with_url(part, |url| url.replace("partNumber=1", "partNumber=2")),
        with_url(part, |url| url.replace("partNumber=1", "partNumber=4")),
        with_url(part, |url| url.replace(&upload_id(&upload), &upload_id(&other))),
        // As a PUT of the whole object.
        with_url(part, |url| {
            url.replace("partNumber=1&", "").replace(&format!("uploadId={}&", upload_id(&upload)), "")
        }),
    ] {
        assert_eq!(app.put_part(&part, content.part(1).to_vec()).await, 403, "{}", part["url"]);
    }
    expect_unharmed(&ada, &upload, &content).await;
}

#[tokio::test]
async fn a_put_url_is_good_for_nothing_but_the_put() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for (content, upload) in both(&app, &ada).await {
        let url = upload["parts"][0]["url"].as_str().unwrap();
        for method in ["GET", "DELETE", "POST", "HEAD"] {
            let request = app.http().request(method.parse().unwrap(), url);
            let status = crate::send(request).await.as_u16();
            assert_eq!(status, 403, "{method}");
        }
        expect_unharmed(&ada, &upload, &content).await;
    }
}

#[tokio::test]
async fn an_expired_url_is_refused_and_asking_again_gives_one_that_works() {
    let app = TestApp::start().await;
    // The store keeps the real time, so it is the API that is in the past when it signs.
    let ago = SignedDuration::from_mins(61);
    app.clock.advance(-ago);
    let past = app.user("ada").await;
    let uploads = both(&app, &past).await;
    app.clock.advance(ago);
    let ada = app.sign_in("ada").await;
    for (content, upload) in uploads {
        for part in upload["parts"].as_array().unwrap() {
            let number = part["part_number"].as_u64().unwrap();
            assert_eq!(app.put_part(part, content.part(number).to_vec()).await, 403);
        }
        let again = ada.sign_parts(session_id(&upload), &json!({"sign": content.parts()})).await.expect(200);
        let renewed = with(upload, json!({"parts": again["parts"]}));
        expect_unharmed(&ada, &renewed, &content).await;
    }
}

#[tokio::test]
async fn a_url_of_one_object_says_nothing_about_another() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (content, others) = (Content::random(1000), Content::random(1000));
    let entry = ada.put("film", &content).await;
    let theirs = bob.put("theirs", &others).await;
    let url = async |user: &e2e::TestUser<'_>, entry: &Value| -> String {
        let download = user.download_file(e2e::entry_id(entry), "").await.expect(200);
        download["url"].as_str().unwrap().to_owned()
    };
    let (mine, bobs) = (url(&ada, &entry).await, url(&bob, &theirs).await);
    let path = |url: &str| url.split('?').next().unwrap().to_owned();
    let forged = mine.replace(&path(&mine), &path(&bobs));
    assert_eq!(crate::send(app.http().get(forged)).await, 403);
    assert_eq!(crate::send(app.http().get(path(&bobs))).await, 403, "nothing is public");
}
