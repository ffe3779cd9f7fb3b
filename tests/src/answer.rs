use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use straightway_api::PROBLEM_PREFIX;

/// An answer of the API: status, headers and JSON (null when there is no body).
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub json: Value,
}

impl Answer {
    /// Reads an answer to its end.
    pub async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.expect("the answer arrives whole");
        let json =
            if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("the body is JSON") };
        Self { status, headers, json }
    }

    /// The body, after checking the status.
    ///
    /// # Panics
    /// When the status is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.json);
        self.json
    }

    /// The problem's body, after checking its status and name.
    ///
    /// # Panics
    /// When it is no problem, or another.
    #[track_caller]
    pub fn expect_problem(self, status: u16, name: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.json);
        assert_eq!(self.json["type"], format!("{PROBLEM_PREFIX}{name}"), "{}", self.json);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.json["request_id"], self.headers["x-request-id"].to_str().expect("request ids are ASCII"));
        self.json
    }
}
