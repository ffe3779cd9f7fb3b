use e2e::{Content, TestApp, TestUser, entry_id};
use jiff::SignedDuration;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

async fn url(user: &TestUser<'_>, entry: &Value, query: &str) -> String {
    let download = user.download_file(entry_id(entry), query).await.expect(200);
    download["url"].as_str().unwrap().to_owned()
}

async fn get(user: &TestUser<'_>, url: &str) -> Response {
    user.app.http().get(url).send().await.unwrap()
}

fn header(response: &Response, name: &str) -> String {
    response.headers()[name].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_download_is_a_url_at_the_store() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(1000);
    let entry = ada.put_with(&content, json!({"name": "film.mp4", "content_type": "video/mp4"})).await;
    let answer = ada.download_file(entry_id(&entry), "").await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let download = answer.expect(200);
    assert_eq!((&download["expires_in"], &download["store"]), (&json!(300), &json!("primary")));
    let url = download["url"].as_str().unwrap();
    assert!(url.starts_with(&app.s3_origin), "{url}");
    let response = get(&ada, url).await;
    assert_eq!(header(&response, "content-type"), "video/mp4");
    assert!(header(&response, "content-disposition").starts_with("attachment;"));
    assert!(header(&response, "cache-control").starts_with("private"));
    assert_eq!(response.bytes().await.unwrap(), content.bytes);
}

#[tokio::test]
async fn a_redirect_goes_to_the_store() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(1000);
    let entry = ada.put("film.mp4", &content).await;
    let answer = ada.download_file(entry_id(&entry), "?redirect=true").await;
    assert_eq!(answer.status, StatusCode::FOUND);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let response = get(&ada, answer.headers["location"].to_str().unwrap()).await;
    assert_eq!(response.bytes().await.unwrap(), content.bytes);
}

#[tokio::test]
async fn ranges_come_from_the_store() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(1000);
    let entry = ada.put("film.mp4", &content).await;
    let url = url(&ada, &entry, "").await;
    for (range, expected) in
        [("bytes=0-0", 0..1), ("bytes=100-199", 100..200), ("bytes=990-", 990..1000), ("bytes=-5", 995..1000)]
    {
        let response = app.http().get(&url).header("range", range).send().await.unwrap();
        assert_eq!(response.status(), 206);
        assert_eq!(header(&response, "content-range"), format!("bytes {}-{}/1000", expected.start, expected.end - 1));
        assert_eq!(response.bytes().await.unwrap(), content.bytes[expected], "{range}");
    }
    let beyond = app.http().get(&url).header("range", "bytes=1000-").send().await.unwrap();
    assert_eq!(beyond.status(), 416);
}

#[tokio::test]
async fn only_types_that_run_no_script_are_shown() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    for (content_type, shown) in [
        ("image/png", true),
        ("image/jpeg", true),
        ("image/gif", true),
        ("image/webp", true),
        ("image/avif", true),
        ("audio/ogg", true),
        ("video/mp4", true),
        ("application/pdf", true),
        ("text/plain", true),
        ("text/plain; charset=utf-8", true),
        ("text/html", false),
        ("TEXT/HTML; charset=utf-8", false),
        ("image/svg+xml", false),
        ("application/xhtml+xml", false),
        ("text/xml", false),
        ("application/javascript", false),
        ("application/octet-stream", false),
    ] {
        let more = json!({"name": "file", "content_type": content_type});
        let created = ada.create_upload(&e2e::with(content.upload("file"), more)).await.json;
        let entry = match created["outcome"].as_str() {
            Some("upload") => ada.finish(&created, &content).await,
            _ => created["entry"].clone(),
        };
        ada.update_file(entry_id(&entry), &json!({"content_type": content_type})).await.expect(200);
        let inline = get(&ada, &url(&ada, &entry, "?disposition=inline").await).await;
        let kind = header(&inline, "content-disposition");
        assert_eq!(kind.starts_with("inline;"), shown, "{content_type}: {kind}");
        assert_eq!(header(&inline, "content-type"), content_type);
        let attachment = get(&ada, &url(&ada, &entry, "?disposition=attachment").await).await;
        assert!(header(&attachment, "content-disposition").starts_with("attachment;"), "{content_type}");
    }
}

#[tokio::test]
async fn names_cannot_break_out_of_the_header() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let entry = ada.put("plain", &content).await;
    for (name, expected) in [
        ("film.mp4", r#"attachment; filename="film.mp4"; filename*=UTF-8''film.mp4"#),
        (
            r#"a"; filename="b.exe"#,
            r#"attachment; filename="a__ filename=_b.exe"; filename*=UTF-8''a%22%3B%20filename%3D%22b.exe"#,
        ),
        (r"..\..\evil", r#"attachment; filename=".._.._evil"; filename*=UTF-8''..%5C..%5Cevil"#),
        ("100%41.txt", r#"attachment; filename="100_41.txt"; filename*=UTF-8''100%2541.txt"#),
        ("invoice\u{202e}fdp.exe", r#"attachment; filename="invoicefdp.exe"; filename*=UTF-8''invoicefdp.exe"#),
        ("🎬 été.mp4", "attachment; filename=\"_ _t_.mp4\"; filename*=UTF-8''%F0%9F%8E%AC%20%C3%A9t%C3%A9.mp4"),
        ("日本語", "attachment; filename=\"___\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E"),
    ] {
        ada.update_file(entry_id(&entry), &json!({"name": name})).await.expect(200);
        let response = get(&ada, &url(&ada, &entry, "").await).await;
        assert_eq!(response.status(), 200, "{name}");
        assert_eq!(header(&response, "content-disposition"), expected);
        assert_eq!(response.bytes().await.unwrap(), content.bytes);
    }
}

#[tokio::test]
async fn an_expired_or_altered_url_is_refused() {
    let app = TestApp::start().await;
    let ago = SignedDuration::from_mins(6);
    app.clock.advance(-ago);
    let ada = app.user("ada").await;
    let content = Content::random(10);
    let upload = ada.open("film", &content).await;
    let entry = ada.finish(&upload, &content).await;
    let expired = url(&ada, &entry, "").await;
    app.clock.advance(ago);
    assert_eq!(get(&ada, &expired).await.status(), 403);
    let fresh = url(&ada, &entry, "").await;
    assert_eq!(get(&ada, &fresh).await.status(), 200);
    for altered in [
        fresh.replace("attachment", "inline"),
        fresh.replace("application%2Foctet-stream", "text%2Fhtml"),
        fresh.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"),
        fresh.split('?').next().unwrap().to_owned(),
    ] {
        assert_ne!(altered, fresh);
        assert_eq!(get(&ada, &altered).await.status(), 403, "{altered}");
    }
    for method in [Method::PUT, Method::DELETE, Method::POST] {
        let status = app.http().request(method.clone(), &fresh).send().await.unwrap().status();
        assert!([403, 411].contains(&status.as_u16()), "{method}: {status}");
    }
}

#[tokio::test]
async fn head_says_what_a_download_would_be() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(1234);
    let entry = ada.put_with(&content, json!({"name": "film.mp4", "content_type": "video/mp4"})).await;
    let path = format!("/v1/files/{}/download", entry_id(&entry));
    let response = ada.request(Method::HEAD, &path).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-length"), "1234");
    assert_eq!(header(&response, "content-type"), "video/mp4");
    assert_eq!(header(&response, "accept-ranges"), "bytes");
    let stored = get(&ada, &url(&ada, &entry, "").await).await;
    assert_eq!(header(&response, "etag"), header(&stored, "etag"), "of the bytes, so that ranges can be resumed");
}

#[tokio::test]
async fn folders_and_unknown_copies_cannot_be_downloaded() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (folder, file) = (ada.folder("folder", "root").await, ada.put("file", &Content::random(10)).await);
    ada.download_file(&folder, "").await.expect_problem(422, "invalid");
    for there in ["?store=auto", "?store=primary"] {
        ada.download_file(entry_id(&file), there).await.expect(200);
    }
    ada.download_file(entry_id(&file), "?store=secondary").await.expect_problem(404, "not-found");
    for wrong in ["?store=tertiary", "?disposition=none", "?redirect=1", "?expires_in=9"] {
        ada.download_file(entry_id(&file), wrong).await.expect_problem(422, "invalid");
    }
}
