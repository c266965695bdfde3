//! What stands between the functions and the engine: the meter and the faults.
//!
//! Units are DynamoDB's own figures: a request that does not ask for `ReturnConsumedCapacity` is made
//! to ask for the total, and the figure is taken out of the answer again. So a client sees what it
//! asked for, and the meter what a bill would show for every request that succeeded.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Map, Value, json};

use super::size::largest_written;
use super::upstream::{Upstream, UpstreamError};
use crate::faults::Faults;
use crate::services::wire::{Answer, Service, json as json_answer, perhaps_lost, target};
use crate::usage::{Api, Usage};

const MEDIA_TYPE: &str = "application/x-amz-json-1.0";

/// DynamoDB as the functions see it.
pub(super) struct Proxy {
    upstream: Upstream,
    usage: Arc<Usage>,
    faults: Arc<Faults>,
}

/// What kind of units an operation consumes; the others consume none and are passed on untouched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Units {
    Read,
    Write,
    None,
}

impl Units {
    fn of(operation: &str) -> Self {
        match operation {
            "GetItem" | "BatchGetItem" | "Query" | "Scan" | "TransactGetItems" => Self::Read,
            "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems" => {
                Self::Write
            }
            _ => Self::None,
        }
    }
}

impl Proxy {
    pub(super) fn new(engine: SocketAddr, usage: Arc<Usage>, faults: Arc<Faults>) -> Self {
        Self {
            upstream: Upstream::new(engine),
            usage,
            faults,
        }
    }

    /// Asks the engine.
    async fn ask(&self, request: Request<Bytes>) -> Result<Response<Bytes>, UpstreamError> {
        let (mut head, body) = request.into_parts();
        // The body may have grown; hyper writes what fits it.
        for header in [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION] {
            head.headers.remove(header);
        }
        self.upstream
            .ask(Request::from_parts(head, Full::new(body)))
            .await
    }

    /// Asks the engine for something whose units are known to the answer, and takes note of them.
    async fn ask_metered(
        &self,
        request: Request<Bytes>,
        units: Units,
    ) -> Result<Response<Bytes>, UpstreamError> {
        let (head, body) = request.into_parts();
        let Some(Metered {
            body,
            asked,
            largest,
        }) = metered(&body)
        else {
            return self.ask(Request::from_parts(head, body)).await;
        };
        let answer = self.ask(Request::from_parts(head, body)).await?;
        if answer.status() != StatusCode::OK {
            return Ok(answer);
        }
        let Ok(Value::Object(mut document)) = serde_json::from_slice(answer.body()) else {
            return Ok(answer);
        };
        // Not `swap_remove`: the rest keeps the engine's order.
        let capacity = document
            .shift_remove("ConsumedCapacity")
            .unwrap_or_default();
        let (read, write) = consumed(&capacity, units);
        self.usage.consumed(read, write);
        self.usage.read(items_read(&document));
        self.usage.wrote(largest);
        if asked {
            return Ok(answer);
        }
        let (mut head, _) = answer.into_parts();
        // Both describe the body that was; a client checks the checksum only when there is one.
        for header in ["content-length", "x-amz-crc32"] {
            head.headers.remove(header);
        }
        Ok(Response::from_parts(
            head,
            Bytes::from(Value::Object(document).to_string()),
        ))
    }

    fn throttled(&self, operation: &str, body: &[u8]) -> Answer {
        match self.faults.one_of(4) {
            0 => refusal(
                StatusCode::BAD_REQUEST,
                "com.amazon.coral.availability#ThrottlingException",
                "Rate of requests exceeds the allowed throughput.",
            ),
            // The emulator never has two transactions at once; in AWS they meet.
            1 if operation == "TransactWriteItems" => cancelled(body, 0, CONFLICT),
            2 if operation == "TransactWriteItems" => self.item_throttled(body),
            _ => refusal(
                StatusCode::BAD_REQUEST,
                "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded.",
            ),
        }
    }
}

impl Proxy {
    /// One item of the transaction is written too often: to its partition, or to its table.
    fn item_throttled(&self, body: &[u8]) -> Answer {
        let item = usize::try_from(self.faults.one_of(100)).unwrap_or_default();
        let reason = match self.faults.one_of(2) {
            0 => (
                "ThrottlingError",
                "Throughput exceeds the current capacity of your table or index.",
            ),
            _ => (
                "ProvisionedThroughputExceeded",
                "The level of configured provisioned throughput for the table was exceeded.",
            ),
        };
        cancelled(body, item, reason)
    }
}

#[async_trait::async_trait]
impl Service for Proxy {
    async fn answer(&self, request: Request<Bytes>) -> Answer {
        let operation = target(&request, "DynamoDB_20120810.")
            .unwrap_or_default()
            .to_owned();
        if !operation.is_empty() {
            self.usage.requested(Api::DynamoDb, &operation);
            if self.faults.throttles() {
                return self.throttled(&operation, request.body());
            }
            if operation == "TransactWriteItems" && self.faults.throttles_item() {
                return self.item_throttled(request.body());
            }
        }
        let units = Units::of(&operation);
        let answer = match units {
            Units::None => self.ask(request).await,
            Units::Read | Units::Write => self.ask_metered(request, units).await,
        };
        let answer = match answer {
            Ok(answer) => answer.map(Full::new),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the database did not answer"
                );
                return internal_error();
            }
        };
        let happened = units == Units::Write && answer.status() == StatusCode::OK;
        let lost = if happened {
            self.faults.loses_answer()
        } else {
            None
        };
        perhaps_lost(lost, answer, internal_error)
    }
}

/// A request as it is sent on.
struct Metered {
    /// With the total capacity asked for.
    body: Bytes,
    /// Whether the client had asked for a figure itself.
    asked: bool,
    /// The size of the largest item it stores, in bytes.
    largest: u64,
}

/// `None` for a body that is no JSON object: the engine has its own words for that.
fn metered(body: &Bytes) -> Option<Metered> {
    let mut document: Value = serde_json::from_slice(body).ok()?;
    let largest = largest_written(&document);
    let fields = document.as_object_mut()?;
    let asked = match fields.get("ReturnConsumedCapacity").and_then(Value::as_str) {
        None | Some("NONE") => {
            fields.insert("ReturnConsumedCapacity".to_owned(), json!("TOTAL"));
            false
        }
        Some(_) => true,
    };
    let body = if asked {
        body.clone()
    } else {
        Bytes::from(document.to_string())
    };
    Some(Metered {
        body,
        asked,
        largest,
    })
}

/// How many items an answer was made from: those a query looked at, or those that were found by their keys.
fn items_read(answer: &Map<String, Value>) -> u64 {
    if let Some(scanned) = answer.get("ScannedCount") {
        return scanned.as_u64().unwrap_or_default();
    }
    let found = match answer.get("Responses") {
        Some(Value::Object(tables)) => tables
            .values()
            .filter_map(Value::as_array)
            .map(Vec::len)
            .sum(),
        Some(Value::Array(items)) => items
            .iter()
            .filter(|item| item.get("Item").is_some())
            .count(),
        _ => usize::from(answer.contains_key("Item")),
    };
    found as u64
}

/// The read and write units in an answer. Operations over several tables report a list.
fn consumed(capacity: &Value, units: Units) -> (f64, f64) {
    let one = |capacity: &Value| -> (f64, f64) {
        let figure = |name: &str| capacity[name].as_f64();
        match (
            figure("ReadCapacityUnits"),
            figure("WriteCapacityUnits"),
            figure("CapacityUnits"),
            units,
        ) {
            (None, None, Some(total), Units::Read) => (total, 0.0),
            (None, None, Some(total), Units::Write) => (0.0, total),
            (read, write, _, _) => (read.unwrap_or(0.0), write.unwrap_or(0.0)),
        }
    };
    match capacity {
        Value::Array(tables) => tables
            .iter()
            .map(one)
            .fold((0.0, 0.0), |sum, table| (sum.0 + table.0, sum.1 + table.1)),
        capacity => one(capacity),
    }
}

/// The code and the words of one reason of a cancelled transaction.
type Reason = (&'static str, &'static str);

const CONFLICT: Reason = ("TransactionConflict", "Transaction is ongoing for the item");

/// A transaction that is cancelled for one of its items: for number `item`, counted round.
fn cancelled(body: &[u8], item: usize, (code, message): Reason) -> Answer {
    let items = serde_json::from_slice::<Value>(body).ok();
    let items = items
        .as_ref()
        .and_then(|body| body["TransactItems"].as_array())
        .map_or(1, Vec::len)
        .max(1);
    let reasons: Vec<Value> = (0..items)
        .map(|one| {
            if one == item % items {
                json!({ "Code": code, "Message": message })
            } else {
                json!({ "Code": "None" })
            }
        })
        .collect();
    let codes: Vec<&str> = reasons
        .iter()
        .filter_map(|reason| reason["Code"].as_str())
        .collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": message,
        "CancellationReasons": reasons,
    });
    json_answer(StatusCode::BAD_REQUEST, MEDIA_TYPE, &body)
}

fn internal_error() -> Answer {
    refusal(
        StatusCode::INTERNAL_SERVER_ERROR,
        "com.amazonaws.dynamodb.v20120810#InternalServerError",
        "Internal server error",
    )
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Answer {
    json_answer(
        status,
        MEDIA_TYPE,
        &json!({ "__type": code, "message": message }),
    )
}
