use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use super::*;
use crate::testing::{ManualClock, Signer, authenticator, claims};

fn segment(json: &Value) -> String {
    BASE64URL_NOPAD.encode(json.to_string().as_bytes())
}

#[test]
fn a_right_token_names_its_user_and_login_until_it_expires() {
    let (clock, signer) = (ManualClock::new(), Signer::generate());
    let authenticator = authenticator(&[&signer], clock.clone());
    let token = signer.sign(&signer.header(), &claims(&clock));
    let caller = authenticator.verify(&token).unwrap();
    assert_eq!(caller.user_id.as_str(), "0a".repeat(16));
    assert_eq!(caller.login_id.as_str(), "0b".repeat(16));
    clock.forward(599);
    assert!(authenticator.verify(&token).is_ok());
    clock.forward(1);
    assert!(authenticator.verify(&token).is_err());
}

#[test]
fn tokens_of_every_key_in_the_set_hold_and_of_no_other() {
    let (clock, present, next, foreign) =
        (ManualClock::new(), Signer::generate(), Signer::generate(), Signer::generate());
    let authenticator = authenticator(&[&present, &next], clock.clone());
    for signer in [&present, &next] {
        assert!(authenticator.verify(&signer.sign(&signer.header(), &claims(&clock))).is_ok());
    }
    assert!(authenticator.verify(&foreign.sign(&foreign.header(), &claims(&clock))).is_err(), "unknown key");
    assert!(authenticator.verify(&foreign.sign(&present.header(), &claims(&clock))).is_err(), "another key's name");
    assert!(authenticator.verify(&next.sign(&present.header(), &claims(&clock))).is_err(), "keys swapped");
}

#[test]
fn no_other_algorithm_is_believed() {
    let (clock, signer) = (ManualClock::new(), Signer::generate());
    let authenticator = authenticator(&[&signer], clock.clone());
    let claims = claims(&clock);
    let body = segment(&serde_json::to_value(&claims).unwrap());
    for alg in ["none", "None", "EdDSA"] {
        let header = segment(&json!({"alg": alg, "typ": ACCESS_TOKEN_TYPE, "kid": signer.jwk.kid}));
        assert!(authenticator.verify(&format!("{header}.{body}.")).is_err(), "{alg} without a signature");
    }
    let public_key = BASE64URL_NOPAD.decode(signer.jwk.x.as_bytes()).unwrap();
    for secret in [public_key.as_slice(), signer.jwk.x.as_bytes()] {
        let header = Header { alg: Algorithm::HS256, ..signer.header() };
        let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap();
        assert!(authenticator.verify(&token).is_err(), "HS256 under the public key");
    }
}

#[test]
fn a_key_that_the_header_brings_along_is_not_used() {
    let (clock, signer, thief) = (ManualClock::new(), Signer::generate(), Signer::generate());
    let authenticator = authenticator(&[&signer], clock.clone());
    let own: jsonwebtoken::jwk::Jwk = serde_json::from_value(serde_json::to_value(&thief.jwk).unwrap()).unwrap();
    let headers = [
        Header { jwk: Some(own), ..signer.header() },
        Header { jku: Some("https://thief.example/jwks.json".into()), ..signer.header() },
        Header { x5u: Some("https://thief.example/cert".into()), ..signer.header() },
    ];
    for header in headers {
        assert!(authenticator.verify(&thief.sign(&header, &claims(&clock))).is_err());
    }
}

#[test]
fn every_altered_header_and_claim_is_refused() {
    let (clock, signer) = (ManualClock::new(), Signer::generate());
    let authenticator = authenticator(&[&signer], clock.clone());
    let right = claims(&clock);
    let now = right.iat;
    for header in [
        Header { typ: Some("JWT".into()), ..signer.header() },
        Header { typ: None, ..signer.header() },
        Header { kid: None, ..signer.header() },
        Header { kid: Some("other".into()), ..signer.header() },
        Header { crit: Some(vec!["b64".into()]), ..signer.header() },
    ] {
        assert!(authenticator.verify(&signer.sign(&header, &right)).is_err(), "{header:?}");
    }
    for wrong in [
        Claims { iss: "https://other.example".into(), ..right.clone() },
        Claims { aud: "other".into(), ..right.clone() },
        Claims { sub: "ada".into(), ..right.clone() },
        Claims { login: String::new(), ..right.clone() },
        Claims { exp: now + 601, ..right.clone() },
        Claims { exp: now, ..right.clone() },
        Claims { iat: now + 61, exp: now + 600, ..right.clone() },
        Claims { iat: i64::MIN, exp: i64::MAX, ..right.clone() },
        Claims { nbf: Some(now + 61), ..right.clone() },
    ] {
        assert!(authenticator.verify(&signer.sign(&signer.header(), &wrong)).is_err(), "{wrong:?}");
    }
    for missing in ["iss", "aud", "sub", "login", "iat", "exp", "jti"] {
        let mut claims = serde_json::to_value(&right).unwrap();
        claims.as_object_mut().unwrap().remove(missing);
        assert!(authenticator.verify(&signer.sign(&signer.header(), &claims)).is_err(), "without {missing}");
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let (clock, signer) = (ManualClock::new(), Signer::generate());
    let authenticator = authenticator(&[&signer], clock.clone());
    let token = signer.sign(&signer.header(), &claims(&clock));
    let altered = token.replace('.', "..");
    let long = format!("{token}{}", "A".repeat(MAX_TOKEN_BYTES));
    for wrong in ["", ".", "..", "a.b.c", &altered, &token[1..], &token[..token.len() - 1], &long] {
        assert!(authenticator.verify(wrong).is_err(), "{wrong}");
    }
}
