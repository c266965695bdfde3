//! Runs, their steps and their logs (API section 5).

use domain::execution::{
    Conclusion, Execution, Outcome, Output, Phase, Resolution, StepRow, StepState,
};
use domain::fault::Fault;
use domain::ids::ExecutionId;
use domain::reader::Object;
use engine::ports::store::EventRecord;
use serde_json::{Map, Value, json};

use crate::wire::moment::moment;

/// What a run came to, stored beside it: these members go into the answer as they are.
const STORED: [&str; 3] = ["condition", "result_changes", "intent_relevance_filter"];

/// A run as lists show it.
pub(crate) fn summary(run: &Execution) -> Map<String, Value> {
    let conclusion = conclusion(run);
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("id", run.id.as_str().into());
    put("workflow_id", run.workflow.as_str().into());
    put("plan_version", run.plan.version.into());
    put("trigger", run.trigger.as_str().into());
    if let Some(scheduled_for) = run.scheduled_for {
        put("scheduled_for", moment(scheduled_for));
    }
    if let Some(origin) = &run.origin {
        put("from_execution", origin.execution.as_str().into());
    }
    put("status", run.status().as_str().into());
    if let Some(reason) = run.outcome_reason() {
        put("outcome_reason", reason.into());
    }
    put("revision", run.revision.into());
    put("created_at", moment(run.created_at));
    put("started_at", moment(run.started_at));
    put("finished_at", moment(run.finished_at()));
    put("steps", run.steps.iter().map(step).collect());
    // Nothing is set aside any more for a run that has ended.
    let reserved = if run.status().is_terminal() {
        0
    } else {
        run.reserved
    };
    put(
        "credits",
        json!({"reserved": reserved, "consumed": run.consumed()}),
    );
    put(
        "complete",
        conclusion
            .is_some_and(|conclusion| conclusion.complete)
            .into(),
    );
    put(
        "condition_met",
        conclusion
            .and_then(|conclusion| conclusion.condition_met)
            .unwrap_or(false)
            .into(),
    );
    put("signal", signal(run, conclusion));
    object
}

/// A run in full: with `stored`, what was written down when it was judged.
pub(crate) fn object(run: &Execution, stored: Option<&Value>) -> Map<String, Value> {
    let mut object = summary(run);
    for name in STORED {
        let value = stored
            .and_then(|stored| stored.get(name))
            .cloned()
            .unwrap_or_default();
        object.insert(name.to_owned(), value);
    }
    if let (Some(id), Some(Value::Object(signal))) = (
        stored.and_then(|stored| stored.pointer("/signal/id")),
        object.get_mut("signal"),
    ) {
        signal.insert("id".to_owned(), id.clone());
    }
    object
}

fn conclusion(run: &Execution) -> Option<&Conclusion> {
    match &run.phase {
        Phase::Ended {
            outcome: Outcome::Completed { conclusion },
            ..
        } => Some(conclusion),
        Phase::Ended {
            outcome: Outcome::Failed { .. } | Outcome::Cancelled { .. },
            ..
        }
        | Phase::Active
        | Phase::Paused { .. }
        | Phase::Judging { .. } => None,
    }
}

fn signal(run: &Execution, conclusion: Option<&Conclusion>) -> Value {
    match conclusion {
        Some(conclusion) => json!({"decision": conclusion.decision, "reason": conclusion.reason}),
        None if run.status().is_terminal() => {
            json!({"decision": "none", "reason": run.outcome_reason()})
        }
        None => json!({"decision": "none", "reason": "the run has not ended"}),
    }
}

fn step(row: &StepRow) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("id", row.id.clone().into());
    put("type", row.kind.as_str().into());
    put("status", row.state.status().into());
    put("attempts", row.attempts.into());
    put("started_at", moment(row.started_at));
    put("finished_at", moment(row.finished_at()));
    let credits = if let StepState::Completed { credits, .. } = &row.state {
        *credits
    } else {
        0
    };
    put("credits", credits.into());
    let error = match &row.state {
        // Approved, and held up for a while: it goes on by itself.
        StepState::Approved { .. } => row.postponed.as_ref().map(|postponed| &postponed.error),
        state => state.error(),
    };
    if let Some(error) = error {
        put(
            "error",
            json!({"code": error.code, "message": error.message}),
        );
    }
    if !row.returned_mails.is_empty() {
        let mails = row.returned_mails.iter().map(
            |mail| json!({"email": mail.address, "reason": mail.reason, "at": moment(mail.at)}),
        );
        put("returned_mails", mails.collect());
    }
    if let Some(output) = output(row) {
        put("output_preview", output.preview.clone().into());
    }
    if let Some(gate) = row.state.gate() {
        put("approval_id", gate.approval.as_str().into());
    }
    object.into()
}

/// What the step has made, when it has: finished, or standing before a person.
pub(crate) fn output(row: &StepRow) -> Option<&Output> {
    match &row.state {
        StepState::Completed { output, .. } => Some(output),
        state => state.gate().and_then(|gate| gate.output.as_ref()),
    }
}

/// One line of a run's log. Which machine did it is nobody's business.
pub(crate) fn event(record: &EventRecord) -> Value {
    let mut data = serde_json::to_value(&record.event).expect("an event is plain JSON");
    if let Value::Object(fields) = &mut data {
        fields.remove("type");
        fields.remove("worker");
    }
    json!({
        "revision": record.revision,
        "at": moment(record.at),
        "type": record.event.name(),
        "actor": record.actor,
        "data": data,
    })
}

/// What a person says of a step whose outcome is unknown.
///
/// # Errors
/// Every fault.
pub(crate) fn resolution(body: &Value) -> Result<(String, Resolution), Vec<Fault>> {
    let mut object = Object::new(body, "");
    let step = object.string("step").map(str::to_owned);
    let step = object.required("step", step);
    let words = [Resolution::Happened, Resolution::Retry, Resolution::Fail];
    let outcome = object.word("outcome", &words, |outcome| match outcome {
        Resolution::Happened => "happened",
        Resolution::Retry => "retry",
        Resolution::Fail => "fail",
    });
    let outcome = object.required("outcome", outcome);
    object.finish(step.zip(outcome))
}

/// What `POST /v1/workflows/{id}/execute` says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// Whether it is only asked what would be.
    pub(crate) dry_run: bool,
    /// The run to take recorded outputs over from.
    pub(crate) from_execution: Option<ExecutionId>,
    /// The step from which everything is made again.
    pub(crate) from_step: Option<String>,
}

/// Reads the body of `POST /v1/workflows/{id}/execute`.
///
/// # Errors
/// Every fault.
pub(crate) fn start(body: &Value) -> Result<Start, Vec<Fault>> {
    let mut object = Object::new(body, "");
    let dry_run = object.boolean("dry_run").unwrap_or(false);
    let from_execution = object.string("from_execution").map(ExecutionId::parse);
    let from_execution = from_execution.and_then(|id| match id {
        Ok(id) => Some(id),
        Err(error) => {
            object.fault("from_execution", error.to_string());
            None
        }
    });
    let from_step = object.string("from_step").map(str::to_owned);
    if from_step.is_some() && object.value("from_execution").is_none() {
        object.fault("from_step", "has no meaning without from_execution");
    }
    object.finish(Some(Start {
        dry_run,
        from_execution,
        from_step,
    }))
}

/// What `POST /v1/executions/{id}/retry` says: from which step on everything is made again.
///
/// # Errors
/// Every fault.
pub(crate) fn retry(body: &Value) -> Result<Option<String>, Vec<Fault>> {
    let mut object = Object::new(body, "");
    let from_step = object.string("from_step").map(str::to_owned);
    object.finish(Some(from_step))
}
