use e2e::{Content, TestApp, entry_id, names};
use serde_json::json;

#[tokio::test]
async fn forbidden_names_are_refused_wherever_a_name_is_given() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let folder = ada.folder("folder", "root").await;
    let content = Content::random(10);
    let long = "é".repeat(128);
    for name in ["", ".", "..", "a/b", "/", "a\0b", "a\nb", "tab\t", "\u{7f}", "\u{85}", long.as_str()] {
        for problem in [
            ada.create_folder(&json!({"name": name})).await,
            ada.create_upload(&content.upload(name)).await,
            ada.update_file(&folder, &json!({"name": name})).await,
        ] {
            let problem = problem.expect_problem(422, "invalid");
            let error = &problem["errors"][0];
            assert_eq!((&error["pointer"], &error["code"]), (&json!("/name"), &json!("name")), "{name:?}");
        }
    }
    assert_eq!(names(&ada.list_files("").await.expect(200)), ["folder"]);
}

#[tokio::test]
async fn every_other_name_is_kept_as_it_is_given() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let longest = "é".repeat(127) + "x";
    for name in [
        "...",
        ".hidden",
        " leading and trailing ",
        "con",
        "a\\b",
        "a:b*?",
        "<script>",
        "100%",
        "a+b&c=d#e?f",
        "'; DROP",
        "e\u{301}",
        "Ω",
        "👩‍👩‍👧‍👦",
        "\u{202e}txt.exe",
        "\u{200b}",
        "root",
        longest.as_str(),
    ] {
        let made = ada.create_folder(&json!({"name": name})).await.expect(201);
        assert_eq!(made["name"], name);
        let encoded = name.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        let found = ada.list_files(&format!("?name={encoded}")).await.expect(200);
        assert_eq!(names(&found), [name]);
        assert_eq!(ada.delete_file(entry_id(&made)).await.status, 204);
    }
}

#[tokio::test]
async fn names_that_differ_only_in_case_or_composition_are_the_same() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for (one, same) in [
        ("Film", "fILM"),
        ("café", "CAFE\u{301}"),
        ("straße", "STRASSE"),
        ("Σίσυφος", "σίσυφοσ"),
        ("\u{fb01}sh", "FISH"),
    ] {
        ada.folder(one, "root").await;
        ada.create_folder(&json!({"name": same})).await.expect_problem(409, "name-taken");
    }
    // Alike to the eye is not the same: Latin and Cyrillic, with and without an accent or a space.
    for (one, other) in [("a", "\u{430}"), ("e", "é"), ("x", "x ")] {
        ada.folder(one, "root").await;
        ada.folder(other, "root").await;
    }
}

#[tokio::test]
async fn a_long_name_is_numbered_within_its_limit() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let longest = "é".repeat(125) + "a.mp4";
    assert_eq!(longest.len(), 255);
    ada.put(&longest, &Content::random(10)).await;
    let second = ada.put(&longest, &Content::random(10)).await;
    let name = second["name"].as_str().unwrap();
    assert!(name.len() <= 255 && name.ends_with(" (1).mp4"), "{name}");
}
