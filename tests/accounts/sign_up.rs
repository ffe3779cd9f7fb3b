use e2e::TestApp;
use serde_json::json;
use straightway_accounts::{Invites, Signup};

use crate::{PASSWORD, credentials};

#[tokio::test]
async fn an_account_has_an_id_a_folded_name_and_nothing_in_it() {
    let app = TestApp::start_with(|options| options.quota_bytes = 1000).await;
    let account = app.create_account(&credentials("Ada.Lovelace-1_", PASSWORD)).await.expect(201);
    assert_eq!(account["username"], "ada.lovelace-1_");
    assert_eq!(account.as_object().unwrap().len(), 3, "no secret comes back: {account}");
    let ada = app.sign_in("ADA.LOVELACE-1_").await;
    let me = ada.me().await.expect(200);
    let usage = json!({"used_bytes": 0, "reserved_bytes": 0, "quota_bytes": 1000});
    let expected = json!({
        "user_id": account["user_id"], "username": "ada.lovelace-1_", "created_at": account["created_at"], "usage": usage,
    });
    assert_eq!(me, expected);
}

#[tokio::test]
async fn a_name_is_taken_in_any_case() {
    let app = TestApp::start().await;
    app.create_account(&credentials("ada", PASSWORD)).await.expect(201);
    for same in ["ada", "ADA", "aDa"] {
        app.create_account(&credentials(same, "another password")).await.expect_problem(409, "username-taken");
    }
    // The first one's password is the one that holds.
    app.create_login(&credentials("ada", "another password")).await.expect_problem(401, "wrong-credentials");
    app.create_login(&credentials("ada", PASSWORD)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_that_want_a_name_at_once_one_gets_it() {
    let app = TestApp::start().await;
    let wanted = credentials("ada", PASSWORD);
    let answers = futures::future::join_all((0..10).map(|_| app.create_account(&wanted))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), 9);
    let names = app.records.all("users").await;
    assert_eq!(names.len(), 2, "a user and their name");
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_at_once() {
    let app = TestApp::start().await;
    for username in ["", "ab", &"a".repeat(33), "a b", "ädä", "a/b", "ada@example.org"] {
        let problem = app.create_account(&credentials(username, "short")).await.expect_problem(422, "invalid");
        let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
        assert_eq!(pointers, ["/username", "/password"], "{username:?}");
    }
    app.create_account(&credentials("ada", &"x".repeat(129))).await.expect_problem(422, "invalid");
    let more = json!({"username": "ada", "password": PASSWORD, "admin": true});
    app.create_account(&more).await.expect_problem(422, "invalid");
    for right in ["8 chars!", &"x".repeat(128), "\u{1f511}".repeat(8).as_str(), "   spaces   "] {
        let name = format!("user{}", right.len());
        app.create_account(&credentials(&name, right)).await.expect(201);
        app.create_login(&credentials(&name, right)).await.expect(201);
    }
}

#[tokio::test]
async fn closed_takes_nobody_and_says_so() {
    let app = TestApp::start_with(|options| options.signup = Signup::Closed).await;
    app.create_account(&credentials("ada", PASSWORD)).await.expect_problem(403, "signup-closed");
    let invited = json!({"username": "ada", "password": PASSWORD, "invite": "open sesame"});
    app.create_account(&invited).await.expect_problem(403, "signup-closed");
    assert_eq!(app.get("/v1/capabilities").await.expect(200)["signup"], "closed");
}

#[tokio::test]
async fn an_invitation_lets_in_and_a_wrong_one_does_not() {
    let app = TestApp::start_with(|options| options.signup = Signup::Invite(Invites::parse("open sesame"))).await;
    let with = |invite: serde_json::Value| json!({"username": "ada", "password": PASSWORD, "invite": invite});
    for wrong in [json!(null), json!(""), json!("open"), json!("OPEN SESAME")] {
        app.create_account(&with(wrong)).await.expect_problem(403, "signup-closed");
    }
    app.create_account(&credentials("ada", PASSWORD)).await.expect_problem(403, "signup-closed");
    app.create_account(&with(json!("open sesame"))).await.expect(201);
    assert_eq!(app.get("/v1/capabilities").await.expect(200)["signup"], "invite");
}
