//! A stop condition in the words of the request.
//!
//! Beyond the shape of each field a condition is refused (`condition_trivial`) when it is plain that it
//! holds at every run or at none: such a workflow would end at once, or look as if it waited for something.

use serde_json::Value;

use super::comparison::{Operator, compile};
use super::{FieldTest, StopCondition};
use crate::fault::{Code, Fault};
use crate::reader::Object;
use crate::selection::Selector;
use crate::url_identity;

/// More results than any run can have (100 steps of at most 1,000 pages).
const MOST_RESULTS: u32 = 1_000_000;
/// Longest URL, as everywhere (contract, section 9).
const LONGEST_URL: usize = 2048;
/// Longest text a field is compared with, in characters.
const LONGEST_VALUE: usize = 2000;

/// The words of `type`.
const TYPES: [&str; 6] = [
    "result_count",
    "contains_url",
    "field_value",
    "extracted_field",
    "natural_language",
    "always",
];

impl StopCondition {
    /// Reads the condition that stands at `path`.
    ///
    /// # Errors
    /// Every fault, each at its field.
    pub fn read(value: &Value, path: &str) -> Result<Self, Vec<Fault>> {
        let mut object = Object::new(value, path);
        let kind = object.string("type");
        let condition = match object.required("type", kind) {
            Some("result_count") => read_result_count(&mut object),
            Some("contains_url") => read_contains_url(&mut object),
            Some("field_value") => read_field_test(&mut object).map(Self::FieldValue),
            Some("extracted_field") => read_field_test(&mut object).map(Self::ExtractedField),
            Some("natural_language") => read_natural_language(&mut object),
            Some("always") => Some(Self::Always),
            Some(_) => {
                object.fault("type", format!("must be one of {}", TYPES.join(", ")));
                // Which other fields belong here is unknown: only the type is wrong.
                return Err(object
                    .finish::<Self>(None)
                    .err()
                    .unwrap_or_default()
                    .into_iter()
                    .take(1)
                    .collect());
            }
            None => None,
        };
        object.finish(condition)
    }
}

fn read_result_count(object: &mut Object<'_>) -> Option<StopCondition> {
    use Operator::{AtLeast, AtMost, Equal, Greater, Less};
    let operator = object.word(
        "operator",
        &[Greater, Less, AtLeast, AtMost, Equal],
        Operator::as_str,
    );
    let operator = object.required("operator", operator);
    let value = object.count("value", 0..=MOST_RESULTS);
    let value = object.required("value", value);
    let (operator, value) = operator.zip(value)?;
    if value == 0 && matches!(operator, AtLeast | Less) {
        let how = if operator == AtLeast {
            "always"
        } else {
            "never"
        };
        object.fault_code(
            "value",
            Code::ConditionTrivial,
            format!("a count of results is {how} {operator} 0"),
        );
        return None;
    }
    Some(StopCondition::ResultCount { operator, value })
}

fn read_contains_url(object: &mut Object<'_>) -> Option<StopCondition> {
    let url = object.name("url", 1..=LONGEST_URL);
    let url = object.required("url", url)?;
    // Only compared, never fetched: the egress rule does not apply.
    if url_identity::parse_identity(&url).is_none() {
        object.fault("url", "must be an absolute http or https URL");
        return None;
    }
    Some(StopCondition::ContainsUrl { url })
}

fn read_field_test(object: &mut Object<'_>) -> Option<FieldTest> {
    let field = object.string("field");
    let field = object.required("field", field).and_then(|text| {
        Selector::parse(text)
            .map_err(|error| {
                object.fault("field", format!("is no JSONPath tail (RFC 9535): {error}"))
            })
            .ok()
    });
    let operator = object.word("operator", Operator::ALL, Operator::as_str);
    let operator = object.required("operator", operator);
    let value = object.value("value").cloned();
    let operator = operator?;
    let value = read_value(object, operator, value)?;
    Some(FieldTest {
        field: field?,
        operator,
        value,
    })
}

/// The right side of a comparison: a scalar, or null where the operator takes none.
fn read_value(object: &mut Object<'_>, operator: Operator, value: Option<Value>) -> Option<Value> {
    if !operator.takes_value() {
        if value.is_some() {
            object.fault("value", format!("{operator} takes no value"));
            return None;
        }
        return Some(Value::Null);
    }
    match &value {
        None if object.is_null("value") => object.fault(
            "value",
            "must not be null, which satisfies no comparison; use exists",
        ),
        None => object.fault("value", "is required"),
        Some(Value::Array(_) | Value::Object(_)) => {
            object.fault("value", "must be a string, a number or a boolean")
        }
        Some(Value::String(text)) if text.chars().count() > LONGEST_VALUE => {
            object.fault(
                "value",
                format!("must have at most {LONGEST_VALUE} characters"),
            );
        }
        Some(Value::String(text)) if operator == Operator::Matches => match compile(text) {
            Err(message) => object.fault("value", message),
            Ok(pattern)
                if ["", "\u{1}", "Zq 7\u{e9}\u{1}"]
                    .iter()
                    .all(|sample| pattern.is_match(sample)) =>
            {
                object.fault_code(
                    "value",
                    Code::ConditionTrivial,
                    "this pattern matches every text",
                );
            }
            Ok(_) => return value,
        },
        Some(_) if operator == Operator::Matches => {
            object.fault("value", "must be a pattern, as a string")
        }
        Some(Value::String(text))
            if text.is_empty()
                && matches!(operator, Operator::Contains | Operator::NotContains) =>
        {
            object.fault_code(
                "value",
                Code::ConditionTrivial,
                "every text contains the empty one",
            );
        }
        Some(_) => return value,
    }
    None
}

fn read_natural_language(object: &mut Object<'_>) -> Option<StopCondition> {
    let description = object.text("description", 1..=2000);
    let description = object.required("description", description);
    let confidence_threshold = match object.value("confidence_threshold") {
        None => Some(super::DEFAULT_THRESHOLD),
        Some(_) => object.number("confidence_threshold", 0.0..=1.0),
    };
    let (description, confidence_threshold) = description.zip(confidence_threshold)?;
    Some(StopCondition::NaturalLanguage {
        description,
        confidence_threshold,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(condition: &Value) -> Vec<(String, Code)> {
        let faults =
            StopCondition::read(condition, "/stop_condition").expect_err(&condition.to_string());
        faults
            .into_iter()
            .map(|fault| (fault.path, fault.code))
            .collect()
    }

    #[test]
    fn every_type_reads_and_writes_back() {
        for condition in [
            json!({"type": "result_count", "operator": ">", "value": 3}),
            json!({"type": "contains_url", "url": "https://EXAMPLE.com:443/a#x"}),
            json!({"type": "field_value", "field": "__proto__.x", "operator": "==", "value": 1}),
            json!({"type": "extracted_field", "field": "offers[0].price", "operator": "changed"}),
            json!({"type": "field_value", "field": "title", "operator": "matches", "value": "^v2"}),
            json!({"type": "natural_language", "description": "price drops", "confidence_threshold": 0.0}),
            json!({"type": "always"}),
        ] {
            let read = StopCondition::read(&condition, "/stop_condition").unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), condition);
            assert_eq!(
                serde_json::from_value::<StopCondition>(condition).unwrap(),
                read
            );
        }
        let lenient =
            StopCondition::read(&json!({"type": "natural_language", "description": "x"}), "")
                .unwrap();
        assert_eq!(
            lenient,
            StopCondition::NaturalLanguage {
                description: "x".into(),
                confidence_threshold: 0.7
            }
        );
    }

    #[test]
    fn every_fault_has_its_place() {
        for (condition, field) in [
            (json!({"type": "never"}), "/type"),
            (json!({}), "/type"),
            (json!({"type": 1}), "/type"),
            (
                json!({"type": "result_count", "operator": "=~", "value": 1}),
                "/operator",
            ),
            (
                json!({"type": "result_count", "operator": "!=", "value": 1}),
                "/operator",
            ),
            (
                json!({"type": "result_count", "operator": ">", "value": "5"}),
                "/value",
            ),
            (
                json!({"type": "result_count", "operator": ">", "value": -1}),
                "/value",
            ),
            (
                json!({"type": "result_count", "operator": ">", "value": 1.5}),
                "/value",
            ),
            (json!({"type": "result_count", "operator": ">"}), "/value"),
            (json!({"type": "contains_url", "url": "/x"}), "/url"),
            (
                json!({"type": "contains_url", "url": "javascript:alert(1)"}),
                "/url",
            ),
            (json!({"type": "contains_url", "url": ""}), "/url"),
            (
                json!({"type": "field_value", "field": "", "operator": "==", "value": 1}),
                "/field",
            ),
            (
                json!({"type": "field_value", "field": " a", "operator": "==", "value": 1}),
                "/field",
            ),
            (
                json!({"type": "field_value", "field": "a.".repeat(5000), "operator": "==", "value": 1}),
                "/field",
            ),
            (
                json!({"type": "field_value", "field": "a", "operator": "==", "value": null}),
                "/value",
            ),
            (
                json!({"type": "field_value", "field": "a", "operator": "==", "value": [1]}),
                "/value",
            ),
            (
                json!({"type": "field_value", "field": "a", "operator": "exists", "value": false}),
                "/value",
            ),
            (
                json!({"type": "field_value", "field": "a", "operator": "matches", "value": "("}),
                "/value",
            ),
            (
                json!({"type": "field_value", "field": "a", "operator": "matches", "value": 1}),
                "/value",
            ),
            (
                json!({"type": "natural_language", "description": "  "}),
                "/description",
            ),
            (
                json!({"type": "natural_language", "description": "x", "confidence_threshold": 1.5}),
                "/confidence_threshold",
            ),
            (
                json!({"type": "natural_language", "description": "x", "confidence_threshold": "0.7"}),
                "/confidence_threshold",
            ),
            (json!({"type": "always", "value": 1}), "/value"),
        ] {
            assert_eq!(
                faults(&condition),
                [(format!("/stop_condition{field}"), Code::ValidationFailed)],
                "{condition}"
            );
        }
        assert_eq!(
            faults(&json!("always")),
            [("/stop_condition".to_owned(), Code::ValidationFailed)]
        );
    }

    #[test]
    fn what_always_or_never_holds_is_trivial() {
        for condition in [
            json!({"type": "result_count", "operator": ">=", "value": 0}),
            json!({"type": "result_count", "operator": "<", "value": 0}),
            json!({"type": "field_value", "field": "a", "operator": "contains", "value": ""}),
            json!({"type": "field_value", "field": "a", "operator": "not_contains", "value": ""}),
            json!({"type": "field_value", "field": "a", "operator": "matches", "value": ".*"}),
            json!({"type": "extracted_field", "field": "a", "operator": "matches", "value": ""}),
        ] {
            assert_eq!(
                faults(&condition),
                [("/stop_condition/value".to_owned(), Code::ConditionTrivial)],
                "{condition}"
            );
        }
        let empty_only =
            json!({"type": "field_value", "field": "a", "operator": "matches", "value": "^$"});
        assert!(StopCondition::read(&empty_only, "").is_ok());
    }
}
