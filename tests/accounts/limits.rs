use e2e::TestApp;
use jiff::SignedDuration;
use straightway_core::Clock;

use crate::{PASSWORD, credentials};

const QUARTER: i64 = 15 * 60;

/// Goes to the beginning of a window, so that all that follows is in it. Access tokens from before may expire.
pub(crate) fn begin_quarter(app: &TestApp) {
    let passed = app.clock.now().as_second().rem_euclid(QUARTER);
    app.clock.advance(SignedDuration::from_secs(QUARTER - passed));
}

#[tokio::test]
async fn after_ten_wrong_passwords_even_the_right_one_has_to_wait() {
    let app = TestApp::start().await;
    app.user("ada").await;
    app.user("bob").await;
    begin_quarter(&app);
    for _ in 0..10 {
        app.create_login(&credentials("ADA", "wrong password")).await.expect_problem(401, "wrong-credentials");
    }
    let refused = app.create_login(&credentials("ada", PASSWORD)).await;
    let wait: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((QUARTER - 60..=QUARTER).contains(&wait), "{wait}");
    refused.expect_problem(429, "too-many-requests");
    // Others sign in as ever.
    app.create_login(&credentials("bob", PASSWORD)).await.expect(201);
    app.clock.advance(SignedDuration::from_secs(wait));
    app.create_login(&credentials("ada", PASSWORD)).await.expect(201);
}

#[tokio::test]
async fn right_passwords_do_not_count() {
    let app = TestApp::start().await;
    app.user("ada").await;
    begin_quarter(&app);
    for _ in 0..12 {
        app.create_login(&credentials("ada", PASSWORD)).await.expect(201);
    }
    for _ in 0..9 {
        app.create_login(&credentials("ada", "wrong password")).await.expect_problem(401, "wrong-credentials");
    }
    app.create_login(&credentials("ada", PASSWORD)).await.expect(201);
}

#[tokio::test]
async fn names_that_nobody_has_are_limited_like_others() {
    let app = TestApp::start().await;
    begin_quarter(&app);
    for _ in 0..10 {
        app.create_login(&credentials("nobody", PASSWORD)).await.expect_problem(401, "wrong-credentials");
    }
    app.create_login(&credentials("nobody", PASSWORD)).await.expect_problem(429, "too-many-requests");
}

#[tokio::test]
async fn an_address_that_guesses_at_many_names_is_limited_as_a_whole() {
    let app = TestApp::start_with(|options| options.attempts.wrong_per_address = 5).await;
    app.user("ada").await;
    begin_quarter(&app);
    for number in 0..5 {
        let guess = credentials(&format!("name-{number}"), PASSWORD);
        app.create_login(&guess).await.expect_problem(401, "wrong-credentials");
    }
    let refused = app.create_login(&credentials("ada", PASSWORD)).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.expect_problem(429, "too-many-requests");
}

#[tokio::test]
async fn a_header_names_no_other_address() {
    let app = TestApp::start_with(|options| options.attempts.wrong_per_address = 3).await;
    begin_quarter(&app);
    let guess = credentials("nobody", PASSWORD);
    for number in 0..4 {
        let request = app.request(reqwest::Method::POST, "/v1/logins").json(&guess);
        let request = request.header("x-forwarded-for", format!("203.0.113.{number}"));
        let request = request.header("forwarded", format!("for=203.0.113.{number}"));
        let answer = app.send(request).await;
        assert_eq!(answer.status, if number < 3 { 401 } else { 429 }, "{number}");
    }
}

#[tokio::test]
async fn accounts_are_made_so_often_and_no_more() {
    let app = TestApp::start_with(|options| options.attempts.signups_per_address = 2).await;
    begin_quarter(&app);
    for name in ["one", "two"] {
        app.create_account(&credentials(name, PASSWORD)).await.expect(201);
    }
    let refused = app.create_account(&credentials("three", PASSWORD)).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.expect_problem(429, "too-many-requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_in_parallel_gives_no_more_guesses() {
    let app = TestApp::start().await;
    app.user("ada").await;
    begin_quarter(&app);
    let guess = credentials("ada", "wrong password");
    let answers = futures::future::join_all((0..30).map(|_| app.create_login(&guess))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 10);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 20);
}
