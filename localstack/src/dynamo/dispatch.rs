//! One JSON request to one typed method of the database, and its result back to JSON.

use std::time::Instant;

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::answer::Answer;
use super::operation::Operation;
use super::tokens::Tokens;

/// The database, and what it has to remember between calls.
pub(super) struct Dispatcher {
    database: Database,
    tokens: Tokens,
}

impl Dispatcher {
    pub(super) fn new(database: Database) -> Self {
        Self { database, tokens: Tokens::default() }
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    /// Carries the call out on this thread. Blocks.
    pub(super) fn run(&mut self, operation: Operation, body: &[u8]) -> Answer {
        match self.execute(operation, body) {
            Ok(json) => Answer::ok(json),
            Err(error) => Answer::failed(&in_envelope(operation, error)),
        }
    }

    fn execute(&mut self, operation: Operation, body: &[u8]) -> dynoxide::Result<Vec<u8>> {
        let db = &self.database;
        match operation {
            Operation::BatchGetItem => typed(body, |request| db.batch_get_item(request)),
            Operation::BatchWriteItem => typed(body, |request| db.batch_write_item(request)),
            Operation::CreateTable => typed(body, |request| db.create_table(request)),
            Operation::DeleteItem => typed(body, |request| db.delete_item(request)),
            Operation::DescribeTable => typed(body, |request| db.describe_table(request)),
            Operation::DescribeTimeToLive => typed(body, |request| db.describe_time_to_live(request)),
            Operation::GetItem => typed(body, |request| db.get_item(request)),
            Operation::ListTables => typed(body, |request| db.list_tables(request)),
            Operation::PutItem => typed(body, |request| db.put_item(request)),
            Operation::Query => typed(body, |request| db.query(request)),
            Operation::Scan => typed(body, |request| db.scan(request)),
            Operation::TransactGetItems => typed(body, |request| db.transact_get_items(request)),
            Operation::TransactWriteItems => {
                self.tokens.once(Instant::now(), decode(body)?, |request| encode(&db.transact_write_items(request)?))
            }
            Operation::UpdateItem => typed(body, |request| db.update_item(request)),
            Operation::UpdateTimeToLive => typed(body, |request| db.update_time_to_live(request)),
        }
    }
}

fn typed<Request, Response>(
    body: &[u8],
    method: impl FnOnce(Request) -> dynoxide::Result<Response>,
) -> dynoxide::Result<Vec<u8>>
where
    Request: DeserializeOwned,
    Response: Serialize,
{
    encode(&method(decode(body)?)?)
}

fn decode<Request: DeserializeOwned>(body: &[u8]) -> dynoxide::Result<Request> {
    serde_json::from_slice(body).map_err(|error| unreadable(&error))
}

fn encode(response: &impl Serialize) -> dynoxide::Result<Vec<u8>> {
    serde_json::to_vec(response).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// DynamoDB tells malformed JSON (no message at all) from JSON of the wrong shape, and that from
/// values it does not accept. `dynoxide` marks which is which at the start of the message.
fn unreadable(error: &serde_json::Error) -> DynoxideError {
    let text = error.to_string();
    if error.classify() != Category::Data {
        if text.starts_with("recursion limit exceeded") {
            return DynoxideError::ValidationException("Nesting Levels have exceeded supported limits".into());
        }
        return DynoxideError::SerializationException(String::new());
    }
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let (mark, message) = match text.split_once(':') {
        Some((mark, message)) if is_mark(mark) => (mark, message),
        _ => ("", text),
    };
    match mark {
        "VALIDATION_REQUEST" => DynoxideError::EnvelopedValidation(message.into()),
        "VALIDATION" | "VALIDATION_AS_READ" => DynoxideError::ValidationException(message.into()),
        "SERIALIZATION" | "SERIALIZATION_AS_READ" => DynoxideError::SerializationException(message.into()),
        _ if is_validation(message) => DynoxideError::ValidationException(message.into()),
        _ => DynoxideError::SerializationException(message.into()),
    }
}

fn is_mark(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// What serde calls these, DynamoDB calls invalid rather than unreadable.
fn is_validation(message: &str) -> bool {
    const SIGNS: [&str; 5] =
        ["missing field", "unknown variant", "invalid type: null", "empty AttributeValue", "Supplied AttributeValue"];
    SIGNS.iter().any(|sign| message.contains(sign))
}

/// Single-item writes report an invalid request in an envelope, all others report it bare.
fn in_envelope(operation: Operation, error: DynoxideError) -> DynoxideError {
    use Operation::{DeleteItem, PutItem, UpdateItem};
    match (operation, error) {
        (PutItem | UpdateItem | DeleteItem, DynoxideError::EnvelopedValidation(message)) => {
            DynoxideError::ValidationException(format!("1 validation error detected: {message}"))
        }
        (_, DynoxideError::EnvelopedValidation(message)) => DynoxideError::ValidationException(message),
        (_, error) => error,
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::{Value, json};

    use super::*;

    fn run_text(operation: Operation, body: &str) -> (StatusCode, Value) {
        let mut dispatcher = Dispatcher::new(Database::memory().unwrap());
        let answer = dispatcher.run(operation, body.as_bytes());
        (answer.status(), serde_json::from_slice(answer.body()).unwrap())
    }

    #[test]
    fn malformed_json_is_a_serialization_exception_without_a_message() {
        for body in ["", "{", "not json", "{\"TableName\": }"] {
            let (status, answer) = run_text(Operation::GetItem, body);

            assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
            assert_eq!(answer, json!({ "__type": "com.amazon.coral.service#SerializationException" }));
        }
    }

    #[test]
    fn json_of_the_wrong_shape_is_a_serialization_exception() {
        let (status, answer) = run_text(Operation::DescribeTable, r#"{"TableName": 23}"#);

        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(answer["__type"], "com.amazon.coral.service#SerializationException");
        assert!(!answer["Message"].as_str().unwrap().contains("at line"), "{answer}");
    }

    #[test]
    fn a_missing_table_name_is_a_validation_exception() {
        let (status, answer) = run_text(Operation::PutItem, r#"{"Item": {"id": {"S": "a"}}}"#);

        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(answer["__type"], "com.amazon.coral.validate#ValidationException");
    }

    #[test]
    fn no_mark_of_the_decoder_reaches_the_answer() {
        let values = [r#"{"NULL": false}"#, r#"{"N": "x"}"#, r#"{"SS": []}"#, "{}", r#"{"B": "*"}"#];
        for value in values {
            let body = format!(r#"{{"TableName": "things", "Item": {{"id": {value}}}}}"#);
            let (status, answer) = run_text(Operation::PutItem, &body);

            assert_eq!(status, StatusCode::BAD_REQUEST, "{value}");
            assert!(!answer.to_string().contains("VALIDATION"), "{answer}");
            assert!(!answer.to_string().contains("SERIALIZATION"), "{answer}");
        }
    }

    #[test]
    fn json_nested_beyond_reason_is_refused() {
        let body = format!("{}1{}", r#"{"M":"#.repeat(200), "}".repeat(200));
        let (_, answer) = run_text(Operation::PutItem, &body);

        assert_eq!(answer["__type"], "com.amazon.coral.validate#ValidationException");
    }

    #[test]
    fn an_unknown_table_is_reported_as_dynamodb_reports_it() {
        let (status, answer) = run_text(Operation::DescribeTable, r#"{"TableName": "things"}"#);

        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(answer["__type"], "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException");
    }
}
