use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Media type of every error of ours; an answer without it came from the gateway.
pub const PROBLEM_CONTENT_TYPE: &str = "application/problem+json";
/// What every `type` starts with.
pub const PROBLEM_PREFIX: &str = "urn:straightway:problem:";

/// An error as RFC 9457 has it. `type`, `code`s and member names are stable; `title` and `detail` are English.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:straightway:problem:<name>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What kind of problem it is, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What the caller can do about it; none on 5xx.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Names the request in our logs.
    pub request_id: String,
    /// Which fields are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// Members of this kind of problem: `entry_id`, `missing`, `state`, `reason`, `needed_bytes`, ...
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

impl Problem {
    /// The problem's name: its `type` without the common prefix.
    pub fn name(&self) -> &str {
        self.kind.strip_prefix(PROBLEM_PREFIX).unwrap_or(&self.kind)
    }
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// JSON pointer of the field, or the name of a query parameter.
    pub pointer: String,
    /// Stable name of the rule that was broken.
    pub code: String,
    /// For people.
    pub detail: String,
}
