//! The plans of a workflow: every version there was, and the yes to one that was made for it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::fault::Code;
use domain::ids::WorkflowId;
use domain::plan::Plan;
use domain::workflow::{Workflow, WorkflowStatus};
use engine::page::{PageOf, Slice};
use futures::future::try_join_all;
use serde_json::Value;

use super::workflows::present_plan;
use crate::app::App;
use crate::auth::{Caller, Read, Workflows};
use crate::etag;
use crate::extract::Nothing;
use crate::page::{Asked, List, Page};
use crate::path::{Id, IdAnd};
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::{plan as wire, workflow};

/// `GET /v1/workflows/{id}/plans`, newest first.
pub(super) async fn list(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<WorkflowId>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::only(query)?;
    let list = List {
        name: "plans",
        owner: caller.owner(),
        filters: id.to_string(),
    };
    let page = asked.of(&list)?;
    let workflow = app
        .engine
        .store
        .workflow(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let (store, owner, id) = (&app.engine.store, caller.owner(), &id);
    let newest = workflow.plan_version;
    let read = |slice: Slice| async move {
        let versions = Page { slice }.cut((1..=newest).rev().collect(), u32::to_string);
        let plans = versions.items.iter().map(|at| store.plan(owner, id, *at));
        let plans = try_join_all(plans).await?.into_iter();
        let plans = plans.zip(versions.items);
        Ok(PageOf {
            items: plans
                .filter_map(|(plan, version)| Some((plan?, version)))
                .collect(),
            total: versions.total,
            next: versions.next,
        })
    };
    let answer = page.fitting(&list, read, |(plan, version): &(Plan, u32)| {
        wire::object(plan, *version)
    });
    Ok(Json(answer.await?))
}

/// `GET /v1/workflows/{id}/plans/{version}`
pub(super) async fn show(
    app: App,
    caller: Caller<Read>,
    path: IdAnd<WorkflowId>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    query.finish()?;
    let IdAnd(id, version) = path;
    let version = version.parse().map_err(|_| Problem::not_found())?;
    // A plan outlives its workflow for the runs that pinned it, but not for this question.
    app.engine
        .store
        .workflow(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let plan = app
        .engine
        .store
        .plan(caller.owner(), &id, version)
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok(Json(wire::object(&plan, version)))
}

/// `POST /v1/workflows/{id}/plan/approve`: a draft becomes active.
pub(super) async fn approve(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Id<WorkflowId>,
    _: Nothing,
) -> Result<Response, Problem> {
    let changed = app.engine.change_workflow(
        app.schedules.as_ref(),
        caller.owner(),
        &id,
        None,
        caller.email(),
        |before| match before.status {
            WorkflowStatus::Draft => Ok((
                Workflow {
                    status: WorkflowStatus::Active,
                    ..before.clone()
                },
                None,
            )),
            status @ (WorkflowStatus::Planning
            | WorkflowStatus::PlanFailed
            | WorkflowStatus::Active
            | WorkflowStatus::Paused
            | WorkflowStatus::Completed
            | WorkflowStatus::Failed
            | WorkflowStatus::Archived) => Err(Problem::new(
                Code::InvalidTransition,
                format!("the workflow is {status}; only a draft waits for a yes to its plan"),
            )),
        },
    );
    let changed = changed.await?;
    let plan = present_plan(&app, &changed).await?;
    let body = Value::from(workflow::object(&changed, plan.as_ref(), app.engine.now()));
    Ok((etag::header(changed.revision), Json(body)).into_response())
}
