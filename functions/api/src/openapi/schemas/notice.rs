//! Signals, deliveries and destinations.

use domain::delivery::{DeliveryStatus, EventType, MOST_DESTINATIONS};
use domain::patrol::{Classification, DecisionWord, Reason};
use domain::signal::ItemKind;
use serde_json::{Map, Value, json};

use super::{
    Group, answer, count, id, nullable, page, reference, request, texts, time, whole, words,
};

/// What a destination may ask for.
fn events() -> Value {
    let words = words(EventType::SUBSCRIBABLE.map(EventType::as_str));
    json!({"type": "array", "minItems": 1, "maxItems": EventType::SUBSCRIBABLE.len(), "items": words})
}

/// `deliver[]` as it is sent.
pub(super) fn deliver_given() -> Value {
    let webhook = request(
        &json!({
            "type": {"const": "webhook"},
            "url": {"type": "string", "minLength": 1, "maxLength": 2048, "description": "By the egress rule: a public address."},
            "events": events(),
            "secret": {"type": "string", "description": "`whsec_` and the base64 of 24 to 64 bytes; without it one is made, and shown in this answer only."},
        }),
        &["type", "url"],
    );
    let email = request(
        &json!({
            "type": {"const": "email"},
            "to": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string", "format": "email", "maxLength": 254}},
            "mode": {"const": "immediate"},
        }),
        &["type", "to"],
    );
    json!({
        "type": ["array", "null"],
        "maxItems": MOST_DESTINATIONS,
        "items": {"oneOf": [webhook, email]},
        "description": "Where notices go. Without it the owner is told by mail.",
    })
}

fn destination(more: &[(&str, Value)]) -> Value {
    let kind = |name: &str, properties: Value| {
        let mut all = Map::new();
        all.insert("id".to_owned(), id("dst_"));
        all.insert("type".to_owned(), json!({"const": name}));
        if let Value::Object(properties) = properties {
            all.extend(properties);
        }
        all.insert("status".to_owned(), words(["active", "disabled"]));
        all.extend(
            more.iter()
                .map(|(name, schema)| ((*name).to_owned(), schema.clone())),
        );
        answer(&all.into(), &["secret"])
    };
    json!({"oneOf": [
        kind("webhook", json!({
            "url": {"type": "string"},
            "events": events(),
            "secret": {"type": "string", "description": "Only in the answer that made it."},
        })),
        kind("email", json!({"to": texts(), "mode": {"const": "immediate"}})),
    ]})
}

fn delivery() -> Value {
    let attempt = answer(
        &json!({"at": time(), "status_code": whole(100, 999), "error": {"type": "string"}}),
        &["status_code", "error"],
    );
    answer(
        &json!({
            "id": id("dlv_"),
            "destination_id": nullable(&id("dst_")),
            "type": words(["webhook", "email"]),
            "event": words(EventType::ALL.iter().map(|event| event.as_str())),
            "status": words(DeliveryStatus::ALL.iter().map(|status| status.as_str())),
            "workflow_id": id("wf_"),
            "execution_id": nullable(&id("exe_")),
            "attempts": {"type": "array", "items": attempt},
            "created_at": time(),
        }),
        &[],
    )
}

fn signal(items: bool) -> Value {
    let item = answer(
        &json!({
            "url": {"type": "string"},
            "kind": words(ItemKind::ALL.iter().map(|kind| kind.as_str())),
            "title": {"type": "string"},
            "snippet": {"type": "string"},
            "published_date": {"type": "string"},
            "classification": words(Classification::ALL.iter().map(|class| class.as_str())),
            "diff": {"type": "object", "additionalProperties": true},
        }),
        &[
            "title",
            "snippet",
            "published_date",
            "classification",
            "diff",
        ],
    );
    let mut properties = json!({
        "id": id("sig_"),
        "workflow_id": id("wf_"),
        "execution_id": id("exe_"),
        "decision": words(DecisionWord::ALL.iter().map(|word| word.as_str())),
        "reason": words(Reason::ALL.iter().map(|word| word.as_str())),
        "item_count": count(),
        "promoted_at": nullable(&time()),
        "deliveries": {"type": "array", "items": reference("Delivery")},
        "created_at": time(),
    });
    if items {
        properties["items"] = json!({"type": "array", "items": item});
    }
    answer(&properties, &[])
}

pub(super) fn all() -> Group {
    let workflow = ("workflow_id", id("wf_"));
    let tested = [workflow.clone(), ("delivery_id", id("dlv_"))];
    vec![
        ("Signal", signal(true)),
        ("SignalSummary", signal(false)),
        ("SignalList", page("signals", "SignalSummary")),
        ("Delivery", delivery()),
        ("DeliveryList", page("deliveries", "Delivery")),
        ("Destination", destination(&[])),
        ("DestinationOfWorkflow", destination(&[workflow])),
        ("DestinationTested", destination(&tested)),
    ]
}
