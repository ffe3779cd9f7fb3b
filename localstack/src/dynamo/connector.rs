//! The in-process HTTP client: the real SDK, its retries and its error types, without a socket.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

use super::EmbeddedDynamo;

/// A client of the embedded database.
pub fn client(db: &EmbeddedDynamo) -> Client {
    Client::from_conf(config(db).build())
}

/// The configuration behind [`client`], for callers that change a part of it: another HTTP
/// client around [`http_client`], for example. The SDK insists on a region, keys and an address;
/// nobody looks at them, and the reserved name `.invalid` can never be resolved.
pub fn config(db: &EmbeddedDynamo) -> Builder {
    let nobody = Credentials::builder()
        .access_key_id("in-process")
        .secret_access_key("in-process")
        .provider_name("in-process")
        .build();
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .credentials_provider(nobody)
        .endpoint_url("http://dynamodb.invalid")
        .retry_config(RetryConfig::standard())
        .http_client(http_client(db))
}

/// The HTTP client that carries every request to `db`, wherever it is addressed to.
pub fn http_client(db: &EmbeddedDynamo) -> SharedHttpClient {
    SharedHttpClient::new(InProcess { db: db.clone() })
}

#[derive(Clone, Debug)]
struct InProcess {
    db: EmbeddedDynamo,
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        _timeouts: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let db = self.db.clone();
        HttpConnectorFuture::new(async move { carry(&db, &request).await })
    }
}

async fn carry(db: &EmbeddedDynamo, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let target = request.headers().get("x-amz-target");
    let body =
        request.body().bytes().ok_or_else(|| ConnectorError::user("DynamoDB requests are never streamed".into()))?;
    let answer = db.call(target, Bytes::copy_from_slice(body)).await;
    to_sdk(answer)
}

/// The answer as the SDK's own response type.
pub(super) fn to_sdk(answer: super::Answer) -> Result<HttpResponse, ConnectorError> {
    HttpResponse::try_from(answer.into_response::<SdkBody>()).map_err(|error| ConnectorError::other(error.into(), None))
}
