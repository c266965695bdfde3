//! What the planner makes of a goal.

use std::sync::LazyLock;
use std::time::Duration;

use domain::planning::Preset;
use engine::ports::{ModelError, Task};
use providers::Secret;
use providers::config::ProviderSettings;
use serde_json::Value;

use super::{Fault, request};
use crate::settings::Settings;

/// How long a model may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The settings of the environment, read once; a mistake in them is every line's answer.
static SETTINGS: LazyLock<Result<ProviderSettings, String>> = LazyLock::new(|| {
    let settings = Settings::from_environment(0, None).map_err(|error| error.to_string())?;
    let lookup = |name: &str| {
        let model = &settings.model;
        match name {
            "NIGHTDESK_MODEL_PROVIDER" => Some(model.provider.clone()),
            "NIGHTDESK_MODEL_URL" => Some(model.url.clone()),
            "NIGHTDESK_MODEL" => Some(model.name.clone()),
            _ => None,
        }
    };
    let key = settings
        .model
        .key
        .as_ref()
        .map(|key| Secret::new(key.0.as_str()));
    ProviderSettings::read(&lookup, key).map_err(|error| error.to_string())
});

/// `{intent, preset?}` → the configured model's proposal as it answered it, or the offline planner's
/// where no model is configured: not yet checked, and nothing is kept of it.
pub(super) fn answer(request: &Value) -> Result<Value, Fault> {
    let intent = request::text(request, "intent")?;
    let preset = match request::optional_text(request, "preset")? {
        Some(word) => Preset::parse(word)
            .ok_or_else(|| Fault::invalid(format!("/preset: {word} is no preset")))?,
        None => Preset::Standard,
    };
    let settings = SETTINGS
        .as_ref()
        .map_err(|error| Fault::new("unavailable", error.clone()))?;
    let model = settings
        .model()
        .map_err(|error| Fault::new("unavailable", error.to_string()))?;
    let task = Task::Plan {
        intent: intent.to_owned(),
        budget: preset.credits(),
        faults: Vec::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Fault::new("unavailable", error.to_string()))?;
    let answer = runtime
        .block_on(model.perform(&task, LIMIT))
        .map_err(|error| match error {
            ModelError::RateLimited { .. } => Fault::new("rate_limited", error.to_string()),
            ModelError::Timeout
            | ModelError::Unreadable { .. }
            | ModelError::Unavailable { .. }
            | ModelError::Refused { .. } => Fault::new("unavailable", error.to_string()),
        })?;
    serde_json::from_str(&answer.text)
        .map_err(|error| Fault::new("plan_invalid", format!("the answer is not JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_goal_becomes_steps() {
        let plan =
            answer(&json!({"intent": "Find AI product launches of this week and write a summary"}))
                .unwrap();
        assert!(
            plan["steps"]
                .as_array()
                .is_some_and(|steps| !steps.is_empty()),
            "{plan}"
        );
        for request in [
            json!({}),
            json!({"intent": 1}),
            json!({"intent": "x", "preset": "lavish"}),
        ] {
            assert_eq!(
                answer(&request).unwrap_err().code,
                "validation_failed",
                "{request}"
            );
        }
    }
}
