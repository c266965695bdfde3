//! Reads the fields of an `extraction_schema` from a page, by rule.
//!
//! A property is looked for under its own name in what the page says about itself for machines (JSON-LD,
//! OpenGraph), then among the page's own fields, then, when it has a `pattern`, in the text. A value that is
//! not of the wanted type is passed over. What is not found is absent, never null or empty: a price
//! that could not be read must not look like a price that changed.

use std::collections::VecDeque;

use engine::ports::Page;
use regex::RegexBuilder;
use serde_json::{Map, Value, json};

/// The largest compiled pattern, in bytes; the same as when the schema was checked.
const PATTERN_SIZE: usize = 1 << 20;
/// How many values of a page's structured data are looked at.
const MOST_VISITED: usize = 20_000;

/// The fields of `schema` that `page` has.
pub(super) fn extract(schema: &Value, page: &Page) -> Map<String, Value> {
    let Some(properties) = schema["properties"].as_object() else {
        return Map::new();
    };
    let found = properties
        .iter()
        .filter_map(|(name, property)| Some((name.clone(), field(name, property, page)?)));
    found.collect()
}

fn field(name: &str, property: &Value, page: &Page) -> Option<Value> {
    structured(&page.structured, name, property)
        .or_else(|| own(name, property, page))
        .or_else(|| matched(property, page))
}

/// The first fitting value under `name`, nearest to the root first.
fn structured(document: &Value, name: &str, property: &Value) -> Option<Value> {
    let wanted = normal(name);
    let mut open = VecDeque::from([document]);
    let mut visited = 0;
    while let Some(value) = open.pop_front() {
        visited += 1;
        if visited > MOST_VISITED {
            return None;
        }
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    if is_called(key, &wanted)
                        && let Some(fitting) = coerce(value, property)
                    {
                        return Some(fitting);
                    }
                }
                open.extend(map.values());
            }
            Value::Array(list) => open.extend(list),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    None
}

/// Whether a key names the wanted property: as a whole, by its last part (`og:title`), or with an `amount`
/// after it (`product:price:amount`).
fn is_called(key: &str, wanted: &str) -> bool {
    let parts: Vec<String> = key.split(':').map(normal).collect();
    match parts.as_slice() {
        [.., name, amount] if amount == "amount" => name == wanted,
        [.., last] => last == wanted,
        [] => false,
    }
}

/// Letters and digits in lower case: `datePublished`, `date_published` and `date-published` are one.
fn normal(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn own(name: &str, property: &Value, page: &Page) -> Option<Value> {
    let value = match normal(name).as_str() {
        "title" | "headline" | "name" => json!(page.title),
        "url" | "link" => json!(page.final_url),
        "published" | "publisheddate" | "datepublished" | "date" => {
            json!(page.published.as_deref()?)
        }
        "text" | "content" | "body" => json!(page.text),
        _ => return None,
    };
    coerce(&value, property)
}

/// What `pattern` finds in the text: its first group, else all of it.
fn matched(property: &Value, page: &Page) -> Option<Value> {
    let pattern = RegexBuilder::new(property["pattern"].as_str()?)
        .size_limit(PATTERN_SIZE)
        .build()
        .ok()?;
    let found = pattern.captures(&page.text)?;
    let text = found.get(1).or_else(|| found.get(0))?.as_str();
    coerce(&json!(text), property)
}

/// The value as the type the property wants; `None` when it is not one.
fn coerce(value: &Value, property: &Value) -> Option<Value> {
    let wanted = match &property["type"] {
        Value::String(wanted) => wanted.as_str(),
        Value::Array(several) => several
            .iter()
            .filter_map(Value::as_str)
            .find(|wanted| *wanted != "null")
            .unwrap_or_default(),
        _ => "",
    };
    match (wanted, value) {
        (_, Value::Null) => None,
        ("array", Value::Array(list)) => Some(
            list.iter()
                .filter_map(|entry| coerce(entry, &property["items"]))
                .collect(),
        ),
        ("array", single) => coerce(single, &property["items"]).map(|single| json!([single])),
        ("object", Value::Object(map)) => Some(match property["properties"].as_object() {
            Some(properties) => {
                let fields = properties.iter().filter_map(|(name, property)| {
                    Some((name.clone(), coerce(map.get(name)?, property)?))
                });
                Value::Object(fields.collect())
            }
            None => value.clone(),
        }),
        ("string" | "number" | "integer" | "boolean", Value::Array(list)) => {
            list.iter().find_map(|entry| coerce(entry, property))
        }
        // `{"@type": "Person", "name": …}`, `{"@value": …}`
        ("string" | "number" | "integer" | "boolean", Value::Object(map)) => {
            ["@value", "name", "value"]
                .iter()
                .find_map(|key| coerce(map.get(*key)?, property))
        }
        ("string", Value::String(text)) => Some(json!(text.trim())).filter(|text| text != ""),
        ("string", Value::Number(_) | Value::Bool(_)) => Some(json!(value.to_string())),
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => Some(value.clone()),
        ("number", Value::String(text)) => number(text).map(|number| json!(number)),
        ("integer", Value::Number(number)) => number
            .as_f64()
            .filter(|number| number.fract() == 0.0)
            .map(|_| value.clone()),
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        ("integer", Value::String(text)) => number(text)
            .filter(|n| n.fract() == 0.0 && n.abs() < 9e15)
            .map(|n| json!(n as i64)),
        ("boolean", Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" => Some(json!(true)),
            "false" | "no" => Some(json!(false)),
            _ => None,
        },
        ("number" | "integer" | "boolean" | "object", _) => None,
        (_, value) => Some(value.clone()),
    }
}

/// The number in a text such as `€ 1.299,00` or `1,299 USD`. Of two kinds of separator the last is the
/// decimal one; a single comma before exactly three digits separates thousands.
fn number(text: &str) -> Option<f64> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let negative = text[..start].ends_with('-');
    let digits: String = text[start..]
        .chars()
        .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
        .collect();
    let digits = digits.trim_end_matches(['.', ',']);
    let decimal = match (digits.rfind('.'), digits.rfind(',')) {
        (Some(dot), Some(comma)) => Some(dot.max(comma)),
        (Some(dot), None) if digits.matches('.').count() == 1 => Some(dot),
        (None, Some(comma)) if digits.matches(',').count() == 1 && digits.len() - comma != 4 => {
            Some(comma)
        }
        _ => None,
    };
    let plain: String = digits
        .char_indices()
        .filter_map(|(i, c)| {
            if Some(i) == decimal {
                Some('.')
            } else {
                c.is_ascii_digit().then_some(c)
            }
        })
        .collect();
    plain
        .parse::<f64>()
        .ok()
        .map(|number| if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page {
            final_url: "https://shop.example/lamp".into(),
            title: "Lamp".into(),
            text: "A lamp. Article no. AB-123. Rated 4 of 5.".into(),
            structured: json!({
                "json_ld": [{"@type": "Product", "name": "Desk lamp", "offers": {"price": "1.299,00", "availability": null}, "author": [{"name": "Ann"}]}],
                "open_graph": {"og:site_name": "Shop", "product:weight:amount": "2.5"},
            }),
            ..Page::default()
        }
    }

    #[test]
    fn fields_come_from_structured_data_then_the_page_then_a_pattern() {
        let schema = json!({"type": "object", "properties": {
            "name": {"type": "string"},
            "price": {"type": "number"},
            "author": {"type": "string"},
            "siteName": {"type": ["null", "string"]},
            "weight": {"type": "number"},
            "title": {"type": "string"},
            "sku": {"type": "string", "pattern": "no\\. ([A-Z]+-\\d+)"},
            "rating": {"type": "integer", "pattern": "Rated (\\d)"},
            "availability": {"type": "string"},
            "missing": {"type": "string"},
        }});
        assert_eq!(
            Value::Object(extract(&schema, &page())),
            json!({
                "name": "Desk lamp", "price": 1299.0, "author": "Ann", "siteName": "Shop", "weight": 2.5, "title": "Lamp",
                "sku": "AB-123", "rating": 4,
            })
        );
    }

    #[test]
    fn numbers_are_read_as_they_are_written_in_shops() {
        for (text, wanted) in [
            ("€ 1.299,00", 1299.0),
            ("1,299 USD", 1299.0),
            ("1,299.50", 1299.5),
            ("9,99", 9.99),
            ("-3", -3.0),
            ("1.000.000", 1e6),
        ] {
            assert_eq!(number(text), Some(wanted), "{text}");
        }
        assert_eq!(number("sold out"), None);
    }
}
