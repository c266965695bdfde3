//! Workflows: as they are sent, and as they are shown.

use domain::stop_condition::Operator;
use domain::workflow::{CatchUp, Mode, OnTimeout, OverlapPolicy, WorkflowStatus};
use serde_json::{Map, Value, json};

use super::planning::goal;
use super::{
    Group, answer, count, flag, id, notice, nullable, page, reference, request, some_text, text,
    texts, time, whole, words,
};
use crate::wire::workflow::{LONGEST_TAG, MOST_TAGS};

pub(super) fn operators() -> Value {
    words(Operator::ALL.iter().map(|operator| operator.as_str()))
}

fn duration() -> Value {
    json!({"type": "string", "pattern": "^[1-9][0-9]{0,5} (minute|hour|day|week)s?$", "examples": ["72 hours"]})
}

fn condition() -> Value {
    let kind = |name: &str, mut properties: Value, required: &[&str]| {
        properties["type"] = json!({"const": name});
        let required: Vec<&str> = ["type"].iter().chain(required).copied().collect();
        request(&properties, &required)
    };
    let test = json!({
        "field": {"type": "string", "minLength": 1, "maxLength": 500, "description": "The tail of an RFC 9535 JSONPath.", "examples": ["price"]},
        "operator": operators(),
        "value": {"type": ["string", "number", "boolean", "null"]},
    });
    json!({"oneOf": [
        kind("result_count", json!({"operator": words([">", "<", ">=", "<=", "=="]), "value": count()}), &["operator", "value"]),
        kind("contains_url", json!({"url": some_text(2048)}), &["url"]),
        kind("field_value", test.clone(), &["field", "operator"]),
        kind("extracted_field", test, &["field", "operator"]),
        kind(
            "natural_language",
            json!({
                "description": some_text(2000),
                "confidence_threshold": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.7},
            }),
            &["description"],
        ),
        kind("always", json!({}), &[]),
    ]})
}

fn approvals_given() -> Value {
    let person = request(
        &json!({"email": {"type": "string", "format": "email", "maxLength": 254}}),
        &["email"],
    );
    request(
        &json!({
            "approvers": {"type": "array", "maxItems": 20, "items": person},
            "required": whole(1, 20),
            "deadline": duration(),
            "on_timeout": words(OnTimeout::ALL.iter().map(|word| word.as_str())),
            "max_revisions": whole(1, 10),
            "strict": flag(false),
        }),
        &[],
    )
}

/// The fields of POST and PATCH.
fn fields() -> Map<String, Value> {
    let fields = json!({
        "name": some_text(255),
        "description": nullable(&text(2000)),
        "tags": nullable(&json!({"type": "array", "maxItems": MOST_TAGS, "items": some_text(LONGEST_TAG)})),
        "workflow_type": words(["search", "crawl"]),
        "operation_config": {"type": "object", "description": "The configuration of that step; see `GET /v1/tools`.", "additionalProperties": true},
        "steps": {"type": "array", "minItems": 1, "maxItems": 100, "items": reference("StepGiven")},
        "intent": goal(),
        "goal": {"allOf": [goal()], "description": "Another name of intent."},
        "plan_id": id("pln_"),
        "auto_activate": flag(false),
        "stop_condition": reference("StopCondition"),
        "interval": {"type": "string", "pattern": "^[1-9][0-9]{0,5} (minute|hour|day|week)s?$", "examples": ["6 hours"]},
        "interval_minutes": whole(5, 527_040),
        "cron_expression": {"type": "string", "minLength": 1, "maxLength": 255, "examples": ["0 8 * * MON-FRI"]},
        "scheduled_for": time(),
        "schedule": {"const": "manual"},
        "anchor_minute": nullable(&whole(0, 59)),
        "timezone": {"type": "string", "minLength": 1, "maxLength": 64, "examples": ["Europe/Berlin"]},
        "overlap_policy": words(OverlapPolicy::ALL.iter().map(|word| word.as_str()).filter(|word| *word != "buffer_one")),
        "catch_up": words(["latest"]),
        "approvals": nullable(&approvals_given()),
        "deliver": notice::deliver_given(),
        "include_baseline": flag(false),
        "session_id": nullable(&id("ses_")),
        "max_executions": nullable(&whole(1, 1_000_000)),
        "max_credits_per_execution": nullable(&whole(1, 1_000_000)),
        "run_immediately": flag(false),
        "dry_run": flag(false),
    });
    let Value::Object(fields) = fields else {
        unreachable!("written as an object above");
    };
    fields
}

fn create() -> Value {
    let mut fields = fields();
    fields.insert(
        "mode".to_owned(),
        words(Mode::ALL.iter().map(|mode| mode.as_str())),
    );
    let mut schema = request(&fields.into(), &["name", "stop_condition"]);
    schema["examples"] = json!([{
        "name": "Prices of a competitor", "workflow_type": "crawl", "operation_config": {"urls": ["https://example.com/"]},
        "interval": "6 hours", "stop_condition": {"type": "always"},
    }]);
    schema
}

fn change() -> Value {
    let mut fields = fields();
    fields.insert("status".to_owned(), words(["active", "paused", "archived"]));
    let mut schema = request(&fields.into(), &[]);
    schema["minProperties"] = json!(1);
    schema
}

/// What an answer shows of a workflow.
fn shown() -> Value {
    let last = answer(
        &json!({"id": id("exe_"), "status": {"type": "string"}, "finished_at": nullable(&time())}),
        &[],
    );
    let approvals = answer(
        &json!({
            "approvers": {"type": "array", "items": answer(&json!({"email": {"type": "string"}}), &[])},
            "required": whole(1, 20),
            "deadline": duration(),
            "reminders": texts(),
            "on_timeout": words(OnTimeout::ALL.iter().map(|word| word.as_str())),
            "escalate_to": {"type": "array"},
            "max_revisions": whole(1, 10),
            "strict": {"type": "boolean"},
        }),
        &[],
    );
    json!({
        "id": id("wf_"),
        "name": some_text(255),
        "description": nullable(&text(2000)),
        "tags": texts(),
        "mode": words(Mode::ALL.iter().map(|mode| mode.as_str())),
        "status": words(WorkflowStatus::ALL.iter().map(|status| status.as_str())),
        "intent": nullable(&text(10_000)),
        "workflow_type": nullable(&words(["search", "crawl"])),
        "operation_config": {"type": ["object", "null"], "additionalProperties": true},
        "steps": nullable(&json!({"type": "array", "items": reference("Step")})),
        "plan_id": nullable(&id("pln_")),
        "auto_activate": {"type": "boolean"},
        "stop_condition": reference("StopCondition"),
        "interval": {"type": "string"},
        "interval_minutes": whole(5, 527_040),
        "anchor_minute": whole(0, 59),
        "cron_expression": {"type": "string"},
        "scheduled_for": time(),
        "schedule": {"const": "manual"},
        "timezone": {"type": "string"},
        "overlap_policy": words(OverlapPolicy::ALL.iter().map(|word| word.as_str())),
        "catch_up": words(CatchUp::ALL.iter().map(|word| word.as_str())),
        "catch_up_window": {"type": "string"},
        "approvals": approvals,
        "deliver": {"type": "array", "items": reference("Destination")},
        "include_baseline": {"type": "boolean"},
        "max_executions": nullable(&count()),
        "max_credits_per_execution": nullable(&count()),
        "session_id": nullable(&id("ses_")),
        "plan_version": count(),
        "next_occurrences": {"type": "array", "maxItems": 5, "items": time()},
        "execution_count": count(),
        "last_execution": nullable(&last),
        "health": words(["ok", "degraded", "failing"]),
        "access_level": words(["owner", "team"]),
        "created_at": time(),
        "updated_at": time(),
    })
}

/// What only some workflows have: by their mode, or by their kind of schedule.
const BY_KIND: [&str; 11] = [
    "workflow_type",
    "operation_config",
    "steps",
    "plan_id",
    "auto_activate",
    "interval",
    "interval_minutes",
    "anchor_minute",
    "cron_expression",
    "scheduled_for",
    "schedule",
];

/// The addresses that a plan sends data to.
pub(super) fn receivers() -> Value {
    let receiver = answer(
        &json!({
            "step": {"type": "string"},
            "address": {"type": "string"},
            "host": {"type": ["string", "null"], "description": "The host of the address as DNS has it: `xn--…` where it is \
                written in another script. `null` where it is only known in the run."},
        }),
        &[],
    );
    json!({
        "type": "array",
        "items": receiver,
        "description": "Every address that a run sends data to: recipients, receivers, and pages whose address takes data along. \
            What is only known in the run stands as its reference.",
    })
}

fn plan() -> Value {
    answer(
        &json!({
            "version": whole(1, 999_999),
            "hash": {"type": "string"},
            "steps": {"type": "array", "items": reference("Step")},
            "sends_to": receivers(),
            "estimated_credits_per_execution": count(),
        }),
        &[],
    )
}

pub(super) fn all() -> Group {
    let mut with_runs = shown();
    with_runs["executions"] =
        json!({"type": "array", "maxItems": 10, "items": reference("ExecutionSummary")});
    let estimate = answer(
        &json!({
            "estimated_credits_per_execution": nullable(&count()),
            "estimated_credits_per_month": nullable(&count()),
            "next_occurrences": {"type": "array", "maxItems": 5, "items": time()},
            "plan": nullable(&reference("Plan")),
            "warnings": texts(),
        }),
        &[],
    );
    let occurrence = answer(
        &json!({
            "scheduled_for": time(),
            "outcome": words(["fired", "skipped", "missed", "caught_up", "filtered"]),
            "reason": {"type": "string"},
            "execution_id": id("exe_"),
        }),
        &["reason", "execution_id"],
    );
    let run_estimate = answer(
        &json!({"estimated_credits": count(), "plan": reference("Plan")}),
        &[],
    );
    vec![
        ("StopCondition", condition()),
        ("WorkflowCreate", create()),
        ("WorkflowChange", change()),
        ("Workflow", answer(&shown(), &BY_KIND)),
        ("WorkflowWithRuns", answer(&with_runs, &BY_KIND)),
        ("WorkflowEstimate", estimate),
        (
            "WorkflowOrEstimate",
            json!({"anyOf": [reference("Workflow"), reference("WorkflowEstimate")]}),
        ),
        ("WorkflowList", page("workflows", "Workflow")),
        ("Plan", plan()),
        ("PlanList", page("plans", "Plan")),
        ("Occurrence", occurrence),
        ("OccurrenceList", page("occurrences", "Occurrence")),
        ("RunEstimate", run_estimate),
    ]
}
