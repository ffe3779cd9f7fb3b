//! SQS: sending, and the batch loop that reports which messages of a batch failed.

use async_trait::async_trait;
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use lambda_runtime::{LambdaEvent, service_fn};
use straightway_core::{Error, Message, Queue};

/// A queue in SQS.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: aws_sdk_sqs::Client,
    url: String,
}

impl SqsQueue {
    /// The queue with this URL.
    pub const fn new(client: aws_sdk_sqs::Client, url: String) -> Self {
        Self { client, url }
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, body: String) -> Result<(), Error> {
        let send = self.client.send_message().queue_url(&self.url).message_body(body);
        send.send().await.map_err(|error| Error::unavailable("sending a message", error))?;
        Ok(())
    }
}

/// Runs `handle` for every message of every batch that Lambda brings from SQS. A message whose handler fails goes back
/// to the queue, alone, and to the dead letters in the end; what can never succeed is the handler's to record.
///
/// # Errors
/// When Lambda's runtime ends.
pub async fn run_queue<F>(handle: F) -> anyhow::Result<()>
where
    F: AsyncFn(Message) -> Result<(), Error>,
{
    let handle = &handle;
    let service = service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        let mut response = SqsBatchResponse::default();
        for record in event.payload.records {
            let Some(message) = message(record) else { continue };
            let id = message.id.clone();
            if let Err(error) = handle(message).await {
                log_failure(&id, &error);
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = id;
                response.batch_item_failures.push(failure);
            }
        }
        Ok::<_, lambda_runtime::Error>(response)
    });
    lambda_runtime::run(service).await.map_err(anyhow::Error::from_boxed)
}

/// Logs a message's failure once, at the edge, with its sources.
pub fn log_failure(id: &str, error: &Error) {
    let source = error as &dyn std::error::Error;
    if error.is_transient() {
        tracing::warn!(message.id = %id, error = source, "a message goes back to the queue");
    } else {
        tracing::error!(message.id = %id, error = source, "a message cannot be handled and goes back to the queue");
    }
}

fn message(record: aws_lambda_events::event::sqs::SqsMessage) -> Option<Message> {
    let attempt = record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1);
    Some(Message { id: record.message_id?, body: record.body.unwrap_or_default(), attempt })
}
