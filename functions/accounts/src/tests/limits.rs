use super::*;

async fn attempt(app: &App, address: &str, username: &str, password: &str) -> Answer {
    let body = json!({"username": username, "password": password});
    app.send_from(address, Request::post("/v1/logins"), Some(body)).await
}

/// Gives wrong passwords for names that do not exist, until the counter of the address has counted `times`.
async fn fill_address(app: &App, address: &str, times: usize) {
    for n in 0..times {
        let answer = attempt(app, address, &format!("nobody-{n}"), "x").await;
        assert_eq!(answer.problem(), (401, "wrong-credentials"), "{n}");
    }
}

#[tokio::test]
async fn ten_wrong_passwords_close_a_name_to_one_address_until_the_window_ends() {
    let app = App::new().await;
    app.sign_up("ada").await;
    for _ in 0..10 {
        assert_eq!(attempt(&app, "203.0.113.7", "Ada", "wrong").await.problem(), (401, "wrong-credentials"));
    }
    let before = app.ports.passwords.computed();
    let refused = attempt(&app, "203.0.113.7", "ada", PASSWORD).await;
    assert_eq!(refused.problem(), (429, "too-many-requests"));
    assert_eq!(refused.header("retry-after"), "600", "the window of 15 minutes began 5 minutes ago");
    assert_eq!(app.ports.passwords.computed(), before, "counted before any work is done");
    assert_eq!(attempt(&app, "198.51.100.1", "ada", PASSWORD).await.status, 201, "nobody locks ada out elsewhere");
    app.clock.forward(599);
    assert_eq!(attempt(&app, "203.0.113.7", "ada", PASSWORD).await.problem(), (429, "too-many-requests"));
    app.clock.forward(1);
    assert_eq!(attempt(&app, "203.0.113.7", "ada", PASSWORD).await.status, 201);
}

#[tokio::test]
async fn right_passwords_do_not_count() {
    let app = App::new().await;
    app.sign_up("ada").await;
    for _ in 0..12 {
        assert_eq!(attempt(&app, "203.0.113.7", "ada", PASSWORD).await.status, 201);
    }
    for _ in 0..9 {
        attempt(&app, "203.0.113.7", "ada", "wrong").await;
    }
    assert_eq!(attempt(&app, "203.0.113.7", "ada", PASSWORD).await.status, 201);
}

#[tokio::test]
async fn wrong_passwords_for_many_names_close_an_address_for_the_hour() {
    let most = AttemptLimits { wrong_per_address: 4, ..AttemptLimits::default() };
    let app = App::with(Settings { attempts: most, ..settings() }).await;
    app.sign_up("ada").await;
    fill_address(&app, "2001:db8::1", 4).await;
    let refused = attempt(&app, "2001:db8::ffff", "ada", PASSWORD).await;
    assert_eq!(refused.problem(), (429, "too-many-requests"), "the same /64");
    assert_eq!(refused.header("retry-after"), "3300");
    assert_eq!(attempt(&app, "2001:db8:0:1::1", "ada", PASSWORD).await.status, 201, "another subscriber");
    app.clock.forward(3_300);
    assert_eq!(attempt(&app, "2001:db8::1", "ada", PASSWORD).await.status, 201);
}

#[tokio::test]
async fn a_full_address_does_not_use_up_the_attempts_of_a_name() {
    let most = AttemptLimits { wrong_per_name: 2, wrong_per_address: 1, ..AttemptLimits::default() };
    let app = App::with(Settings { attempts: most, ..settings() }).await;
    app.sign_up("ada").await;
    fill_address(&app, "203.0.113.7", 1).await;
    for _ in 0..5 {
        let refused = attempt(&app, "203.0.113.7", "ada", PASSWORD).await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, "3300"), "by the address, not the name");
    }
}

#[tokio::test]
async fn sign_ups_are_counted_with_wrong_invitations_among_them() {
    let signup = Signup::Invite(crate::Invites::parse("open sesame"));
    let most = AttemptLimits { signups_per_address: 3, ..AttemptLimits::default() };
    let app = App::with(Settings { signup, attempts: most, ..settings() }).await;
    let ask = async |invite: &str| {
        let body = json!({"username": "ada", "password": PASSWORD, "invite": invite});
        app.send_from("203.0.113.7", Request::post("/v1/accounts"), Some(body)).await
    };
    for guess in ["a", "b", "c"] {
        assert_eq!(ask(guess).await.problem(), (403, "signup-closed"));
    }
    let refused = ask("open sesame").await;
    assert_eq!((refused.problem(), refused.header("retry-after")), ((429, "too-many-requests"), "3300"));
    app.clock.forward(3_300);
    assert_eq!(ask("open sesame").await.status, 201);
}

#[test]
fn the_limits_are_those_of_the_design_and_a_hundredfold_on_loopback() {
    let most = AttemptLimits::default();
    assert_eq!((most.wrong_per_name, most.wrong_per_address, most.signups_per_address), (10, 100, 20));
    let most = most.on_loopback();
    assert_eq!((most.wrong_per_name, most.wrong_per_address, most.signups_per_address), (1_000, 10_000, 2_000));
}
