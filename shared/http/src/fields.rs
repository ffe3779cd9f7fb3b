//! From what serde says about a request to the field that is wrong.

use std::fmt::Display;

use serde_path_to_error::{Path, Segment};
use straightway_core::Violation;

/// Longer details repeat what the client sent.
const MAX_DETAIL_CHARS: usize = 200;

/// What serde complains about. Its errors are text only; these two beginnings are fixed by serde's `de::Error`.
enum Complaint<'a> {
    Missing(&'a str),
    Unknown(&'a str),
    Other,
}

impl<'a> Complaint<'a> {
    fn read(message: &'a str) -> Self {
        let named = |start| message.strip_prefix(start).and_then(|rest: &str| rest.split('`').next());
        match (named("missing field `"), named("unknown field `")) {
            (Some(field), _) => Self::Missing(field),
            (_, Some(field)) => Self::Unknown(field),
            _ => Self::Other,
        }
    }
}

/// The violation behind an error in a JSON body, at its JSON pointer (RFC 6901).
pub(crate) fn in_body(path: &Path, error: &impl Display) -> Violation {
    violation(path, error, |segments| {
        let escaped = segments.iter().map(|segment| segment.replace('~', "~0").replace('/', "~1"));
        escaped.fold(String::new(), |pointer, segment| pointer + "/" + &segment)
    })
}

/// The violation behind an error in a query, at the parameter's name.
pub(crate) fn in_query(path: &Path, error: &impl Display) -> Violation {
    violation(path, error, |segments| segments.join("."))
}

fn violation(path: &Path, error: &impl Display, pointer: impl Fn(&[String]) -> String) -> Violation {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or_default();
    let mut segments: Vec<String> = path.iter().filter_map(segment).collect();
    let code = match Complaint::read(message) {
        Complaint::Missing(field) => {
            segments.push(field.to_owned());
            "required"
        }
        Complaint::Unknown(field) => {
            if segments.last().is_none_or(|last| last != field) {
                segments.push(field.to_owned());
            }
            "unknown"
        }
        Complaint::Other => "type",
    };
    Violation::new(code, message.chars().take(MAX_DETAIL_CHARS).collect::<String>()).at(pointer(&segments))
}

fn segment(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}
