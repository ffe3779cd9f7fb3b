use secrecy::ExposeSecret;
use straightway_core::Username;

use super::*;
use crate::Invites;

#[tokio::test]
async fn an_account_is_made_with_its_name_folded_and_its_password_hashed() {
    let app = App::new().await;
    let answer = app.sign_up("Ada.L").await;
    assert_eq!((answer.status, answer.text("username").as_str()), (201, "ada.l"));
    assert_eq!(answer.text("user_id").len(), 32);
    assert_eq!(answer.text("created_at"), "2027-01-15T08:05:00Z");
    let user = app.ports.accounts.user_by_name(&Username::parse("ada.l").unwrap()).await.unwrap().unwrap();
    assert!(user.password_hash.expose_secret().starts_with("$argon2id$"));
}

#[tokio::test]
async fn a_taken_name_is_told_and_costs_no_hash() {
    let app = App::new().await;
    app.sign_up("ada").await;
    let before = app.ports.passwords.computed();
    assert_eq!(app.sign_up("ADA").await.problem(), (409, "username-taken"));
    assert_eq!(app.ports.passwords.computed(), before);
}

#[tokio::test]
async fn everything_wrong_with_a_request_is_told_at_once() {
    let app = App::new().await;
    let body = json!({"username": "a", "password": "short"});
    let answer = app.send(Method::POST, "/v1/accounts", "", Some(body)).await;
    assert_eq!(answer.problem(), (422, "invalid"));
    let errors = answer.body["errors"].as_array().unwrap();
    let errors: Vec<_> = errors.iter().map(|e| (e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap())).collect();
    assert_eq!(errors, [("/username", "username"), ("/password", "password")]);
}

#[tokio::test]
async fn only_the_invited_get_an_account_where_sign_up_is_by_invitation() {
    let app = App::with(Settings { signup: Signup::Invite(Invites::parse("open sesame")), ..settings() }).await;
    let sign_up = async |invite: Value| {
        let body = json!({"username": "ada", "password": PASSWORD, "invite": invite});
        app.send(Method::POST, "/v1/accounts", "", Some(body)).await
    };
    for wrong in [Value::Null, json!(""), json!("please")] {
        assert_eq!(sign_up(wrong).await.problem(), (403, "signup-closed"));
    }
    assert_eq!(sign_up(json!("open sesame")).await.status, 201);
}

#[tokio::test]
async fn nobody_gets_an_account_where_sign_up_is_closed_and_no_name_is_revealed() {
    let app = App::with(Settings { signup: Signup::Closed, ..settings() }).await;
    assert_eq!(app.sign_up("ada").await.problem(), (403, "signup-closed"));
    assert_eq!(app.ports.passwords.computed(), 0);
}
