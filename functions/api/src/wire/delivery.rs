//! Deliveries and the destinations they go to (API section 7).

use domain::delivery::{Address, Attempt, Delivery, Destination, EventType};
use domain::ids::WorkflowId;
use serde_json::{Map, Value, json};

use crate::wire::moment::moment;

/// A delivery. What was sent is not shown: it is the receiver's.
pub(crate) fn object(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "destination_id": delivery.destination,
        "type": delivery.channel.as_str(),
        "event": delivery.event,
        "status": delivery.status(),
        "workflow_id": delivery.subject.workflow,
        "execution_id": delivery.subject.execution,
        "attempts": delivery.attempts.iter().map(attempt).collect::<Value>(),
        "created_at": moment(delivery.created_at),
    })
}

fn attempt(attempt: &Attempt) -> Value {
    let mut shown = json!(attempt);
    shown["at"] = moment(attempt.at);
    shown
}

/// A destination as its workflow shows it. Its secret is shown once, by who made it.
pub(crate) fn destination(destination: &Destination) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("id", json!(destination.id));
    match &destination.address {
        Address::Webhook { url, events, .. } => {
            let events = if events.is_empty() {
                EventType::SUBSCRIBABLE.to_vec()
            } else {
                events.clone()
            };
            put("type", "webhook".into());
            put("url", url.clone().into());
            put("events", json!(events));
        }
        Address::Email { to } => {
            put("type", "email".into());
            put("to", json!(to));
            put("mode", "immediate".into());
        }
    }
    let status = if destination.disabled_at.is_some() {
        "disabled"
    } else {
        "active"
    };
    put("status", status.into());
    object
}

/// A destination by itself.
pub(crate) fn destination_of(of: &Destination, workflow: &WorkflowId) -> Map<String, Value> {
    let mut object = destination(of);
    object.insert("workflow_id".to_owned(), json!(workflow));
    object
}
