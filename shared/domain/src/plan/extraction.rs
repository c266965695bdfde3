//! Checks an `extraction_schema`: a JSON Schema of bounded size that refers to nothing outside.
//!
//! A property may carry hints where its value is: `x-selector` (a CSS selector of the page) with
//! `x-attribute`, and `x-jsonpath` (RFC 9535, of the page's structured data or its script's state). JSON
//! Schema lets unknown keywords stand, so a schema with hints is a schema everywhere else, too.

use std::collections::HashSet;

use serde_json::Value;

use crate::fault::Fault;
use crate::reader::pointer;
use crate::selection::Selector;

/// The largest compiled pattern, in bytes: enough for any honest one, too small for `(a{1000}){1000}`.
const PATTERN_SIZE: usize = 1 << 20;
/// The most references of a schema to its own parts.
const MOST_REFERENCES: usize = 100;
/// How deep a schema may nest.
const DEEPEST: usize = 16;
/// The longest hint, in characters.
const LONGEST_HINT: usize = 500;

/// Every fault of the schema, all reported at `path` (its parts are one field of the request).
#[must_use]
pub(super) fn check(schema: &Value, path: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !schema.is_object() {
        return vec![Fault::invalid(path, "must be a JSON Schema object")];
    }
    walk(schema, path, 0, &mut faults);
    if let Some(message) = check_references(schema) {
        faults.push(Fault::invalid(path, message));
    }
    faults
}

/// Why the references inside the schema cannot be followed to an end.
fn check_references(schema: &Value) -> Option<String> {
    let mut references = Vec::new();
    collect(schema, String::new(), &mut references);
    if references.len() > MOST_REFERENCES {
        return Some(format!("has more than {MOST_REFERENCES} references"));
    }
    // What a place leads to: the targets of the references in it.
    let leads_to = |place: &str| {
        let inside = move |at: &str| {
            let rest = at.strip_prefix(place);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let found = references.iter().filter(move |(at, _)| inside(at));
        found.map(|(_, target)| target.as_str()).collect::<Vec<_>>()
    };
    let mut done = HashSet::new();
    let circle = references.iter().find(|(_, first)| {
        let mut open = vec![first.as_str()];
        let mut seen = HashSet::new();
        while let Some(place) = open.pop() {
            if done.contains(place) {
                continue;
            }
            for target in leads_to(place) {
                if target == first {
                    return true;
                }
                if seen.insert(target) {
                    open.push(target);
                }
            }
        }
        done.insert(first.as_str());
        false
    });
    circle.map(|(_, target)| format!("refers to #{target} from within it"))
}

/// Where each reference stands and which place of the schema it names, both as JSON Pointers (RFC 6901).
fn collect(value: &Value, at: String, references: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("$ref" | "$dynamicRef", Value::String(target)) => {
                        references.extend(
                            (target.strip_prefix('#')).map(|to| (at.clone(), to.to_owned())),
                        );
                    }
                    (_, value) => collect(value, pointer(&at, key), references),
                }
            }
        }
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate() {
                collect(value, format!("{at}/{i}"), references);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn walk(value: &Value, path: &str, depth: usize, faults: &mut Vec<Fault>) {
    if depth > DEEPEST {
        faults.push(Fault::invalid(path, format!("nests deeper than {DEEPEST}")));
        return;
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("$ref" | "$dynamicRef", Value::String(target)) if !target.starts_with('#') => {
                        faults.push(Fault::invalid(
                            path,
                            "must not refer to anything outside itself",
                        ));
                    }
                    ("pattern", Value::String(pattern)) => {
                        if let Err(error) = regex::RegexBuilder::new(pattern)
                            .size_limit(PATTERN_SIZE)
                            .build()
                        {
                            let reason = match error {
                                regex::Error::CompiledTooBig(_) => {
                                    "is too large a pattern".to_owned()
                                }
                                other => format!("has a pattern that cannot be read: {other}"),
                            };
                            faults.push(Fault::invalid(path, reason));
                        }
                    }
                    ("x-selector" | "x-attribute", hint) => match hint {
                        Value::String(text) if text.chars().count() <= LONGEST_HINT => {}
                        _ => faults.push(Fault::invalid(
                            path,
                            format!("{key} must be a text of at most {LONGEST_HINT} characters"),
                        )),
                    },
                    ("x-jsonpath", hint) => {
                        let read = hint
                            .as_str()
                            .ok_or_else(|| "it is no text".to_owned())
                            .and_then(|text| {
                                Selector::parse_query(text).map_err(|error| error.to_string())
                            });
                        if let Err(reason) = read {
                            faults.push(Fault::invalid(
                                path,
                                format!("x-jsonpath cannot be read: {reason}"),
                            ));
                        }
                    }
                    (_, value) => walk(value, path, depth + 1, faults),
                }
            }
        }
        Value::Array(list) => list
            .iter()
            .for_each(|value| walk(value, path, depth + 1, faults)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_refer_to_nothing_outside_and_patterns_are_bounded() {
        let of = |v: Value| check(&json!({"type": "object", "properties": {"v": v}}), "/s").len();
        assert_eq!(of(json!({"type": "string", "pattern": "(a+)+$"})), 0);
        assert_eq!(of(json!({"$ref": "#/definitions/x"})), 0);
        assert_eq!(of(json!({"$ref": "http://169.254.169.254/x"})), 1);
        assert_eq!(of(json!({"pattern": "(?:a{1000}){1000}"})), 1);
        assert_eq!(check(&json!("x"), "/s").len(), 1);
    }

    #[test]
    fn references_come_to_an_end() {
        let of = |definitions: Value, v: Value| {
            let schema = json!({"$defs": definitions, "properties": {"v": v}});
            check(&schema, "/s").len()
        };
        let (none, to) = (
            json!({}),
            |name: &str| json!({"$ref": format!("#/$defs/{name}")}),
        );
        assert_eq!(
            of(
                json!({"a": {"type": "string"}, "b": {"items": to("a")}}),
                to("b")
            ),
            0
        );
        assert_eq!(
            of(
                json!({"a": {"type": "string"}}),
                json!({"anyOf": [to("a"), to("a")]})
            ),
            0
        );
        for (definitions, v) in [
            (none.clone(), json!({"$ref": "#"})),
            (none.clone(), json!({"$ref": "#/properties/v"})),
            (none, json!({"items": {"$ref": "#/properties"}})),
            (json!({"a": {"items": to("a")}}), json!({"type": "string"})),
            (
                json!({"a": to("b"), "b": {"items": to("c")}, "c": to("a")}),
                to("a"),
            ),
            (json!({"a": to("b"), "b": {"items": to("b")}}), to("a")),
        ] {
            assert_eq!(of(definitions.clone(), v.clone()), 1, "{definitions} {v}");
        }
        let many: Vec<Value> = (0..101).map(|_| json!({"$ref": "#/$defs/a"})).collect();
        assert_eq!(of(json!({"a": true}), json!({"anyOf": many})), 1);
    }

    #[test]
    fn hints_can_be_read() {
        let of = |v: Value| check(&json!({"properties": {"v": v}}), "/s").len();
        let good = json!({"x-selector": "b.price", "x-attribute": "content", "x-jsonpath": "$.offers[0].price"});
        assert_eq!(of(good), 0);
        for bad in [
            json!({"x-selector": 7}),
            json!({"x-selector": "a".repeat(501)}),
            json!({"x-jsonpath": "offers"}),
            json!({"x-jsonpath": ["$"]}),
        ] {
            assert_eq!(of(bad.clone()), 1, "{bad}");
        }
    }
}
