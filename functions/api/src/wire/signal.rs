//! Signals (API section 7).

use domain::delivery::Delivery;
use domain::signal::{Item, Signal};
use serde_json::{Map, Value, json};

use super::delivery;
use crate::wire::moment::moment;

/// A signal as lists show it: without its items, which are a document of their own.
pub(crate) fn summary(signal: &Signal, deliveries: &[Delivery]) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("id", json!(signal.id));
    put("workflow_id", json!(signal.workflow));
    put("execution_id", json!(signal.execution));
    put("decision", json!(signal.decision));
    put("reason", json!(signal.reason));
    put("item_count", json!(signal.item_count));
    put("promoted_at", moment(signal.promoted_at));
    let deliveries = signal
        .deliveries
        .iter()
        .filter_map(|id| deliveries.iter().find(|delivery| delivery.id == *id));
    put("deliveries", deliveries.map(delivery::object).collect());
    put("created_at", moment(signal.created_at));
    object
}

/// A signal in full.
pub(crate) fn object(
    signal: &Signal,
    items: &[Item],
    deliveries: &[Delivery],
) -> Map<String, Value> {
    let mut object = summary(signal, deliveries);
    object.insert("items".to_owned(), json!(items));
    object
}
