use e2e::TestApp;
use jiff::SignedDuration;

use crate::{is_in, text, with_tokens};

#[tokio::test]
async fn a_refresh_gives_new_tokens_of_the_same_login() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    app.clock.advance(SignedDuration::from_mins(11));
    assert!(!is_in(&ada).await, "the access token has expired");
    let answer = app.refresh_login(&ada.refresh_token).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let tokens = answer.expect(201);
    assert_eq!(tokens["token_type"], "Bearer");
    assert_ne!(text(&tokens, "refresh_token"), ada.refresh_token);
    let renewed = with_tokens(&app, &ada, &tokens);
    assert!(is_in(&renewed).await);
    assert_eq!(renewed.end_login().await.status, 204);
    app.refresh_login(&renewed.refresh_token).await.expect_problem(401, "wrong-credentials");
}

#[tokio::test]
async fn a_lost_answer_does_not_end_the_login() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    app.refresh_login(&ada.refresh_token).await.expect(201);
    app.clock.advance(SignedDuration::from_secs(55));
    // The answer was lost: the client has only the old token.
    let again = app.refresh_login(&ada.refresh_token).await.expect(201);
    app.refresh_login(&text(&again, "refresh_token")).await.expect(201);
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_both_stay_in_until_one_goes_on() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let (first, second) = tokio::join!(app.refresh_login(&ada.refresh_token), app.refresh_login(&ada.refresh_token));
    let (first, second) = (first.expect(201), second.expect(201));
    for tokens in [&first, &second] {
        assert!(is_in(&with_tokens(&app, &ada, tokens)).await);
    }
    // The faster tab goes on. What the slower one holds is refused, and is no theft: it takes what the faster one has.
    let next = app.refresh_login(&text(&second, "refresh_token")).await.expect(201);
    app.refresh_login(&text(&first, "refresh_token")).await.expect_problem(401, "wrong-credentials");
    app.refresh_login(&text(&next, "refresh_token")).await.expect(201);
}

#[tokio::test]
async fn an_older_token_is_taken_for_theft_and_ends_the_login_for_both() {
    let app = TestApp::start().await;
    let (ada, other) = (app.user("ada").await, app.sign_in("ada").await);
    // The thief has the first token; ada has refreshed twice since.
    let second = app.refresh_login(&ada.refresh_token).await.expect(201);
    let third = app.refresh_login(&text(&second, "refresh_token")).await.expect(201);
    app.refresh_login(&ada.refresh_token).await.expect_problem(401, "wrong-credentials");
    app.refresh_login(&text(&third, "refresh_token")).await.expect_problem(401, "wrong-credentials");
    assert!(!is_in(&with_tokens(&app, &ada, &third)).await);
    app.refresh_login(&other.refresh_token).await.expect(201);
}

#[tokio::test]
async fn the_predecessor_ends_the_login_when_its_grace_is_over() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let tokens = app.refresh_login(&ada.refresh_token).await.expect(201);
    app.clock.advance(SignedDuration::from_secs(61));
    app.refresh_login(&ada.refresh_token).await.expect_problem(401, "wrong-credentials");
    app.refresh_login(&text(&tokens, "refresh_token")).await.expect_problem(401, "wrong-credentials");
}

#[tokio::test]
async fn a_wrong_secret_ends_nothing() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let token = &ada.refresh_token;
    let altered = [
        format!("{}x", &token[..token.len() - 1]),
        format!("A{}", &token[1..]),
        token[..token.len() - 4].to_owned(),
        String::new(),
        "garbage".to_owned(),
        ada.token.clone(),
    ];
    for wrong in altered.iter().filter(|wrong| *wrong != token) {
        app.refresh_login(wrong).await.expect_problem(401, "wrong-credentials");
    }
    assert!(is_in(&ada).await);
    app.refresh_login(token).await.expect(201);
}

#[tokio::test]
async fn a_login_that_is_not_refreshed_for_30_days_ends_and_every_login_after_90() {
    let app = TestApp::start().await;
    let (idle, busy) = (app.user("ada").await, app.sign_in("ada").await);
    let mut token = busy.refresh_token.clone();
    for _ in 0..4 {
        app.clock.advance(SignedDuration::from_hours(20 * 24));
        token = text(&app.refresh_login(&token).await.expect(201), "refresh_token");
    }
    app.refresh_login(&idle.refresh_token).await.expect_problem(401, "wrong-credentials");
    app.clock.advance(SignedDuration::from_hours(11 * 24));
    app.refresh_login(&token).await.expect_problem(401, "wrong-credentials");
}
