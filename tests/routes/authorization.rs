//! Nobody gets in without a token of ours, and nobody gets at another's things.

use data_encoding::BASE64URL_NOPAD;
use e2e::{TestApp, with};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use straightway_core::Clock;

use crate::world::{Owned, protected};

/// Header and claims of a token.
fn read(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap());
    let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (next(), next())
}

fn sign(header: &Header, claims: &Value, key: &EncodingKey) -> String {
    encode(header, claims, key).unwrap()
}

fn part(json: &Value) -> String {
    BASE64URL_NOPAD.encode(json.to_string().as_bytes())
}

/// Every kind of token that is none of ours, made from one that is.
fn forgeries(app: &TestApp, token: &str, jwks: &Value) -> Vec<(&'static str, String)> {
    let (header, claims) = read(token);
    let (head, body, signature) = {
        let mut parts = token.split('.');
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap())
    };
    let kid = header["kid"].as_str().unwrap().to_owned();
    let of = |algorithm| {
        let mut header = Header::new(algorithm);
        (header.typ, header.kid) = (Some("at+jwt".to_owned()), Some(kid.clone()));
        header
    };
    let ours = EncodingKey::from_ed_pem(app.keys.token_key.expose_secret().as_bytes()).unwrap();
    let theirs = straightway_accounts::generate_signing_key().unwrap();
    let theirs = EncodingKey::from_ed_pem(theirs.expose_secret().as_bytes()).unwrap();
    let eddsa = of(Algorithm::EdDSA);
    assert_eq!(sign(&eddsa, &claims, &ours).split('.').count(), 3);
    let claiming = |more: Value| sign(&eddsa, &with(claims.clone(), more), &ours);
    let lacking = |name: &str| {
        let mut fewer = claims.clone();
        fewer.as_object_mut().unwrap().remove(name);
        sign(&eddsa, &fewer, &ours)
    };
    let under = |change: fn(&mut Header)| {
        let mut header = eddsa.clone();
        change(&mut header);
        sign(&header, &claims, &ours)
    };
    let x = jwks["keys"][0]["x"].as_str().unwrap();
    let x_bytes = BASE64URL_NOPAD.decode(x.as_bytes()).unwrap();
    let der_prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let der = [&der_prefix[..], &x_bytes].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", data_encoding::BASE64.encode(&der));
    let hs256 = |secret: &[u8]| sign(&of(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret));
    let none = part(&json!({"alg": "none", "typ": "at+jwt", "kid": kid}));
    let now = app.clock.now().as_second();
    let mut altered = claims.clone();
    altered["sub"] = json!("0".repeat(32));
    vec![
        ("empty", String::new()),
        ("garbage", "garbage".to_owned()),
        ("three dots", "...".to_owned()),
        ("huge", "a".repeat(6000)),
        ("alg none", format!("{none}.{body}.")),
        ("alg none with the signature", format!("{none}.{body}.{signature}")),
        ("alg NONE", format!("{}.{body}.", part(&json!({"alg": "NONE", "typ": "at+jwt", "kid": kid})))),
        ("no signature", format!("{head}.{body}.")),
        ("a cut signature", token[..token.len() - 2].to_owned()),
        ("other claims under the signature", format!("{head}.{}.{signature}", part(&altered))),
        ("HS256 with the public key's bytes", hs256(&x_bytes)),
        ("HS256 with the public key in base64", hs256(x.as_bytes())),
        ("HS256 with the public key's DER", hs256(&der)),
        ("HS256 with the public key's PEM", hs256(pem.as_bytes())),
        ("HS256 with the key set", hs256(jwks.to_string().as_bytes())),
        ("another Ed25519 key", sign(&eddsa, &claims, &theirs)),
        ("an unknown key id", under(|header| header.kid = Some("unknown".to_owned()))),
        ("no key id", under(|header| header.kid = None)),
        ("typ JWT", under(|header| header.typ = Some("JWT".to_owned()))),
        ("no typ", under(|header| header.typ = None)),
        ("expired", claiming(json!({"iat": now - 601, "exp": now - 1}))),
        ("from the future", claiming(json!({"iat": now + 3600, "exp": now + 4000}))),
        ("a longer life than ours", claiming(json!({"exp": now + 86_400}))),
        ("another issuer", claiming(json!({"iss": "https://elsewhere.example"}))),
        ("another audience", claiming(json!({"aud": "elsewhere"}))),
        ("no expiry", lacking("exp")),
        ("no issuer", lacking("iss")),
        ("no audience", lacking("aud")),
        ("no subject", lacking("sub")),
        ("no login", lacking("login")),
        ("a subject that is no id", claiming(json!({"sub": "../admin"}))),
    ]
}

#[tokio::test]
async fn every_protected_route_refuses_every_token_that_is_none_of_ours() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let owned = Owned::by(&ada).await;
    let before = owned.seen_by(&ada).await;
    let jwks = app.get("/.well-known/jwks.json").await.expect(200);
    let forgeries = forgeries(&app, &ada.token, &jwks);
    for operation in protected() {
        // Authentication is judged first: neither body nor id matter.
        let nobody = operation.request(&app, &owned).send().await.unwrap();
        assert_refused(nobody, &operation.name, "no token").await;
        for (what, token) in &forgeries {
            let request = operation.right_request(&app, &owned).bearer_auth(token);
            assert_refused(request.send().await.unwrap(), &operation.name, what).await;
        }
        let basic = operation.request(&app, &owned).basic_auth("ada", Some("correct horse battery"));
        assert_refused(basic.send().await.unwrap(), &operation.name, "a password").await;
        let twice = operation.request(&app, &owned).bearer_auth(&ada.token).bearer_auth(&ada.token);
        assert_refused(twice.send().await.unwrap(), &operation.name, "two tokens").await;
        let in_query = format!("{}?access_token={}", operation.path_of(&owned), ada.token);
        let in_query = app.request(operation.method.clone(), &in_query).send().await.unwrap();
        assert_refused(in_query, &operation.name, "a token in the query").await;
    }
    assert_eq!(owned.seen_by(&ada).await, before, "nothing has changed");
}

async fn assert_refused(response: reqwest::Response, operation: &str, what: &str) {
    assert_eq!(response.status(), 401, "{operation} with {what}");
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    // HEAD has no body.
    if operation != "headDownload" {
        e2e::Answer::read(response).await.expect_problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn every_protected_route_refuses_an_expired_token() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let owned = Owned::by(&ada).await;
    app.clock.advance(SignedDuration::from_secs(600));
    for operation in protected() {
        let request = operation.right_request(&app, &owned).bearer_auth(&ada.token);
        assert_refused(request.send().await.unwrap(), &operation.name, "an expired token").await;
    }
    owned.seen_by(&app.sign_in("ada").await).await;
}

#[tokio::test]
async fn every_route_that_names_a_thing_answers_404_for_anothers() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let owned = Owned::by(&ada).await;
    let before = owned.seen_by(&ada).await;
    let unknown = Owned { file: "0".repeat(32), session: "0".repeat(32), job: "0".repeat(32) };
    let malformed = Owned { file: "..%2F..".into(), session: "%00".into(), job: "x".into() };
    let about_things: Vec<_> = protected().into_iter().filter(crate::world::Operation::names_a_thing).collect();
    assert!(about_things.len() >= 9, "{}", about_things.len());
    for operation in about_things {
        for (whose, owned) in [("another's", &owned), ("nobody's", &unknown), ("malformed", &malformed)] {
            let request = operation.right_request(&app, owned).bearer_auth(&bob.token);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 404, "{} of {whose}", operation.name);
            if operation.method != reqwest::Method::HEAD {
                e2e::Answer::read(response).await.expect_problem(404, "not-found");
            }
        }
    }
    assert_eq!(owned.seen_by(&ada).await, before, "nothing has changed");
}
