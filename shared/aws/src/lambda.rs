//! The glue between SQS and a consumer.
//!
//! Records are handled one after another, each in its own span and behind its own panic guard, and
//! exactly those that failed are reported, so that SQS keeps them and only them. A record that must wait is
//! hidden until its time before it is reported. A reserve of the invocation's time is kept for
//! committing, so that Lambda never kills a handler between its effect and its commit.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::ports::queues::UnknownMessage;
use engine::ports::{Clock as _, Message};
use futures::FutureExt as _;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use tracing::Instrument as _;

use crate::{Wiring, mail_events};

/// What is kept of an invocation's time for committing.
const RESERVE: Duration = Duration::from_secs(5);

/// Runs a consumer until the process ends.
///
/// # Errors
/// The Runtime API does not answer.
pub async fn consume(wiring: &Wiring, consumer: Arc<dyn Consumer>) -> Result<(), Error> {
    let wiring = wiring.clone();
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let (wiring, consumer) = (wiring.clone(), Arc::clone(&consumer));
        async move {
            wiring.clock().observe(&event.context);
            Ok::<_, Error>(batch(&wiring, consumer.as_ref(), event).await)
        }
    }))
    .await
}

/// Runs a function that is invoked by the clock, without a payload that matters.
///
/// # Errors
/// The Runtime API does not answer.
pub async fn tick<F, Fut>(wiring: &Wiring, work: F) -> Result<(), Error>
where
    F: Fn() -> Fut + Clone,
    Fut: Future<Output = Result<serde_json::Value, Error>>,
{
    let wiring = wiring.clone();
    lambda_runtime::run(service_fn(move |event: LambdaEvent<serde_json::Value>| {
        let (wiring, work) = (wiring.clone(), work.clone());
        async move {
            wiring.clock().observe(&event.context);
            work().await
        }
    }))
    .await
}

async fn batch(
    wiring: &Wiring,
    consumer: &dyn Consumer,
    event: LambdaEvent<SqsEvent>,
) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for record in event.payload.records {
        // A record without an id cannot be reported; SQS never sends one.
        let Some(id) = record.message_id.clone() else {
            continue;
        };
        let span = tracing::info_span!("message", message.id = %id, invocation = %event.context.request_id);
        let kept = one(wiring, consumer, &record, &event.context)
            .instrument(span)
            .await;
        if !kept {
            response.batch_item_failures.push(item(id));
        }
    }
    response
}

fn item(id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = id;
    failure
}

/// Whether the record is dealt with.
async fn one(
    wiring: &Wiring,
    consumer: &dyn Consumer,
    record: &SqsMessage,
    context: &lambda_runtime::Context,
) -> bool {
    let messages = match read(record.body.as_deref().unwrap_or_default()) {
        Ok(messages) => messages,
        Err(error) => {
            tracing::error!(%error, "a message cannot be read; newer code may know it");
            return false;
        }
    };
    let mut kept = true;
    for message in messages {
        // Boxed: a consumer's future is large, and this one is inside of the runtime's own.
        kept &= Box::pin(handle(wiring, consumer, message, record, context)).await;
    }
    kept
}

/// A message of ours, or what the mail service says of our mails.
fn read(body: &str) -> Result<Vec<Message>, UnknownMessage> {
    match Message::decode(body) {
        Ok(message) => Ok(vec![message]),
        Err(unknown) => mail_events::read(body).ok_or(unknown),
    }
}

/// Whether one message of a record is dealt with.
async fn handle(
    wiring: &Wiring,
    consumer: &dyn Consumer,
    message: Message,
    record: &SqsMessage,
    context: &lambda_runtime::Context,
) -> bool {
    let receive_count = record
        .attributes
        .get("ApproximateReceiveCount")
        .and_then(|count| count.parse().ok())
        .unwrap_or(1);
    let left = context
        .deadline()
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    let delivery = Delivery {
        message: message.clone(),
        worker: context.request_id.clone(),
        receive_count,
        remaining: left.saturating_sub(RESERVE),
    };
    let disposition = match AssertUnwindSafe(consumer.handle(delivery))
        .catch_unwind()
        .await
    {
        Ok(disposition) => disposition,
        Err(_) => {
            tracing::error!("the handler panicked; the message stays in its queue");
            Disposition::Failed
        }
    };
    match disposition {
        Disposition::Done => true,
        Disposition::Failed => false,
        Disposition::NotBefore(at) => {
            let wait =
                Duration::try_from(at.duration_since(wiring.clock().now())).unwrap_or_default();
            if let Some(receipt) = &record.receipt_handle
                && let Err(error) = wiring
                    .queues()
                    .hide(&message, receipt, wait + Duration::from_secs(1))
                    .await
            {
                tracing::warn!(%error, "a message could not be hidden; it comes back when its visibility ends");
            }
            false
        }
    }
}
