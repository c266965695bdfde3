//! JSON-LD blocks, as objects (JSON-LD 1.1; contexts are not resolved: pages use one vocabulary).

use std::sync::LazyLock;

use domain::json::{Allowance, Unread};
use scraper::Selector;
use serde_json::Value;

use crate::page::MOST_VALUES;
use crate::page::elements::Elements;
use crate::page::html::selector;

/// The most objects kept of one page.
const MAX_OBJECTS: usize = 50;

/// The objects of all blocks in their order; `@graph` and arrays are flattened.
pub(super) fn read(page: &Elements<'_>) -> Vec<Value> {
    static SCRIPT: LazyLock<Selector> =
        LazyLock::new(|| selector("script[type^='application/ld+json' i]"));
    let mut objects = Vec::new();
    let allowance = Allowance::new(MOST_VALUES);
    for script in Elements::select(&page.scripts, &SCRIPT) {
        let text: String = script.text().collect();
        if objects.len() >= MAX_OBJECTS {
            break;
        }
        if let Some(value) = parse(&text, &allowance) {
            flatten(value, &mut objects);
        }
    }
    objects.truncate(MAX_OBJECTS);
    objects
}

/// Parses a block with the mistakes that are common in the wild: a comment or CDATA mark around it, a
/// semicolon after it, line breaks inside strings.
fn parse(text: &str, allowance: &Allowance) -> Option<Value> {
    let mut text = text.trim();
    for mark in ["<!--", "//<![CDATA[", "<![CDATA["] {
        text = text.strip_prefix(mark).unwrap_or(text).trim_start();
    }
    for mark in ["-->", "//]]>", "]]>", ";"] {
        text = text.strip_suffix(mark).unwrap_or(text).trim_end();
    }
    match allowance.read(text) {
        Ok(value) => return Some(value),
        Err(Unread::TooMany) => return None,
        Err(Unread::Syntax(_)) => {}
    }
    if !text.contains(char::is_control) {
        return None;
    }
    // Blanks outside of strings mean nothing, so a control character may become one everywhere.
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    allowance.read(&plain).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_are_forgiven() {
        for text in [
            "{\"a\": \"b c\"}",
            "<!-- {\"a\": \"b c\"} -->",
            "//<![CDATA[\n{\"a\": \"b c\"}\n//]]>",
            "{\"a\": \"b\nc\"};",
        ] {
            assert_eq!(
                parse(text, &Allowance::new(99)).unwrap()["a"],
                "b c",
                "{text}"
            );
        }
        assert_eq!(parse("{a: 1}", &Allowance::new(99)), None);
    }
}
