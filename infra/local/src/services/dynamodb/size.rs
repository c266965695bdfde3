//! How large an item is to DynamoDB: what its units are charged by.
//!
//! Names and texts count their UTF-8 bytes, numbers about a byte for two digits and one more, lists and maps
//! three bytes and one for each element. Source: the DynamoDB developer guide, "DynamoDB item sizes and
//! formats".

use serde_json::{Map, Value};

/// The size of the largest item that a write would store whole, in bytes; 0 when it stores none. Updates are
/// not counted: what they leave is not in the request.
pub(super) fn largest_written(request: &Value) -> u64 {
    let single = request.get("Item");
    let many = request["TransactItems"].as_array();
    let many = many
        .into_iter()
        .flatten()
        .filter_map(|part| part["Put"].get("Item"));
    let items = single.into_iter().chain(many).filter_map(Value::as_object);
    items.map(of_item).max().unwrap_or_default()
}

fn of_item(item: &Map<String, Value>) -> u64 {
    item.iter()
        .map(|(name, value)| bytes(name) + of_value(value))
        .sum()
}

/// The size of a value in DynamoDB's JSON, `{"S": "text"}`. The depth is bounded by the JSON parser.
fn of_value(value: &Value) -> u64 {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else {
        return 0;
    };
    let elements = |values: &Value, each: fn(&Value) -> u64| -> u64 {
        values.as_array().into_iter().flatten().map(each).sum()
    };
    match (kind.as_str(), inner) {
        ("S", Value::String(text)) => bytes(text),
        ("N", Value::String(digits)) => number(digits),
        // Base64: four characters are three bytes.
        ("B", Value::String(text)) => bytes(text.trim_end_matches('=')) * 3 / 4,
        ("SS", many) => elements(many, |text| bytes(text.as_str().unwrap_or_default())),
        ("NS", many) => elements(many, |text| number(text.as_str().unwrap_or_default())),
        ("L", many) => 3 + elements(many, |value| 1 + of_value(value)),
        ("M", Value::Object(map)) => 3 + of_item(map) + map.len() as u64,
        _ => 1,
    }
}

fn bytes(text: &str) -> u64 {
    text.len() as u64
}

fn number(digits: &str) -> u64 {
    bytes(digits).div_ceil(2) + 1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_are_as_large_as_their_names_and_values() {
        let item = json!({"pk": {"S": "é"}, "n": {"N": "1234"}, "b": {"B": "AAAA"}, "t": {"BOOL": true}, "l": {"L": [{"S": "ab"}]}, "m": {"M": {"k": {"S": "v"}}}});
        // 4 + 4 + 4 + 2 + (1 + 3 + 1 + 2) + (1 + 3 + 2 + 1)
        assert_eq!(largest_written(&json!({ "Item": item })), 28);
        let small = json!({"a": {"S": "b"}});
        let transaction = json!({"TransactItems": [{"Put": {"Item": small}}, {"Put": {"Item": item}}, {"Update": {}}]});
        assert_eq!(largest_written(&transaction), 28);
        assert_eq!(largest_written(&json!({"Key": small})), 0);
    }
}
