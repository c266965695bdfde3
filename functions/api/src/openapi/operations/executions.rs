//! Runs.

use domain::execution::Status;
use domain::fault::Code;
use serde_json::json;

use super::{Operation, operation};
use crate::openapi::schemas::words;

const TAG: &str = "Executions";

pub(super) fn all() -> Vec<Operation> {
    let verb = |path, id, summary| {
        operation("post", path, TAG, id, summary)
            .revision()
            .answers(200, "The run as it is now.", "Execution")
            .refuses(&[Code::InvalidTransition])
    };
    vec![
        operation("get", "/v1/executions", TAG, "listExecutions", "Your runs, newest first")
            .list()
            .query("workflow_id", &json!({"type": "string", "pattern": "^wf_[0-9a-f]{32}$"}), "Only those of this workflow.")
            .query("status", &words(Status::ALL.iter().map(|word| word.as_str())), "Only those of this status.")
            .answers(200, "A page of runs.", "ExecutionList"),
        operation("get", "/v1/executions/{id}", TAG, "getExecution", "One run, with what it came to")
            .query("wait", &json!({"type": "integer", "minimum": 1, "maximum": 25}), "Hold the answer for up to so many seconds, until something happens. An owner has eight waits at once; a further one is answered at once with how things stand.")
            .query("after", &json!({"type": "integer", "minimum": 0}), "With `wait`: until there is a revision after this one, instead of until it ends or waits for a person.")
            .revision()
            .answers(200, "The run.", "Execution"),
        operation("get", "/v1/executions/{id}/events", TAG, "listEvents", "A run's log, oldest first")
            .list()
            .answers(200, "A page of events.", "EventList"),
        operation("get", "/v1/executions/{id}/outputs/{key}", TAG, "getOutput", "What a step has made, by the step's id or its output key")
            .says("While a step waits for a person, and after it was rejected, this is its draft. A picture is given as such to who asks for `Accept: image/*`. An output of more than 5 MB is 303 to an address of the blob store, where it lies as it is.")
            .answers(200, "The output.", "Output"),
        operation("get", "/v1/executions/{id}/diff/{before}", TAG, "diffExecutions", "What changed from one run of a workflow to another")
            .says("Computed from what both runs' steps recorded; both must have seen everything they watch.")
            .answers(200, "The changes.", "ResultChanges")
            .refuses(&[Code::InvalidTransition]),
        operation("delete", "/v1/executions/{id}", TAG, "deleteExecution", "Remove a run that has ended")
            .says("With its events, its approvals, and those of its outputs that no other run has stored or taken over. Its workflow's baseline stays.")
            .needs("workflows")
            .if_match()
            .answers_nothing("It is gone.")
            .refuses(&[Code::ExecutionInProgress]),
        verb("/v1/executions/{id}/cancel", "cancelExecution", "Stop a run").optional_body("Nothing"),
        verb("/v1/executions/{id}/pause", "pauseExecution", "Hold a run: no further step begins").optional_body("Nothing"),
        verb("/v1/executions/{id}/resume", "resumeExecution", "Let a held run go on").optional_body("Nothing"),
        verb("/v1/executions/{id}/resolve", "resolveStep", "Say what became of an effect whose outcome is unknown").body("Resolve"),
        operation("post", "/v1/executions/{id}/retry", TAG, "retryExecution", "Run again what an ended run has not recorded")
            .says("A new run that takes over recorded outputs and never repeats a recorded effect.")
            .optional_body("Retry")
            .answers(202, "The new run.", "ExecutionStarted")
            .refuses(&[
                Code::ExecutionInProgress, Code::WorkflowNotActive, Code::MaxExecutionsReached, Code::InsufficientCredits,
                Code::InvalidTransition,
            ]),
    ]
}
