//! Runs, their steps, their logs, and what they came to.

use domain::execution::{ErrorCode, Status, Trigger};
use domain::patrol::DecisionWord;
use domain::plan::ToolKind;
use serde_json::{Value, json};

use super::{
    Group, answer, count, flag, id, nullable, page, reference, request, some_text, texts, time,
    whole, words,
};

fn step() -> Value {
    let error = answer(
        &json!({
            "code": words(ErrorCode::ALL.iter().map(|code| code.as_str())),
            "message": {"type": "string"},
        }),
        &[],
    );
    let returned = answer(
        &json!({"email": {"type": "string"}, "reason": {"type": "string"}, "at": time()}),
        &[],
    );
    answer(
        &json!({
            "id": {"type": "string"},
            "type": words(ToolKind::ALL.iter().map(|kind| kind.as_str())),
            "status": words([
                "pending", "running", "awaiting_approval", "completed", "failed", "skipped", "cancelled", "outcome_unknown",
            ]),
            "attempts": count(),
            "started_at": nullable(&time()),
            "finished_at": nullable(&time()),
            "credits": count(),
            "error": error,
            "output_preview": {"type": "string"},
            "approval_id": id("apr_"),
            "returned_mails": {"type": "array", "items": returned, "description": "Of the mails it has sent, those that came back: bounced, rejected, or marked as unwanted."},
        }),
        &["error", "output_preview", "approval_id", "returned_mails"],
    )
}

fn summary() -> Value {
    let signal = answer(
        &json!({
            "decision": words(DecisionWord::ALL.iter().map(|outcome| outcome.as_str())),
            "reason": {"type": ["string", "null"]},
            "id": {"type": "string"},
        }),
        &["id"],
    );
    json!({
        "id": id("exe_"),
        "workflow_id": id("wf_"),
        "plan_version": whole(1, 999_999),
        "trigger": words(Trigger::ALL.iter().map(|trigger| trigger.as_str())),
        "scheduled_for": time(),
        "from_execution": id("exe_"),
        "status": words(Status::ALL.iter().map(|status| status.as_str())),
        "outcome_reason": {"type": "string"},
        "revision": count(),
        "created_at": time(),
        "started_at": nullable(&time()),
        "finished_at": nullable(&time()),
        "steps": {"type": "array", "items": step()},
        "credits": answer(&json!({"reserved": count(), "consumed": count()}), &[]),
        "complete": {"type": "boolean"},
        "condition_met": {"type": "boolean"},
        "signal": signal,
    })
}

const SOMETIMES: [&str; 3] = ["scheduled_for", "from_execution", "outcome_reason"];

/// How the results of a run differ from the last complete one's.
fn changes() -> Value {
    let new = answer(
        &json!({
            "url": {"type": "string"},
            "title": {"type": "string"},
            "snippet": {"type": "string"},
            "published_date": nullable(&json!({"type": "string"})),
            "first_seen": time(),
            "returned": {"type": "boolean"},
            "classification": words(["NEW", "CONTEXT", "UPDATE", "IRRELEVANT"]),
        }),
        &[],
    );
    let changed = answer(
        &json!({
            "url": {"type": "string"},
            "kind": words(["content", "field", "moved"]),
            "diff": {},
        }),
        &["diff"],
    );
    answer(
        &json!({
            "net_new_count": count(), "dropped_count": count(), "retained_count": count(),
            "changed_count": count(), "returned_count": count(),
            "change_rate": {"type": "number", "minimum": 0, "maximum": 100},
            "net_new_urls": {"type": "array", "items": new},
            "dropped_urls": texts(),
            "changed": {"type": "array", "items": changed},
            "previous_execution_id": nullable(&id("exe_")),
        }),
        &[],
    )
}

fn relevance() -> Value {
    let item = answer(
        &json!({
            "url": {"type": "string"}, "title": {"type": "string"},
            "classification": words(["NEW", "CONTEXT", "UPDATE", "IRRELEVANT"]), "reason": {"type": "string"},
        }),
        &[],
    );
    answer(
        &json!({
            "filtered_count": count(),
            "filtered_items": {"type": "array", "items": item},
            "monitoring_intent_used": {"type": "string"},
            "judged_by": words(["rules", "model", "mixed"]),
        }),
        &[],
    )
}

pub(super) fn all() -> Group {
    let mut full = summary();
    full["condition"] = nullable(&answer(
        &json!({"type": {"type": "string"}, "confidence": {"type": "number"}, "evidence": {"type": "array"}}),
        &["confidence", "evidence"],
    ));
    full["result_changes"] = nullable(&reference("ResultChanges"));
    full["intent_relevance_filter"] = nullable(&relevance());
    let event = answer(
        &json!({
            "revision": count(), "at": time(), "type": {"type": "string"}, "actor": {"type": "string"},
            "data": {"type": "object", "additionalProperties": true},
        }),
        &[],
    );
    let execute = request(
        &json!({
            "dry_run": flag(false),
            "from_execution": id("exe_"),
            "from_step": some_text(64),
        }),
        &[],
    );
    let resolve = request(
        &json!({"step": some_text(64), "outcome": words(["happened", "retry", "fail"])}),
        &["step", "outcome"],
    );
    vec![
        ("ExecutionSummary", answer(&summary(), &SOMETIMES)),
        ("Execution", answer(&full, &SOMETIMES)),
        (
            "ExecutionStarted",
            answer(&json!({"execution": reference("Execution")}), &[]),
        ),
        ("ExecutionList", page("executions", "ExecutionSummary")),
        ("ResultChanges", changes()),
        ("Event", event),
        ("EventList", page("events", "Event")),
        (
            "Output",
            json!({"type": "object", "additionalProperties": true}),
        ),
        ("Execute", execute),
        ("Retry", request(&json!({"from_step": some_text(64)}), &[])),
        ("Resolve", resolve),
    ]
}
