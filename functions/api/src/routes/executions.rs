//! Runs: starting them, finding them, waiting for them.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::execution::{Execution, Status};
use domain::ids::{ExecutionId, OwnerId, WorkflowId};
use engine::executions::Start;
use engine::page::{Begin, PageOf, Slice};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};

use super::workflows::present_plan;
use crate::app::App;
use crate::auth::{Caller, Read, Workflows};
use crate::etag::{self, IfMatch};
use crate::extract::OptionalJson;
use crate::page::{Asked, List};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::waiting::{LONGEST_SECONDS, Patience, Wait};
use crate::wire::execution as wire;
use crate::wire::workflow;

/// A run in full, as an answer.
pub(super) async fn answer(app: &App, run: &Execution) -> Result<Value, Problem> {
    let stored = if run.status() == Status::Completed {
        app.engine.store.conclusion(&run.owner, &run.id).await?
    } else {
        None
    };
    Ok(wire::object(run, stored.as_ref()).into())
}

/// `POST /v1/workflows/{id}/execute`
pub(super) async fn start(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Id<WorkflowId>,
    mut query: Query,
    body: OptionalJson,
) -> Result<Response, Problem> {
    let wait = query.count("wait", 1..=LONGEST_SECONDS);
    let asked = query.and(wire::start(&body.0))?;
    if asked.dry_run {
        let workflow = app
            .engine
            .store
            .workflow(caller.owner(), &id)
            .await?
            .ok_or_else(Problem::not_found)?;
        let plan = present_plan(&app, &workflow).await?;
        let plan = plan.ok_or(engine::executions::StartError::NotActive(workflow.status))?;
        return Ok(Json(workflow::estimate_run(&workflow, &plan)).into_response());
    }
    let patience = wait.map(Patience::of_seconds);
    if let Some(run) = earlier(&app, caller.owner()).await? {
        return accepted(&app, &run).await;
    }
    let mut run = match &asked.from_execution {
        Some(earlier) => {
            let from_step = asked.from_step.as_deref();
            app.engine
                .start_from(caller.owner(), &id, earlier, from_step)
                .await?
        }
        None => app.engine.start(caller.owner(), &id, Start::MANUAL).await?,
    };
    if let Some(patience) = patience {
        run = wait_for(&app, run, patience, is_at_rest).await?;
    }
    accepted(&app, &run).await
}

/// The run that an earlier try of this request has started.
pub(super) async fn earlier(app: &App, owner: &OwnerId) -> Result<Option<Execution>, Problem> {
    let Some(id) = app.earlier().map(ExecutionId::from_uuid) else {
        return Ok(None);
    };
    Ok(app.engine.store.execution(owner, &id).await?)
}

/// The answer that a run was started.
pub(super) async fn accepted(app: &App, run: &Execution) -> Result<Response, Problem> {
    let location = [(LOCATION, format!("/v1/executions/{}", run.id))];
    let body = json!({"execution": answer(app, run).await?});
    Ok((StatusCode::ACCEPTED, location, Json(body)).into_response())
}

/// Whether nothing will happen to the run without a person.
fn is_at_rest(run: &Execution) -> bool {
    match run.status() {
        Status::Completed
        | Status::Failed
        | Status::Cancelled
        | Status::AwaitingApproval
        | Status::Paused => true,
        Status::Pending | Status::Running => false,
    }
}

/// Looks at the run until `is_enough`, or until the wait is over.
async fn wait_for(
    app: &App,
    run: Execution,
    patience: Patience,
    is_enough: impl Fn(&Execution) -> bool + Sync,
) -> Result<Execution, Problem> {
    if is_enough(&run) {
        return Ok(run);
    }
    let Some(wait) = Wait::begin(app, &run.owner, patience).await else {
        return Ok(run);
    };
    let load = || async {
        let run = app.engine.store.execution(&run.owner, &run.id).await?;
        run.ok_or_else(Problem::not_found)
    };
    let enough = wait.until(app, || async {
        let run = load().await?;
        Ok::<_, Problem>(is_enough(&run).then_some(run))
    });
    match enough.await? {
        Some(run) => Ok(run),
        None => load().await,
    }
}

/// `GET /v1/executions`
pub(super) async fn list(
    app: App,
    caller: Caller<Read>,
    mut query: Query,
) -> Result<Json<Value>, Problem> {
    let workflow = query.id("workflow_id", WorkflowId::parse);
    list_of(&app, caller.owner(), workflow, query).await
}

/// `GET /v1/workflows/{id}/executions`
pub(super) async fn of_workflow(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<WorkflowId>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    app.engine
        .store
        .workflow(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    list_of(&app, caller.owner(), Some(id), query).await
}

/// `DELETE /v1/executions/{id}`
pub(super) async fn remove(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Id<ExecutionId>,
    seen: IfMatch,
    query: Query,
) -> Result<StatusCode, Problem> {
    query.finish()?;
    let removed = app
        .engine
        .remove_execution(caller.owner(), &id, |run| seen.check(run.revision));
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_of(
    app: &App,
    owner: &OwnerId,
    workflow: Option<WorkflowId>,
    mut query: Query,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::read(&mut query);
    let status = query.word("status", Status::ALL, Status::as_str);
    query.finish()?;
    let list = List {
        name: "executions",
        owner,
        filters: format!("{workflow:?}|{status:?}"),
    };
    let page = asked.of(&list)?;
    let (store, workflow) = (&app.engine.store, workflow.as_ref());
    let read =
        |slice: Slice| async move { Ok(store.executions(owner, workflow, status, &slice).await?) };
    let answer = page.fitting(&list, read, |run| wire::summary(run).into());
    Ok(Json(answer.await?))
}

/// `GET /v1/executions/{id}`
pub(super) async fn show(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<ExecutionId>,
    mut query: Query,
) -> Result<Response, Problem> {
    let wait = query.count("wait", 1..=LONGEST_SECONDS);
    let after = query.revision("after");
    query.finish()?;
    let patience = wait.map(Patience::of_seconds);
    let mut run = app
        .engine
        .store
        .execution(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    if let Some(patience) = patience {
        run = match after {
            // Nothing happens any more to a run that has ended but that a mail comes back: nobody waits for that.
            Some(after) => {
                wait_for(&app, run, patience, |run| {
                    run.revision > after || run.status().is_terminal()
                })
                .await?
            }
            None => wait_for(&app, run, patience, is_at_rest).await?,
        };
    }
    Ok((etag::header(run.revision), Json(answer(&app, &run).await?)).into_response())
}

/// `GET /v1/executions/{id}/events`, oldest first.
pub(super) async fn events(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<ExecutionId>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::only(query)?;
    let list = List {
        name: "events",
        owner: caller.owner(),
        filters: id.to_string(),
    };
    let page = asked.of(&list)?;
    let run = app
        .engine
        .store
        .execution(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    // Every revision is one event, so the run itself says how many there are and where a page begins.
    let after = match &page.slice.begin {
        Begin::Offset(offset) => *offset as u64,
        // A place that was made up begins nowhere.
        Begin::Behind(reached) => reached.place.parse().unwrap_or(run.revision),
    };
    let (engine, owner, run) = (&app.engine, caller.owner(), &run);
    let read = |slice: Slice| async move {
        let events = engine
            .events_after(owner, &run.id, after, slice.limit)
            .await?;
        let last = events.last().map(|record| record.revision);
        let next = last
            .filter(|last| *last < run.revision)
            .map(|last| last.to_string());
        let total = usize::try_from(run.revision).unwrap_or(usize::MAX);
        Ok(PageOf {
            items: events,
            total: slice.total(total),
            next,
        })
    };
    Ok(Json(page.fitting(&list, read, wire::event).await?))
}
