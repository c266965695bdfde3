//! The workflow as an answer shows it.

use domain::ids::SessionId;
use domain::plan::Plan;
use domain::workflow::{Mode, Workflow};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{approvals, deliver};
use crate::wire::moment::{moment, moments};
use crate::wire::plan;

/// The object of the contract. `plan` is `None` only while it has yet to be made.
pub(crate) fn object(
    workflow: &Workflow,
    work: Option<&Plan>,
    now: Timestamp,
) -> Map<String, Value> {
    let next = if workflow.wants_schedule() {
        workflow.schedule.next_after(now, 5)
    } else {
        Vec::new()
    };
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("id", workflow.id.as_str().into());
    put("name", workflow.name.clone().into());
    put("description", workflow.description.clone().into());
    put("tags", workflow.tags.clone().into());
    put("mode", workflow.mode.as_str().into());
    put("status", workflow.status.as_str().into());
    put("intent", workflow.intent.clone().into());
    match workflow.mode {
        Mode::Simple => {
            let step = work.and_then(|plan| plan.steps().first());
            put(
                "workflow_type",
                step.map(|step| step.tool.kind().as_str()).into(),
            );
            put("operation_config", step.map_or(Value::Null, plan::config));
        }
        Mode::MultiStep => {
            put("steps", work.map_or(Value::Null, plan::steps));
        }
        Mode::AiPlanned => {
            put(
                "plan_id",
                workflow.plan_id.as_ref().map(|id| id.as_str()).into(),
            );
            put("auto_activate", workflow.auto_activate.into());
            put("steps", work.map_or(Value::Null, plan::steps));
        }
    }
    put("stop_condition", json!(workflow.stop_condition));
    let mut schedule = Map::new();
    workflow.schedule.write(&mut schedule);
    object.extend(schedule);
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("overlap_policy", workflow.overlap_policy.as_str().into());
    put("catch_up", workflow.catch_up.as_str().into());
    put("catch_up_window", "1 day".into());
    put("approvals", approvals::write(&workflow.approvals));
    put("deliver", deliver::write(&workflow.deliver));
    put("include_baseline", workflow.include_baseline.into());
    put("max_executions", workflow.max_executions.into());
    put(
        "max_credits_per_execution",
        workflow.max_credits_per_execution.into(),
    );
    let session = workflow.session.as_ref();
    put("session_id", session.map(SessionId::as_str).into());
    put("plan_version", workflow.plan_version.into());
    put("next_occurrences", moments(next));
    put("execution_count", workflow.execution_count.into());
    let last = workflow.last_execution.as_ref();
    put(
        "last_execution",
        last.map(|run| json!({"id": run.id, "status": run.status, "finished_at": moment(run.finished_at)}))
            .into(),
    );
    put("health", workflow.health().into());
    put("access_level", "owner".into());
    put("created_at", moment(workflow.created_at));
    put("updated_at", moment(workflow.updated_at));
    object
}
