//! Assessing a goal: the request and the answer (API section 3).

use domain::fault::Fault;
use domain::reader::Object;
use serde_json::{Map, Value, json};

use super::intent;
use crate::assessment::Assessment;

/// Reads the goal to be assessed. `timeout` bounds a model's answer and is checked although none is asked.
///
/// # Errors
/// Every fault.
pub(crate) fn request(body: &Value) -> Result<String, Vec<Fault>> {
    let mut object = Object::new(body, "");
    let goal = intent::read_field(&mut object, "intent");
    let goal = object.required("intent", goal);
    object.integer("timeout", 1000..=30_000);
    object.finish(goal)
}

/// The assessment as the contract shows it; `is_limited`: the owner has asked too often for more than this.
pub(crate) fn object(assessment: &Assessment, is_limited: bool) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put(
        "assessment",
        if assessment.is_specific() {
            "specific"
        } else {
            "vague"
        }
        .into(),
    );
    put("specificity_score", assessment.score.into());
    put("is_assessed", true.into());
    put("assessment_source", "heuristic".into());
    if is_limited {
        put("fallback_reason_code", "rate_limited".into());
    }
    if !assessment.is_specific() {
        put("vague_aspects", json!(assessment.vague_aspects));
        put("proposed_intent", assessment.proposed_intent.clone().into());
        put("what_we_clarified", json!(assessment.clarified));
    }
    let inferred = &assessment.inferred;
    put(
        "inferred",
        json!({
            "trigger_conditions": inferred.trigger_conditions,
            "exclusions": inferred.exclusions,
            "entities": inferred.entities,
            "source_types": inferred.source_types,
            "suggested_cadence": inferred.cadence.as_str(),
            "monitoring_type": inferred.monitoring_type,
        }),
    );
    put("reasoning", assessment.reasoning.clone().into());
    object.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_requests_name_every_field() {
        for (body, path) in [
            (json!({}), "/intent"),
            (json!({"intent": "short int"}), "/intent"),
            (json!({"intent": 1_234_567_890}), "/intent"),
            (
                json!({"intent": "watch OpenAI pricing page", "timeout": 30_001}),
                "/timeout",
            ),
            (
                json!({"intent": "watch OpenAI pricing page", "timeout": 999}),
                "/timeout",
            ),
            (
                json!({"intent": "watch OpenAI pricing page", "timeout": 1000.5}),
                "/timeout",
            ),
            (
                json!({"intent": "watch OpenAI pricing page", "timeout": "1000"}),
                "/timeout",
            ),
            (
                json!({"intent": "watch OpenAI pricing page", "preset": "quick"}),
                "/preset",
            ),
        ] {
            let paths: Vec<String> = request(&body)
                .expect_err(path)
                .into_iter()
                .map(|fault| fault.path)
                .collect();
            assert_eq!(paths, [path], "{body}");
        }
        assert!(request(&json!({"intent": "😀".repeat(2000), "timeout": 1000.0})).is_ok());
    }
}
