//! Assessing a goal: the request and the answer (API section 3).

use std::time::Duration;

use domain::assessment::{Assessment, NoOpinion, SPECIFIC};
use domain::fault::Fault;
use domain::reader::Object;
use serde_json::{Map, Value, json};

use super::intent;
/// How long a model may think unless the request says otherwise, in milliseconds.
const TIMEOUT: u32 = 10_000;

/// A goal to be assessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssessIntent {
    pub(crate) intent: String,
    /// How long a model may think.
    pub(crate) timeout: Duration,
}

/// Whose opinion it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Model,
    /// By rule, for there is no model, or because it may not be asked now.
    Heuristic(Option<NoOpinion>),
    /// Nobody's: the model has failed. The goal is taken for specific, so that nobody is held up by it.
    Fallback(NoOpinion),
}

/// Reads the goal to be assessed.
///
/// # Errors
/// Every fault.
pub(crate) fn request(body: &Value) -> Result<AssessIntent, Vec<Fault>> {
    let mut object = Object::new(body, "");
    let goal = intent::read_field(&mut object, "intent");
    let goal = object.required("intent", goal);
    let timeout = object.count("timeout", 1000..=30_000).unwrap_or(TIMEOUT);
    object.finish(goal.map(|intent| AssessIntent {
        intent,
        timeout: Duration::from_millis(timeout.into()),
    }))
}

/// The assessment as the contract shows it.
pub(crate) fn object(assessment: &Assessment, source: Source) -> Value {
    let (name, reason) = match source {
        Source::Model => ("llm", None),
        Source::Heuristic(reason) => ("heuristic", reason),
        Source::Fallback(reason) => ("fallback", Some(reason)),
    };
    let is_assessed = !matches!(source, Source::Fallback(_));
    let score = if is_assessed {
        assessment.score
    } else {
        SPECIFIC
    };
    let is_specific = score >= SPECIFIC;
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put(
        "assessment",
        if is_specific { "specific" } else { "vague" }.into(),
    );
    put("specificity_score", score.into());
    put("is_assessed", is_assessed.into());
    put("assessment_source", name.into());
    if let Some(reason) = reason {
        put("fallback_reason_code", reason.as_str().into());
    }
    if !is_specific {
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
            "suggested_cadence": inferred.cadence,
            "monitoring_type": inferred.monitoring_type,
        }),
    );
    let reasoning = if is_assessed {
        assessment.reasoning.clone()
    } else {
        // What follows was not weighed.
        format!("The model gave no opinion. {}", assessment.reasoning)
    };
    put("reasoning", reasoning.into());
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
        let read = request(&json!({"intent": "😀".repeat(2000), "timeout": 1000.0}));
        assert_eq!(read.unwrap().timeout, Duration::from_secs(1));
        let read = request(&json!({"intent": "watch OpenAI pricing page"}));
        assert_eq!(read.unwrap().timeout, Duration::from_secs(10));
    }

    #[test]
    fn what_nobody_has_assessed_is_taken_for_specific() {
        let vague = crate::assessment::of("keep me posted on interesting stuff");
        let told = object(&vague, Source::Fallback(NoOpinion::ProviderError));
        assert_eq!(
            (
                &told["assessment"],
                &told["specificity_score"],
                &told["is_assessed"]
            ),
            (&json!("specific"), &json!(7), &json!(false))
        );
        assert_eq!(told["fallback_reason_code"], "provider_error");
        assert_eq!(told.get("vague_aspects"), None);
        let told = object(&vague, Source::Model);
        assert_eq!(
            (&told["assessment"], &told["assessment_source"]),
            (&json!("vague"), &json!("llm"))
        );
        assert!(told["vague_aspects"].is_array() && told.get("fallback_reason_code").is_none());
    }
}
