use super::*;
use crate::rotation;

async fn signed_in() -> (App, String) {
    let app = App::new().await;
    app.sign_up("ada").await;
    let (_, refresh) = app.log_in("ada").await;
    (app, refresh)
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_of_the_same_login() {
    let (app, first) = signed_in().await;
    let answer = app.refresh(&first).await;
    assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store"));
    assert_eq!(app.me(&answer.text("access_token")).await.status, 200);
    let second = app.successor(&answer.text("refresh_token")).await;
    assert_ne!(second, first);
    assert_eq!(app.login_of(&first).await.unwrap().generation, 3);
}

#[tokio::test]
async fn a_lost_answer_can_be_asked_for_again() {
    let (app, first) = signed_in().await;
    app.successor(&first).await;
    app.clock.forward(59);
    let again = app.successor(&first).await;
    app.clock.forward(3_600);
    app.successor(&again).await;
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_both_get_tokens_and_the_first_one_used_goes_on() {
    let (app, first) = signed_in().await;
    let (one, two) = (app.successor(&first).await, app.successor(&first).await);
    let next = app.successor(&two).await;
    for _ in 0..2 {
        assert_eq!(app.refresh(&one).await.problem(), (401, "wrong-credentials"), "its sibling was used");
        app.clock.forward(29);
    }
    app.successor(&next).await;
}

#[tokio::test]
async fn a_sibling_that_comes_after_the_grace_ends_the_login() {
    let (app, first) = signed_in().await;
    let (one, two) = (app.successor(&first).await, app.successor(&first).await);
    app.clock.forward(600);
    let next = app.successor(&two).await;
    app.clock.forward(60);
    assert_eq!(app.refresh(&one).await.problem(), (401, "wrong-credentials"));
    assert_eq!(app.refresh(&next).await.problem(), (401, "wrong-credentials"), "the login has ended");
}

#[tokio::test]
async fn the_first_token_ends_the_login_as_soon_as_one_of_its_successors_was_used() {
    let (app, first) = signed_in().await;
    let (_, two) = (app.successor(&first).await, app.successor(&first).await);
    let next = app.successor(&two).await;
    assert_eq!(app.refresh(&first).await.problem(), (401, "wrong-credentials"));
    assert_eq!(app.refresh(&next).await.problem(), (401, "wrong-credentials"), "the login has ended");
}

#[tokio::test]
async fn a_thief_who_comes_after_the_owner_ends_the_login() {
    let (app, stolen) = signed_in().await;
    let second = app.successor(&stolen).await;
    let third = app.successor(&second).await;
    assert_eq!(app.refresh(&stolen).await.problem(), (401, "wrong-credentials"));
    assert_eq!(app.login_of(&stolen).await, None);
    assert_eq!(app.refresh(&third).await.problem(), (401, "wrong-credentials"));
}

#[tokio::test]
async fn a_thief_who_comes_before_the_owner_is_thrown_out_when_the_owner_comes() {
    let (app, stolen) = signed_in().await;
    let answer = app.refresh(&stolen).await;
    let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
    app.clock.forward(60);
    assert_eq!(app.refresh(&stolen).await.problem(), (401, "wrong-credentials"), "the owner, after the grace");
    assert_eq!(app.refresh(&refresh).await.problem(), (401, "wrong-credentials"));
    assert_eq!(app.me(&access).await.problem(), (401, "unauthorized"));
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_revokes_nothing() {
    let (app, first) = signed_in().await;
    let login = app.login_of(&first).await.unwrap();
    let forged = crate::refresh_token::RefreshTokens::derive(b"a guess").mint(&login.login_id, 1).unwrap().token;
    let mut altered = first.clone();
    altered.replace_range(4..5, if &first[4..5] == "A" { "B" } else { "A" });
    for wrong in [forged.as_str(), &altered, &first[1..], "", "x"] {
        assert_eq!(app.refresh(wrong).await.problem(), (401, "wrong-credentials"));
    }
    assert_eq!(app.login_of(&first).await.unwrap(), login);
    app.successor(&first).await;
}

#[tokio::test]
async fn a_request_that_was_slower_judges_the_login_as_it_is_then() {
    let (app, first) = signed_in().await;
    let login = app.login_of(&first).await.unwrap();
    let other = rotation::rotate(&login, login.current[0], [7; 32], app.clock.now());
    app.racing.be_faster(login, other);
    let mine = app.successor(&first).await;
    let login = app.login_of(&first).await.unwrap();
    assert_eq!((login.generation, login.current.len()), (2, 2), "both are successors of the same token");
    app.successor(&mine).await;
}

#[tokio::test]
async fn an_access_token_does_not_refresh_and_a_refresh_token_gives_no_access() {
    let app = App::new().await;
    app.sign_up("ada").await;
    let (access, refresh) = app.log_in("ada").await;
    assert_eq!(app.refresh(&access).await.problem(), (401, "wrong-credentials"));
    assert_eq!(app.me(&refresh).await.problem(), (401, "unauthorized"));
    app.successor(&refresh).await;
}
