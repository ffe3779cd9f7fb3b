//! The real function binaries behind Lambda's own APIs (cargo-lambda), against the stack's bucket, its exposed
//! DynamoDB and moto's SQS.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use e2e::{Answer, Content, TestApp, binary};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use straightway_accounts::public_key;
use straightway_local::{BUCKET, REGION, TABLE_PREFIX};
use straightway_testing::servers::{Function, LambdaApis, Moto};

/// What the functions of a deployment share.
const ORIGIN: &str = "https://api.straightway.example";
const PASSWORD: &str = "correct horse battery";

/// A deployment of every function.
struct Deployed {
    lambda: LambdaApis,
    app: TestApp,
    sqs: aws_sdk_sqs::Client,
    queue_url: String,
    _moto: Moto,
    _functions: Vec<Function>,
}

impl Deployed {
    /// `None` when cargo-lambda or moto is not installed, which says so.
    async fn start() -> Option<Self> {
        let (lambda, moto) = (LambdaApis::start().await?, Moto::start().await?);
        let app = TestApp::start().await;
        let sqs = sqs(&moto);
        let queue_url = sqs.create_queue().queue_name("finalize").send().await.unwrap().queue_url.unwrap();
        let environment = environment(&app, &moto, &queue_url);
        let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let names = ["accounts", "uploads", "files", "finalize"];
        let start = |name: &str| lambda.start_function(&binary(&format!("straightway-{name}")), &environment);
        let functions = names.map(start).into();
        Some(Self { lambda, app, sqs, queue_url, _moto: moto, _functions: functions })
    }

    async fn call(&self, function: &str, method: Method, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let url = format!("{}{path}", self.lambda.url(&format!("straightway-{function}")));
        let mut request = self.app.http().request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    async fn sign_in(&self, username: &str) -> String {
        let credentials = json!({"username": username, "password": PASSWORD});
        self.call("accounts", Method::POST, "/v1/accounts", "", Some(&credentials)).await.expect(201);
        let login = self.call("accounts", Method::POST, "/v1/logins", "", Some(&credentials)).await.expect(201);
        login["access_token"].as_str().unwrap().to_owned()
    }

    async fn create(&self, token: &str, name: &str, content: &Content) -> Value {
        let parts: Vec<_> = content
            .leaves
            .iter()
            .enumerate()
            .map(|(index, leaf)| json!({"part_number": index + 1, "leaf_hash": leaf.to_hex()}))
            .collect();
        let create = json!({
            "name": name, "size_bytes": content.size(), "content_hash": content.hash.to_hex(), "parts": parts,
        });
        self.call("uploads", Method::POST, "/v1/uploads", token, Some(&create)).await.expect(201)
    }

    async fn send_parts(&self, upload: &Value, content: &Content) {
        for part in upload["parts"].as_array().unwrap() {
            let bytes = content.part(part["part_number"].as_u64().unwrap()).to_vec();
            assert_eq!(self.app.put_part(part, bytes).await.as_u16(), 200);
        }
    }

    /// Invokes the finalizer with a batch, as SQS would, and returns the ids that failed.
    async fn finalize(&self, bodies: &[String]) -> Vec<String> {
        let records: Vec<_> = bodies
            .iter()
            .enumerate()
            .map(|(index, body)| {
                json!({
                    "messageId": format!("message-{index}"), "receiptHandle": "handle", "body": body,
                    "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {},
                    "md5OfBody": "", "eventSource": "aws:sqs", "awsRegion": REGION,
                    "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:finalize",
                })
            })
            .collect();
        let invoke = self.app.http().post(self.lambda.invocations("straightway-finalize"));
        let answer = Answer::read(invoke.json(&json!({"Records": records})).send().await.unwrap()).await.expect(200);
        let failures = answer["batchItemFailures"].as_array().unwrap();
        failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
    }

    async fn received(&self) -> Vec<String> {
        let received = self.sqs.receive_message().queue_url(&self.queue_url).max_number_of_messages(10);
        let messages = received.send().await.unwrap().messages.unwrap_or_default();
        messages.into_iter().filter_map(|message| message.body).collect()
    }
}

fn sqs(moto: &Moto) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::for_tests())
        .endpoint_url(moto.endpoint());
    aws_sdk_sqs::Client::from_conf(config.build())
}

fn environment(app: &TestApp, moto: &Moto, queue_url: &str) -> Vec<(&'static str, String)> {
    let keys = &app.keys;
    let jwks = json!({"keys": [public_key(&keys.token_key).unwrap()]});
    vec![
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", keys.access_key_id.clone()),
        ("AWS_SECRET_ACCESS_KEY", keys.secret_access_key.expose_secret().to_owned()),
        ("STRAIGHTWAY_PUBLIC_URL", ORIGIN.to_owned()),
        ("STRAIGHTWAY_TABLE_PREFIX", TABLE_PREFIX.to_owned()),
        ("STRAIGHTWAY_DYNAMODB_ENDPOINT", format!("http://{}", app.dynamodb)),
        ("STRAIGHTWAY_BUCKET", BUCKET.to_owned()),
        ("STRAIGHTWAY_S3_ENDPOINT", app.s3_origin.clone()),
        ("STRAIGHTWAY_S3_PATH_STYLE", "true".to_owned()),
        ("STRAIGHTWAY_SQS_ENDPOINT", moto.endpoint().to_owned()),
        ("STRAIGHTWAY_FINALIZE_QUEUE_URL", queue_url.to_owned()),
        ("STRAIGHTWAY_SECRET", "s".repeat(32)),
        ("STRAIGHTWAY_ACCOUNTS_SECRET", "a".repeat(32)),
        ("STRAIGHTWAY_TOKEN_KEY", keys.token_key.expose_secret().to_owned()),
        ("STRAIGHTWAY_TOKEN_JWKS", jwks.to_string()),
        ("STRAIGHTWAY_SIGNUP", "open".to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_functions_on_lambda_take_an_upload_and_serve_the_download() {
    let Some(deployed) = Deployed::start().await else { return };
    let token = deployed.sign_in("ada").await;
    let content = Content::random(20 << 20);

    let upload = deployed.create(&token, "film.mp4", &content).await;
    deployed.send_parts(&upload, &content).await;
    let complete = format!("/v1/uploads/{}/complete", upload["session"]["session_id"].as_str().unwrap());
    let session = deployed.call("uploads", Method::POST, &complete, &token, None).await.expect(200);
    assert_eq!(session["state"], "stored", "{session}");

    let listed = deployed.call("files", Method::GET, "/v1/files?name=film.mp4", &token, None).await.expect(200);
    assert_eq!(listed["items"][0]["content_hash"], content.hash.to_hex());
    let id = listed["items"][0]["entry_id"].as_str().unwrap();
    let path = format!("/v1/files/{id}/download");
    let download = deployed.call("files", Method::GET, &path, &token, None).await.expect(200);
    let bytes = deployed.app.http().get(download["url"].as_str().unwrap()).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes, content.bytes);

    // Complete sent its message before it did the work itself: the finalizer finds nothing left to do.
    let messages = deployed.received().await;
    assert_eq!(messages.len(), 1);
    assert!(deployed.finalize(&messages).await.is_empty());
    let me = deployed.call("accounts", Method::GET, "/v1/me", &token, None).await.expect(200);
    assert_eq!(me["usage"]["used_bytes"], content.size());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_finalizer_on_lambda_makes_the_file_of_a_client_that_vanished() {
    let Some(deployed) = Deployed::start().await else { return };
    let token = deployed.sign_in("ada").await;
    let content = Content::random(1000);
    let upload = deployed.create(&token, "film.mp4", &content).await;
    deployed.send_parts(&upload, &content).await;

    let id = upload["session"]["session_id"].as_str().unwrap();
    let event = json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": format!("objects/{}/{id}", &id[..2])}},
    }]});
    let nonsense = "not a message of anybody's".to_owned();
    assert!(deployed.finalize(&[event.to_string(), nonsense]).await.is_empty());
    let listed = deployed.call("files", Method::GET, "/v1/files?name=film.mp4", &token, None).await.expect(200);
    assert_eq!(listed["items"][0]["content_hash"], content.hash.to_hex());
}
