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
    let message = if code == "type" { plain(message) } else { message.to_owned() };
    Violation::new(code, message.chars().take(MAX_DETAIL_CHARS).collect::<String>()).at(pointer(&segments))
}

/// What is expected, in the words of JSON instead of those of Rust; other texts stay as they are.
fn plain(message: &str) -> String {
    const WRONG: [&str; 3] = ["invalid type: ", "invalid value: ", "unknown variant `"];
    // The parser of integers in a query names nothing else.
    const NO_INTEGER: [&str; 2] = ["invalid digit found in string", "cannot parse integer from empty string"];
    if NO_INTEGER.contains(&message) {
        return "must be a whole number".to_owned();
    }
    // All that serde_json says where a word of an enum should stand.
    if message == "expected value" {
        return "must be one of the known words".to_owned();
    }
    let is_wrong = WRONG.iter().any(|start| message.starts_with(start));
    let Some((_, expected)) = message.rsplit_once(", expected ").filter(|_| is_wrong) else {
        return message.to_owned();
    };
    let expected = match expected {
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" => "a whole number from 0",
        "a map" => "an object",
        "a sequence" => "an array",
        "a boolean" => "true or false",
        other => other,
    };
    format!("must be {expected}")
}

fn segment(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_say_what_must_be_in_the_words_of_json() {
        let cases = [
            ("invalid type: string \"a, expected b\", expected u64", "must be a whole number from 0"),
            ("invalid value: integer `-1`, expected u32", "must be a whole number from 0 to 4294967295"),
            ("invalid type: sequence, expected a map", "must be an object"),
            ("invalid type: null, expected a string", "must be a string"),
            ("unknown variant `x`, expected one of `a`, `b`, `c`", "must be one of `a`, `b`, `c`"),
            ("unknown variant `x`, expected `a` or `b`", "must be `a` or `b`"),
            ("invalid digit found in string", "must be a whole number"),
            ("duplicate field `size`", "duplicate field `size`"),
            ("no time, expected a time", "no time, expected a time"),
        ];
        for (message, detail) in cases {
            assert_eq!(plain(message), detail);
        }
    }
}
