//! Reading `POST /v1/workflows`.

use domain::fault::Fault;
use domain::ids::SessionId;
use domain::plan::{Plan, ToolKind};
use domain::planning::ReviewedPlan;
use domain::reader::Object;
use domain::schedule::Schedule;
use domain::stop_condition::StopCondition;
use domain::workflow::{ApprovalPolicy, CatchUp, Mode, OverlapPolicy};
use engine::destinations::Wanted;
use serde_json::Value;

use super::{Context, approvals, deliver, fields};
use crate::wire::intent;

/// What a new workflow does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Work {
    /// These steps.
    Steps(Plan),
    /// What a plan says that its owner has seen.
    Reviewed(Box<ReviewedPlan>),
    /// What a plan will say that has yet to be made for this goal.
    ToBePlanned(String),
}

impl Work {
    /// The plan, where there is one already.
    pub(crate) fn plan(&self) -> Option<&Plan> {
        match self {
            Self::Steps(plan) => Some(plan),
            Self::Reviewed(reviewed) => Some(&reviewed.plan),
            Self::ToBePlanned(_) => None,
        }
    }
}

/// A workflow as it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewWorkflow {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) mode: Mode,
    pub(crate) work: Work,
    pub(crate) intent: Option<String>,
    pub(crate) auto_activate: bool,
    pub(crate) stop_condition: StopCondition,
    pub(crate) schedule: Schedule,
    pub(crate) overlap_policy: OverlapPolicy,
    pub(crate) catch_up: CatchUp,
    pub(crate) approvals: ApprovalPolicy,
    pub(crate) deliver: Vec<Wanted>,
    pub(crate) include_baseline: bool,
    pub(crate) session: Option<SessionId>,
    pub(crate) confirmations: u32,
    pub(crate) max_executions: Option<u32>,
    pub(crate) max_credits_per_execution: Option<u32>,
    pub(crate) run_immediately: bool,
    pub(crate) dry_run: bool,
}

/// Fields that say what a workflow of one mode does, and belong to that mode only.
const OF_SIMPLE: [&str; 2] = ["workflow_type", "operation_config"];
const OF_MULTI_STEP: [&str; 1] = ["steps"];
const OF_AI_PLANNED: [&str; 2] = ["plan_id", "auto_activate"];

/// Reads a new workflow.
///
/// # Errors
/// Every fault.
pub(crate) fn create(body: &Value, context: &Context<'_>) -> Result<NewWorkflow, Vec<Fault>> {
    let mut object = Object::new(body, "");
    let o = &mut object;
    let name = fields::name(o);
    let name = o.required("name", name);
    let description = fields::description(o);
    let tags = fields::tags(o).unwrap_or_default();
    let mode = if o.value("mode").is_some() {
        o.word("mode", Mode::ALL, Mode::as_str)
    } else {
        Some(Mode::Simple)
    };
    let goal = intent::read(o);
    let work = match mode {
        Some(mode) => read_work(o, mode, goal.as_ref(), context),
        None => {
            // Which fields belong to a mode nobody knows cannot be said.
            for field in OF_SIMPLE.iter().chain(&OF_MULTI_STEP).chain(&OF_AI_PLANNED) {
                o.raw(field);
            }
            None
        }
    };
    let auto_activate = o.boolean("auto_activate").unwrap_or(false);
    let stop_condition = fields::stop_condition(o);
    let stop_condition = o.required("stop_condition", stop_condition);
    let schedule = Schedule::read(o, context.now);
    let overlap_policy = fields::overlap_policy(o).unwrap_or(OverlapPolicy::Skip);
    let catch_up = fields::catch_up(o).unwrap_or(CatchUp::Latest);
    let approvals = approvals::read(o, context.addresses()).unwrap_or_default();
    let include_baseline = o.boolean("include_baseline").unwrap_or(false);
    let session = fields::session(o, context, None);
    let twice = confirmations_by_default(work.as_ref().and_then(Work::plan));
    let confirmations = fields::confirmations(o, twice).unwrap_or(twice);
    let max_executions = fields::max_executions(o);
    let max_credits_per_execution = fields::max_credits(o);
    let deliver = deliver::read(o, context).unwrap_or_default();
    fields::later(o);
    let run_immediately = o.boolean("run_immediately").unwrap_or(false);
    if run_immediately && matches!(work, Some(Work::ToBePlanned(_))) {
        o.fault(
            "run_immediately",
            "needs a plan: this workflow waits for its own",
        );
    }
    let dry_run = o.boolean("dry_run").unwrap_or(false);
    if let (Some(plan), Some(condition), Some(most)) = (
        work.as_ref().and_then(Work::plan),
        &stop_condition,
        max_credits_per_execution,
    ) {
        check_price(
            o,
            domain::credits::price(plan, mode == Some(Mode::Simple), condition),
            most,
        );
    }
    let parts = name.zip(mode).zip(work).zip(stop_condition).zip(schedule);
    object.finish(parts.map(
        |((((name, mode), work), stop_condition), schedule)| NewWorkflow {
            name,
            description,
            tags,
            mode,
            intent: goal.or_else(|| match &work {
                Work::Reviewed(reviewed) => Some(reviewed.intent.clone()),
                Work::Steps(_) | Work::ToBePlanned(_) => None,
            }),
            work,
            auto_activate,
            stop_condition,
            schedule,
            overlap_policy,
            catch_up,
            approvals,
            deliver,
            include_baseline,
            session,
            confirmations,
            max_executions,
            max_credits_per_execution,
            run_immediately,
            dry_run,
        },
    ))
}

/// How often a change must be seen by default: a page that is fetched may be half built, a search is not.
pub(super) fn confirmations_by_default(plan: Option<&Plan>) -> u32 {
    let crawls = plan.is_some_and(|plan| {
        plan.steps()
            .iter()
            .any(|step| step.tool.kind() == ToolKind::Crawl)
    });
    if crawls { 2 } else { 1 }
}

pub(super) fn check_price(object: &mut Object<'_>, price: u32, most: u32) {
    if price > most {
        object.fault(
            "max_credits_per_execution",
            format!("is less than a run may cost, {price} credits"),
        );
    }
}

fn read_work(
    o: &mut Object<'_>,
    mode: Mode,
    goal: Option<&String>,
    context: &Context<'_>,
) -> Option<Work> {
    refuse_others(o, mode);
    match mode {
        Mode::Simple => {
            let kind = o.word(
                "workflow_type",
                &[ToolKind::Search, ToolKind::Crawl],
                ToolKind::as_str,
            );
            let kind = o.required("workflow_type", kind);
            let config = o.value("operation_config");
            let config = o.required("operation_config", config);
            let (kind, config) = kind.zip(config)?;
            let path = o.path("operation_config");
            o.take(Plan::of_one(kind, config, &path, &context.settings.egress))
                .map(Work::Steps)
        }
        Mode::MultiStep => {
            let steps = o.value("steps");
            let steps = o.required("steps", steps)?;
            let path = o.path("steps");
            o.take(Plan::read(steps, &path, &context.settings.egress))
                .map(|plan| plan.sealed(context.seal))
                .map(Work::Steps)
        }
        Mode::AiPlanned => match plan_id(o, context) {
            PlanIdField::Found(reviewed) => Some(Work::Reviewed(Box::new(reviewed.clone()))),
            PlanIdField::Wrong => None,
            PlanIdField::Absent => {
                if !["intent", "goal"].iter().any(|field| o.has(field)) {
                    o.fault("intent", "is required, or the plan_id of a reviewed plan");
                }
                goal.cloned().map(Work::ToBePlanned)
            }
        },
    }
}

/// What `plan_id` says.
pub(super) enum PlanIdField<'a> {
    Absent,
    Found(&'a ReviewedPlan),
    Wrong,
}

pub(super) fn plan_id<'a>(o: &mut Object<'_>, context: &Context<'a>) -> PlanIdField<'a> {
    if o.value("plan_id").is_none() {
        return PlanIdField::Absent;
    }
    match (o.string("plan_id"), context.reviewed) {
        (Some(sent), Some(reviewed)) if reviewed.id.as_str() == sent => {
            PlanIdField::Found(reviewed)
        }
        (Some(_), _) => {
            o.fault("plan_id", "names no plan of yours");
            PlanIdField::Wrong
        }
        (None, _) => PlanIdField::Wrong,
    }
}

/// Refuses what only workflows of another mode have.
pub(super) fn refuse_others(o: &mut Object<'_>, mode: Mode) {
    for (owner, fields) in [
        (Mode::Simple, &OF_SIMPLE[..]),
        (Mode::MultiStep, &OF_MULTI_STEP),
        (Mode::AiPlanned, &OF_AI_PLANNED),
    ] {
        for field in fields.iter().filter(|_| owner != mode) {
            if o.value(field).is_some() {
                o.fault(field, format!("belongs to the mode {owner}, not to {mode}"));
            }
        }
    }
}
