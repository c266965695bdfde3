//! Whether a stop condition is met.

use domain::stop_condition::{Observed, StopCondition};
use serde_json::{Value, json};

use super::{Fault, request};

/// `{condition, results, fields, previous?: {results, fields}}` → `{met, evidence}`, and
/// `needs_model: true` where only a model could tell.
pub(super) fn answer(request: &Value) -> Result<Value, Fault> {
    let condition = StopCondition::read(request::value(request, "condition")?, "/condition")?;
    let now = observed(request, "")?;
    let previous = match request.get("previous") {
        None | Some(Value::Null) => None,
        Some(previous) if previous.is_object() => Some(observed(previous, "/previous")?),
        Some(_) => return Err(Fault::invalid("/previous: is an object")),
    };
    let verdict = condition.evaluate(now, previous);
    let mut answer = json!({ "met": verdict.met, "evidence": verdict.evidence });
    if verdict.needs_model {
        answer["needs_model"] = true.into();
    }
    Ok(answer)
}

fn observed<'a>(run: &'a Value, path: &str) -> Result<Observed<'a>, Fault> {
    static NOTHING: Value = Value::Null;
    let results = match run.get("results") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(results)) if results.iter().all(Value::is_object) => results.as_slice(),
        Some(_) => {
            return Err(Fault::invalid(format!(
                "{path}/results: is a list of objects"
            )));
        }
    };
    let fields = run.get("fields").unwrap_or(&NOTHING);
    if !(fields.is_object() || fields.is_null()) {
        return Err(Fault::invalid(format!("{path}/fields: is an object")));
    }
    // No field at all is nothing to look into.
    let is_empty = fields.as_object().is_some_and(serde_json::Map::is_empty);
    Ok(Observed {
        results,
        fields: if is_empty { &NOTHING } else { fields },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_asked_about_a_run() {
        let results =
            json!([{"url": "https://x.example/a?utm_source=m", "title": "A", "price": 12}]);
        for (condition, met) in [
            (
                json!({"type": "result_count", "operator": ">=", "value": 1}),
                true,
            ),
            (
                json!({"type": "result_count", "operator": ">", "value": 1}),
                false,
            ),
            (
                json!({"type": "contains_url", "url": "https://x.example/a"}),
                true,
            ),
            (json!({"type": "always"}), false),
        ] {
            let found =
                answer(&json!({"condition": condition, "results": results, "fields": {}})).unwrap();
            assert_eq!(found["met"], met, "{condition}");
            assert!(found["evidence"].is_array());
        }
        let judged = json!({"type": "natural_language", "description": "the ferry sails again"});
        assert_eq!(
            answer(&json!({"condition": judged})).unwrap()["needs_model"],
            true
        );
    }

    #[test]
    fn a_bad_condition_is_told_by_its_code() {
        for (request, code) in [
            (json!({"results": []}), "validation_failed"),
            (json!({"condition": {"type": "never"}}), "validation_failed"),
            (
                json!({"condition": {"type": "result_count", "operator": ">=", "value": 0}}),
                "condition_trivial",
            ),
            (
                json!({"condition": {"type": "always"}, "results": 1}),
                "validation_failed",
            ),
            (
                json!({"condition": {"type": "always"}, "previous": []}),
                "validation_failed",
            ),
        ] {
            assert_eq!(answer(&request).unwrap_err().code, code, "{request}");
        }
    }
}
