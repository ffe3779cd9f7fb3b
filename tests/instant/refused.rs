//! Wrong answers end in an ordinary upload, with the answer that unknown content gets.

use std::collections::BTreeSet;

use e2e::{Answer, Content, TestApp, TestUser, session_id};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{MIB, answer, challenge, take};

/// Every member of an answer, with its place.
fn shape(value: &Value, at: &str, places: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| shape(value, &format!("{at}/{name}"), places));
        }
        Value::Array(items) => items.iter().for_each(|item| shape(item, &format!("{at}/*"), places)),
        _ => drop(places.insert(at.to_owned())),
    }
}

fn shape_of(value: &Value) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    shape(value, "", &mut places);
    places
}

/// Checks that an answer is the one that content gets which nobody has.
async fn expect_ordinary(user: &TestUser<'_>, got: Answer, content: &Content) -> Value {
    let upload = got.expect(201);
    assert_eq!(upload["outcome"], "upload", "{upload}");
    assert_eq!(upload["resumed"], false);
    let unknown = user.open("unknown", &Content::random(content.bytes.len())).await;
    assert_eq!(shape_of(&upload), shape_of(&unknown), "the same members");
    user.cancel_upload(session_id(&unknown)).await;
    upload
}

/// A file of ada's that bob wants.
async fn wanted(ada: &TestUser<'_>) -> Content {
    let content = Content::random(MIB);
    ada.put("film", &content).await;
    content
}

#[tokio::test]
async fn who_knows_only_the_hash_sends_the_bytes() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = wanted(&ada).await;
    let asked = challenge(&bob, "film", &content).await;
    let guess = json!({"challenge": asked["challenge"], "mac": "0".repeat(64)});
    let upload = expect_ordinary(&bob, answer(&bob, "film", &content, guess).await, &content).await;
    assert_eq!(app.records.refs(&content.file_key()).await, 1);
    // An upload like any other: whoever does have the bytes finishes it.
    bob.finish(&upload, &content).await;
    assert_eq!(app.records.refs(&content.file_key()).await, 2);
    app.audit().await;
}

#[tokio::test]
async fn another_owners_challenge_is_of_no_use() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (app.user("ada").await, app.user("bob").await, app.user("eve").await);
    let content = wanted(&ada).await;
    let bobs = challenge(&bob, "film", &content).await;
    // With bob's answer, and with what eve would answer herself.
    for (name, proof) in [("one", bob.prove(&bobs, &content)), ("two", eve.prove(&bobs, &content))] {
        expect_ordinary(&eve, answer(&eve, name, &content, proof).await, &content).await;
    }
    // It is still bob's: nobody else uses it up.
    let taken = answer(&bob, "film", &content, bob.prove(&bobs, &content)).await.expect(201);
    assert_eq!(taken["outcome"], "stored");
    app.audit().await;
}

#[tokio::test]
async fn an_answer_for_another_file_is_of_no_use() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (wanted, had) = (wanted(&ada).await, Content::random(MIB));
    ada.put("had", &had).await;
    let asked = challenge(&bob, "had", &had).await;
    for (name, proof) in [("one", bob.prove(&asked, &had)), ("two", bob.prove(&asked, &wanted))] {
        expect_ordinary(&bob, answer(&bob, name, &wanted, proof).await, &wanted).await;
    }
}

#[tokio::test]
async fn an_expired_challenge_is_of_no_use() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = wanted(&ada).await;
    let asked = challenge(&bob, "film", &content).await;
    app.clock.advance(SignedDuration::from_secs(301));
    let late = answer(&bob, "film", &content, bob.prove(&asked, &content)).await;
    expect_ordinary(&bob, late, &content).await;
}

#[tokio::test]
async fn an_altered_challenge_is_of_no_use() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = wanted(&ada).await;
    let asked = challenge(&bob, "film", &content).await;
    let token = asked["challenge"].as_str().unwrap();
    let altered = [
        format!("{}A", &token[..token.len() - 1]),
        format!("A{}", &token[1..]),
        token[..token.len() / 2].to_owned(),
        String::new(),
        "not a token".to_owned(),
    ];
    for (number, altered) in altered.into_iter().filter(|altered| altered != token).enumerate() {
        let proof = e2e::with(bob.prove(&asked, &content), json!({"challenge": altered}));
        let refused = answer(&bob, &format!("film {number}"), &content, proof).await;
        expect_ordinary(&bob, refused, &content).await;
    }
    // Nor with a nonce of the client's own.
    let own = e2e::with(asked.clone(), json!({"nonce": "ab".repeat(32)}));
    expect_ordinary(&bob, answer(&bob, "own", &content, bob.prove(&own, &content)).await, &content).await;
}

#[tokio::test]
async fn one_wrong_byte_is_a_wrong_answer() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = wanted(&ada).await;
    let mut almost = content.clone();
    *almost.bytes.last_mut().unwrap() ^= 1;
    let asked = challenge(&bob, "film", &content).await;
    let refused = answer(&bob, "film", &content, bob.prove(&asked, &almost)).await;
    expect_ordinary(&bob, refused, &content).await;
}

#[tokio::test]
async fn a_nonce_is_used_once_even_for_a_right_answer() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = wanted(&ada).await;
    let asked = challenge(&bob, "film", &content).await;
    let proof = bob.prove(&asked, &content);
    let entry = answer(&bob, "film", &content, proof.clone()).await.expect(201);
    assert_eq!(entry["outcome"], "stored");
    // Without the entry nothing but the proof could help.
    assert_eq!(bob.delete_file(e2e::entry_id(&entry)).await.status, 204);
    expect_ordinary(&bob, answer(&bob, "again", &content, proof).await, &content).await;
    app.audit().await;
}

#[tokio::test]
async fn a_wrong_answer_uses_its_nonce_up_too() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let content = wanted(&ada).await;
    let asked = challenge(&bob, "film", &content).await;
    let wrong = json!({"challenge": asked["challenge"], "mac": "0".repeat(64)});
    expect_ordinary(&bob, answer(&bob, "one", &content, wrong).await, &content).await;
    let right = bob.prove(&asked, &content);
    expect_ordinary(&bob, answer(&bob, "two", &content, right).await, &content).await;
}

/// Gives `count` wrong answers.
async fn answer_wrong(user: &TestUser<'_>, content: &Content, count: usize) {
    for number in 0..count {
        let name = format!("wrong {number}");
        let asked = challenge(user, &name, content).await;
        let wrong = json!({"challenge": asked["challenge"], "mac": "0".repeat(64)});
        let upload = answer(user, &name, content, wrong).await.expect(201);
        assert_eq!(upload["outcome"], "upload");
    }
}

#[tokio::test]
async fn after_three_wrong_answers_nothing_helps_until_the_next_day() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (app.user("ada").await, app.user("bob").await, app.user("eve").await);
    let content = wanted(&ada).await;
    answer_wrong(&bob, &content, 3).await;
    let asked = challenge(&bob, "film", &content).await;
    let right = answer(&bob, "film", &content, bob.prove(&asked, &content)).await;
    expect_ordinary(&bob, right, &content).await;
    // It is bob's affair alone.
    take(&eve, "film", &content).await;
    app.clock.advance(SignedDuration::from_hours(24));
    let bob = app.sign_in("bob").await;
    take(&bob, "tomorrow", &content).await;
    app.audit().await;
}

#[tokio::test]
async fn after_twenty_wrong_answers_by_anybody_nobody_gets_the_file_that_day() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let content = wanted(&ada).await;
    for number in 0..7 {
        let user = app.user(&format!("thief-{number}")).await;
        answer_wrong(&user, &content, if number < 6 { 3 } else { 2 }).await;
    }
    let bob = app.user("bob").await;
    let asked = challenge(&bob, "film", &content).await;
    let right = answer(&bob, "film", &content, bob.prove(&asked, &content)).await;
    expect_ordinary(&bob, right, &content).await;
}

#[tokio::test]
async fn a_file_that_is_hardly_more_than_zeros_is_never_granted() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    // 95 % sparse; and two bytes over and over: ranges that are not constant but equal.
    let mut sparse = vec![0; 20 * MIB];
    getrandom::fill(&mut sparse[..MIB]).unwrap();
    for (name, bytes) in [("sparse", sparse), ("periodic", b"ab".repeat(10 * MIB))] {
        let content = Content::of(bytes);
        ada.put(name, &content).await;
        let asked = challenge(&bob, name, &content).await;
        let right = answer(&bob, name, &content, bob.prove(&asked, &content)).await;
        let upload = expect_ordinary(&bob, right, &content).await;
        bob.finish(&upload, &content).await;
    }
    app.audit().await;
}

#[tokio::test]
async fn who_has_the_first_nine_tenths_never_passes() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for size in [2 * MIB, 20 * MIB] {
        let content = Content::random(size);
        ada.put(&format!("film {size}"), &content).await;
        let mut most = content.clone();
        getrandom::fill(&mut most.bytes[size / 10 * 9..]).unwrap();
        // As often as they like, on several accounts and days.
        for number in 0..3 {
            let thief = app.user(&format!("thief-{size}-{number}")).await;
            for attempt in 0..3 {
                let name = format!("attempt {attempt}");
                let asked = challenge(&thief, &name, &content).await;
                let upload = answer(&thief, &name, &content, thief.prove(&asked, &most)).await.expect(201);
                assert_eq!(upload["outcome"], "upload");
            }
            app.clock.advance(SignedDuration::from_hours(24));
        }
        assert_eq!(app.records.refs(&content.file_key()).await, 1);
        app.clock.advance(SignedDuration::from_hours(-72));
    }
}
