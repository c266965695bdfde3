//! Amazon SQS, standard queues: what the functions send, and what the event-source poller takes.
//!
//! [`queues`] is the service itself, [`wire`] the AWS JSON protocol in front of it. The poller of the
//! local host uses the queues directly: in AWS it is Lambda's and not ours to count.
//!
//! Kept from the real thing, because code relies on it or trips over it: at-least-once delivery, a
//! visibility timeout that starts at each receive, receipts that stop working when the message is
//! received again, redrive to a dead-letter queue at the receive after the last permitted one,
//! retention counted from the first send, fair queues ([`fairness`]). Left out: FIFO queues, message attributes, batching windows.

mod fairness;
mod message;
mod queues;
mod redrive;
mod refusal;
mod requests;
mod wire;

#[cfg(test)]
mod sdk_tests;

pub(crate) use message::{Delivery, check_body};
pub(crate) use queues::{QueueSettings, Sqs, SqsError, arn, queue_of_arn};
pub(crate) use wire::SqsFront;
