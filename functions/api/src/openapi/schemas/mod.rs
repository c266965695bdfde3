//! The schemas of what goes in and out, by noun. JSON Schema 2020-12, as OpenAPI 3.1 has it.

mod approval;
mod execution;
mod notice;
mod owner;
mod planning;
mod session;
mod workflow;

use domain::fault::Code;
use serde_json::{Map, Value, json};

use super::operation::reference;
use crate::problem;

/// All of them, by name.
pub(super) fn all() -> Value {
    let mut all = Map::new();
    for group in [
        planning::all(),
        workflow::all(),
        execution::all(),
        approval::all(),
        session::all(),
        notice::all(),
        owner::all(),
        service(),
    ] {
        for (name, schema) in group {
            let before = all.insert(name.to_owned(), schema);
            debug_assert!(before.is_none(), "two schemas named {name}");
        }
    }
    all.into()
}

/// Schemas with their names.
type Group = Vec<(&'static str, Value)>;

/// One of a closed list of words.
pub(super) fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Value {
    json!({"type": "string", "enum": words.into_iter().collect::<Vec<_>>()})
}

/// An object of an answer: all of `properties` are there but those in `optional`.
fn answer(properties: &Value, optional: &[&str]) -> Value {
    let names = properties.as_object().into_iter().flat_map(Map::keys);
    let required: Vec<&String> = names
        .filter(|name| !optional.contains(&name.as_str()))
        .collect();
    json!({"type": "object", "properties": properties, "required": required})
}

/// An object of a request: nothing but `properties`, of which `required` must be there.
fn request(properties: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// A page of a list.
fn page(plural: &str, of: &str) -> Value {
    answer(
        &json!({plural: {"type": "array", "items": reference(of)}, "pagination": reference("Pagination")}),
        &[],
    )
}

fn id(prefix: &str) -> Value {
    json!({"type": "string", "pattern": format!("^{prefix}[0-9a-f]{{32}}$")})
}

/// The schema, or null.
fn nullable(schema: &Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn text(longest: u32) -> Value {
    json!({"type": "string", "maxLength": longest})
}

/// As [`text`], and not empty.
fn some_text(longest: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": longest})
}

fn whole(least: i64, most: i64) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most})
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn flag(default: bool) -> Value {
    json!({"type": "boolean", "default": default})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn texts() -> Value {
    json!({"type": "array", "items": {"type": "string"}})
}

fn service() -> Group {
    let codes = words(Code::ALL.iter().map(|code| code.as_str()));
    let fault = answer(
        &json!({
            "path": {"type": "string", "description": "A JSON pointer into the body, or the bare name of a query parameter or header."},
            "code": reference("Code"),
            "message": {"type": "string"},
        }),
        &[],
    );
    let statuses: std::collections::BTreeSet<u16> = Code::ALL
        .iter()
        .map(|code| problem::status(*code).as_u16())
        .collect();
    let problem = answer(
        &json!({
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer", "enum": statuses},
            "detail": {"type": "string"},
            "code": reference("Code"),
            "request_id": {"type": "string"},
            "errors": {"type": "array", "items": fault},
            "required": {"type": "integer"},
            "available": {"type": "integer"},
            "execution_id": id("exe_"),
            "decision": {"type": "string"},
            "decided_by": {"type": "string"},
            "decided_at": time(),
            "vague_aspects": texts(),
        }),
        &[
            "errors",
            "required",
            "available",
            "execution_id",
            "decision",
            "decided_by",
            "decided_at",
            "vague_aspects",
        ],
    );
    let mut total = count();
    total["description"] =
        "How many there are; with a cursor, how many there were when the walk it belongs to began."
            .into();
    let pagination = answer(
        &json!({
            "limit": whole(1, 100), "offset": count(), "total": total,
            "next_cursor": nullable(&json!({"type": "string", "maxLength": crate::page::LONGEST})),
        }),
        &[],
    );
    vec![
        ("Code", codes),
        ("Problem", problem),
        ("Pagination", pagination),
        ("Nothing", request(&json!({}), &[])),
        (
            "Health",
            answer(
                &json!({"status": {"const": "ok"}, "version": {"type": "string"}}),
                &[],
            ),
        ),
        ("OpenApi", json!({"type": "object"})),
        ("Text", json!({"type": "string"})),
    ]
}
