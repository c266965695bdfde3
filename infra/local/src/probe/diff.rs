//! What is different between two texts or two values.

use domain::difference::{Difference, ValueDifference};
use serde_json::{Value, json};

use super::{Fault, request};

/// `{before, after}` → `{added, removed, moved, changed}`, and `ignored` where text changed by itself.
/// Two strings are compared as texts; anything else as values, with the exact `patch` (RFC 6902) beside.
pub(super) fn answer(request: &Value) -> Result<Value, Fault> {
    let before = request::value(request, "before")?;
    let after = request::value(request, "after")?;
    let answer = match (before, after) {
        (Value::String(before), Value::String(after)) => {
            serde_json::to_value(Difference::of(before, after))
        }
        _ => serde_json::to_value(ValueDifference::of(before, after)),
    };
    let mut answer = answer.map_err(|error| Fault::new("internal", error.to_string()))?;
    // A reader of the lines should not have to ask whether it is there.
    if answer.get("ignored").is_none() {
        answer["ignored"] = json!([]);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_values_are_compared() {
        let text = answer(&json!({"before": "One\nTwo", "after": "Two\nThree"})).unwrap();
        assert_eq!(
            text,
            json!({"added": ["Three"], "removed": ["One"], "moved": [], "changed": [], "ignored": []})
        );
        let value = answer(&json!({"before": {"price": 1}, "after": {"price": 2}})).unwrap();
        assert_eq!(
            value["changed"],
            json!([{"path": "/price", "before": 1, "after": 2}])
        );
        assert_eq!(
            value["patch"],
            json!([{"op": "replace", "path": "/price", "value": 2}])
        );
        let seen = answer(&json!({"before": "3 minutes ago", "after": "2 hours ago"})).unwrap();
        assert_eq!(
            (&seen["changed"], &seen["ignored"][0]["kind"]),
            (&json!([]), &json!("relative_time"))
        );
        assert_eq!(
            answer(&json!({"before": null})).unwrap_err().code,
            "validation_failed"
        );
    }
}
