//! Other devices: one public URL for API and bucket, and no way in for strangers.

use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use straightway_accounts::Signup;
use straightway_local::{LocalStack, Options};

use super::process::{Program, run};

const ORIGIN: &str = "http://files.example";
const PASSWORD: &str = "correct horse battery";

/// A stack whose port is known elsewhere as [`ORIGIN`], and a client there.
async fn start(data: &std::path::Path, change: impl FnOnce(&mut Options)) -> (LocalStack, Client) {
    let mut options = Options::shared(data);
    options.listen.set_port(0);
    options.s3_listen.set_port(0);
    options.public_url = Some(ORIGIN.parse().unwrap());
    change(&mut options);
    let stack = LocalStack::start(options).await.unwrap();
    let client = Client::builder().no_proxy().resolve("files.example", stack.api).build().unwrap();
    (stack, client)
}

async fn post(client: &Client, path: &str, token: &str, body: &Value) -> Value {
    let request = client.post(format!("{ORIGIN}{path}")).json(body);
    let request = if token.is_empty() { request } else { request.bearer_auth(token) };
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {} {}", answer.status(), answer.text().await.unwrap());
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_file_goes_up_and_comes_back_through_the_public_url_alone() {
    let data = tempfile::tempdir().unwrap();
    let (_stack, client) = start(data.path(), |options| options.signup = Signup::Open).await;
    let person = json!({"username": "ada", "password": PASSWORD});
    post(&client, "/v1/accounts", "", &person).await;
    let login = post(&client, "/v1/logins", "", &person).await;
    let token = login["access_token"].as_str().unwrap();

    let file = json!({"name": "hello", "size_bytes": 5, "integrity": "read"});
    let upload = post(&client, "/v1/uploads", token, &file).await;
    let part = &upload["parts"][0];
    let url = part["url"].as_str().unwrap();
    assert!(url.starts_with("http://files.example/straightway/"), "{url}");
    let put = part["headers"]
        .as_object()
        .unwrap()
        .iter()
        .fold(client.put(url), |put, (name, value)| put.header(name, value.as_str().unwrap()));
    // As the API's own page sends it.
    let stored = put.header("origin", ORIGIN).body("hello").send().await.unwrap();
    assert_eq!(stored.status(), StatusCode::OK);
    assert_eq!(stored.headers()["access-control-allow-origin"], ORIGIN);

    let session = upload["session"]["session_id"].as_str().unwrap();
    let session = post(&client, &format!("/v1/uploads/{session}/complete"), token, &json!({})).await;
    let entry = session["entry"]["entry_id"].as_str().unwrap();
    let download = client.get(format!("{ORIGIN}/v1/files/{entry}/download?redirect=true")).bearer_auth(token);
    assert_eq!(download.send().await.unwrap().text().await.unwrap(), "hello");
}

#[tokio::test]
async fn the_bucket_on_the_api_port_judges_hosts_origins_and_signatures_too() {
    let data = tempfile::tempdir().unwrap();
    let (stack, client) = start(data.path(), |_| {}).await;
    let object = format!("http://{}/straightway/objects/a", stack.api);
    let foreign = client.get(&object).header("host", "evil.example").send().await.unwrap();
    assert_eq!(foreign.status(), StatusCode::MISDIRECTED_REQUEST);
    let page = client.put(&object).header("origin", "http://evil.example").body("x").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::FORBIDDEN);
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let unsigned = client.request(method, &object).send().await.unwrap();
        assert_eq!(unsigned.status(), StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn the_bucket_is_on_its_own_port_alone_where_nobody_asked_for_more() {
    let data = tempfile::tempdir().unwrap();
    let (_stack, client) = start(data.path(), |options| options.bucket_on_api_port = false).await;
    let object = client.get(format!("{ORIGIN}/straightway/objects/a")).send().await.unwrap();
    assert_eq!(object.status(), StatusCode::NOT_FOUND);
    assert_eq!(object.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn sign_up_is_closed_to_other_devices() {
    for (arguments, signup) in [
        (&["--listen", "127.0.0.1:0", "--public-url", ORIGIN][..], "closed"),
        (&["--listen", "127.0.0.1:0", "--public-url", "http://localhost:8080"], "open"),
        (&["--listen", "127.0.0.1:0"], "open"),
    ] {
        let program = Program::start(arguments);
        let capabilities = Client::new().get(format!("http://{}/v1/capabilities", program.api));
        let capabilities: Value = capabilities.send().await.unwrap().json().await.unwrap();
        assert_eq!(capabilities["signup"], signup, "{arguments:?}");
        program.interrupt();
        let said = program.complaints_within(Duration::from_secs(40));
        assert_eq!(said.contains("without TLS"), signup == "closed", "{said}");
    }
}

#[test]
fn addresses_of_other_devices_need_a_public_url_and_the_bucket_has_none() {
    for (arguments, hint) in [
        (&["--listen", "0.0.0.0:0"][..], "--public-url http://"),
        (&["--listen", "127.0.0.1:0", "--s3-listen=0.0.0.0:0"], "through --listen"),
        (&["--listen", "127.0.0.1:0", "--public-url", "http://files.example/below"], "http://host:port"),
        (&["--listen", "127.0.0.1:0", "--public-url", "ftp://files.example"], "http://host:port"),
    ] {
        let refused = run(arguments);
        assert!(!refused.status.success());
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains(hint), "{said}");
    }
}
