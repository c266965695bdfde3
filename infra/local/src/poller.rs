//! Event source mappings: from a queue into a function, as Lambda does it.
//!
//! One poller a mapping takes up to a batch of messages, gives them to the function as one event,
//! and deletes those the function did not name as failed. What failed stays invisible until its
//! visibility timeout ends and comes again, until the redrive policy buries it. An error or a
//! timeout of the function fails the whole batch, and so does an answer that names a message which
//! was not in it: a function that does not know what it did is not believed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::activity::{Activity, Busy};
use crate::lambda::pool::MAX_INSTANCES;
use crate::lambda::{Functions, InvocationError};
use crate::services::sqs::{Delivery, Sqs, SqsError};
use crate::topology::{REGION, queue_arn};

/// How long to leave a queue alone that could not be read.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// One event source mapping.
#[derive(Clone)]
pub(crate) struct Poller {
    pub(crate) sqs: Arc<Sqs>,
    pub(crate) functions: Functions,
    pub(crate) activity: Activity,
    /// Physical name of the queue.
    pub(crate) queue: String,
    pub(crate) function: String,
    pub(crate) batch_size: usize,
    pub(crate) maximum_concurrency: u32,
    pub(crate) reports_item_failures: bool,
}

impl Poller {
    /// Polls for as long as the host runs.
    pub(crate) async fn run(self) {
        let slots = Arc::new(Semaphore::new(
            self.maximum_concurrency.clamp(1, MAX_INSTANCES) as usize,
        ));
        let poller = Arc::new(self);
        loop {
            let Ok(slot) = slots.clone().acquire_owned().await else {
                return;
            };
            let taken = match poller.sqs.wait(&poller.queue).await {
                Ok(()) => poller.take(),
                Err(error) => Err(error),
            };
            match taken {
                Ok(None) => {}
                Ok(Some((batch, busy))) => {
                    let poller = poller.clone();
                    tokio::spawn(async move {
                        poller.process(batch).await;
                        drop(busy);
                        drop(slot);
                    });
                }
                Err(error) => {
                    tracing::error!(%error, queue = %poller.queue, "the queue could not be polled");
                    tokio::time::sleep(AFTER_A_FAILURE).await;
                }
            }
        }
    }

    fn take(&self) -> Result<Option<(Vec<Delivery>, Busy)>, SqsError> {
        let busy = self.activity.begin();
        let batch = self.sqs.receive(&self.queue, self.batch_size)?;
        Ok((!batch.is_empty()).then_some((batch, busy)))
    }

    async fn process(&self, batch: Vec<Delivery>) {
        let event = Bytes::from(event(&self.queue, &batch).to_string());
        let answer = self.functions.invoke(&self.function, event).await;
        let failed = match answer {
            Ok(answer) if self.reports_item_failures => failures(&answer, &batch),
            Ok(_) => Ok(BTreeSet::new()),
            Err(error) => Err(Failed::Invocation(error)),
        };
        match failed {
            Ok(failed) => self.delete(
                batch
                    .iter()
                    .filter(|delivery| !failed.contains(&delivery.message_id)),
            ),
            Err(error) => {
                tracing::warn!(%error, function = %self.function, "a batch failed as a whole")
            }
        }
    }

    fn delete<'d>(&self, done: impl Iterator<Item = &'d Delivery>) {
        for delivery in done {
            match self.sqs.delete(&self.queue, &delivery.receipt) {
                // An outdated receipt: the message was received again meanwhile, and is not ours.
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, queue = %self.queue, "a message was not deleted; it comes again")
                }
            }
        }
    }
}

/// Why no message of a batch counts as done.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Invocation(InvocationError),
    #[error("the answer is no list of failed messages: {0}")]
    Answer(#[from] serde_json::Error),
    #[error("the answer names `{0}`, which is not in the batch")]
    Stranger(String),
}

fn event(queue: &str, batch: &[Delivery]) -> Value {
    let records: Vec<_> = batch
        .iter()
        .map(|delivery| {
            json!({
                "messageId": delivery.message_id,
                "receiptHandle": delivery.receipt,
                "body": delivery.body,
                "attributes": delivery.attributes,
                "messageAttributes": {},
                "md5OfBody": delivery.md5_of_body(),
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn(queue),
                "awsRegion": REGION,
            })
        })
        .collect();
    json!({ "Records": records })
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct BatchAnswer {
    batch_item_failures: Option<Vec<ItemFailure>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

/// The messages the function says failed. No answer and no list mean that none did.
fn failures(answer: &[u8], batch: &[Delivery]) -> Result<BTreeSet<String>, Failed> {
    let answer: Option<BatchAnswer> = serde_json::from_slice(answer)?;
    let named = answer
        .unwrap_or_default()
        .batch_item_failures
        .unwrap_or_default();
    let named: BTreeSet<_> = named
        .into_iter()
        .map(|failure| failure.item_identifier)
        .collect();
    match named
        .iter()
        .find(|id| batch.iter().all(|delivery| delivery.message_id != **id))
    {
        Some(stranger) => Err(Failed::Stranger(stranger.clone())),
        None => Ok(named),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;

    fn delivery(id: &str) -> Delivery {
        Delivery {
            message_id: id.to_owned(),
            receipt: format!("receipt-{id}"),
            body: r#"{"v":1}"#.to_owned(),
            sent_at: Timestamp::UNIX_EPOCH,
            first_received_at: Timestamp::UNIX_EPOCH,
            receive_count: 1,
            attributes: BTreeMap::from([("ApproximateReceiveCount", "1".to_owned())]),
        }
    }

    #[test]
    fn the_event_is_the_one_lambda_sends() {
        let event = event("nightdesk-StepQueue", &[delivery("a")]);
        assert_eq!(
            event,
            json!({ "Records": [{
                "messageId": "a",
                "receiptHandle": "receipt-a",
                "body": "{\"v\":1}",
                "attributes": { "ApproximateReceiveCount": "1" },
                "messageAttributes": {},
                "md5OfBody": delivery("a").md5_of_body(),
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:nightdesk-StepQueue",
                "awsRegion": "us-east-1",
            }] })
        );
    }

    #[test]
    fn only_what_is_named_failed() {
        let batch = [delivery("a"), delivery("b")];
        let answer = br#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#;
        assert_eq!(
            failures(answer, &batch).expect("readable"),
            BTreeSet::from(["b".to_owned()])
        );
        for none in [
            &b"null"[..],
            b"{}",
            br#"{"batchItemFailures":null}"#,
            br#"{"batchItemFailures":[]}"#,
        ] {
            assert!(failures(none, &batch).expect("readable").is_empty());
        }
    }

    #[test]
    fn a_confused_answer_fails_the_batch() {
        let batch = [delivery("a")];
        for confused in [
            &br#"{"batchItemFailures":[{"itemIdentifier":"z"}]}"#[..],
            br#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            br#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            br#"{"batchItemFailures":[{"itemId":"a"}]}"#,
            br#"{"batchItemFailures":7}"#,
            b"done",
        ] {
            assert!(failures(confused, &batch).is_err());
        }
    }
}
