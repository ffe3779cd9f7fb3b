//! The contract, over a database that fails in every way it can: conflicts, throttling, lost requests, lost answers.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use straightway_local::dynamo::faults::{Attempt, Fault, Faults};
use straightway_testing::catalog::Subject;

use crate::{lawful, support};

/// Every fourth attempt fails, each time in another way.
fn plan(attempt: &Attempt<'_>) -> Option<Fault> {
    lawful::check(attempt);
    if !attempt.number.is_multiple_of(4) {
        return None;
    }
    let fault =
        [Fault::TransactionConflict, Fault::AnswerLost, Fault::Throttled, Fault::RequestLost][attempt.number / 4 % 4];
    let allowed = match fault {
        // Reads meet no transaction.
        Fault::TransactionConflict => !["GetItem", "Query", "BatchGetItem"].contains(&attempt.operation),
        // The one write that a lost answer makes happen twice: `take` counts too much then, never too little.
        Fault::AnswerLost => attempt.operation != "UpdateItem" || !is_about_limits(attempt.body),
        Fault::Throttled | Fault::RequestLost => true,
    };
    allowed.then_some(fault)
}

fn is_about_limits(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("\"test-limits\"")
}

async fn subject() -> Option<Subject> {
    let database = support::embedded().await;
    Some(support::subject(&database, |client| Faults::when(plan).around(client)))
}

straightway_testing::catalog_contract!(subject, []);

#[tokio::test]
async fn every_fault_is_met() {
    let met: Arc<Mutex<HashSet<String>>> = Arc::default();
    let seen = met.clone();
    let faults = Faults::when(move |attempt| {
        let fault = plan(attempt);
        seen.lock().unwrap().extend(fault.map(|fault| format!("{fault:?}")));
        fault
    });
    let database = support::embedded().await;
    let subject = support::subject(&database, |client| faults.around(client));
    let owner = subject.owner().await;
    for n in 0..8 {
        subject.store(&owner, &n.to_string(), 1).await;
    }
    assert_eq!(met.lock().unwrap().len(), 4, "{met:?}");
}
