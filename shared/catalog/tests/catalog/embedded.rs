//! The contract, over the embedded database of the local stack.

use straightway_testing::catalog::Subject;

use crate::support;

async fn subject() -> Option<Subject> {
    Some(support::subject(&support::embedded().await, |client| client))
}

straightway_testing::catalog_contract!(subject, []);
