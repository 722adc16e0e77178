//! Queues: standard SQS, or what stands in for it. At least once, in no particular order.

use std::time::Duration;

use async_trait::async_trait;

/// Which queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueueName {
    /// Orders to look at.
    Inbound,
    /// Alerts to tell.
    Alerts,
}

impl QueueName {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Inbound, Self::Alerts];

    /// A short stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Alerts => "alerts",
        }
    }
}

/// The longest a message may be delayed: SQS allows 15 minutes.
pub const MAX_DELAY: Duration = Duration::from_secs(900);
/// The largest message body, bytes. SQS takes 1 MiB; a quarter keeps room and cost down.
pub const MAX_MESSAGE: usize = 256 * 1024;

/// Sends messages. Receiving belongs to whoever runs the handlers.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends one message, to be seen after `delay` (at most [`MAX_DELAY`], longer is cut to it).
    ///
    /// # Errors
    /// [`QueueError`]: the message may or may not have been stored; sending again is safe, as every
    /// message only means *look again*.
    async fn send(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), QueueError>;
}

/// A message was not, or perhaps not, stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// Larger than the queue takes.
    #[error("message of {0} bytes is too large for the queue")]
    TooLarge(usize),
    /// Anything else.
    #[error("queue did not take the message: {0}")]
    Unavailable(String),
}
