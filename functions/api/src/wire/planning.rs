//! Planning: what is asked of it, and the plan it gives (API section 3).

use domain::fault::{Code, Fault};
use domain::planning::{Planning, PlanningRequest, PlanningState, Preset, ReviewedPlan};
use domain::reader::Object;
use serde_json::{Map, Value, json};

use super::{intent, plan};
use crate::wire::moment::moment;

/// The words of `quality_mode`.
const QUALITY_MODES: [&str; 2] = ["quality_first", "balanced"];
/// What a gap in its coverage takes from a plan's score.
const GAP: usize = 25;

/// Reads what is asked of the planner.
///
/// # Errors
/// Every fault.
pub(crate) fn request(body: &Value) -> Result<PlanningRequest, Vec<Fault>> {
    let mut object = Object::new(body, "");
    let o = &mut object;
    let goal = intent::required(o);
    // A label for the reader of the request; the plan has none.
    o.name("name", 1..=255);
    let preset = o
        .word("preset", Preset::ALL, Preset::as_str)
        .unwrap_or(Preset::Standard);
    let budget = o.count("planning_budget", 10..=1000);
    let max_credits_per_execution = o.count("max_credits_per_execution", 1..=1_000_000);
    if let Some(mode) = o.string("quality_mode")
        && !QUALITY_MODES.contains(&mode)
    {
        o.fault(
            "quality_mode",
            format!("must be one of {}", QUALITY_MODES.join(", ")),
        );
    }
    o.boolean("skip_entity_discovery");
    if o.raw("phase").is_some() {
        o.fault("phase", "was removed: planning is one request now");
    }
    let preset = budget.map_or(preset, within_budget);
    object.finish(goal.map(|intent| PlanningRequest {
        intent,
        preset,
        max_credits_per_execution,
    }))
}

/// The dearest planning that stays within `budget` credits, which wins over a preset.
fn within_budget(budget: u32) -> Preset {
    let affordable = Preset::ALL
        .iter()
        .copied()
        .filter(|preset| preset.credits() <= budget);
    affordable
        .max_by_key(|preset| preset.credits())
        .unwrap_or(Preset::Quick)
}

/// How much of its goal a plan reaches, each from 0 to 100. Derived, so that the same plan always
/// scores the same, whoever made it.
struct Scores {
    /// Falls with every wish the plan leaves open.
    coverage: usize,
    /// Rises with independent sources, with what is made of them, and with a person's look at it.
    depth: usize,
}

impl Scores {
    fn of(reviewed: &ReviewedPlan) -> Self {
        let steps = reviewed.plan.steps();
        let sources = steps
            .iter()
            .filter(|step| step.tool.kind().watches())
            .count();
        let worked = steps.len() - sources;
        let gated = steps.iter().any(|step| step.requires_approval);
        Self {
            coverage: 100_usize.saturating_sub(GAP * reviewed.coverage_gaps.len()),
            depth: (25 + 15 * sources + 10 * worked + 10 * usize::from(gated)).min(100),
        }
    }
}

/// A reviewed plan.
pub(crate) fn object(reviewed: &ReviewedPlan) -> Map<String, Value> {
    let scores = Scores::of(reviewed);
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("plan_id", reviewed.id.as_str().into());
    put("intent", reviewed.intent.clone().into());
    put("planning_profile", reviewed.profile.as_str().into());
    put("topology_reason", reviewed.topology_reason.clone().into());
    // Covering little in depth helps less than covering all a little.
    put(
        "planning_quality_score",
        ((2 * scores.coverage + scores.depth) / 3).into(),
    );
    put("coverage_score", scores.coverage.into());
    put("depth_score", scores.depth.into());
    put("coverage_gaps", json!(reviewed.coverage_gaps));
    put("recommended_steps", plan::steps(&reviewed.plan));
    put("sends_to", plan::sends_to(&reviewed.plan));
    if let Some(schedule) = &reviewed.suggested_schedule {
        put("suggested_schedule", schedule.clone());
    }
    put(
        "estimated_credits_per_execution",
        reviewed.plan.most_credits().into(),
    );
    put("credits_consumed", reviewed.credits_consumed.into());
    put("planner", json!(reviewed.planner));
    put("created_at", moment(reviewed.created_at));
    object
}

/// The answer to a request that is still being planned.
pub(crate) fn pending(planning: &Planning) -> Value {
    json!({
        "session_id": planning.id,
        "status": "planning",
        "poll_url": format!("/v1/workflows/plan/async/{}", planning.id),
    })
}

/// A planning job with, once there is one, its plan.
pub(crate) fn session(planning: &Planning, reviewed: Option<&ReviewedPlan>) -> Value {
    let (status, phase, percent) = match &planning.state {
        PlanningState::Planning => ("planning", "planning", 0),
        PlanningState::Completed { .. } => ("completed", "done", 100),
        PlanningState::TooVague { .. } | PlanningState::Failed { .. } => ("failed", "done", 100),
    };
    let mut session = json!({
        "session_id": planning.id,
        "status": status,
        "progress": {"phase": phase, "percent": percent},
        "created_at": moment(planning.created_at),
    });
    if let Some(reviewed) = reviewed {
        session["plan"] = object(reviewed).into();
    }
    if let Some(error) = error(&planning.state) {
        session["error"] = error;
    }
    session
}

fn error(state: &PlanningState) -> Option<Value> {
    match state {
        PlanningState::Planning | PlanningState::Completed { .. } => None,
        PlanningState::TooVague { aspects } => Some(
            json!({"code": Code::IntentTooVague, "message": TOO_VAGUE, "vague_aspects": aspects}),
        ),
        PlanningState::Failed { .. } => Some(
            json!({"code": Code::Unavailable, "message": "planning did not succeed; submit the goal again"}),
        ),
    }
}

/// What somebody is told whose goal nobody can plan.
pub(crate) const TOO_VAGUE: &str =
    "the goal is too vague to be planned: say what to watch or make, where, and what counts";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_wins_over_a_preset() {
        let read = |body: &Value| request(body).map(|request| request.preset);
        let goal = "watch the pricing page";
        assert_eq!(read(&json!({"intent": goal})), Ok(Preset::Standard));
        assert_eq!(
            read(&json!({"goal": goal, "preset": "quick"})),
            Ok(Preset::Quick)
        );
        assert_eq!(
            read(&json!({"intent": goal, "preset": "thorough", "planning_budget": 49})),
            Ok(Preset::Standard)
        );
        assert_eq!(
            read(&json!({"intent": goal, "planning_budget": 10})),
            Ok(Preset::Quick)
        );
        assert_eq!(
            read(&json!({"intent": goal, "planning_budget": 1000})),
            Ok(Preset::Comprehensive)
        );
    }

    #[test]
    fn bad_requests_name_every_field() {
        let intent = "watch OpenAI pricing page";
        for (body, path) in [
            (json!({}), "/intent"),
            (json!({"intent": intent, "goal": intent}), "/goal"),
            (json!({"intent": intent, "phase": "discover"}), "/phase"),
            (
                json!({"intent": intent, "quality_mode": "best"}),
                "/quality_mode",
            ),
            (
                json!({"intent": intent, "planning_budget": 0}),
                "/planning_budget",
            ),
            (
                json!({"intent": intent, "planning_budget": -1}),
                "/planning_budget",
            ),
            (
                json!({"intent": intent, "planning_budget": 1001}),
                "/planning_budget",
            ),
            (json!({"intent": intent, "preset": "free"}), "/preset"),
            (
                json!({"intent": intent, "skip_entity_discovery": "yes"}),
                "/skip_entity_discovery",
            ),
            (
                json!({"intent": intent, "max_credits_per_execution": 0}),
                "/max_credits_per_execution",
            ),
            (json!({"intent": intent, "model": "x"}), "/model"),
        ] {
            let paths: Vec<String> = request(&body)
                .expect_err(path)
                .into_iter()
                .map(|fault| fault.path)
                .collect();
            assert_eq!(paths, [path], "{body}");
        }
    }
}
