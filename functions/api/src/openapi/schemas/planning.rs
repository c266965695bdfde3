//! Goals, plans and tools.

use domain::plan::ToolKind;
use domain::planning::Preset;
use serde_json::{Value, json};

use super::workflow::receivers;
use super::{
    Group, answer, count, flag, id, nullable, reference, request, some_text, text, texts, time,
    whole, words,
};
use crate::wire::tool;

/// A goal, which has from 10 to 2000 visible characters.
pub(super) fn goal() -> Value {
    json!({"type": "string", "minLength": 10, "maxLength": 10_000, "examples": ["tell me when a competitor changes its prices"]})
}

fn step_name() -> Value {
    json!({"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"})
}

/// A step as a request has it: one shape a tool.
fn step_given() -> Value {
    let shapes: Vec<Value> = ToolKind::ALL
        .iter()
        .map(|kind| {
            request(
                &json!({
                    "id": step_name(),
                    "type": {"const": kind},
                    "description": some_text(2000),
                    "config": tool::config(*kind),
                    "depends_on": {"type": "array", "maxItems": 100, "items": step_name()},
                    "output_key": step_name(),
                    "cascade_condition": cascade(),
                    "requires_approval": {"type": "boolean"},
                    "retry": retry(),
                    "timeout_seconds": {"type": "integer", "minimum": 1, "maximum": 600, "default": 60},
                }),
                &["id", "type", "config"],
            )
        })
        .collect();
    json!({"oneOf": shapes})
}

fn cascade() -> Value {
    json!({
        "type": "object", "required": ["step", "field", "operator"], "additionalProperties": false,
        "properties": {
            "step": step_name(),
            "field": some_text(500),
            "operator": super::workflow::operators(),
            "value": {"type": ["string", "number", "boolean", "null"]},
        },
    })
}

fn retry() -> Value {
    json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "max_attempts": {"type": "integer", "minimum": 1, "maximum": 10, "default": 3},
            "backoff_seconds": {"type": "integer", "minimum": 1, "maximum": 900, "default": 2},
        },
    })
}

fn step() -> Value {
    answer(
        &json!({
            "id": step_name(),
            "type": words(ToolKind::ALL.iter().map(|kind| kind.as_str())),
            "description": {"type": "string"},
            "config": {"type": "object", "additionalProperties": true},
            "depends_on": texts(),
            "output_key": step_name(),
            "cascade_condition": cascade(),
            "requires_approval": {"type": "boolean"},
            "retry": retry(),
            "timeout_seconds": whole(1, 600),
        }),
        &["description", "cascade_condition"],
    )
}

pub(super) fn all() -> Group {
    let tool = answer(
        &json!({
            "type": words(ToolKind::ALL.iter().map(|kind| kind.as_str())),
            "description": {"type": "string"},
            "config_schema": {"type": "object", "additionalProperties": true},
            "output_schema": {"type": "object", "additionalProperties": true},
            "effect": words(["pure", "idempotent", "at_most_once"]),
            "publishes": {"type": "boolean"},
            "requires_approval": {"type": "boolean"},
            "credits": count(),
        }),
        &[],
    );
    vec![
        ("StepGiven", step_given()),
        ("Step", step()),
        (
            "Tools",
            answer(&json!({"tools": {"type": "array", "items": tool}}), &[]),
        ),
        ("AssessIntent", assess()),
        ("Assessment", assessment()),
        ("PlanRequest", plan_request()),
        ("ReviewedPlan", reviewed()),
        (
            "PlanningAccepted",
            answer(
                &json!({"session_id": id("pls_"), "status": {"const": "planning"}, "poll_url": {"type": "string"}}),
                &[],
            ),
        ),
        ("Planning", planning()),
    ]
}

fn assess() -> Value {
    request(
        &json!({
            "intent": goal(),
            "timeout": {"type": "integer", "minimum": 1000, "maximum": 30_000, "default": 10_000, "description": "For how many milliseconds a model may think."},
        }),
        &["intent"],
    )
}

fn assessment() -> Value {
    let inferred = answer(
        &json!({
            "trigger_conditions": texts(),
            "exclusions": texts(),
            "entities": texts(),
            "source_types": texts(),
            "suggested_cadence": words(["hourly", "daily", "weekly", "monthly"]),
            "monitoring_type": {"type": "string"},
        }),
        &[],
    );
    answer(
        &json!({
            "assessment": words(["specific", "vague"]),
            "specificity_score": whole(1, 10),
            "is_assessed": {"type": "boolean"},
            "assessment_source": words(["llm", "heuristic", "fallback"]),
            "fallback_reason_code": words(["timeout", "parse_error", "provider_error", "rate_limited"]),
            "vague_aspects": texts(),
            "proposed_intent": {"type": "string"},
            "what_we_clarified": texts(),
            "inferred": inferred,
            "reasoning": {"type": "string"},
        }),
        &[
            "fallback_reason_code",
            "vague_aspects",
            "proposed_intent",
            "what_we_clarified",
        ],
    )
}

fn plan_request() -> Value {
    let mut schema = request(
        &json!({
            "intent": goal(),
            "goal": {"allOf": [goal()], "description": "Another name of intent."},
            "name": some_text(255),
            "preset": words(Preset::ALL.iter().map(|preset| preset.as_str())),
            "max_credits_per_execution": whole(1, 1_000_000),
            "planning_budget": whole(10, 1000),
            "quality_mode": words(["quality_first", "balanced"]),
            "skip_entity_discovery": flag(false),
        }),
        &[],
    );
    schema["oneOf"] = json!([{"required": ["intent"]}, {"required": ["goal"]}]);
    schema
}

fn reviewed() -> Value {
    let score = whole(0, 100);
    let planner = answer(
        &json!({
            "source": words(["llm", "offline"]),
            "model": {"type": "string"},
            "fallback_reason": words(["timeout", "parse_error", "provider_error", "plan_invalid"]),
        }),
        &["model", "fallback_reason"],
    );
    answer(
        &json!({
            "plan_id": id("pln_"),
            "intent": text(10_000),
            "planning_profile": words(["precision_linear", "dual_lane_hybrid", "fork_join_dag"]),
            "topology_reason": {"type": "string"},
            "planning_quality_score": score,
            "coverage_score": score,
            "depth_score": score,
            "coverage_gaps": texts(),
            "recommended_steps": {"type": "array", "items": reference("Step")},
            "sends_to": receivers(),
            "suggested_schedule": {"type": "object", "additionalProperties": true},
            "estimated_credits_per_execution": count(),
            "credits_consumed": count(),
            "planner": planner,
            "created_at": time(),
        }),
        &["suggested_schedule"],
    )
}

fn planning() -> Value {
    let progress = answer(
        &json!({"phase": {"type": "string"}, "percent": whole(0, 100)}),
        &[],
    );
    let error = answer(
        &json!({"code": reference("Code"), "message": {"type": "string"}, "vague_aspects": texts()}),
        &["vague_aspects"],
    );
    answer(
        &json!({
            "session_id": id("pls_"),
            "status": words(["planning", "completed", "failed"]),
            "progress": progress,
            "created_at": time(),
            "plan": nullable(&reference("ReviewedPlan")),
            "error": error,
        }),
        &["plan", "error"],
    )
}
