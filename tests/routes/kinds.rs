//! Tokens of one kind are never taken for another: all pairs.

use e2e::{Answer, Content, TestApp, TestUser, with};
use serde_json::{Value, json};

const MIB: usize = 1 << 20;
const KINDS: [&str; 5] = ["access", "refresh", "challenge", "cursor of files", "cursor of uploads"];

/// A valid token of each kind, all of bob's, and the content that the challenge is about.
async fn tokens(ada: &TestUser<'_>, bob: &TestUser<'_>) -> ([String; 5], Content, Value) {
    let content = Content::random(MIB);
    ada.put("film", &content).await;
    let challenge = bob.create("film", &content).await.expect(200);
    for name in ["a", "b"] {
        bob.folder(name, "root").await;
        bob.open(name, &Content::random(10)).await;
    }
    let files = bob.list_files("?limit=1").await.expect(200);
    let uploads = bob.list_uploads("?limit=1").await.expect(200);
    let text = |value: &Value| value.as_str().expect("a token is text").to_owned();
    let tokens = [
        bob.token.clone(),
        bob.refresh_token.clone(),
        text(&challenge["challenge"]),
        text(&files["next_cursor"]),
        text(&uploads["next_cursor"]),
    ];
    (tokens, content, challenge)
}

/// Uses a token as each kind; `true` where it was taken.
async fn taken(bob: &TestUser<'_>, token: &str, slot: &str, content: &Content, challenge: &Value) -> bool {
    let accepted = |answer: Answer, refused: u16, name: &str| {
        if answer.status.is_success() {
            return true;
        }
        answer.expect_problem(refused, name);
        false
    };
    match slot {
        "access" => {
            let request = bob.app.request(reqwest::Method::GET, "/v1/files").bearer_auth(token);
            accepted(bob.app.send(request).await, 401, "unauthorized")
        }
        "refresh" => accepted(bob.app.refresh_login(token).await, 401, "wrong-credentials"),
        "challenge" => {
            let proof = with(bob.prove(challenge, content), json!({"challenge": token}));
            let name = format!("proven by {}", &token[token.len() - 8..]);
            let create = with(content.upload(&name), json!({"proof": proof}));
            bob.create_upload(&create).await.expect(201)["outcome"] == "stored"
        }
        "cursor of files" => accepted(bob.list_files(&format!("?cursor={token}")).await, 422, "invalid"),
        "cursor of uploads" => accepted(bob.list_uploads(&format!("?cursor={token}")).await, 422, "invalid"),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_token_is_taken_only_as_its_own_kind() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (tokens, content, challenge) = tokens(&ada, &bob).await;
    // The challenge last: once it is answered the content is bob's own.
    for slot in ["access", "refresh", "cursor of files", "cursor of uploads", "challenge"] {
        let mut kinds: Vec<_> = KINDS.iter().zip(&tokens).collect();
        kinds.sort_by_key(|(kind, _)| **kind == slot);
        for (kind, token) in kinds {
            let taken = taken(&bob, token, slot, &content, &challenge).await;
            assert_eq!(taken, *kind == slot, "{kind} as {slot}");
        }
    }
}
