//! What holds for every route of the function.

use straightway_http::openapi::{document, is_public};
use utoipa::openapi::path::PathItem;

use super::*;

/// Method, path, operation id and whether it is public.
fn operations() -> Vec<(Method, String, String, bool)> {
    let document = document([crate::routes().into_openapi()], "1.0.0");
    let mut operations = Vec::new();
    for (path, PathItem { get, put, post, delete, .. }) in document.paths.paths {
        for (method, operation) in
            [(Method::GET, get), (Method::PUT, put), (Method::POST, post), (Method::DELETE, delete)]
        {
            let Some(operation) = operation else { continue };
            let public = is_public(&operation);
            operations.push((method, path.clone(), operation.operation_id.unwrap(), public));
        }
    }
    operations.sort_by(|a, b| a.2.cmp(&b.2));
    operations
}

#[test]
fn the_routes_are_those_of_the_contract() {
    let operations = operations();
    let found: Vec<_> = operations
        .iter()
        .map(|(method, path, id, public)| (method.as_str(), path.as_str(), id.as_str(), *public))
        .collect();
    let expected = [
        ("PUT", "/v1/me/password", "changePassword", false),
        ("POST", "/v1/accounts", "createAccount", true),
        ("POST", "/v1/logins", "createLogin", true),
        ("DELETE", "/v1/logins/current", "endLogin", false),
        ("DELETE", "/v1/logins", "endLogins", false),
        ("GET", "/.well-known/jwks.json", "getJwks", true),
        ("GET", "/v1/me", "getMe", false),
        ("POST", "/v1/logins/refresh", "refreshLogin", true),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_route_that_is_not_public_refuses_whoever_has_no_valid_token() {
    let (app, foreign) = (App::new().await, App::new().await);
    app.sign_up("ada").await;
    foreign.sign_up("ada").await;
    let (token, _) = app.log_in("ada").await;
    let (foreign, _) = foreign.log_in("ada").await;
    let nobody = app.ports.access_tokens.mint(
        &straightway_core::UserId::from_random([1; 16]),
        &straightway_core::LoginId::from_random([2; 16]),
        app.clock.now(),
    );
    let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
    let private = operations().into_iter().filter(|(.., public)| !public);
    for (method, path, id, _) in private {
        for wrong in ["", "x", &foreign, &unsigned, &nobody.as_ref().unwrap().clone()] {
            // The body is wrong too: authentication is judged first.
            let answer = app.send(method.clone(), &path, wrong, Some(json!([]))).await;
            assert_eq!(answer.problem(), (401, "unauthorized"), "{id}");
        }
    }
}

#[tokio::test]
async fn public_posts_take_no_idempotency_key_and_no_unknown_field() {
    let app = App::new().await;
    let posts = operations().into_iter().filter(|(method, _, _, public)| *public && method == Method::POST);
    for (_, path, id, _) in posts {
        let with_key = Request::post(&path).header("idempotency-key", "0123456789abcdef");
        let answer = app.send_from("203.0.113.7", with_key, Some(json!({}))).await;
        assert_eq!(answer.problem(), (400, "malformed"), "{id}");
        let answer = app.send(Method::POST, &path, "", Some(json!({"usrname": "ada"}))).await;
        assert_eq!(answer.problem(), (422, "invalid"), "{id}");
        assert_eq!(
            answer.body["errors"][0],
            json!({
                "pointer": "/usrname",
                "code": "unknown",
                "detail": answer.body["errors"][0]["detail"],
            })
        );
    }
}

#[tokio::test]
async fn the_key_set_holds_the_signing_key_and_its_neighbours_once() {
    let next = App::new().await;
    let signing_key = generate_signing_key().unwrap();
    let alone = App::with(Settings { signing_key: signing_key.clone(), ..settings() }).await;
    let mut known = next.ports.jwks().clone();
    known.keys.extend(alone.ports.jwks().keys.clone());
    let app = App::with(Settings { signing_key, other_keys: known, ..settings() }).await;
    let answer = app.send(Method::GET, "/.well-known/jwks.json", "", None).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "public, max-age=300"));
    let jwks: Jwks = serde_json::from_value(answer.body).unwrap();
    let (own, other) = (&alone.ports.jwks().keys[0], &next.ports.jwks().keys[0]);
    assert_eq!(jwks.keys, [own.clone(), other.clone()]);
    next.sign_up("ada").await;
    let (token, _) = next.log_in("ada").await;
    assert!(app.ports.authenticator.verify(&token).is_ok(), "what the next key signs holds already");
}
