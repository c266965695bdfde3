//! Planning a goal. The work is the planner's; the synchronous endpoint only waits for it, and when that
//! takes too long for one answer it becomes the asynchronous one.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::fault::{Code, Fault};
use domain::ids::{OwnerId, PlanningId};
use domain::planning::{Planning, PlanningRequest, PlanningState, ReviewedPlan};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;

use crate::app::App;
use crate::auth::{Caller, Read, Workflows};
use crate::extract;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::waiting::{Patience, Wait};
use crate::wire::planning as wire;

/// How long the synchronous endpoint waits, in seconds: within the 25 of the contract, its answer included.
const WAIT_SECONDS: u32 = 24;

/// `POST /v1/workflows/plan`
pub(super) async fn plan(
    app: App,
    caller: Caller<Workflows>,
    query: Query,
    body: extract::Json,
) -> Result<Response, Problem> {
    let patience = Patience::of_seconds(WAIT_SECONDS);
    let request = query.and(wire::request(&body.0))?;
    let mut planning = submitted(&app, caller.owner(), request).await?;
    if planning.state == PlanningState::Planning
        && let Some(wait) = Wait::begin(&app, caller.owner(), patience).await
    {
        let settled = wait.until(&app, || async {
            let planning = load(&app, &planning).await?;
            let is_settled = planning.state != PlanningState::Planning;
            Ok::<_, Problem>(is_settled.then_some(planning))
        });
        if let Some(settled) = settled.await? {
            planning = settled;
        }
    }
    match &planning.state {
        PlanningState::Planning => Ok(accepted(&planning)),
        PlanningState::Completed { .. } => {
            let reviewed = reviewed(&app, &planning)
                .await?
                .ok_or_else(Problem::unavailable)?;
            Ok(Json(Value::from(wire::object(&reviewed))).into_response())
        }
        PlanningState::TooVague { aspects } => {
            let field = if body.0.get("goal").is_some() {
                "/goal"
            } else {
                "/intent"
            };
            let fault = Fault::new(field, Code::IntentTooVague, wire::TOO_VAGUE);
            Err(Problem::of(vec![fault]).member("vague_aspects", aspects.clone()))
        }
        // Asking again gives the same plan: the limit is what has to change.
        PlanningState::Failed { reason }
            if reason.starts_with("plan_invalid")
                && planning.request.max_credits_per_execution.is_some() =>
        {
            let message = format!("leaves no plan for this goal: {reason}");
            let fault = Fault::invalid("/max_credits_per_execution", message);
            Err(Problem::of(vec![fault]))
        }
        PlanningState::Failed { reason } => {
            tracing::warn!(planning.id = %planning.id, reason, "planning failed");
            Err(Problem::unavailable())
        }
    }
}

/// `POST /v1/workflows/plan/async`
pub(super) async fn submit(
    app: App,
    caller: Caller<Workflows>,
    query: Query,
    body: extract::Json,
) -> Result<Response, Problem> {
    let request = query.and(wire::request(&body.0))?;
    Ok(accepted(&submitted(&app, caller.owner(), request).await?))
}

/// `GET /v1/workflows/plan/async/{session_id}`
pub(super) async fn session(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<PlanningId>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    query.finish()?;
    let planning = app
        .engine
        .store
        .planning(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let reviewed = reviewed(&app, &planning).await?;
    Ok(Json(wire::session(&planning, reviewed.as_ref())))
}

/// The planning of this request: submitted now, or by an earlier try.
async fn submitted(
    app: &App,
    owner: &OwnerId,
    request: PlanningRequest,
) -> Result<Planning, Problem> {
    if let Some(id) = app.earlier().map(PlanningId::from_uuid)
        && let Some(planning) = app.engine.store.planning(owner, &id).await?
    {
        return Ok(planning);
    }
    let price = app.settings.price_of_planning(&request);
    Ok(app.engine.submit_planning(owner, request, price).await?)
}

fn accepted(planning: &Planning) -> Response {
    let body = wire::pending(planning);
    let location = body["poll_url"].as_str().unwrap_or_default().to_owned();
    (StatusCode::ACCEPTED, [(LOCATION, location)], Json(body)).into_response()
}

async fn load(app: &App, planning: &Planning) -> Result<Planning, Problem> {
    app.engine
        .store
        .planning(&planning.owner, &planning.id)
        .await?
        .ok_or_else(Problem::unavailable)
}

async fn reviewed(app: &App, planning: &Planning) -> Result<Option<ReviewedPlan>, Problem> {
    let PlanningState::Completed { plan } = &planning.state else {
        return Ok(None);
    };
    Ok(app
        .engine
        .store
        .reviewed_plan(&planning.owner, plan)
        .await?)
}
