//! Transactions: all writes or none, and which conditions did not hold.

use std::collections::HashSet;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use straightway_core::Error;

use crate::database::{Database, fault, is_busy, patiently, random_token};
use crate::item::Item;
use crate::write::Write;

/// Most actions of one transaction (DynamoDB's documents).
pub(crate) const MAX_ACTIONS: usize = 100;

/// Writes that happen together. Each is named by a `Why`: what it means that its condition does not hold.
#[derive(Debug)]
pub(crate) struct Transaction<Why> {
    what: &'static str,
    actions: Vec<(Why, Write)>,
}

/// What a transaction did.
pub(crate) enum Transacted<Why> {
    /// Everything.
    Done,
    /// Nothing, because of these conditions.
    Refused(Refusals<Why>),
}

/// The conditions that did not hold, each with the item that is there.
#[derive(Debug)]
pub(crate) struct Refusals<Why>(Vec<(Why, Option<Item>)>);

impl<Why: Copy + PartialEq> Transaction<Why> {
    /// An empty transaction; `what` it does.
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, actions: Vec::new() }
    }

    /// Adds a write.
    pub(crate) fn add(&mut self, why: Why, write: impl Into<Option<Write>>) {
        self.actions.extend(write.into().map(|write| (why, write)));
    }
}

impl<Why: Copy + PartialEq> Refusals<Why> {
    /// Whether this condition did not hold.
    pub(crate) fn has(&self, why: Why) -> bool {
        self.0.iter().any(|(refused, _)| *refused == why)
    }

    /// The item of the condition `why` that did not hold. `None` also when there is no such item.
    pub(crate) fn item(&self, why: Why) -> Option<&Item> {
        self.0.iter().find(|(refused, _)| *refused == why)?.1.as_ref()
    }
}

impl Database {
    /// Carries a transaction out. A conflict with another one is waited for; every attempt has the same token, so that
    /// a lost answer does not make it happen twice (and for those who ignore the token, the conditions don't).
    pub(crate) async fn transact<Why: Copy>(&self, transaction: Transaction<Why>) -> Result<Transacted<Why>, Error> {
        let Transaction { what, actions } = transaction;
        debug_assert!(is_one_action_an_item(&actions), "{what}: two actions on one item");
        let (whys, writes): (Vec<Why>, Vec<Write>) = actions.into_iter().unzip();
        let call = self
            .client
            .transact_write_items()
            .client_request_token(random_token()?)
            .set_transact_items(Some(writes.into_iter().map(|write| write.into_action(&self.prefix)).collect()));
        match patiently(|| call.clone().send(), |error| is_busy(error) || is_conflict(error)).await {
            Ok(_) => Ok(Transacted::Done),
            Err(error) => refusals(&whys, &error)
                .map(Transacted::Refused)
                .ok_or_else(|| if is_conflict(&error) { Error::unavailable(what, error) } else { fault(what, error) }),
        }
    }
}

fn is_one_action_an_item<Why>(actions: &[(Why, Write)]) -> bool {
    let mut seen = HashSet::new();
    actions.iter().all(|(_, write)| seen.insert(write.target()))
}

/// The reasons of a cancelled transaction, in the order of its actions.
fn reasons(error: &SdkError<TransactWriteItemsError>) -> Option<&[aws_sdk_dynamodb::types::CancellationReason]> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => Some(cancelled.cancellation_reasons()),
        _ => None,
    }
}

/// Whether another transaction or a lack of capacity was in the way of any action: only without it is it known
/// which conditions hold.
fn is_conflict(error: &SdkError<TransactWriteItemsError>) -> bool {
    reasons(error).is_some_and(|reasons| {
        reasons.iter().any(|reason| {
            matches!(reason.code(), Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"))
        })
    })
}

fn refusals<Why: Copy>(whys: &[Why], error: &SdkError<TransactWriteItemsError>) -> Option<Refusals<Why>> {
    let refused: Vec<_> = whys
        .iter()
        .zip(reasons(error)?)
        .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
        .map(|(why, reason)| (*why, reason.item().filter(|item| !item.is_empty()).cloned()))
        .collect();
    (!refused.is_empty()).then_some(Refusals(refused))
}
