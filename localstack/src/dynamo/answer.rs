//! What DynamoDB answers: a status, a JSON body, and the headers every answer carries.

use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use data_encoding::BASE32_NOPAD;
use dynoxide::DynoxideError;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

/// DynamoDB's media type, in both directions.
const JSON_1_0: &str = "application/x-amz-json-1.0";

/// The answer to one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    status: StatusCode,
    body: Bytes,
}

impl Answer {
    /// A successful call.
    pub(super) fn ok(body: Vec<u8>) -> Self {
        Self { status: StatusCode::OK, body: body.into() }
    }

    /// A call that the database understood and refused, or failed to carry out.
    pub(super) fn failed(error: &DynoxideError) -> Self {
        let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST);
        if status.is_server_error() {
            tracing::error!(error.message = %error, "the embedded database failed");
            return Self::unavailable();
        }
        Self { status, body: error.to_json().into() }
    }

    /// A call that never reached the database. `kind` is the exception's name without its
    /// namespace; DynamoDB leaves an empty `message` out.
    pub(super) fn refusal(status: StatusCode, kind: &str, message: &str) -> Self {
        let mut body = json!({ "__type": format!("com.amazon.coral.service#{kind}") });
        if !message.is_empty() {
            body["message"] = message.into();
        }
        Self { status, body: body.to_string().into() }
    }

    /// The database failed or is closed; what exactly is in the log, not in the answer.
    pub(super) fn unavailable() -> Self {
        let error = DynoxideError::InternalServerError("Internal server error".into());
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, body: error.to_json().into() }
    }

    /// A transaction of `actions` items, cancelled because another one holds the first of them.
    pub(super) fn transaction_conflict(actions: usize) -> Self {
        let mut reasons = vec![json!({ "Code": "None" }); actions.max(1)];
        reasons[0] = json!({
            "Code": "TransactionConflict",
            "Message": "Transaction is ongoing for the item",
        });
        let codes: Vec<&str> = reasons.iter().filter_map(|r| r["Code"].as_str()).collect();
        let body = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": format!(
                "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
                codes.join(", "),
            ),
            "CancellationReasons": reasons,
        });
        Self { status: StatusCode::BAD_REQUEST, body: body.to_string().into() }
    }

    /// DynamoDB's own exception `kind`, with status 400.
    pub(super) fn exception(kind: &str, message: &str) -> Self {
        let body = json!({
            "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"),
            "message": message,
        });
        Self { status: StatusCode::BAD_REQUEST, body: body.to_string().into() }
    }

    /// The HTTP status: 200, 400 or 500, and what the front adds.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The JSON body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The HTTP response. Clients that check `x-amz-crc32` (botocore does, the Rust SDK does
    /// not) retry when it differs from the body they got.
    pub fn into_response<B: From<Bytes>>(self) -> Response<B> {
        let checksum = crc_fast::checksum(CrcAlgorithm::Crc32IsoHdlc, &self.body);
        let mut response = Response::new(B::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON_1_0));
        headers.insert("x-amz-crc32", checksum.into());
        if let Ok(id) = HeaderValue::try_from(request_id()) {
            headers.insert("x-amzn-requestid", id);
        }
        response
    }
}

/// DynamoDB's request ids are 52 capital letters and digits.
fn request_id() -> String {
    let mut random = [0; 32];
    // The id only serves to find a request in a log: a fixed one is better than no answer.
    let _ = getrandom::fill(&mut random);
    BASE32_NOPAD.encode(&random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_carries_a_request_id_and_the_checksum_of_its_body() {
        let response: Response<Bytes> = Answer::ok(b"123456789".to_vec()).into_response();

        assert_eq!(response.headers()["x-amz-crc32"], "3421780262");
        assert_eq!(response.headers()["x-amzn-requestid"].len(), 52);
        assert_eq!(response.headers()["content-type"], JSON_1_0);
    }

    #[test]
    fn what_went_wrong_inside_stays_inside() {
        let error = DynoxideError::InternalServerError("disk I/O error in /home/someone".into());

        let answer = Answer::failed(&error);

        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!String::from_utf8_lossy(answer.body()).contains("someone"));
    }
}
