//! `/workflows/{id}` and `/executions/{id}`: what is known of one, to read.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::execution::{Execution, StepState};
use domain::ids::{ExecutionId, WorkflowId};
use domain::workflow::Workflow;
use engine::ports::store::StoreError;
use http::StatusCode;

use super::frame::{notice, page, unavailable};
use super::session::Session;
use super::words::{moment, spaced};
use crate::app::App;
use crate::path::Id;
use crate::problem::Problem;
use crate::wire::execution::output;

/// How many runs a workflow's page shows.
const RUNS: usize = 20;

/// One line of the record's list.
#[derive(Debug)]
struct Row {
    target: Option<String>,
    name: String,
    status: String,
    detail: String,
}

#[derive(Debug, Template)]
#[template(path = "record.html")]
struct Record {
    title: String,
    lead: String,
    facts: Vec<(&'static str, String)>,
    heading: &'static str,
    rows: Vec<Row>,
}

fn answer(record: Result<Option<Record>, StoreError>) -> Response {
    match record {
        Ok(Some(record)) => page(StatusCode::OK, &record),
        Ok(None) => notice(
            StatusCode::NOT_FOUND,
            "Nothing here",
            "There is nothing at this address.",
        ),
        Err(error) => {
            tracing::warn!(%error, "a record cannot be shown");
            unavailable()
        }
    }
}

/// `GET /workflows/{id}`
pub(super) async fn workflow(
    State(app): State<App>,
    session: Session,
    id: Result<Id<WorkflowId>, Problem>,
) -> Response {
    let Ok(Id(id)) = id else {
        return answer(Ok(None));
    };
    let owner = &session.token.owner;
    let record = async {
        let Some(workflow) = app.engine.store.workflow(owner, &id).await? else {
            return Ok(None);
        };
        let runs = app
            .engine
            .store
            .newest_executions(owner, Some(&id), RUNS)
            .await?;
        Ok(Some(of_workflow(&workflow, &runs, app.engine.now())))
    };
    answer(record.await)
}

fn of_workflow(workflow: &Workflow, runs: &[Execution], now: jiff::Timestamp) -> Record {
    let mut facts = vec![
        ("Status", spaced(workflow.status.as_str())),
        ("Health", workflow.health().to_owned()),
    ];
    if let Some(intent) = workflow.intent.as_ref().or(workflow.description.as_ref()) {
        facts.push(("Goal", intent.clone()));
    }
    if workflow.wants_schedule()
        && let Some(next) = workflow.schedule.next_after(now, 1).first()
    {
        facts.push(("Next run", moment(*next)));
    }
    facts.push(("Runs", workflow.execution_count.to_string()));
    let rows = runs.iter().map(|run| Row {
        target: Some(format!("/executions/{}", run.id)),
        name: moment(run.created_at),
        status: spaced(run.status().as_str()),
        detail: String::new(),
    });
    Record {
        title: workflow.name.clone(),
        lead: workflow.id.to_string(),
        facts,
        heading: "Runs",
        rows: rows.collect(),
    }
}

/// `GET /executions/{id}`
pub(super) async fn execution(
    State(app): State<App>,
    session: Session,
    id: Result<Id<ExecutionId>, Problem>,
) -> Response {
    let Ok(Id(id)) = id else {
        return answer(Ok(None));
    };
    let owner = &session.token.owner;
    let record = async {
        let Some(run) = app.engine.store.execution(owner, &id).await? else {
            return Ok(None);
        };
        let workflow = app.engine.store.workflow(owner, &run.workflow).await?;
        Ok(Some(of_run(&run, workflow.as_ref())))
    };
    answer(record.await)
}

fn of_run(run: &Execution, workflow: Option<&Workflow>) -> Record {
    let mut facts = vec![
        ("Status", spaced(run.status().as_str())),
        ("Begun", moment(run.created_at)),
    ];
    if let Some(finished_at) = run.finished_at() {
        facts.push(("Ended", moment(finished_at)));
    }
    if let Some(reason) = run.outcome_reason() {
        facts.push(("Reason", spaced(reason)));
    }
    facts.push(("Credits", format!("{} of {}", run.consumed(), run.reserved)));
    let rows = run.steps.iter().map(|step| Row {
        target: match &step.state {
            StepState::AwaitingApproval { gate } => Some(format!("/approvals/{}", gate.approval)),
            StepState::Waiting
            | StepState::Ready { .. }
            | StepState::Running { .. }
            | StepState::Approved { .. }
            | StepState::Performing { .. }
            | StepState::OutcomeUnknown { .. }
            | StepState::Completed { .. }
            | StepState::Failed { .. }
            | StepState::Skipped { .. }
            | StepState::Cancelled { .. } => None,
        },
        name: format!("{} ({})", step.id, spaced(step.kind.as_str())),
        status: spaced(step.state.status()),
        detail: match &step.state {
            state if let Some(error) = state.error() => error.to_string(),
            state if state.is_settled() => output(step)
                .map(|output| output.preview.clone())
                .unwrap_or_default(),
            _ => String::new(),
        },
    });
    Record {
        title: workflow.map_or_else(
            || "A deleted workflow".to_owned(),
            |workflow| workflow.name.clone(),
        ),
        lead: format!("Run {}", run.id),
        facts,
        heading: "Steps",
        rows: rows.collect(),
    }
}
