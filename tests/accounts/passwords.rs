use e2e::TestApp;
use serde_json::json;

use crate::{PASSWORD, credentials, is_in};

const NEW: &str = "a new password";

#[tokio::test]
async fn a_new_password_ends_all_other_logins() {
    let app = TestApp::start().await;
    let (phone, laptop, bob) = (app.user("ada").await, app.sign_in("ada").await, app.user("bob").await);
    let change = json!({"current": PASSWORD, "new": NEW});
    assert_eq!(phone.change_password(&change).await.status, 204);
    assert!(is_in(&phone).await, "the one that changed it goes on");
    assert!(!is_in(&laptop).await);
    assert!(is_in(&bob).await);
    app.refresh_login(&phone.refresh_token).await.expect(201);
    app.refresh_login(&laptop.refresh_token).await.expect_problem(401, "wrong-credentials");
    app.create_login(&credentials("ada", PASSWORD)).await.expect_problem(401, "wrong-credentials");
    app.create_login(&credentials("ada", NEW)).await.expect(201);
}

#[tokio::test]
async fn the_present_password_is_needed_and_the_new_one_has_to_be_one() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let change = |current: &str, new: &str| json!({"current": current, "new": new});
    ada.change_password(&change("wrong password", NEW)).await.expect_problem(401, "wrong-credentials");
    let problem = ada.change_password(&change(PASSWORD, "short")).await.expect_problem(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/new");
    let other = app.sign_in("ada").await;
    assert!(is_in(&other).await, "nothing has changed");
}

#[tokio::test]
async fn guessing_the_present_password_is_limited_too() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    crate::limits::begin_quarter(&app);
    let ada = {
        drop(ada);
        app.sign_in("ada").await
    };
    let wrong = json!({"current": "wrong password", "new": NEW});
    for _ in 0..10 {
        ada.change_password(&wrong).await.expect_problem(401, "wrong-credentials");
    }
    let refused = ada.change_password(&json!({"current": PASSWORD, "new": NEW})).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.expect_problem(429, "too-many-requests");
}
