//! Taking messages from a queue: what a function's handler is given and what it answers.
//!
//! Every message comes twice, late and out of order. A handler answers for one message at a time;
//! the glue turns the answers into a partial batch response, so one bad record never takes its
//! batch down.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::ports::queues::Message;

/// One delivery of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub message: Message,
    /// An id of this invocation, for leases and logs.
    pub worker: String,
    /// How often the message has been delivered, this time included.
    pub receive_count: u32,
    /// How long this invocation may still take, with the reserve for committing taken off.
    pub remaining: Duration,
}

/// What becomes of a delivered message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Dealt with, or no longer wanted: it is removed.
    Done,
    /// Somebody else holds the work: back to the queue until then, because removing it would lose the
    /// redelivery.
    NotBefore(Timestamp),
    /// It could not be dealt with: back to the queue, and to the dead letters in the end.
    Failed,
}

/// A function that consumes a queue.
#[async_trait]
pub trait Consumer: Send + Sync {
    async fn handle(&self, delivery: Delivery) -> Disposition;
}
