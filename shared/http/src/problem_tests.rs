use axum::body::to_bytes;
use straightway_core::{EntryId, RejectReason, SessionState};

use super::*;

async fn rendered(error: Error) -> (Response, Value) {
    let mut response = Problem::from(error).render("r1");
    let body = std::mem::take(response.body_mut());
    let json = serde_json::from_slice(&to_bytes(body, 1 << 20).await.unwrap()).unwrap();
    (response, json)
}

#[tokio::test]
async fn every_error_has_the_name_status_and_members_of_the_contract() {
    let entry_id = EntryId::from_random([7; 16]);
    let violation = Violation::new("range", "too big").at("/size_bytes");
    let ended = Error::Gone { state: SessionState::Rejected, reason: Some(RejectReason::HashMismatch) };
    let quota = Error::QuotaExceeded { needed_bytes: 9, available_bytes: 4 };
    let table = [
        (
            Error::Invalid(vec![violation]),
            422,
            "invalid",
            json!({"errors": [{"pointer": "/size_bytes", "code": "range", "detail": "too big"}]}),
        ),
        (Error::Unauthorized(Unauthorized::Token), 401, "unauthorized", json!({})),
        (Error::Unauthorized(Unauthorized::WrongCredentials), 401, "wrong-credentials", json!({})),
        (Error::Forbidden(Forbidden::SignupClosed), 403, "signup-closed", json!({})),
        (Error::Forbidden(Forbidden::ForeignOrigin), 403, "forbidden", json!({})),
        (Error::NotFound, 404, "not-found", json!({})),
        (
            Error::Conflict(Conflict::NameTaken { entry_id: entry_id.clone() }),
            409,
            "name-taken",
            json!({"entry_id": entry_id.as_str()}),
        ),
        (Error::Conflict(Conflict::UsernameTaken), 409, "username-taken", json!({})),
        (
            Error::Conflict(Conflict::PartsMissing { missing: vec![[1, 5], [7, 7]] }),
            409,
            "parts-missing",
            json!({"missing": [[1, 5], [7, 7]]}),
        ),
        (Error::Conflict(Conflict::AlreadyStored), 409, "already-stored", json!({})),
        (Error::Conflict(Conflict::InProgress), 409, "in-progress", json!({})),
        (ended, 410, "session-ended", json!({"state": "rejected", "reason": "hash-mismatch"})),
        (Error::TooLarge { max_bytes: 5 }, 413, "too-large", json!({"max_bytes": 5})),
        (Error::HashMismatch, 422, "hash-mismatch", json!({})),
        (Error::Changed, 412, "changed", json!({})),
        (Error::TooMany { retry_after: Duration::ZERO }, 429, "too-many-requests", json!({})),
        (quota, 507, "quota-exceeded", json!({"needed_bytes": 9, "available_bytes": 4})),
        (Error::unavailable("reading", "down"), 503, "unavailable", json!({})),
        (Error::internal("a bug"), 500, "internal", json!({})),
    ];
    for (error, status, name, members) in table {
        let (response, body) = rendered(error).await;
        assert_eq!(response.status().as_u16(), status, "{name}");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(body["type"], format!("urn:straightway:problem:{name}"));
        assert_eq!(body["status"], status);
        assert_eq!(body["request_id"], "r1");
        for (member, value) in members.as_object().unwrap() {
            assert_eq!(&body[member], value, "{name} {member}");
        }
        assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), status == 401, "{name}");
        if [429, 503].contains(&status) {
            assert_ne!(response.headers()[RETRY_AFTER], "0");
        }
        assert!(status < 500 || body.get("detail").is_none(), "{name} tells a detail");
    }
}

#[tokio::test]
async fn what_the_components_below_said_goes_to_the_log_and_not_to_the_caller() {
    let source = std::io::Error::other("host db.internal refused");
    let error = Error::unavailable("reading the session", source);
    let problem = Problem::from(error);
    assert_eq!(problem.causes().unwrap(), "reading the session: host db.internal refused");
    let body = to_bytes(problem.render("r1").into_body(), 1 << 20).await.unwrap();
    assert!(!String::from_utf8(body.to_vec()).unwrap().contains("internal refused"));
}

#[test]
fn waiting_times_are_rounded_up() {
    let waits = [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (90_000, 90)];
    for (millis, seconds) in waits {
        assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
    }
}
