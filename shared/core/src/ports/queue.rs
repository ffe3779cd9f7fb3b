use async_trait::async_trait;

use crate::Error;

/// A message as a queue delivers it: at least once, in no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The queue's id of it.
    pub id: String,
    /// The text that was sent, verbatim.
    pub body: String,
    /// 1 at the first delivery.
    pub attempt: u32,
}

/// Where work is handed to a function. One queue a function.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends a message; it is durable when this returns.
    async fn send(&self, body: String) -> Result<(), Error>;
}
