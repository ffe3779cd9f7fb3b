//! Sending a presigned request as a client would, over the SDK's connection and with its retries.

use std::fmt;

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_runtime_api::http::Headers;
use bytes::Bytes;
use straightway_core::Error;
use straightway_core::ports::SignedRequest;

use crate::S3Store;
use crate::failure::StoreFailure;

/// How the store took a request.
pub(super) enum Answer {
    Accepted,
    Refused(String),
}

impl S3Store {
    /// Sends `body` by a presigned PUT, of an object or of a part.
    pub(super) async fn send(&self, signed: SignedRequest, body: Bytes) -> Result<Answer, Error> {
        // Only the body of this call survives the interceptor.
        let request = self.client.put_object().bucket(&self.bucket).key("probe/presigned").body(body.into());
        match request.customize().interceptor(Instead(signed)).send().await.map_err(StoreFailure::new) {
            Ok(_) => Ok(Answer::Accepted),
            Err(failure) if failure.is_refusal() => Ok(Answer::Refused(failure.to_string())),
            Err(failure) => Err(failure.during("send a presigned request of the probe")),
        }
    }
}

/// Puts the presigned request in the place of the one that the SDK has just signed.
struct Instead(SignedRequest);

impl fmt::Debug for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Instead")
    }
}

impl Intercept for Instead {
    fn name(&self) -> &'static str {
        "presigned request"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        request.set_uri(self.0.url.as_str())?;
        *request.headers_mut() = Headers::new();
        for (name, value) in &self.0.headers {
            request.headers_mut().try_insert(*name, value.clone())?;
        }
        Ok(())
    }
}
