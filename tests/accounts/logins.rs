use data_encoding::BASE64URL_NOPAD;
use e2e::{Content, TestApp};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use crate::{PASSWORD, credentials, is_in};

#[tokio::test]
async fn a_login_gives_tokens_that_nobody_keeps() {
    let app = TestApp::start().await;
    app.create_account(&credentials("ada", PASSWORD)).await.expect(201);
    let answer = app.create_login(&credentials("ada", PASSWORD)).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let login = answer.expect(201);
    assert_eq!((&login["token_type"], &login["expires_in"]), (&json!("Bearer"), &json!(600)));
    for table in ["users", "logins", "requests", "limits"] {
        let records = format!("{:?}", app.records.all(table).await);
        for secret in [PASSWORD, login["access_token"].as_str().unwrap(), login["refresh_token"].as_str().unwrap()] {
            assert!(!records.contains(secret), "{table} holds a secret in clear");
        }
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_told_alike() {
    let app = TestApp::start().await;
    app.user("ada").await;
    let mut answers = Vec::new();
    for (name, password) in
        [("ada", "wrong password"), ("nobody", PASSWORD), ("no name at all!", PASSWORD), ("ada", "")]
    {
        let answer = app.create_login(&credentials(name, password)).await;
        let mut problem = answer.expect_problem(401, "wrong-credentials");
        problem["request_id"] = Value::Null;
        answers.push(problem);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn the_key_set_verifies_the_access_token() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let answer = app.get("/.well-known/jwks.json").await;
    assert!(answer.headers["cache-control"].to_str().unwrap().contains("max-age=300"));
    let jwks = answer.expect(200);
    let header = decode_header(&ada.token).unwrap();
    let keys = jwks["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == header.kid.as_deref().unwrap()).expect("the key is there");
    assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA")));
    assert!(key.get("d").is_none(), "the public half only");
    assert_eq!((header.typ.as_deref(), header.alg), (Some("at+jwt"), Algorithm::EdDSA));
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[&app.origin]);
    validation.validate_aud = false;
    let key = DecodingKey::from_ed_components(key["x"].as_str().unwrap()).unwrap();
    let claims = decode::<Value>(&ada.token, &key, &validation).unwrap().claims;
    assert_eq!(claims["sub"], ada.user_id);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    let body = BASE64URL_NOPAD.decode(ada.token.split('.').nth(1).unwrap().as_bytes()).unwrap();
    assert!(!String::from_utf8(body).unwrap().contains("ada\""), "no name in the token");
}

#[tokio::test]
async fn logging_out_ends_this_login_and_no_other() {
    let app = TestApp::start().await;
    let (phone, laptop) = (app.user("ada").await, app.sign_in("ada").await);
    assert_eq!(phone.end_login().await.status, 204);
    assert!(!is_in(&phone).await);
    assert!(is_in(&laptop).await);
    app.refresh_login(&phone.refresh_token).await.expect_problem(401, "wrong-credentials");
    app.refresh_login(&laptop.refresh_token).await.expect(201);
    phone.end_login().await.expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn logging_out_everywhere_ends_all_of_ones_own() {
    let app = TestApp::start().await;
    let (phone, laptop, bob) = (app.user("ada").await, app.sign_in("ada").await, app.user("bob").await);
    assert_eq!(phone.end_logins().await.status, 204);
    for user in [&phone, &laptop] {
        assert!(!is_in(user).await);
        app.refresh_login(&user.refresh_token).await.expect_problem(401, "wrong-credentials");
    }
    assert!(is_in(&bob).await);
    assert!(is_in(&app.sign_in("ada").await).await, "a new login is a new login");
}

#[tokio::test]
async fn other_functions_believe_a_token_for_ten_minutes_at_most() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    assert_eq!(ada.end_login().await.status, 204);
    app.clock.advance(SignedDuration::from_secs(601));
    ada.list_files("").await.expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn usage_counts_stored_and_reserved_bytes_apart() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(100);
    ada.put("stored", &content).await;
    ada.open("reserved", &Content::random(30)).await;
    assert_eq!(ada.usage().await, (100, 30));
    ada.create("copy", &content).await.expect(201);
    assert_eq!(ada.usage().await, (200, 30), "every entry counts its full size");
    app.audit().await;
}

#[tokio::test]
async fn accounts_and_logins_survive_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let app = TestApp::start_in(data.path(), |_| {}).await;
    let content = Content::random(1000);
    let ada = app.user("ada").await;
    let entry = ada.put("film", &content).await;
    let refresh_token = ada.refresh_token.clone();
    app.stop().await;
    let app = TestApp::start_in(data.path(), |_| {}).await;
    let tokens = app.refresh_login(&refresh_token).await.expect(201);
    let ada = crate::with_tokens(&app, &app.sign_in("ada").await, &tokens);
    assert_eq!(ada.download(e2e::entry_id(&entry)).await, content.bytes);
    app.audit().await;
}
