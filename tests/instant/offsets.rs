//! Challenges cannot be re-rolled until they fall where somebody has bytes.

use std::collections::BTreeSet;

use e2e::{Content, TestApp};
use jiff::SignedDuration;

use crate::{MIB, challenge};

#[tokio::test]
async fn all_challenges_of_a_day_ask_for_the_same_bytes() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = Content::random(20 * MIB);
    ada.put("film", &content).await;
    let (mut offsets, mut nonces) = (BTreeSet::new(), BTreeSet::new());
    for number in 0..8 {
        let user = app.user(&format!("roller-{number}")).await;
        for _ in 0..25 {
            let asked = challenge(&user, "film", &content).await;
            offsets.insert(asked["ranges"].to_string());
            nonces.insert(asked["nonce"].to_string());
        }
    }
    assert_eq!(offsets.len(), 1, "one set of offsets");
    assert_eq!(nonces.len(), 200, "and never the same question");
    app.clock.advance(SignedDuration::from_hours(24));
    let tomorrow = app.user("late").await;
    offsets.insert(challenge(&tomorrow, "film", &content).await["ranges"].to_string());
    assert_eq!(offsets.len(), 2, "others the next day");
}

#[tokio::test]
async fn offsets_are_secret_to_the_deployment_and_to_the_file() {
    let content = Content::random(20 * MIB);
    let other = Content::random(20 * MIB);
    let mut offsets = BTreeSet::new();
    for _ in 0..2 {
        let app = TestApp::start().await;
        let (ada, bob) = (app.user("ada").await, app.user("bob").await);
        for (name, content) in [("film", &content), ("other", &other)] {
            ada.put(name, content).await;
            offsets.insert(challenge(&bob, name, content).await["ranges"].to_string());
        }
    }
    assert_eq!(offsets.len(), 4);
}
