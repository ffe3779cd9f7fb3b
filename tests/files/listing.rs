use e2e::{Answer, Content, TestApp, TestUser, names};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

/// Every item of a list, page by page.
async fn all_pages(user: &TestUser<'_>, query: &str) -> (Vec<Value>, usize) {
    let (mut items, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = user.list_files(&format!("?{query}{cursor}")).await.expect(200);
        items.extend(page["items"].as_array().unwrap().clone());
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (items, pages),
        }
    }
}

#[tokio::test]
async fn a_list_is_ordered_by_name_whatever_the_case() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for name in ["b", "C", "a", "Ä", "a 10", "a 9", "Z", "ab", "_", "straße", "STRASSD", "é"] {
        ada.folder(name, "root").await;
    }
    let expected = ["_", "a", "a 10", "a 9", "ab", "b", "C", "STRASSD", "straße", "Z", "Ä", "é"];
    assert_eq!(names(&ada.list_files("").await.expect(200)), expected);
    let (paged, _) = all_pages(&ada, "limit=1").await;
    let paged: Vec<_> = paged.iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(paged, expected);
}

#[tokio::test]
async fn names_and_prefixes_match_whatever_the_case_and_composition() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for name in ["Film.mp4", "film.srt", "Filter", "other", "Café", "100%", "a&b"] {
        ada.folder(name, "root").await;
    }
    for (query, expected) in [
        ("name=FILM.MP4", vec!["Film.mp4"]),
        ("name=film", vec![]),
        ("name=CAFE%CC%81", vec!["Café"]),
        ("name=100%25", vec!["100%"]),
        ("name=a%26b", vec!["a&b"]),
        ("name_prefix=fil", vec!["Film.mp4", "film.srt", "Filter"]),
        ("name_prefix=FILM.", vec!["Film.mp4", "film.srt"]),
        ("name_prefix=x", vec![]),
        ("name_prefix=caf", vec!["Café"]),
    ] {
        assert_eq!(names(&ada.list_files(&format!("?{query}")).await.expect(200)), expected, "{query}");
    }
    ada.list_files("?name=a&name_prefix=b").await.expect_problem(422, "invalid");
    let (prefixed, pages) = all_pages(&ada, "name_prefix=fil&limit=2").await;
    assert_eq!((prefixed.len(), pages), (3, 2));
}

#[tokio::test]
async fn cursors_visit_each_of_250_entries_exactly_once() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let folder = ada.folder("many", "root").await;
    let content = Content::random(10);
    ada.put("original", &content).await;
    let name = |number: usize| format!("entry {number:03}");
    let below = |number: usize| e2e::with(content.upload(&name(number)), json!({"parent_id": folder}));
    let creates: Vec<_> = (0..250).map(below).collect();
    let made: Vec<Answer> = stream::iter(&creates).map(|create| ada.create_upload(create)).buffered(16).collect().await;
    assert!(made.iter().all(|answer| answer.status == 201));
    let expected: Vec<_> = (0..250).map(name).collect();
    for (limit, least_pages) in [("", 3), ("&limit=7", 36), ("&limit=250", 1), ("&limit=1000", 1)] {
        let (items, pages) = all_pages(&ada, &format!("parent_id={folder}{limit}")).await;
        let found: Vec<_> = items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(found, expected, "limit {limit}");
        assert!((least_pages..=least_pages + 1).contains(&pages), "{pages} pages with {limit}");
    }
    assert_eq!(app.records.refs(&content.file_key()).await, 251);
    app.audit().await;
}

#[tokio::test]
async fn a_cursor_survives_the_entry_it_points_at() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(ada.folder(name, "root").await);
    }
    let page = ada.list_files("?limit=2").await.expect(200);
    assert_eq!(names(&page), ["a", "b"]);
    for id in &ids[1..3] {
        assert_eq!(ada.delete_file(id).await.status, 204);
    }
    ada.folder("ab", "root").await;
    let rest = ada.list_files(&format!("?cursor={}", page["next_cursor"].as_str().unwrap())).await.expect(200);
    assert_eq!(names(&rest), ["d"], "what came before the cursor does not come again");
}

#[tokio::test]
async fn limits_and_foreign_cursors_are_invalid() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let folder = ada.folder("a", "root").await;
    ada.folder("b", "root").await;
    for name in ["c", "d"] {
        ada.folder(name, &folder).await;
    }
    for limit in ["0", "1001", "-1", "x", "1.5", ""] {
        let problem = ada.list_files(&format!("?limit={limit}")).await.expect_problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "limit");
    }
    let page = ada.list_files("?limit=1").await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(names(&ada.list_files(&format!("?cursor={cursor}")).await.expect(200)), ["b"]);
    // Of another owner, another folder, another prefix; cut, altered, empty.
    let altered = format!("A{}", &cursor[1..]);
    for (user, query) in [
        (&bob, format!("?cursor={cursor}")),
        (&ada, format!("?cursor={cursor}&parent_id={folder}")),
        (&ada, format!("?cursor={cursor}&name_prefix=b")),
        (&ada, format!("?cursor={}", &cursor[1..])),
        (&ada, format!("?cursor={altered}")),
        (&ada, "?cursor=".to_owned()),
    ] {
        let problem = user.list_files(&query).await.expect_problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "cursor", "{query}");
    }
}

#[tokio::test]
async fn a_list_shows_what_was_just_written() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for round in 0..10 {
        let name = format!("folder {round}");
        let id = ada.folder(&name, "root").await;
        assert_eq!(names(&ada.list_files("").await.expect(200)), [name]);
        assert_eq!(ada.delete_file(&id).await.status, 204);
        assert_eq!(ada.list_files("").await.expect(200)["items"], json!([]));
    }
}
