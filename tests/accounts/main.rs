//! Accounts: signing up, signing in, staying in, getting out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod limits;
mod logins;
mod passwords;
mod refresh;
mod sign_up;

use e2e::{TestApp, TestUser};
use serde_json::{Value, json};

/// Every test user's password.
const PASSWORD: &str = "correct horse battery";

fn credentials(username: &str, password: &str) -> Value {
    json!({"username": username, "password": password})
}

/// Whether the API's other functions and `accounts` itself take the token.
async fn is_in(user: &TestUser<'_>) -> bool {
    match user.me().await {
        answer if answer.status == 200 => true,
        answer => {
            answer.expect_problem(401, "unauthorized");
            false
        }
    }
}

/// The text of a member.
fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// A login with the tokens of an answer.
fn with_tokens<'a>(app: &'a TestApp, user: &TestUser<'_>, tokens: &Value) -> TestUser<'a> {
    TestUser {
        app,
        user_id: user.user_id.clone(),
        token: text(tokens, "access_token"),
        refresh_token: text(tokens, "refresh_token"),
    }
}
