//! What a run costs: the AWS requests made, by service and operation, and DynamoDB's units.
//!
//! Requests are counted where they arrive, so a client's own retries count as AWS would count them.
//! The event-source poller takes messages without a request; it is counted apart (`sqs.poller`) and
//! only when it found something, because how often Lambda polls an empty queue is Lambda's affair.
//! Read and write units are those DynamoDB reports; items read are counted in its answers. A refused
//! conditional write reports no units although AWS bills them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// A service whose requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Api {
    /// Amazon DynamoDB.
    DynamoDb,
    /// Amazon SQS.
    Sqs,
    /// Amazon SES, version 2.
    SesV2,
    /// Amazon EventBridge Scheduler.
    Scheduler,
    /// AWS Secrets Manager.
    SecretsManager,
}

type Counts = BTreeMap<String, u64>;

#[derive(Default)]
struct Meters {
    requests: BTreeMap<Api, Counts>,
    read_units: f64,
    write_units: f64,
    items_read: u64,
    largest_item_bytes: u64,
    polls: Counts,
    invocations: Counts,
}

/// The counters behind `GET /_local/usage`. They start at zero with the host and are not stored.
#[derive(Default)]
pub(crate) struct Usage {
    meters: Mutex<Meters>,
}

impl Usage {
    /// One request to `api` arrived.
    pub(crate) fn requested(&self, api: Api, operation: &str) {
        add(self.meters().requests.entry(api).or_default(), operation, 1);
    }

    /// DynamoDB reported these read and write units.
    pub(crate) fn consumed(&self, read_units: f64, write_units: f64) {
        let mut meters = self.meters();
        meters.read_units += read_units;
        meters.write_units += write_units;
    }

    /// DynamoDB made an answer from so many items.
    pub(crate) fn read(&self, items: u64) {
        self.meters().items_read += items;
    }

    /// DynamoDB stored items, the largest of this size in bytes.
    pub(crate) fn wrote(&self, largest: u64) {
        let mut meters = self.meters();
        meters.largest_item_bytes = meters.largest_item_bytes.max(largest);
    }

    /// The event-source poller did what would have been this SQS request.
    pub(crate) fn polled(&self, operation: &str) {
        add(&mut self.meters().polls, operation, 1);
    }

    /// A function was invoked.
    pub(crate) fn invoked(&self, function: &str) {
        add(&mut self.meters().invocations, function, 1);
    }

    /// Back to zero.
    pub(crate) fn reset(&self) {
        *self.meters() = Meters::default();
    }

    /// The document `GET /_local/usage` answers with.
    #[must_use]
    pub(crate) fn snapshot(&self) -> Value {
        let meters = self.meters();
        let none = Counts::new();
        let operations = |api| meters.requests.get(&api).unwrap_or(&none);
        json!({
            "dynamodb": {
                "operations": operations(Api::DynamoDb),
                "rru": meters.read_units,
                "wru": meters.write_units,
                "items_read": meters.items_read,
                "largest_item_bytes": meters.largest_item_bytes,
            },
            "sqs": { "operations": operations(Api::Sqs), "poller": meters.polls },
            "sesv2": { "operations": operations(Api::SesV2) },
            "scheduler": { "operations": operations(Api::Scheduler) },
            "secretsmanager": { "operations": operations(Api::SecretsManager) },
            "lambda": { "invocations": meters.invocations },
        })
    }

    /// Counters are plain numbers: whatever a panicking holder left behind is usable.
    fn meters(&self) -> MutexGuard<'_, Meters> {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add(counts: &mut Counts, name: &str, by: u64) {
    // Looked up first: the name is nearly always there, and then nothing is allocated.
    match counts.get_mut(name) {
        Some(count) => *count += by,
        None => {
            counts.insert(name.to_owned(), by);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_service_and_operation_until_reset() {
        let usage = Usage::default();
        usage.requested(Api::Sqs, "SendMessage");
        usage.requested(Api::Sqs, "SendMessage");
        usage.requested(Api::DynamoDb, "GetItem");
        usage.consumed(0.5, 0.0);
        usage.read(21);
        usage.read(20);
        usage.wrote(70);
        usage.wrote(60);
        usage.polled("ReceiveMessage");
        usage.invoked("planner");
        let seen = usage.snapshot();
        assert_eq!(
            seen["sqs"],
            json!({"operations": {"SendMessage": 2}, "poller": {"ReceiveMessage": 1}})
        );
        assert_eq!(
            seen["dynamodb"],
            json!({"operations": {"GetItem": 1}, "rru": 0.5, "wru": 0.0, "items_read": 41, "largest_item_bytes": 70})
        );
        assert_eq!(seen["lambda"], json!({"invocations": {"planner": 1}}));
        usage.reset();
        assert_eq!(
            usage.snapshot()["sqs"],
            json!({"operations": {}, "poller": {}})
        );
    }
}
