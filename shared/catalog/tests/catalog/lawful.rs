//! What every request must keep to: deciding reads are consistent, writes are conditional. An emulator is always
//! consistent and cannot show it, so the requests themselves are looked at.

use serde_json::Value;
use straightway_local::dynamo::faults::Attempt;

/// Writes whose repetition changes nothing, as their documentation says: table, action, start of the sort key.
const UNCONDITIONAL: [(&str, &str, &str); 5] = [
    ("test-garbage", "Update", ""),
    ("test-logins", "Delete", ""),
    ("test-sessions", "Delete", "live#"),
    ("test-sessions", "Put", "read_back"),
    ("test-sessions", "Update", "parts#"),
];

/// Panics when a request breaks a rule.
pub(crate) fn check(attempt: &Attempt<'_>) {
    let request: Value = serde_json::from_slice(attempt.body).expect("requests are JSON");
    match attempt.operation {
        "GetItem" => assert_eq!(request["ConsistentRead"], true, "{request}"),
        "BatchGetItem" => {
            for keys in request["RequestItems"].as_object().expect("tables").values() {
                assert_eq!(keys["ConsistentRead"], true, "{request}");
            }
        }
        // An index is never consistent; what it nominates is read again.
        "Query" => assert!(request["IndexName"].is_string() || request["ConsistentRead"] == true, "{request}"),
        "TransactWriteItems" => check_transaction(&request),
        operation => check_write(operation.trim_end_matches("Item"), &request),
    }
}

fn check_transaction(request: &Value) {
    assert!(request["ClientRequestToken"].is_string(), "{request}");
    for action in request["TransactItems"].as_array().expect("actions") {
        for (kind, write) in action.as_object().expect("an action") {
            check_write(kind, write);
        }
    }
}

fn check_write(kind: &str, write: &Value) {
    assert!(["Put", "Update", "Delete", "ConditionCheck"].contains(&kind), "{kind} is no write of ours");
    let table = write["TableName"].as_str().expect("a table");
    let item = if kind == "Put" { &write["Item"] } else { &write["Key"] };
    let sort_key = item["sk"]["S"].as_str().unwrap_or_default();
    let may_be_blind =
        UNCONDITIONAL.iter().any(|(t, k, start)| (*t, *k) == (table, kind) && sort_key.starts_with(start));
    assert!(may_be_blind || write["ConditionExpression"].is_string(), "not conditional: {kind} {write}");
}
