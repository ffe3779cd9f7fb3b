use super::*;

const NEW: &str = "a better password";

async fn change(app: &App, token: &str, current: &str, new: &str) -> Answer {
    app.send(Method::PUT, "/v1/me/password", token, Some(json!({"current": current, "new": new}))).await
}

#[tokio::test]
async fn a_change_of_password_ends_all_logins_but_the_callers() {
    let app = App::new().await;
    app.sign_up("ada").await;
    let (other, other_refresh) = app.log_in("ada").await;
    let (own, own_refresh) = app.log_in("ada").await;
    app.clock.forward(5);
    assert_eq!(change(&app, &own, PASSWORD, NEW).await.status, 204);
    assert_eq!(app.me(&own).await.status, 200);
    app.successor(&own_refresh).await;
    assert_eq!(app.me(&other).await.problem(), (401, "unauthorized"));
    assert_eq!(app.refresh(&other_refresh).await.problem(), (401, "wrong-credentials"));
    assert_eq!(app.log_in_with("ada", PASSWORD).await.problem(), (401, "wrong-credentials"));
    assert_eq!(app.log_in_with("ada", NEW).await.status, 201);
}

#[tokio::test]
async fn a_refresh_under_way_does_not_undo_that_the_login_goes_on() {
    let app = App::new().await;
    app.sign_up("ada").await;
    let (own, refresh) = app.log_in("ada").await;
    let before = app.login_of(&refresh).await.unwrap();
    app.clock.forward(5);
    assert_eq!(change(&app, &own, PASSWORD, NEW).await.status, 204);
    let slow = crate::rotation::rotate(&before, before.current[0], [7; 32], app.clock.now());
    let written = app.ports.accounts.rotate_login(&before, &slow).await.unwrap();
    assert_eq!(written, straightway_core::ports::Rotated::Changed, "it has to read again");
    app.successor(&refresh).await;
}

#[tokio::test]
async fn the_present_password_is_needed_and_guessing_it_is_limited() {
    let app = App::new().await;
    app.sign_up("ada").await;
    let (token, _) = app.log_in("ada").await;
    for _ in 0..10 {
        assert_eq!(change(&app, &token, "a wrong password", NEW).await.problem(), (401, "wrong-credentials"));
    }
    assert_eq!(change(&app, &token, PASSWORD, NEW).await.problem(), (429, "too-many-requests"));
    assert_eq!(app.me(&token).await.status, 200);
}

#[tokio::test]
async fn a_new_password_has_to_be_long_enough() {
    let app = App::new().await;
    app.sign_up("ada").await;
    let (token, _) = app.log_in("ada").await;
    let answer = change(&app, &token, PASSWORD, "short").await;
    assert_eq!(answer.problem(), (422, "invalid"));
    assert_eq!(answer.body["errors"][0]["pointer"], "/new");
    app.log_in("ada").await;
}
