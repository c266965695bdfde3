//! The AWS JSON 1.0 protocol of SQS: `POST /` with the operation in `X-Amz-Target`.
//!
//! Stricter than AWS where in doubt: a field nobody calls for is refused and not ignored, so a
//! misspelt one is found here. What a batch refuses it refuses entry by entry, as AWS does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Method, Request, StatusCode};
use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::message::{LARGEST_MESSAGE, md5_of};
use super::queues::{LONGEST_VISIBILITY_S, MOST_A_RECEIVE};
use super::refusal::{MEDIA_TYPE, Refusal};
use super::requests::{
    Batch, ChangeMessageVisibility, DeleteEntry, DeleteMessage, GetQueueAttributes, GetQueueUrl,
    PurgeQueue, ReceiveMessage, SendEntry, SendMessage, check_entries, parse, queue_of_url,
};
use super::{Delivery, Sqs, SqsError, arn};
use crate::services::wire::{Answer, Service, json as json_answer, perhaps_lost, target};
use crate::usage::Api;

const LONGEST_WAIT_S: u32 = 20;
/// A queue can be purged once in this time.
const BETWEEN_PURGES: SignedDuration = SignedDuration::from_secs(60);

/// SQS behind an HTTP port.
pub(crate) struct SqsFront {
    sqs: Arc<Sqs>,
    purged_at: Mutex<BTreeMap<String, Timestamp>>,
}

impl SqsFront {
    pub(crate) fn new(sqs: Arc<Sqs>) -> Self {
        Self {
            sqs,
            purged_at: Mutex::default(),
        }
    }
}

#[async_trait::async_trait]
impl Service for SqsFront {
    async fn answer(&self, request: Request<Bytes>) -> Answer {
        let Some(operation) =
            target(&request, "AmazonSQS.").filter(|_| *request.method() == Method::POST)
        else {
            return Refusal::new(
                "UnknownOperationException",
                "InvalidAction",
                "No operation of SQS was asked for.",
            )
            .answer();
        };
        self.sqs.usage.requested(Api::Sqs, operation);
        if self.sqs.faults.throttles() {
            return Refusal::new("RequestThrottled", "RequestThrottled", "Rate exceeded").answer();
        }
        let host = request
            .headers()
            .get(http::header::HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        let changes = !matches!(
            operation,
            "ReceiveMessage" | "GetQueueAttributes" | "GetQueueUrl"
        );
        match self.perform(operation, request.body(), host).await {
            Ok(body) => {
                let lost = if changes {
                    self.sqs.faults.loses_answer()
                } else {
                    None
                };
                perhaps_lost(lost, json_answer(StatusCode::OK, MEDIA_TYPE, &body), || {
                    Refusal::internal().answer()
                })
            }
            Err(refusal) => refusal.answer(),
        }
    }
}

impl SqsFront {
    async fn perform(&self, operation: &str, body: &[u8], host: &str) -> Result<Value, Refusal> {
        match operation {
            "SendMessage" => self.send(&parse(body)?),
            "SendMessageBatch" => self.send_batch(&parse(body)?),
            "ReceiveMessage" => self.receive(&parse(body)?).await,
            "DeleteMessage" => self.delete(&parse(body)?),
            "DeleteMessageBatch" => self.delete_batch(&parse(body)?),
            "ChangeMessageVisibility" => self.change_visibility(&parse(body)?),
            "GetQueueAttributes" => self.attributes(&parse(body)?),
            "GetQueueUrl" => self.url(&parse(body)?, host),
            "PurgeQueue" => self.purge(&parse(body)?),
            _ => Err(Refusal::new(
                "UnknownOperationException",
                "InvalidAction",
                format!("The local host does not offer the operation {operation}."),
            )),
        }
    }

    fn send(&self, request: &SendMessage) -> Result<Value, Refusal> {
        let queue = queue_of_url(&request.queue_url)?;
        let id = self.sqs.send_of_group(
            queue,
            &request.message_body,
            request.delay_seconds.unwrap_or(0),
            request.message_group_id.as_deref(),
        )?;
        Ok(json!({ "MessageId": id, "MD5OfMessageBody": md5_of(&request.message_body) }))
    }

    fn send_batch(&self, request: &Batch<SendEntry>) -> Result<Value, Refusal> {
        let queue = queue_of_url(&request.queue_url)?;
        self.sqs.queue(queue)?;
        check_entries(request.entries.iter().map(|entry| entry.id.as_str()))?;
        if request
            .entries
            .iter()
            .map(|entry| entry.message_body.len())
            .sum::<usize>()
            > LARGEST_MESSAGE
        {
            return Err(Refusal::new(
                "BatchRequestTooLong",
                "AWS.SimpleQueueService.BatchRequestTooLong",
                format!("Batch requests cannot be longer than {LARGEST_MESSAGE} bytes."),
            ));
        }
        Ok(each(&request.entries, |entry| {
            let sent = self.sqs.send_of_group(
                queue,
                &entry.message_body,
                entry.delay_seconds.unwrap_or(0),
                entry.message_group_id.as_deref(),
            );
            let success = |id| json!({ "Id": entry.id, "MessageId": id, "MD5OfMessageBody": md5_of(&entry.message_body) });
            sent.map(success)
                .map_err(|error| Refusal::from(error).entry(&entry.id))
        }))
    }

    async fn receive(&self, request: &ReceiveMessage) -> Result<Value, Refusal> {
        let queue = queue_of_url(&request.queue_url)?;
        let max = request.max_number_of_messages.unwrap_or(1);
        if !(1..=MOST_A_RECEIVE).contains(&max) {
            return Err(Refusal::invalid(format!(
                "MaxNumberOfMessages must be 1 to {MOST_A_RECEIVE}."
            )));
        }
        let visibility = request.visibility_timeout;
        if visibility.is_some_and(|seconds| seconds > LONGEST_VISIBILITY_S) {
            return Err(Refusal::invalid(format!(
                "VisibilityTimeout must be 0 to {LONGEST_VISIBILITY_S}."
            )));
        }
        let wait = request.wait_time_seconds.unwrap_or(0);
        if wait > LONGEST_WAIT_S {
            return Err(Refusal::invalid(format!(
                "WaitTimeSeconds must be 0 to {LONGEST_WAIT_S}."
            )));
        }
        let wanted: Vec<&str> = request
            .attribute_names
            .iter()
            .chain(&request.message_system_attribute_names)
            .map(String::as_str)
            .collect();
        // A client waits in real time, however far the clock of the system is moved meanwhile.
        let deadline = tokio::time::Instant::now() + Duration::from_secs(u64::from(wait));
        loop {
            let deliveries = self.sqs.take(queue, max, visibility)?;
            if !deliveries.is_empty() {
                let messages: Vec<Value> = deliveries
                    .iter()
                    .map(|delivery| message(delivery, &wanted))
                    .collect();
                return Ok(json!({ "Messages": messages }));
            }
            match tokio::time::timeout_at(deadline, self.sqs.wait(queue)).await {
                Ok(visible) => visible?,
                Err(_) => return Ok(json!({})),
            }
        }
    }

    fn delete(&self, request: &DeleteMessage) -> Result<Value, Refusal> {
        // A receipt that is out of date is accepted and deletes nothing: AWS promises no more.
        self.sqs
            .remove(queue_of_url(&request.queue_url)?, &request.receipt_handle)?;
        Ok(json!({}))
    }

    fn delete_batch(&self, request: &Batch<DeleteEntry>) -> Result<Value, Refusal> {
        let queue = queue_of_url(&request.queue_url)?;
        self.sqs.queue(queue)?;
        check_entries(request.entries.iter().map(|entry| entry.id.as_str()))?;
        Ok(each(&request.entries, |entry| {
            let deleted = self.sqs.remove(queue, &entry.receipt_handle);
            deleted
                .map(|_| json!({ "Id": entry.id }))
                .map_err(|error| Refusal::from(error).entry(&entry.id))
        }))
    }

    fn change_visibility(&self, request: &ChangeMessageVisibility) -> Result<Value, Refusal> {
        let queue = queue_of_url(&request.queue_url)?;
        self.sqs
            .set_visibility(queue, &request.receipt_handle, request.visibility_timeout)?;
        Ok(json!({}))
    }

    fn attributes(&self, request: &GetQueueAttributes) -> Result<Value, Refusal> {
        let name = queue_of_url(&request.queue_url)?;
        let queue = self.sqs.queue(name)?;
        let counts = self.sqs.counts(name)?;
        let created = queue.created_at.as_second().to_string();
        let mut all = BTreeMap::from([
            ("ApproximateNumberOfMessages", counts.visible.to_string()),
            (
                "ApproximateNumberOfMessagesNotVisible",
                counts.in_flight.to_string(),
            ),
            (
                "ApproximateNumberOfMessagesDelayed",
                counts.delayed.to_string(),
            ),
            ("CreatedTimestamp", created.clone()),
            ("LastModifiedTimestamp", created),
            ("DelaySeconds", "0".to_owned()),
            ("MaximumMessageSize", LARGEST_MESSAGE.to_string()),
            (
                "MessageRetentionPeriod",
                queue.settings.retention_s.to_string(),
            ),
            ("QueueArn", arn(name)),
            ("ReceiveMessageWaitTimeSeconds", "0".to_owned()),
            (
                "VisibilityTimeout",
                queue.settings.visibility_timeout_s.to_string(),
            ),
        ]);
        if let Some((dead_letters, receives)) = &queue.settings.redrive {
            let policy =
                json!({ "deadLetterTargetArn": arn(dead_letters), "maxReceiveCount": receives });
            all.insert("RedrivePolicy", policy.to_string());
        }
        let everything = request.attribute_names.iter().any(|name| name == "All");
        for name in &request.attribute_names {
            if name != "All" && name != "RedrivePolicy" && !all.contains_key(name.as_str()) {
                let message = format!("Unknown Attribute {name}.");
                return Err(Refusal::new(
                    "InvalidAttributeName",
                    "InvalidAttributeName",
                    message,
                ));
            }
        }
        all.retain(|name, _| {
            everything || request.attribute_names.iter().any(|wanted| wanted == name)
        });
        Ok(if all.is_empty() {
            json!({})
        } else {
            json!({ "Attributes": all })
        })
    }

    fn url(&self, request: &GetQueueUrl, host: &str) -> Result<Value, Refusal> {
        self.sqs.queue(&request.queue_name)?;
        if request
            .owner
            .as_deref()
            .is_some_and(|owner| owner != "000000000000")
        {
            return Err(SqsError::NoSuchQueue.into());
        }
        Ok(json!({ "QueueUrl": format!("http://{host}/000000000000/{}", request.queue_name) }))
    }

    fn purge(&self, request: &PurgeQueue) -> Result<Value, Refusal> {
        let queue = queue_of_url(&request.queue_url)?;
        let now = self.sqs.clock.now();
        let mut purged_at = self
            .purged_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if purged_at
            .get(queue)
            .is_some_and(|last| now.duration_since(*last) < BETWEEN_PURGES)
        {
            return Err(Refusal::new(
                "PurgeQueueInProgress",
                "AWS.SimpleQueueService.PurgeQueueInProgress",
                format!("Only one PurgeQueue operation on {queue} is allowed every 60 seconds."),
            ));
        }
        self.sqs.purge(queue)?;
        purged_at.insert(queue.to_owned(), now);
        Ok(json!({}))
    }
}

/// Does a batch entry by entry. Lists without entries are left out, as AWS leaves them out.
fn each<Entry>(entries: &[Entry], mut one: impl FnMut(&Entry) -> Result<Value, Value>) -> Value {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        match one(entry) {
            Ok(success) => successful.push(success),
            Err(failure) => failed.push(failure),
        }
    }
    let mut answer = Map::new();
    for (name, list) in [("Successful", successful), ("Failed", failed)] {
        if !list.is_empty() {
            answer.insert(name.to_owned(), Value::Array(list));
        }
    }
    Value::Object(answer)
}

fn message(delivery: &Delivery, wanted: &[&str]) -> Value {
    let mut message = json!({
        "MessageId": delivery.message_id,
        "ReceiptHandle": delivery.receipt,
        "MD5OfBody": delivery.md5_of_body(),
        "Body": delivery.body,
    });
    let attributes: BTreeMap<&str, &String> = delivery
        .attributes
        .iter()
        .filter(|(name, _)| {
            wanted
                .iter()
                .any(|wanted| wanted == *name || *wanted == "All")
        })
        .map(|(name, value)| (*name, value))
        .collect();
    if !attributes.is_empty() {
        message["Attributes"] = json!(attributes);
    }
    message
}
