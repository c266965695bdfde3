//! Plans and their steps. A secret that signs a webhook is never shown again.

use domain::address;
use domain::plan::{Plan, Step};
use serde_json::{Value, json};

/// What stands where a secret was.
const HIDDEN: &str = "***";

/// A plan with its version.
pub(crate) fn object(plan: &Plan, version: u32) -> Value {
    json!({
        "version": version,
        "hash": plan.hash(),
        "steps": steps(plan),
        "sends_to": sends_to(plan),
        "estimated_credits_per_execution": plan.most_credits(),
    })
}

/// The steps of a plan.
pub(crate) fn steps(plan: &Plan) -> Value {
    plan.steps().iter().map(step).collect()
}

/// The addresses that a plan sends data to.
pub(crate) fn sends_to(plan: &Plan) -> Value {
    let receivers = plan.receivers().into_iter();
    receivers
        .map(|receiver| {
            let host = address::host(receiver.address);
            json!({"step": receiver.step, "address": receiver.address, "host": host})
        })
        .collect()
}

fn step(step: &Step) -> Value {
    let mut value = serde_json::to_value(step).expect("a step is plain JSON");
    if let Some(secret) = value.pointer_mut("/config/secret") {
        *secret = HIDDEN.into();
    }
    value
}

/// The configuration of a step.
pub(crate) fn config(of: &Step) -> Value {
    step(of)
        .get_mut("config")
        .map(Value::take)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::egress::EgressRule;

    #[test]
    fn a_secret_goes_in_and_never_comes_out() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let config = json!({"url": "https://example.com/hook", "body": "hello", "secret": secret});
        let steps = json!([{"id": "a", "type": "post_webhook", "config": config}]);
        let plan = Plan::read(&steps, "/steps", &EgressRule::public_only()).unwrap();
        let shown = object(&plan, 1).to_string();
        assert!(
            !shown.contains(secret) && shown.contains("\"***\""),
            "{shown}"
        );
    }
}
