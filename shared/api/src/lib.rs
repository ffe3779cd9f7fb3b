//! Wire types of the HTTP API: what clients depend on. Shapes only; what they mean is judged by the functions.
//!
//! Requests refuse unknown fields (a typo must not be silent); clients ignore unknown fields in answers.

pub mod accounts;
pub mod files;
mod object;
mod problem;
mod size;
pub mod uploads;

pub use object::Object;
pub use problem::{FieldProblem, PROBLEM_CONTENT_TYPE, PROBLEM_PREFIX, Problem};
pub use size::saturating_text;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page of a list; only a missing `next_cursor` ends the list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    /// What is on this page.
    pub items: Vec<T>,
    /// Give it back as `cursor` to get the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
