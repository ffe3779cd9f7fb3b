use serde_json::Value;

/// `base` with the members of `more`, which win.
///
/// # Panics
/// When either is no object.
pub fn with(mut base: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more} is no object") };
    base.as_object_mut().expect("the base is an object").extend(more);
    base
}

/// The session's id in the answer to a create, or in a session itself.
///
/// # Panics
/// When there is none.
pub fn session_id(answer: &Value) -> &str {
    let session = answer.get("session").unwrap_or(answer);
    session["session_id"].as_str().unwrap_or_else(|| panic!("no session in {answer}"))
}

/// The entry's id in an entry, or in an answer that holds one.
///
/// # Panics
/// When there is none.
pub fn entry_id(answer: &Value) -> &str {
    let entry = answer.get("entry").unwrap_or(answer);
    entry["entry_id"].as_str().unwrap_or_else(|| panic!("no entry in {answer}"))
}

/// The names of a list's items, in its order.
///
/// # Panics
/// When it is no list of named things.
pub fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("a list has items");
    items.iter().map(|item| item["name"].as_str().expect("items have names")).collect()
}
