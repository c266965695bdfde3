//! `/v1/workflows`: making, finding, changing and deleting them.

mod list;

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::credits::InsufficientCredits;
use domain::delivery::Destination;
use domain::fault::Code;
use domain::ids::{OwnerId, WorkflowId};
use domain::owner::Permission;
use domain::plan::Plan;
use domain::planning::{Planning, PlanningRequest, Preset, ReviewedPlan};
use domain::sealing::Seal;
use domain::session::Session;
use domain::workflow::{Workflow, WorkflowStatus};
use engine::destinations::Wanted;
use engine::executions::Start;
use engine::planning::SubmitError;
use engine::ports::store::StoreError;
use engine::workflows::ChangeError;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;

use super::refusals;
use crate::app::App;
use crate::auth::{Caller, Read, Workflows};
use crate::etag::{self, IfMatch};
use crate::extract;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::execution;
use crate::wire::workflow::{self as wire, Change, Context, NewWorkflow, Work};

pub(super) use list::list;

/// How many runs a workflow shows with itself.
const RECENT: usize = 10;

/// What a workflow does at present.
pub(super) async fn present_plan(
    app: &App,
    workflow: &Workflow,
) -> Result<Option<Plan>, StoreError> {
    if workflow.plan_version == 0 {
        return Ok(None);
    }
    app.engine
        .store
        .plan(&workflow.owner, &workflow.id, workflow.plan_version)
        .await
}

/// The reviewed plan a request names, if it is the caller's.
async fn reviewed_plan(
    app: &App,
    owner: &OwnerId,
    body: &Value,
) -> Result<Option<ReviewedPlan>, StoreError> {
    match wire::plan_id(body) {
        Some(id) => app.engine.store.reviewed_plan(owner, &id).await,
        None => Ok(None),
    }
}

/// The session a request names, if it is the caller's.
async fn named_session(
    app: &App,
    owner: &OwnerId,
    body: &Value,
) -> Result<Option<Session>, StoreError> {
    match wire::session_id(body) {
        Some(id) => app.engine.store.session(owner, &id).await,
        None => Ok(None),
    }
}

/// The workflow as an answer, with its tag, and with the secrets that were made for what is `wanted` beyond `before`.
fn answer(
    status: StatusCode,
    (workflow, plan): (&Workflow, Option<&Plan>),
    (before, wanted): (&[Destination], &[Wanted]),
    seal: &Seal,
    app: &App,
) -> Response {
    let mut object = wire::object(workflow, plan, app.engine.now());
    wire::reveal(&mut object, &workflow.deliver, before, wanted, seal);
    let body = Json(Value::from(object));
    (status, etag::header(workflow.revision), body).into_response()
}

/// `POST /v1/workflows`
pub(super) async fn create(
    app: App,
    caller: Caller<Workflows>,
    query: Query,
    body: extract::Json,
) -> Result<Response, Problem> {
    let reviewed = reviewed_plan(&app, caller.owner(), &body.0).await?;
    let session = named_session(&app, caller.owner(), &body.0).await?;
    let seal = app.sealing.of(caller.owner()).await?;
    let context = Context {
        now: app.engine.now(),
        settings: &app.settings,
        seal: &seal,
        email: caller.email(),
        reviewed: reviewed.as_ref(),
        session: session.as_ref(),
    };
    let new = query.and(wire::create(&body.0, &context))?;
    if !new.approvals.is_default() {
        may_choose_approvers(&caller)?;
    }
    let (dry_run, run_immediately) = (new.dry_run, new.run_immediately);
    let wanted = new.deliver.clone();
    let (workflow, plan, planning) = assemble(&app, caller.owner(), new, &seal).await?;
    if dry_run {
        let account = app.engine.store.account(caller.owner()).await?;
        return Ok(Json(wire::estimate(
            &workflow,
            plan.as_ref(),
            &account,
            app.engine.now(),
        ))
        .into_response());
    }
    // A try of this request that was cut off has saved it under the same id.
    let earlier = match app.earlier() {
        Some(_) => {
            app.engine
                .store
                .workflow(caller.owner(), &workflow.id)
                .await?
        }
        None => None,
    };
    if earlier.is_none()
        && run_immediately
        && let Some(plan) = &plan
    {
        check_credits(&app, &workflow, plan).await?;
    }
    let status = if planning.is_some() {
        StatusCode::ACCEPTED
    } else {
        StatusCode::CREATED
    };
    let mut workflow = match earlier {
        Some(earlier) => earlier,
        None => {
            let most = app.settings.most_workflows;
            let schedules = app.schedules.as_ref();
            let made =
                app.engine
                    .create_workflow(schedules, workflow, plan.clone(), planning, most);
            made.await.map_err(|error| match error {
                SubmitError::Full(quota) => refusals::full(quota, most),
                other => other.into(),
            })?
        }
    };
    if run_immediately && workflow.execution_count == 0 {
        workflow = run_now(&app, workflow).await?;
    }
    let location = [(LOCATION, format!("/v1/workflows/{}", workflow.id))];
    let made = (&[][..], wanted.as_slice());
    let answer = answer(status, (&workflow, plan.as_ref()), made, &seal, &app);
    Ok((location, answer).into_response())
}

/// The rows of a new workflow.
async fn assemble(
    app: &App,
    owner: &OwnerId,
    new: NewWorkflow,
    seal: &Seal,
) -> Result<(Workflow, Option<Plan>, Option<Planning>), StoreError> {
    let now = app.engine.now();
    let id = WorkflowId::from_uuid(app.engine.uuid());
    let (plan, plan_id, planning) = match new.work {
        Work::Steps(plan) => (Some(plan), None, None),
        Work::Reviewed(reviewed) => (Some(reviewed.plan), Some(reviewed.id), None),
        Work::ToBePlanned(intent) => {
            let planning = new_planning(app, owner, intent, new.max_credits_per_execution, &id);
            (None, None, Some(planning.await?))
        }
    };
    let mut workflow = Workflow {
        id,
        owner: owner.clone(),
        name: new.name,
        description: new.description,
        tags: new.tags,
        mode: new.mode,
        intent: new.intent,
        plan_id,
        auto_activate: new.auto_activate,
        status: if planning.is_some() {
            WorkflowStatus::Planning
        } else {
            WorkflowStatus::Active
        },
        schedule: new.schedule,
        stop_condition: new.stop_condition,
        overlap_policy: new.overlap_policy,
        catch_up: new.catch_up,
        approvals: new.approvals,
        deliver: app.engine.destinations(&[], &new.deliver, seal),
        include_baseline: new.include_baseline,
        session: new.session,
        confirmations: new.confirmations,
        max_executions: new.max_executions,
        max_credits_per_execution: new.max_credits_per_execution,
        plan_version: u32::from(plan.is_some()),
        planning_id: planning.as_ref().map(|planning| planning.id.clone()),
        execution_count: 0,
        live: Vec::new(),
        failures_in_a_row: 0,
        last_execution: None,
        scheduled_from: now,
        schedule_synced: false,
        nudge_at: now,
        created_at: now,
        updated_at: now,
        revision: 0,
    };
    // A row that wants no schedule is in line with having none.
    workflow.schedule_synced = !workflow.wants_schedule();
    Ok((workflow, plan, planning))
}

/// A planning job for a workflow's goal, to be committed with the workflow that waits for it.
async fn new_planning(
    app: &App,
    owner: &OwnerId,
    intent: String,
    max_credits_per_execution: Option<u32>,
    workflow: &WorkflowId,
) -> Result<Planning, StoreError> {
    let request = PlanningRequest {
        intent,
        preset: Preset::Standard,
        max_credits_per_execution,
    };
    let price = app.settings.price_of_planning(&request);
    app.engine
        .new_planning(owner, request, Some(workflow.clone()), price)
        .await
}

/// Who decides about drafts is the word of whoever may decide: a token for workflows alone could otherwise put anybody in
/// an approver's place.
fn may_choose_approvers(caller: &Caller<Workflows>) -> Result<(), Problem> {
    if caller.token.may(Permission::Approvals) {
        return Ok(());
    }
    let detail = "to say who approves, a token needs the permission approvals as well";
    Err(Problem::new(Code::Forbidden, detail))
}

/// Whether a run could start now: asked before anything is saved, so that a refusal changes nothing.
async fn check_credits(app: &App, workflow: &Workflow, plan: &Plan) -> Result<(), Problem> {
    let account = app.engine.store.account(&workflow.owner).await?;
    let short: Result<_, InsufficientCredits> =
        account.reserve(engine::executions::price_of(workflow, plan));
    short.map(|_| ()).map_err(Problem::from)
}

/// Starts the run that `run_immediately` asks for. The workflow is saved by now: that a run cannot start
/// after all is logged, and seen in the answer by `last_execution`.
async fn run_now(app: &App, workflow: Workflow) -> Result<Workflow, Problem> {
    if let Err(error) = app
        .engine
        .start(&workflow.owner, &workflow.id, Start::MANUAL)
        .await
    {
        tracing::warn!(%error, workflow.id = %workflow.id, "the immediate run did not start");
        return Ok(workflow);
    }
    Ok(app
        .engine
        .store
        .workflow(&workflow.owner, &workflow.id)
        .await?
        .unwrap_or(workflow))
}

/// `GET /v1/workflows/{id}`
pub(super) async fn show(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<WorkflowId>,
    query: Query,
) -> Result<Response, Problem> {
    query.finish()?;
    let workflow = app
        .engine
        .store
        .workflow(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let plan = present_plan(&app, &workflow).await?;
    let runs = app
        .engine
        .store
        .newest_executions(caller.owner(), Some(&id), RECENT)
        .await?;
    let mut object = wire::object(&workflow, plan.as_ref(), app.engine.now());
    let runs: Value = runs
        .iter()
        .map(|run| Value::from(execution::summary(run)))
        .collect();
    object.insert("executions".to_owned(), runs);
    Ok((etag::header(workflow.revision), Json(Value::from(object))).into_response())
}

/// `PATCH /v1/workflows/{id}`
pub(super) async fn change(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Id<WorkflowId>,
    if_match: IfMatch,
    query: Query,
    body: extract::Json,
) -> Result<Response, Problem> {
    let before = app
        .engine
        .store
        .workflow(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let plan = present_plan(&app, &before).await?;
    let reviewed = reviewed_plan(&app, caller.owner(), &body.0).await?;
    let session = named_session(&app, caller.owner(), &body.0).await?;
    let seal = app.sealing.of(caller.owner()).await?;
    let context = Context {
        now: app.engine.now(),
        settings: &app.settings,
        seal: &seal,
        email: caller.email(),
        reviewed: reviewed.as_ref(),
        session: session.as_ref(),
    };
    let read = |before: &Workflow| -> Result<Change, Problem> {
        if_match.check(before.revision)?;
        wire::change(&body.0, before, plan.as_ref(), &context)
            .map_err(wire::CannotChange::into_problem)
    };
    let change = query.and(read(&before))?;
    if change.workflow.approvals != before.approvals {
        may_choose_approvers(&caller)?;
    }
    if change.dry_run {
        let account = app.engine.store.account(caller.owner()).await?;
        let plan = change
            .plan
            .as_ref()
            .or(plan.as_ref())
            .filter(|_| !change.replan);
        return Ok(Json(wire::estimate(
            &change.workflow,
            plan,
            &account,
            context.now,
        ))
        .into_response());
    }
    if change.run_immediately
        && let Some(plan) = change.plan.as_ref().or(plan.as_ref())
    {
        check_credits(&app, &change.workflow, plan).await?;
    }
    let planning = if change.replan {
        let next = &change.workflow;
        let intent = next.intent.clone().unwrap_or_default();
        let most = next.max_credits_per_execution;
        Some(new_planning(&app, caller.owner(), intent, most, &id).await?)
    } else {
        None
    };
    let schedules = app.schedules.as_ref();
    let mut destinations = Vec::new();
    let mut workflow = app
        .engine
        .change_workflow(
            schedules,
            caller.owner(),
            &id,
            planning.as_ref(),
            caller.email(),
            |before| {
                let mut change = read(before)?;
                if change.workflow.approvals != before.approvals {
                    may_choose_approvers(&caller)?;
                }
                destinations.clone_from(&before.deliver);
                if let Some(wanted) = &change.deliver {
                    change.workflow.deliver =
                        app.engine.destinations(&before.deliver, wanted, &seal);
                }
                if let Some(planning) = &planning {
                    change.workflow.planning_id = Some(planning.id.clone());
                }
                Ok::<_, Problem>((change.workflow, change.plan))
            },
        )
        .await?;
    if change.run_immediately {
        workflow = run_now(&app, workflow).await?;
    }
    let plan = present_plan(&app, &workflow).await?;
    let wanted = change.deliver.unwrap_or_default();
    let made = (destinations.as_slice(), wanted.as_slice());
    Ok(answer(
        StatusCode::OK,
        (&workflow, plan.as_ref()),
        made,
        &seal,
        &app,
    ))
}

/// `DELETE /v1/workflows/{id}`
pub(super) async fn delete(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Id<WorkflowId>,
    if_match: IfMatch,
    query: Query,
) -> Result<StatusCode, Problem> {
    query.finish()?;
    let workflow = app
        .engine
        .store
        .workflow(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    if_match.check(workflow.revision)?;
    match app
        .engine
        .delete_workflow(app.schedules.as_ref(), caller.owner(), &id)
        .await
    {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(
            error @ (ChangeError::NotFound
            | ChangeError::Refused(_)
            | ChangeError::InsufficientCredits(_)
            | ChangeError::Contended
            | ChangeError::Store(_)),
        ) => Err(error.into()),
    }
}
