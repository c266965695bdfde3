//! The answers of `dry_run`: what would be, and what it would cost.

use domain::credits::Account;
use domain::plan::Plan;
use domain::schedule::Schedule;
use domain::stop_condition::StopCondition;
use domain::workflow::Workflow;
use serde_json::{Value, json};

use crate::wire::moment::moments;
use crate::wire::plan;

/// What saving `workflow` with `plan` would mean; `plan` is `None` while it has yet to be made.
pub(crate) fn estimate(
    workflow: &Workflow,
    plan: Option<&Plan>,
    account: &Account,
    now: jiff::Timestamp,
) -> Value {
    let price = plan.map(|plan| engine::executions::price_of(workflow, plan));
    let runs = runs_a_month(&workflow.schedule, workflow, now);
    json!({
        "estimated_credits_per_execution": price,
        "estimated_credits_per_month": price.map(|price| u64::from(price) * runs as u64),
        "next_occurrences": moments(workflow.schedule.next_after(now, 5)),
        "plan": plan.map(|plan| plan::object(plan, workflow.plan_version)),
        "warnings": warnings(workflow, price, runs, account),
    })
}

/// What a run of `workflow` would mean.
pub(crate) fn estimate_run(workflow: &Workflow, plan: &Plan) -> Value {
    json!({
        "estimated_credits": engine::executions::price_of(workflow, plan),
        "plan": plan::object(plan, workflow.plan_version),
    })
}

fn runs_a_month(schedule: &Schedule, workflow: &Workflow, now: jiff::Timestamp) -> usize {
    let left = workflow.max_executions.map_or(usize::MAX, |most| {
        most.saturating_sub(workflow.execution_count) as usize
    });
    schedule.occurrences_a_month(now).min(left)
}

fn warnings(
    workflow: &Workflow,
    price: Option<u32>,
    runs: usize,
    account: &Account,
) -> Vec<String> {
    let mut warnings = Vec::new();
    match price {
        None => warnings.push("What a run costs is known once its plan is made; planning starts when the workflow is saved.".to_owned()),
        Some(price) => {
            let month = i64::from(price) * i64::try_from(runs).unwrap_or(i64::MAX);
            match account.available() {
                Some(available) if available < i64::from(price) => {
                    warnings.push(format!("A run needs {price} credits and {available} are available."));
                }
                Some(available) if available < month => {
                    warnings.push(format!("A month of runs needs {month} credits and {available} are available."));
                }
                Some(_) | None => {}
            }
        }
    }
    if workflow.stop_condition == StopCondition::Always
        && workflow.max_executions.is_none()
        && !workflow.schedule.is_manual()
    {
        warnings.push("Nothing ends this workflow: its stop condition never holds and its runs are not limited.".to_owned());
    }
    warnings
}
