//! What a page says about itself for machines: JSON-LD, OpenGraph and a few named metas.

use std::sync::LazyLock;

use scraper::{Html, Selector};
use serde_json::{Map, Value, json};

use super::html::selector;

/// The most JSON-LD objects kept of one page.
const MAX_OBJECTS: usize = 50;

/// `{"json_ld": [objects], "open_graph": {property: content}, "meta": {name: content}}`; `@graph`
/// and arrays are flattened.
pub(super) fn read(document: &Html) -> Value {
    json!({ "json_ld": json_ld(document), "open_graph": open_graph(document), "meta": metas(document) })
}

fn json_ld(document: &Html) -> Vec<Value> {
    static SCRIPT: LazyLock<Selector> =
        LazyLock::new(|| selector("script[type='application/ld+json' i]"));
    let mut objects = Vec::new();
    for script in document.select(&SCRIPT) {
        let text: String = script.text().collect();
        if let Ok(value) = serde_json::from_str(text.trim()) {
            flatten(value, &mut objects);
        }
    }
    objects.truncate(MAX_OBJECTS);
    objects
}

/// Two levels are what is used in practice: an array of objects, and `@graph` inside of one. The
/// depth is bounded by the JSON parser.
fn flatten(value: Value, objects: &mut Vec<Value>) {
    match value {
        Value::Array(values) => values.into_iter().for_each(|value| flatten(value, objects)),
        Value::Object(mut object) => match object.remove("@graph") {
            Some(graph) => flatten(graph, objects),
            None => objects.push(Value::Object(object)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn open_graph(document: &Html) -> Map<String, Value> {
    static META: LazyLock<Selector> = LazyLock::new(|| {
        selector("meta[property^='og:'], meta[property^='article:'], meta[property^='product:']")
    });
    contents(document, &META, "property")
}

fn metas(document: &Html) -> Map<String, Value> {
    static META: LazyLock<Selector> = LazyLock::new(|| {
        selector(
            "meta[name='description'], meta[name='author'], meta[name='keywords'], meta[name='generator']",
        )
    });
    contents(document, &META, "name")
}

/// The first content of each name.
fn contents(document: &Html, selector: &Selector, name: &str) -> Map<String, Value> {
    let mut found = Map::new();
    for meta in document.select(selector) {
        if let (Some(name), Some(content)) = (meta.attr(name), meta.attr("content")) {
            found
                .entry(name)
                .or_insert_with(|| Value::from(content.trim()));
        }
    }
    found
}
