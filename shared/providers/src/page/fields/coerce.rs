//! A value as the type the schema wants; `None` when it is not one. A value of the wrong type is passed
//! over and never bent into shape.

use jiff::civil::Date;
use serde_json::{Value, json};
use url::Url;

use super::wanted::{Wanted, normal};

/// What values are read with.
pub(super) struct Coercion<'a> {
    /// Where relative addresses start from.
    pub(super) base: &'a Url,
}

impl Coercion<'_> {
    /// `value` as `wanted`.
    pub(super) fn field(&self, value: &Value, wanted: &Wanted<'_>) -> Option<Value> {
        if wanted.concept == Some("availability")
            && kind(wanted.property) == "boolean"
            && let Some(text) = first_text(value)
        {
            return in_stock(text)
                .map(Value::from)
                .or_else(|| self.value(value, wanted.property));
        }
        self.value(value, wanted.property)
    }

    /// `value` as `property`'s type.
    pub(super) fn value(&self, value: &Value, property: &Value) -> Option<Value> {
        let value = self.typed(value, property)?;
        match property["enum"].as_array() {
            Some(allowed) => allowed
                .iter()
                .find(|one| **one == value || same_word(one, &value))
                .cloned(),
            None => Some(value),
        }
    }

    fn typed(&self, value: &Value, property: &Value) -> Option<Value> {
        match (kind(property), value) {
            (_, Value::Null) => None,
            ("array", Value::Array(list)) => {
                let list: Vec<Value> = list
                    .iter()
                    .filter_map(|entry| self.value(entry, &property["items"]))
                    .collect();
                (!list.is_empty()).then(|| list.into())
            }
            ("array", single) => self
                .value(single, &property["items"])
                .map(|single| json!([single])),
            ("object", Value::Object(map)) => {
                let Some(properties) = property["properties"].as_object() else {
                    return Some(value.clone());
                };
                let fields: serde_json::Map<String, Value> = properties
                    .iter()
                    .filter_map(|(name, property)| {
                        let wanted = Wanted::new(name, property);
                        let found = wanted.names.iter().find_map(|name| {
                            let (_, value) = map.iter().find(|(key, _)| normal(key) == *name)?;
                            self.field(value, &wanted)
                        })?;
                        Some((name.clone(), found))
                    })
                    .collect();
                (!fields.is_empty()).then(|| fields.into())
            }
            ("string" | "number" | "integer" | "boolean", Value::Array(list)) => {
                list.iter().find_map(|entry| self.value(entry, property))
            }
            // `{"@type": "Person", "name": …}`, `{"@value": …}`
            ("string" | "number" | "integer" | "boolean", Value::Object(map)) => {
                ["@value", "name", "value", "url", "@id"]
                    .iter()
                    .find_map(|key| self.value(map.get(*key)?, property))
            }
            ("string", Value::String(text)) => self.text(text, property),
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
                "true" | "yes" | "ja" | "oui" | "sí" => Some(json!(true)),
                "false" | "no" | "nein" | "non" => Some(json!(false)),
                _ => None,
            },
            ("number" | "integer" | "boolean" | "object", _) => None,
            (_, Value::String(text)) => self.text(text, property),
            (_, value) => Some(value.clone()),
        }
    }

    fn text(&self, text: &str, property: &Value) -> Option<Value> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // Members of schema.org's enumerations are addresses: the last part is the word.
        let text = ["https://schema.org/", "http://schema.org/"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .unwrap_or(&text);
        if text.is_empty() {
            return None;
        }
        match property["format"].as_str() {
            Some("uri" | "url" | "iri") => self
                .base
                .join(text)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https"))
                .map(|url| json!(url.as_str())),
            Some("date") => date(text).map(|date| json!(date)),
            Some("date-time") => text
                .parse::<jiff::Timestamp>()
                .is_ok()
                .then(|| json!(text))
                .or_else(|| date(text).map(|date| json!(date))),
            Some("email") => (text.contains('@') && !text.contains(' '))
                .then(|| json!(text.trim_start_matches("mailto:"))),
            Some(_) | None => Some(json!(text)),
        }
    }
}

/// The wanted type; of several the first that is not null.
pub(super) fn kind(property: &Value) -> &str {
    match &property["type"] {
        Value::String(wanted) => wanted.as_str(),
        Value::Array(several) => several
            .iter()
            .filter_map(Value::as_str)
            .find(|wanted| *wanted != "null")
            .unwrap_or_default(),
        _ => "",
    }
}

fn first_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(list) => list.iter().find_map(first_text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn same_word(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => normal(one) == normal(other),
        _ => false,
    }
}

/// Whether something can be had now: schema.org's `ItemAvailability`, and the words of shops.
pub(super) fn in_stock(text: &str) -> Option<bool> {
    let word = normal(text.rsplit('/').next().unwrap_or(text));
    const NO: [&str; 14] = [
        "outofstock",
        "soldout",
        "discontinued",
        "unavailable",
        "notavailable",
        "backorder",
        "currentlyunavailable",
        "ausverkauft",
        "nichtverfügbar",
        "nichtlieferbar",
        "rupture",
        "épuisé",
        "agotado",
        "nondisponibile",
    ];
    const YES: [&str; 12] = [
        "instock",
        "limitedavailability",
        "onlineonly",
        "instoreonly",
        "available",
        "auflager",
        "sofortlieferbar",
        "enstock",
        "disponible",
        "disponibile",
        "lieferbar",
        "verfügbar",
    ];
    if NO.iter().any(|no| word.contains(no)) {
        Some(false)
    } else if YES.iter().any(|yes| word.contains(yes)) {
        Some(true)
    } else {
        None
    }
}

/// The day a text names, as `YYYY-MM-DD`.
fn date(text: &str) -> Option<String> {
    let head: String = text.chars().take(10).collect();
    if let Ok(date) = head.parse::<Date>() {
        return Some(date.to_string());
    }
    let plain = text.replace(',', "");
    ["%d %B %Y", "%B %d %Y", "%d %b %Y", "%b %d %Y", "%d.%m.%Y"]
        .iter()
        .find_map(|format| Date::strptime(format, &plain).ok())
        .map(|date| date.to_string())
}

/// The number in a text such as `€ 1.299,00`, `1 299 kr` or `1,299 USD`. Of two kinds of separator the
/// last is the decimal one; a single comma before exactly three digits separates thousands, and so does a
/// blank or an apostrophe between digits.
pub(super) fn number(text: &str) -> Option<f64> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let negative = text[..start].ends_with(['-', '−']);
    let mut digits = String::new();
    let mut rest = text[start..].chars().peekable();
    while let Some(c) = rest.next() {
        let next_is_digit = rest.peek().is_some_and(char::is_ascii_digit);
        match c {
            '0'..='9' => digits.push(c),
            '.' | ',' if next_is_digit => digits.push(c),
            ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’' if next_is_digit && groups_of_three(&rest) =>
                {}
            _ => break,
        }
    }
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

/// Whether exactly three digits come next.
fn groups_of_three(rest: &std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    rest.clone().take_while(char::is_ascii_digit).count() == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written_in_shops() {
        for (text, wanted) in [
            ("€ 1.299,00", 1299.0),
            ("1,299 USD", 1299.0),
            ("1,299.50", 1299.5),
            ("9,99", 9.99),
            ("-3", -3.0),
            ("1.000.000", 1e6),
            ("1 299,50 kr", 1299.5),
            ("CHF 1'299.-", 1299.0),
            ("12 34", 12.0),
            ("ca. 1.2 kg", 1.2),
        ] {
            assert_eq!(number(text), Some(wanted), "{text}");
        }
        assert_eq!(number("sold out"), None);
    }

    #[test]
    fn values_are_of_their_type_or_absent() {
        let base = Url::parse("https://a.example/b/").unwrap();
        let coercion = Coercion { base: &base };
        for (value, property, wanted) in [
            (
                json!("https://schema.org/InStock"),
                json!({"type": "string"}),
                json!("InStock"),
            ),
            (
                json!("in stock"),
                json!({"type": "string", "enum": ["InStock", "OutOfStock"]}),
                json!("InStock"),
            ),
            (
                json!("c.png"),
                json!({"type": "string", "format": "uri"}),
                json!("https://a.example/b/c.png"),
            ),
            (
                json!("21 November 2026"),
                json!({"type": "string", "format": "date"}),
                json!("2026-11-21"),
            ),
            (
                json!("2026-11-21T08:00:00Z"),
                json!({"type": "string", "format": "date-time"}),
                json!("2026-11-21T08:00:00Z"),
            ),
            (
                json!([{"name": "Ann"}]),
                json!({"type": ["null", "string"]}),
                json!("Ann"),
            ),
            (
                json!({"lowPrice": "3"}),
                json!({"type": "object", "properties": {"price": {"type": "number"}}}),
                json!({"price": 3.0}),
            ),
        ] {
            assert_eq!(coercion.value(&value, &property), Some(wanted));
        }
        for (value, property) in [
            (json!("blue"), json!({"type": "string", "enum": ["red"]})),
            (json!("soon"), json!({"type": "string", "format": "date"})),
            (
                json!("javascript:x"),
                json!({"type": "string", "format": "uri"}),
            ),
            (json!(1.5), json!({"type": "integer"})),
            (json!([]), json!({"type": "array"})),
            (json!("  "), json!({"type": "string"})),
        ] {
            assert_eq!(coercion.value(&value, &property), None, "{value}");
        }
    }
}
