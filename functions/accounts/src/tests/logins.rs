use super::*;

#[tokio::test]
async fn a_login_gives_tokens_that_nobody_may_keep() {
    let app = App::new().await;
    app.sign_up("ada").await;
    let answer = app.log_in_with("Ada", PASSWORD).await;
    assert_eq!(answer.status, 201);
    assert_eq!((answer.text("token_type").as_str(), &answer.body["expires_in"]), ("Bearer", &json!(600)));
    assert_eq!(answer.header("cache-control"), "no-store");
    let me = app.me(&answer.text("access_token")).await;
    assert_eq!((me.status, me.text("username").as_str()), (200, "ada"));
    assert_eq!(me.body["usage"], json!({"used_bytes": 0, "reserved_bytes": 0, "quota_bytes": 1_000}));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_and_cost_the_same() {
    let app = App::new().await;
    app.sign_up("ada").await;
    let mut seen = Vec::new();
    for (name, password) in [("ada", "wrong horse battery"), ("bob", PASSWORD), ("no name!", PASSWORD), ("", "")] {
        let before = app.ports.passwords.computed();
        let mut answer = app.log_in_with(name, password).await;
        assert_eq!(answer.problem(), (401, "wrong-credentials"), "{name}");
        answer.body["request_id"].take();
        seen.push((answer.body, app.ports.passwords.computed() - before));
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    assert_eq!(seen[0].1, 1);
}

#[tokio::test]
async fn after_a_log_out_the_routes_of_accounts_refuse_at_once() {
    let app = App::new().await;
    app.sign_up("ada").await;
    let (first, first_refresh) = app.log_in("ada").await;
    let (second, _) = app.log_in("ada").await;
    assert_eq!(app.send(Method::DELETE, "/v1/logins/current", &first, None).await.status, 204);
    assert_eq!(app.me(&first).await.problem(), (401, "unauthorized"));
    assert_eq!(app.refresh(&first_refresh).await.problem(), (401, "wrong-credentials"));
    assert_eq!(app.me(&second).await.status, 200, "the other login goes on");
    assert!(app.ports.authenticator.verify(&first).is_ok(), "other functions look at the token alone");
    app.clock.forward(600);
    assert!(app.ports.authenticator.verify(&first).is_err(), "for ten minutes at most");
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_login_of_the_caller_and_of_nobody_else() {
    let app = App::new().await;
    app.sign_up("ada").await;
    app.sign_up("bob").await;
    let (other, other_refresh) = app.log_in("ada").await;
    let (bob, _) = app.log_in("bob").await;
    app.clock.forward(1);
    let (own, own_refresh) = app.log_in("ada").await;
    assert_eq!(app.send(Method::DELETE, "/v1/logins", &own, None).await.status, 204);
    for token in [&own, &other] {
        assert_eq!(app.me(token).await.problem(), (401, "unauthorized"));
    }
    for token in [&own_refresh, &other_refresh] {
        assert_eq!(app.refresh(token).await.problem(), (401, "wrong-credentials"));
    }
    assert_eq!(app.me(&bob).await.status, 200);
    app.clock.forward(1);
    let (new, _) = app.log_in("ada").await;
    assert_eq!(app.me(&new).await.status, 200, "signing in again works");
}

#[tokio::test]
async fn an_access_token_expires_after_ten_minutes_and_the_login_after_thirty_days() {
    let app = App::new().await;
    app.sign_up("ada").await;
    let (access, refresh) = app.log_in("ada").await;
    app.clock.forward(599);
    assert_eq!(app.me(&access).await.status, 200);
    app.clock.forward(1);
    assert_eq!(app.me(&access).await.problem(), (401, "unauthorized"));
    app.clock.forward(30 * 24 * 3600 - 600);
    assert_eq!(app.refresh(&refresh).await.problem(), (401, "wrong-credentials"));
}
