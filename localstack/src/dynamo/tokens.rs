//! A transaction sent twice under one `ClientRequestToken` is carried out once.
//!
//! `dynoxide` does this too, but looks through every token of the last ten minutes at every
//! transaction, and the SDK puts a token on each: after ten busy minutes that costs more than
//! the transaction. So tokens stop here.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use dynoxide::DynoxideError;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// As long as DynamoDB remembers them.
const LIFE: Duration = Duration::from_mins(10);
/// DynamoDB's limit; what is longer goes to the database, which refuses it in the right words.
const LONGEST: usize = 36;

/// The tokens of the last ten minutes, lost at a restart.
#[derive(Default)]
pub(super) struct Tokens {
    spent: HashMap<String, Spent>,
    by_age: VecDeque<(Instant, String)>,
}

struct Spent {
    items: [u8; 32],
    answer: Vec<u8>,
}

impl Tokens {
    /// Carries the transaction out unless its token is spent; then gives the answer it got. A
    /// transaction that failed has spent nothing.
    pub(super) fn once(
        &mut self,
        now: Instant,
        mut request: TransactWriteItemsRequest,
        carry_out: impl FnOnce(TransactWriteItemsRequest) -> dynoxide::Result<Vec<u8>>,
    ) -> dynoxide::Result<Vec<u8>> {
        let token = request.client_request_token.take_if(|token| token.len() <= LONGEST);
        let Some(token) = token else { return carry_out(request) };
        self.forget_old(now);
        let items = digest(&request)?;
        match self.spent.get(&token) {
            Some(spent) if spent.items == items => Ok(spent.answer.clone()),
            Some(_) => Err(DynoxideError::IdempotentParameterMismatchException(
                "Request contains idempotent parameter mismatch".into(),
            )),
            None => {
                let answer = carry_out(request)?;
                self.by_age.push_back((now, token.clone()));
                self.spent.insert(token, Spent { items, answer: answer.clone() });
                Ok(answer)
            }
        }
    }

    fn forget_old(&mut self, now: Instant) {
        while self.by_age.front().is_some_and(|(spent_at, _)| now - *spent_at >= LIFE) {
            if let Some((_, token)) = self.by_age.pop_front() {
                self.spent.remove(&token);
            }
        }
    }
}

/// The same for the same items, in whatever order a client's maps give their attributes.
fn digest(request: &TransactWriteItemsRequest) -> dynoxide::Result<[u8; 32]> {
    let items = serde_json::to_value(&request.transact_items)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))?;
    let mut hash = Sha256::new();
    feed(&mut hash, &items);
    Ok(hash.finalize().into())
}

fn feed(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            hash.update(format!("{{{}:", members.len()));
            for (name, value) in members {
                hash.update(format!("{}:{name}", name.len()));
                feed(hash, value);
            }
        }
        Value::Array(values) => {
            hash.update(format!("[{}:", values.len()));
            for value in values {
                feed(hash, value);
            }
        }
        scalar => hash.update(scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(token: &str, id: &str) -> TransactWriteItemsRequest {
        let item = json!({ "id": { "S": id }, "size": { "N": "1" } });
        serde_json::from_value(json!({
            "ClientRequestToken": token,
            "TransactItems": [{ "Put": { "TableName": "things", "Item": item } }],
        }))
        .unwrap()
    }

    #[test]
    fn a_spent_token_gives_the_first_answer_again() {
        let mut tokens = Tokens::default();
        let now = Instant::now();

        let first = tokens.once(now, request("t", "a"), |_| Ok(b"first".into())).unwrap();
        let again = tokens.once(now, request("t", "a"), |_| panic!("carried out twice")).unwrap();

        assert_eq!(first, again);
    }

    #[test]
    fn a_spent_token_is_no_good_for_other_items() {
        let mut tokens = Tokens::default();
        let now = Instant::now();
        tokens.once(now, request("t", "a"), |_| Ok(Vec::new())).unwrap();

        let error = tokens.once(now, request("t", "b"), |_| Ok(Vec::new())).unwrap_err();

        assert!(matches!(error, DynoxideError::IdempotentParameterMismatchException(_)));
    }

    #[test]
    fn a_failed_transaction_spends_nothing() {
        let mut tokens = Tokens::default();
        let now = Instant::now();
        let failure = || Err(DynoxideError::InternalServerError("disk".into()));
        tokens.once(now, request("t", "a"), |_| failure()).unwrap_err();

        assert!(tokens.once(now, request("t", "a"), |_| Ok(Vec::new())).is_ok());
    }

    #[test]
    fn a_token_is_forgotten_after_ten_minutes() {
        let mut tokens = Tokens::default();
        let now = Instant::now();
        tokens.once(now, request("t", "a"), |_| Ok(b"first".into())).unwrap();
        let answer_after = |tokens: &mut Tokens, seconds| {
            let then = now + Duration::from_secs(seconds);
            tokens.once(then, request("t", "a"), |_| Ok(b"second".into())).unwrap()
        };

        assert_eq!(answer_after(&mut tokens, 599), b"first");
        assert_eq!(answer_after(&mut tokens, 600), b"second");
        assert_eq!(tokens.by_age.len(), tokens.spent.len());
    }

    #[test]
    fn the_database_never_sees_a_token() {
        let mut tokens = Tokens::default();

        let seen = |request: TransactWriteItemsRequest| {
            assert_eq!(request.client_request_token, None);
            Ok(Vec::new())
        };

        tokens.once(Instant::now(), request("t", "a"), seen).unwrap();
    }
}
