//! What a person does to a run: stop it, hold it, let it go on, say what became of a lost effect, run again what
//! it has not recorded.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::execution::{CannotReuse, Event, Execution};
use domain::ids::ExecutionId;
use engine::advance::Alongside;
use engine::executions::StartError;

use super::executions::{accepted, answer, earlier};
use crate::app::App;
use crate::auth::{Caller, Workflows};
use crate::etag;
use crate::extract::{Nothing, OptionalJson};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::execution as wire;

/// `outcome_reason` of a run that somebody cancelled.
const CANCELLED: &str = "cancelled_by_owner";

type Run = Id<ExecutionId>;

/// `POST /v1/executions/{id}/cancel`
pub(super) async fn cancel(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Run,
    _: Nothing,
) -> Result<Response, Problem> {
    let run = app
        .engine
        .cancel(caller.owner(), &id, CANCELLED, caller.email())
        .await?;
    object(&app, &run).await
}

/// `POST /v1/executions/{id}/pause`
pub(super) async fn pause(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Run,
    _: Nothing,
) -> Result<Response, Problem> {
    advance(&app, &caller, &id, Event::Paused).await
}

/// `POST /v1/executions/{id}/resume`
pub(super) async fn resume(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Run,
    _: Nothing,
) -> Result<Response, Problem> {
    advance(&app, &caller, &id, Event::Resumed).await
}

/// `POST /v1/executions/{id}/resolve`
pub(super) async fn resolve(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Run,
    query: Query,
    body: OptionalJson,
) -> Result<Response, Problem> {
    let (step, outcome) = query.and(wire::resolution(&body.0))?;
    advance(&app, &caller, &id, Event::Resolved { step, outcome }).await
}

/// `POST /v1/executions/{id}/retry`
pub(super) async fn retry(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Run,
    query: Query,
    body: OptionalJson,
) -> Result<Response, Problem> {
    let from_step = query.and(wire::retry(&body.0))?;
    if let Some(run) = earlier(&app, caller.owner()).await? {
        return accepted(&app, &run).await;
    }
    let run = app
        .engine
        .retry(caller.owner(), &id, from_step.as_deref())
        .await;
    let run = run.map_err(|error| match error {
        // The run is named in the path.
        StartError::NoEarlierRun(_) => Problem::not_found(),
        StartError::CannotReuse(CannotReuse::NotEnded) => StartError::InProgress(id).into(),
        error => error.into(),
    })?;
    accepted(&app, &run).await
}

async fn advance(
    app: &App,
    caller: &Caller<Workflows>,
    id: &ExecutionId,
    event: Event,
) -> Result<Response, Problem> {
    let run = app
        .engine
        .advance(
            caller.owner(),
            id,
            &event,
            caller.email(),
            &Alongside::default(),
        )
        .await?;
    object(app, &run).await
}

async fn object(app: &App, run: &Execution) -> Result<Response, Problem> {
    Ok((etag::header(run.revision), Json(answer(app, run).await?)).into_response())
}
