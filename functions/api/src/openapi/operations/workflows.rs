//! Workflows and what hangs on them.

use domain::fault::Code;
use domain::workflow::WorkflowStatus;
use serde_json::json;

use super::{Operation, operation};
use crate::openapi::schemas::words;

const TAG: &str = "Workflows";

/// What a definition may be refused for, beside the shape of its fields.
const DEFINITION: [Code; 13] = [
    Code::CronInvalid,
    Code::CronNeverFires,
    Code::CronUnsupported,
    Code::IntervalTooShort,
    Code::TimezoneUnknown,
    Code::UrlNotAllowed,
    Code::DependencyCycle,
    Code::PlanInvalid,
    Code::ConditionTrivial,
    Code::InvalidEmail,
    Code::EmailNotVerified,
    Code::WeakSecret,
    Code::InsufficientCredits,
];

pub(super) fn all() -> Vec<Operation> {
    let text = json!({"type": "string", "maxLength": 200});
    let text_list = json!({"type": "string"});
    vec![
        operation("get", "/v1/workflows", TAG, "listWorkflows", "Your workflows")
            .list()
            .query("status", &words(WorkflowStatus::ALL.iter().map(|word| word.as_str())), "Only those of this status.")
            .query("scope", &words(["all", "owned", "shared"]), "Whose: yours, those a team shares with you, or both.")
            .query("search", &text, "Only those with this text in name, description, goal or tags, whatever its case.")
            .query("tags", &text_list, "Only those with all of these tags, at most 20, separated by commas.")
            .query("sort_by", &words(["created", "updated", "name"]), "The order; `created` when absent.")
            .query("sort_order", &words(["asc", "desc"]), "`asc` for names, else `desc`, when absent.")
            .answers(200, "A page of workflows.", "WorkflowList"),
        operation("post", "/v1/workflows", TAG, "createWorkflow", "Save a workflow")
            .says("With `dry_run` nothing is saved: the answer says what it would cost and when it would run.")
            .body("WorkflowCreate")
            .revision()
            .answers(200, "What would be (`dry_run`).", "WorkflowEstimate")
            .answers(201, "The workflow.", "Workflow")
            .answers(202, "The workflow; its plan is being made.", "Workflow")
            .refuses(&DEFINITION)
            .refuses(&[Code::QuotaExceeded]),
        operation("get", "/v1/workflows/{id}", TAG, "getWorkflow", "One workflow, with its ten newest runs")
            .revision()
            .answers(200, "The workflow.", "WorkflowWithRuns"),
        operation("patch", "/v1/workflows/{id}", TAG, "changeWorkflow", "Change, pause, restart or archive a workflow")
            .says("Runs in flight keep the plan they began with. `null` puts an optional field back to its default.")
            .body("WorkflowChange")
            .if_match()
            .revision()
            .answers(200, "The workflow as it is now; with `dry_run` what would be.", "WorkflowOrEstimate")
            .refuses(&DEFINITION)
            .refuses(&[Code::InvalidTransition, Code::ExecutionInProgress, Code::MaxExecutionsReached, Code::WorkflowNotActive]),
        operation("delete", "/v1/workflows/{id}", TAG, "deleteWorkflow", "Delete a workflow: its schedule goes and its live runs are cancelled")
            .if_match()
            .answers_nothing("It is gone."),
        operation("post", "/v1/workflows/{id}/execute", TAG, "executeWorkflow", "Start a run")
            .says("With `dry_run` nothing is started.")
            .query("wait", &json!({"type": "integer", "minimum": 1, "maximum": 25}), "Hold the answer for up to so many seconds, until the run ends or waits for a person. An owner has eight waits at once; a further one is answered at once with how things stand.")
            .optional_body("Execute")
            .answers(200, "What a run would be (`dry_run`).", "RunEstimate")
            .answers(202, "The run.", "ExecutionStarted")
            .refuses(&[
                Code::ExecutionInProgress, Code::WorkflowNotActive, Code::MaxExecutionsReached, Code::InsufficientCredits,
                Code::InvalidTransition,
            ]),
        operation("get", "/v1/workflows/{id}/executions", TAG, "listWorkflowExecutions", "A workflow's runs, newest first")
            .list()
            .query("status", &words(domain::execution::Status::ALL.iter().map(|word| word.as_str())), "Only those of this status.")
            .answers(200, "A page of runs.", "ExecutionList"),
        operation("get", "/v1/workflows/{id}/occurrences", TAG, "listOccurrences", "What became of each due time, newest first")
            .list()
            .answers(200, "A page of due times.", "OccurrenceList"),
        operation("get", "/v1/workflows/{id}/plans", TAG, "listPlans", "Every version of the plan, newest first")
            .list()
            .answers(200, "A page of plans.", "PlanList"),
        operation("get", "/v1/workflows/{id}/plans/{version}", TAG, "getPlan", "One version of the plan")
            .answers(200, "The plan.", "Plan"),
        operation("post", "/v1/workflows/{id}/plan/approve", TAG, "approvePlan", "Say yes to a draft's plan: the workflow becomes active")
            .optional_body("Nothing")
            .revision()
            .answers(200, "The workflow.", "Workflow")
            .refuses(&[Code::InvalidTransition]),
    ]
}
