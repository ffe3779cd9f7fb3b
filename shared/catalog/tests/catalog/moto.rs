//! The contract, over moto: an implementation of DynamoDB by others.
//!
//! moto carries a transaction out action by action, in one of many threads, and undoes a cancelled one by putting back
//! all tables of the account as they were before it. So every test has an account of its own, and there its requests go
//! one by one: what is tried is what they say and do, and every order they may come in.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use straightway_catalog::{DynamoCatalog, create_tables};
use straightway_testing::catalog::{Subject, random};
use straightway_testing::servers::Moto;
use tokio::sync::Mutex;

use crate::support::PREFIX;

async fn subject() -> Option<Subject> {
    let moto = Moto::shared().await?;
    let anybody = Credentials::builder().access_key_id("any").secret_access_key("any").provider_name("test").build();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(anybody)
        .endpoint_url(moto.endpoint())
        .http_client(own_account())
        .build();
    let client = Client::from_conf(config);
    create_tables(&client, PREFIX).await.expect("the tables can be created");
    Some(Subject::new(DynamoCatalog::new(client, PREFIX)))
}

/// A client whose requests go to an account that nobody else uses, one by one.
fn own_account() -> SharedHttpClient {
    SharedHttpClient::new(OneByOne {
        account: format!("{:012}", u64::from_ne_bytes(random()) % 1_000_000_000_000),
        turn: Arc::default(),
        inner: aws_smithy_http_client::Builder::new().build_http(),
    })
}

#[derive(Clone, Debug)]
struct OneByOne<Inner> {
    account: String,
    turn: Arc<Mutex<()>>,
    inner: Inner,
}

impl HttpClient for OneByOne<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(OneByOne { account: self.account.clone(), turn: self.turn.clone(), inner })
    }
}

impl HttpConnector for OneByOne<SharedHttpConnector> {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        request.headers_mut().insert("x-moto-account-id", self.account.clone());
        let (turn, inner) = (self.turn.clone(), self.inner.clone());
        HttpConnectorFuture::new(async move {
            let _turn = turn.lock().await;
            inner.call(request).await
        })
    }
}

straightway_testing::catalog_contract!(
    subject,
    [(
        a_read_back_is_saved_and_replaced,
        "moto measures bytes by their base64, a third longer: 320 KB no longer fit an item of 400 KB"
    )]
);
