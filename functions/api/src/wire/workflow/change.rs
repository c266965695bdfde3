//! Reading `PATCH /v1/workflows/{id}`: the workflow as it will be.
//!
//! A field that is there takes its new value, `null` puts an optional one back to its default, and what
//! is absent stays. A change of what the workflow does gives a new plan; runs in flight keep theirs.

use domain::fault::{Code, Fault};
use domain::plan::{Plan, ToolKind};
use domain::reader::Object;
use domain::workflow::{ApprovalPolicy, CatchUp, Mode, OverlapPolicy, Workflow, WorkflowStatus};
use engine::destinations::Wanted;
use serde_json::Value;

use super::create::{PlanIdField, check_price, confirmations_by_default, plan_id, refuse_others};
use super::{Context, approvals, deliver, fields};
use crate::wire::intent;

/// A change that may be made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) workflow: Workflow,
    /// Where its notices go from now on, when that changes.
    pub(crate) deliver: Option<Vec<Wanted>>,
    /// What it does from now on, when that changes.
    pub(crate) plan: Option<Plan>,
    /// Whether a plan has to be made for its new goal.
    pub(crate) replan: bool,
    pub(crate) run_immediately: bool,
    pub(crate) dry_run: bool,
}

/// Why a change is not made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CannotChange {
    Faults(Vec<Fault>),
    /// The status asked for cannot follow the present one.
    Status {
        from: WorkflowStatus,
        to: WorkflowStatus,
    },
}

impl From<Vec<Fault>> for CannotChange {
    fn from(faults: Vec<Fault>) -> Self {
        Self::Faults(faults)
    }
}

/// Reads a change of `before`, which does what `plan` says.
///
/// # Errors
/// Every fault, or a status that cannot follow.
pub(crate) fn change(
    body: &Value,
    before: &Workflow,
    plan: Option<&Plan>,
    context: &Context<'_>,
) -> Result<Change, CannotChange> {
    if body.as_object().is_some_and(serde_json::Map::is_empty) {
        return Err(vec![Fault::invalid(
            "",
            "changes nothing: give at least one field",
        )]
        .into());
    }
    let mut object = Object::new(body, "");
    let o = &mut object;
    let mut next = before.clone();
    read_plain_fields(o, &mut next, context);
    if o.raw("mode").is_some() {
        o.fault("mode", "is fixed when the workflow is made");
    }
    let goal = read_goal(o, &mut next);
    let new_plan = read_work(o, &mut next, plan, context);
    let twice = confirmations_by_default(new_plan.as_ref().or(plan));
    set(
        o,
        "confirmations",
        &mut next.confirmations,
        || twice,
        |o| fields::confirmations(o, twice),
    );
    let mut deliver = None;
    set(
        o,
        "deliver",
        &mut deliver,
        || Some(Vec::new()),
        |o| deliver::read(o, context).map(Some),
    );
    fields::later(o);
    let run_immediately = o.boolean("run_immediately").unwrap_or(false);
    let dry_run = o.boolean("dry_run").unwrap_or(false);
    if let (Some(plan), Some(most)) = (new_plan.as_ref().or(plan), next.max_credits_per_execution) {
        check_price(o, engine::executions::price_of(&next, plan), most);
    }
    let status = o.word(
        "status",
        &[
            WorkflowStatus::Active,
            WorkflowStatus::Paused,
            WorkflowStatus::Archived,
        ],
        WorkflowStatus::as_str,
    );
    if o.is_null("status") {
        o.fault("status", "cannot be unset");
    }
    let replan = goal && next.mode == Mode::AiPlanned && new_plan.is_none();
    if run_immediately && (replan || status.unwrap_or(next.status) != WorkflowStatus::Active) {
        o.fault(
            "run_immediately",
            "needs a workflow that is active after the change",
        );
    }
    object.finish(Some(()))?;
    if let Some(to) = status {
        enter(&mut next, to)?;
    }
    if replan {
        next.status = WorkflowStatus::Planning;
    }
    // A plan that is no other keeps its version.
    let plan = new_plan.filter(|new| Some(new) != plan);
    Ok(Change {
        workflow: next,
        deliver,
        plan,
        replan,
        run_immediately,
        dry_run,
    })
}

/// Takes a field's new value when it is there; `null` means the default.
fn set<T>(
    o: &mut Object<'_>,
    field: &'static str,
    place: &mut T,
    default: impl FnOnce() -> T,
    read: impl FnOnce(&mut Object<'_>) -> Option<T>,
) {
    if !o.has(field) {
        return;
    }
    if o.is_null(field) {
        o.raw(field);
        *place = default();
    } else if let Some(value) = read(o) {
        *place = value;
    }
}

/// As [`set`], for what a workflow cannot be without.
fn set_required<T>(
    o: &mut Object<'_>,
    field: &'static str,
    place: &mut T,
    read: impl FnOnce(&mut Object<'_>) -> Option<T>,
) {
    if o.is_null(field) {
        o.raw(field);
        o.fault(field, "cannot be unset");
    } else if let Some(value) = read(o) {
        *place = value;
    }
}

fn read_plain_fields(o: &mut Object<'_>, next: &mut Workflow, context: &Context<'_>) {
    set_required(o, "name", &mut next.name, fields::name);
    set(
        o,
        "description",
        &mut next.description,
        || None,
        |o| Some(fields::description(o)),
    );
    set(o, "tags", &mut next.tags, Vec::new, fields::tags);
    set_required(
        o,
        "stop_condition",
        &mut next.stop_condition,
        fields::stop_condition,
    );
    if let Some(schedule) = next.schedule.amend(o, context.now) {
        next.schedule = schedule;
        next.scheduled_from = context.now;
    }
    set(
        o,
        "overlap_policy",
        &mut next.overlap_policy,
        || OverlapPolicy::Skip,
        fields::overlap_policy,
    );
    set(
        o,
        "catch_up",
        &mut next.catch_up,
        || CatchUp::Latest,
        fields::catch_up,
    );
    set(
        o,
        "approvals",
        &mut next.approvals,
        ApprovalPolicy::default,
        |o| approvals::read(o, context.addresses()),
    );
    set(
        o,
        "include_baseline",
        &mut next.include_baseline,
        || false,
        |o| o.boolean("include_baseline"),
    );
    let present = next.session.clone();
    set(
        o,
        "session_id",
        &mut next.session,
        || None,
        |o| fields::session(o, context, present.as_ref()).map(Some),
    );
    set(
        o,
        "max_executions",
        &mut next.max_executions,
        || None,
        |o| fields::max_executions(o).map(Some),
    );
    if next
        .max_executions
        .is_some_and(|most| most < next.execution_count)
        && o.has("max_executions")
    {
        o.fault(
            "max_executions",
            format!(
                "is less than the {} runs there have been",
                next.execution_count
            ),
        );
    }
    set(
        o,
        "max_credits_per_execution",
        &mut next.max_credits_per_execution,
        || None,
        |o| fields::max_credits(o).map(Some),
    );
}

/// Reads a new goal; whether there is one.
fn read_goal(o: &mut Object<'_>, next: &mut Workflow) -> bool {
    let unset = ["intent", "goal"]
        .into_iter()
        .find(|field| o.is_null(field));
    let goal = intent::read(o);
    match (goal, unset) {
        (Some(goal), _) => {
            let new = next.intent.as_ref() != Some(&goal);
            next.intent = Some(goal);
            new
        }
        (None, Some(field)) if next.mode == Mode::AiPlanned => {
            o.fault(field, "cannot be unset: the plan was made for it");
            false
        }
        (None, Some(_)) => {
            next.intent = None;
            false
        }
        (None, None) => false,
    }
}

/// Reads what the workflow is to do; `None` when nothing is said of it.
fn read_work(
    o: &mut Object<'_>,
    next: &mut Workflow,
    plan: Option<&Plan>,
    context: &Context<'_>,
) -> Option<Plan> {
    refuse_others(o, next.mode);
    match next.mode {
        Mode::Simple => {
            for field in ["workflow_type", "operation_config"] {
                refuse_null(o, field);
            }
            let kinds = [ToolKind::Search, ToolKind::Crawl];
            let present = plan
                .and_then(|plan| plan.steps().first())
                .map(|step| step.tool.kind());
            let kind = o.word("workflow_type", &kinds, ToolKind::as_str);
            let config = o.value("operation_config");
            if config.is_none() && kind.is_some() && kind != present {
                o.fault("operation_config", "is required with another workflow_type");
            }
            let path = o.path("operation_config");
            o.take(Plan::of_one(
                kind.or(present)?,
                config?,
                &path,
                &context.settings.egress,
            ))
        }
        Mode::MultiStep => {
            refuse_null(o, "steps");
            let steps = o.value("steps")?;
            let path = o.path("steps");
            o.take(Plan::read(steps, &path, &context.settings.egress))
                .map(|plan| plan.sealed(context.seal))
        }
        Mode::AiPlanned => {
            refuse_null(o, "plan_id");
            set(
                o,
                "auto_activate",
                &mut next.auto_activate,
                || false,
                |o| o.boolean("auto_activate"),
            );
            match plan_id(o, context) {
                PlanIdField::Absent | PlanIdField::Wrong => None,
                PlanIdField::Found(reviewed) => {
                    next.plan_id = Some(reviewed.id.clone());
                    next.intent.get_or_insert_with(|| reviewed.intent.clone());
                    // Whoever names a reviewed plan has seen it.
                    if matches!(
                        next.status,
                        WorkflowStatus::Planning
                            | WorkflowStatus::PlanFailed
                            | WorkflowStatus::Draft
                    ) {
                        next.status = WorkflowStatus::Active;
                    }
                    Some(reviewed.plan.clone())
                }
            }
        }
    }
}

fn refuse_null(o: &mut Object<'_>, field: &'static str) {
    if o.is_null(field) {
        o.fault(field, "cannot be unset");
    }
}

/// Gives the workflow the status asked for, if that can follow its present one.
fn enter(next: &mut Workflow, to: WorkflowStatus) -> Result<(), CannotChange> {
    use WorkflowStatus::{
        Active, Archived, Completed, Draft, Failed, Paused, PlanFailed, Planning,
    };
    let may = match (next.status, to) {
        (Active | Paused | Failed, Active) | (Active | Paused, Paused) => true,
        (_, Archived) => true,
        (Planning | PlanFailed | Draft | Completed | Archived, Active | Paused)
        | (Failed, Paused) => false,
        (_, Planning | PlanFailed | Draft | Completed | Failed) => false,
    };
    if !may {
        return Err(CannotChange::Status {
            from: next.status,
            to,
        });
    }
    if next.status == Failed {
        next.failures_in_a_row = 0;
    }
    next.status = to;
    Ok(())
}

impl CannotChange {
    /// What the client is told.
    pub(crate) fn into_problem(self) -> crate::problem::Problem {
        match self {
            Self::Faults(faults) => faults.into(),
            Self::Status { from, to } => crate::problem::Problem::new(
                Code::InvalidTransition,
                format!("a workflow that is {from} cannot become {to}"),
            ),
        }
    }
}
