//! Calls: consistent reads, single writes that say whether their condition held, patience with a busy database.

use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure};
use straightway_core::Error;

use crate::item::Item;
use crate::schema::Table;
use crate::write::{Action, Write};

/// How often a call is repeated when the database was busy.
pub(crate) const RETRIES: u32 = 8;
/// The longest pause before the first repetition; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause of all.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Most keys that one BatchGetItem takes (DynamoDB's documents).
const BATCH: usize = 100;

/// The tables of one deployment.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) client: Client,
    pub(crate) prefix: String,
}

/// What a single write did.
#[derive(Debug)]
pub(crate) enum Written {
    /// It is done; the item as an update left it.
    Done(Item),
    /// The condition did not hold; the item that is there.
    Refused(Option<Item>),
}

/// One page of a query.
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    /// Where the next page starts; `None` at the end.
    pub(crate) next: Option<Item>,
}

impl Database {
    pub(crate) fn new(client: Client, prefix: String) -> Self {
        Self { client, prefix }
    }

    pub(crate) fn name(&self, table: &Table) -> String {
        format!("{}{}", self.prefix, table.name)
    }

    /// Reads one item, consistently.
    pub(crate) async fn get(&self, table: &Table, key: Item) -> Result<Option<Item>, Error> {
        let call = self.client.get_item().table_name(self.name(table)).set_key(Some(key)).consistent_read(true);
        let answer = patiently(|| call.clone().send(), is_busy).await;
        Ok(answer.map_err(|error| fault(format!("reading {}", table.name), error))?.item)
    }

    /// Reads those of these items that are there, consistently, in no order. Each key must be given once.
    pub(crate) async fn get_many(&self, table: &Table, keys: Vec<Item>) -> Result<Vec<Item>, Error> {
        let mut found = Vec::with_capacity(keys.len());
        for batch in keys.chunks(BATCH) {
            self.get_batch(table, batch.to_vec(), &mut found).await?;
        }
        Ok(found)
    }

    /// DynamoDB may leave keys of a batch out when it is busy or the answer grows large: they are asked for again.
    async fn get_batch(&self, table: &Table, mut keys: Vec<Item>, found: &mut Vec<Item>) -> Result<(), Error> {
        let context = || format!("reading many of {}", table.name);
        let name = self.name(table);
        let mut fruitless = 0;
        while !keys.is_empty() {
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(true)
                .build()
                .expect("the keys are set");
            let call = self.client.batch_get_item().request_items(&name, wanted);
            let answer = patiently(|| call.clone().send(), is_busy).await.map_err(|error| fault(context(), error))?;
            let items = answer.responses.unwrap_or_default().remove(&name).unwrap_or_default();
            keys = answer.unprocessed_keys.unwrap_or_default().remove(&name).map_or_else(Vec::new, |rest| rest.keys);
            if items.is_empty() && !keys.is_empty() {
                if fruitless == RETRIES {
                    return Err(Error::unavailable(context(), "the database answers none of the keys"));
                }
                pause(fruitless).await;
                fruitless += 1;
            }
            found.extend(items);
        }
        Ok(())
    }

    /// A query of a table, consistent; of an index it must be made eventual.
    pub(crate) fn query(&self, table: &Table) -> QueryFluentBuilder {
        self.client.query().table_name(self.name(table)).consistent_read(true)
    }

    /// One page of a query.
    pub(crate) async fn page(&self, what: &str, query: QueryFluentBuilder) -> Result<Page, Error> {
        let answer = patiently(|| query.clone().send(), is_busy)
            .await
            .map_err(|error| fault(format!("listing {what}"), error))?;
        Ok(Page { items: answer.items.unwrap_or_default(), next: answer.last_evaluated_key })
    }

    /// All pages of a query.
    pub(crate) async fn pages(&self, what: &str, query: QueryFluentBuilder) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let page = self.page(what, query.clone().set_exclusive_start_key(start)).await?;
            items.extend(page.items);
            match page.next {
                Some(next) => start = Some(next),
                None => return Ok(items),
            }
        }
    }

    /// Carries one write out. An answer that was lost makes it happen twice: its condition must bear that.
    pub(crate) async fn write(&self, write: Write) -> Result<Written, Error> {
        let context = format!("writing {}", write.table.name);
        let table = self.name(write.table);
        let (names, values) = (write.names(), write.given_values());
        match write.action {
            Action::Put(item) => {
                let call = self
                    .client
                    .put_item()
                    .table_name(table)
                    .set_item(Some(item))
                    .set_condition_expression(write.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(OnFailure::AllOld);
                judged(context, patiently(|| call.clone().send(), is_busy).await, |_| None)
            }
            Action::Update(key, expression) => {
                let call = self
                    .client
                    .update_item()
                    .table_name(table)
                    .set_key(Some(key))
                    .update_expression(expression)
                    .set_condition_expression(write.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values(ReturnValue::AllNew)
                    .return_values_on_condition_check_failure(OnFailure::AllOld);
                judged(context, patiently(|| call.clone().send(), is_busy).await, |answer| answer.attributes)
            }
            Action::Delete(key) => {
                let call = self
                    .client
                    .delete_item()
                    .table_name(table)
                    .set_key(Some(key))
                    .set_condition_expression(write.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(OnFailure::AllOld);
                judged(context, patiently(|| call.clone().send(), is_busy).await, |_| None)
            }
            Action::Check(_) => Err(Error::internal("a check stands only in a transaction")),
        }
    }
}

/// Errors of single writes, which differ only in their type.
trait WriteError: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static {
    /// The item that is there, when the condition did not hold.
    fn refused(self) -> Result<Option<Item>, Self>
    where
        Self: Sized;
}

macro_rules! write_error {
    ($($error:ident in $operation:ident,)*) => {$(
        impl WriteError for aws_sdk_dynamodb::operation::$operation::$error {
            fn refused(self) -> Result<Option<Item>, Self> {
                match self {
                    Self::ConditionalCheckFailedException(failed) => Ok(failed.item),
                    other => Err(other),
                }
            }
        }
    )*};
}

write_error! {
    PutItemError in put_item,
    UpdateItemError in update_item,
    DeleteItemError in delete_item,
}

fn judged<T, E: WriteError>(
    context: String,
    answer: Result<T, SdkError<E>>,
    item: impl FnOnce(T) -> Option<Item>,
) -> Result<Written, Error> {
    match answer {
        Ok(answer) => Ok(Written::Done(item(answer).unwrap_or_default())),
        Err(SdkError::ServiceError(refused)) if refused.err().code() == Some("ConditionalCheckFailedException") => {
            match refused.into_err().refused() {
                Ok(item) => Ok(Written::Refused(item)),
                Err(error) => Err(Error::Internal { context, source: Some(error.into()) }),
            }
        }
        Err(error) => Err(fault(context, error)),
    }
}

/// Repeats `call` while it fails because the database is busy, with full jitter: two writers that met once shall not
/// meet again.
pub(crate) async fn patiently<T, E, Call>(
    call: impl Fn() -> Call,
    is_busy: impl Fn(&SdkError<E>) -> bool,
) -> Result<T, SdkError<E>>
where
    Call: Future<Output = Result<T, SdkError<E>>>,
{
    let mut retry = 0;
    loop {
        match call().await {
            Err(error) if retry < RETRIES && is_busy(&error) => {
                tracing::debug!(retry, error.message = %error, "the database is busy");
                pause(retry).await;
                retry += 1;
            }
            answer => return answer,
        }
    }
}

/// 128 random bits in hex: the name of one logical attempt.
pub(crate) fn random_token() -> Result<String, Error> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)
        .map_err(|error| Error::Internal { context: "drawing a token".into(), source: Some(error.into()) })?;
    Ok(data_encoding::HEXLOWER.encode(&bits))
}

/// Waits for a random part of a time that doubles with every retry.
pub(crate) async fn pause(retry: u32) {
    let longest = FIRST_PAUSE.saturating_mul(1 << retry.min(16)).min(LONGEST_PAUSE);
    // Without randomness the longest pause is still right, only slower.
    let share = getrandom::u32().unwrap_or(u32::MAX);
    tokio::time::sleep(longest.mul_f64(f64::from(share) / f64::from(u32::MAX))).await;
}

/// Whether the database says that the same call may work in a moment. The SDK repeats most of these itself, but never
/// the conflicts. Calls without an answer are left to the SDK: a database that cannot be reached must not take minutes.
pub(crate) fn is_busy<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let SdkError::ServiceError(answer) = error else { return false };
    answer.raw().status().is_server_error() || answer.err().code().is_some_and(is_busy_code)
}

fn is_busy_code(code: &str) -> bool {
    matches!(
        code,
        "TransactionConflictException"
            | "TransactionInProgressException"
            | "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "LimitExceededException"
            | "InternalServerError"
            | "ServiceUnavailable"
    )
}

/// The error as the core divides them.
pub(crate) fn fault<E>(context: impl Into<String>, error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    // Without an answer, or with one that cannot be read, it is unknown whether the call was carried out.
    let unanswered = !matches!(error, SdkError::ServiceError(_) | SdkError::ConstructionFailure(_));
    let (transient, context, source) = (unanswered || is_busy(&error), context.into(), Some(error.into()));
    if transient { Error::Unavailable { context, source } } else { Error::Internal { context, source } }
}
