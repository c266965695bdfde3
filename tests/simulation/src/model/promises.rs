//! What must hold in every state: the promises of the design that are about a run, each a property with its name.

use std::sync::Arc;

use domain::approval::{ApprovalStatus, Choice};
use domain::execution::{Execution, Phase, StepState, overdue};
use domain::plan::EffectClass;
use stateright::Property;

use crate::life::Life;
use crate::people::name;
use crate::state::{State, Worker};

pub(crate) const REPLAY: &str = "the log has no gaps and its replay is the stored run";
pub(crate) const FENCE: &str = "a report counts only under the current fence";
pub(crate) const ABSORB: &str = "what has ended stays as it is";
pub(crate) const APPROVED: &str = "nothing goes out without an approval of the same sha256";
pub(crate) const ONE_KEY: &str = "a publishing step has one key and one content";
pub(crate) const AT_MOST_ONCE: &str = "a mail goes out at most once for each time a person let it";
pub(crate) const ONE_DECISION: &str = "an approval has one decision and nobody is told another";
pub(crate) const PEOPLE: &str = "only people who spoke have decided";
pub(crate) const AGREE: &str = "an approval and its run tell the same";
pub(crate) const DUE: &str = "whatever is open is due, and then something is overdue";
pub(crate) const JOINS: &str = "a step has begun exactly when its needs are settled, and once";
pub(crate) const LEDGER: &str =
    "reserved and balance are never below zero and the sum is the balance";

/// Every promise.
pub(crate) fn all() -> Vec<Property<Life>> {
    vec![
        Property::always(REPLAY, |_, state: &State| {
            !state.fouls.log_torn
                && state.runs.iter().flatten().all(|run| {
                    Arc::ptr_eq(&run.stored, &run.replayed) || run.stored == run.replayed
                })
        }),
        Property::always(FENCE, |_, state: &State| !state.fouls.old_fence_counted),
        Property::always(ABSORB, |_, state: &State| {
            !state.fouls.ended_run_changed && !state.fouls.decision_undone
        }),
        Property::always(APPROVED, |_, state: &State| {
            state.published.iter().all(|effect| {
                let run = &state.run(effect.run).stored;
                state.approvals.iter().any(|approval| {
                    approval.status == ApprovalStatus::Approved
                        && approval.sha256 == effect.sha256
                        && approval.execution == run.id
                        && approval.step == run.steps[effect.step].id
                })
            })
        }),
        Property::always(ONE_KEY, |_, state: &State| {
            state
                .published
                .windows(2)
                .all(|two| (two[0].run, two[0].step) != (two[1].run, two[1].step))
        }),
        Property::always(AT_MOST_ONCE, at_most_once),
        Property::always(ONE_DECISION, one_decision),
        Property::always(PEOPLE, |life: &Life, state: &State| {
            (0..state.people.len()).all(|person| {
                let spoke = state.people[person].turns < life.scenario.people[person].1;
                let decided = |by: &str| {
                    let mut decisions = state.approvals.iter().flat_map(|one| &one.decisions);
                    decisions.any(|decision| decision.by == by)
                };
                spoke || !decided(&name(person))
            })
        }),
        Property::always(AGREE, approvals_agree),
        Property::always(DUE, |_, state: &State| {
            let mut runs = state.runs.iter().flatten();
            runs.all(|run| {
                let ended = matches!(run.stored.phase, Phase::Ended { .. });
                match run.stored.due_at() {
                    Some(at) => !ended && !overdue(&run.stored, at.max(state.now)).is_empty(),
                    None => ended,
                }
            })
        }),
        Property::always(JOINS, |_, state: &State| {
            let mut runs = state.runs.iter().flatten();
            runs.all(|run| joins(&run.stored)) && one_holder_each(state)
        }),
        Property::always(LEDGER, ledger),
    ]
}

/// Of a mail: sent at most once, and once more for each time a person said to try again; and never
/// queued again by a machine after it may have gone out.
fn at_most_once(_: &Life, state: &State) -> bool {
    state.published.iter().all(|effect| {
        let run = state.run(effect.run);
        let row = &run.stored.steps[effect.step];
        if row.effect() != EffectClass::AtMostOnce {
            return true;
        }
        let allowed = 1 + run.retries[effect.step];
        let queued = matches!(row.state, StepState::Approved { .. });
        effect.times + u8::from(queued) <= allowed
    })
}

/// Nobody is told that their word settled what another's did, or what is not so.
fn one_decision(_: &Life, state: &State) -> bool {
    state.approvals.iter().enumerate().all(|(at, approval)| {
        let mut told = state
            .people
            .iter()
            .filter(|person| person.settled.contains(&at));
        let first = told.next();
        let as_told = first.is_none_or(|person| {
            approval.status
                == match person.will.choice() {
                    Choice::Approve => ApprovalStatus::Approved,
                    Choice::Reject => ApprovalStatus::Rejected,
                    Choice::RequestChanges => ApprovalStatus::ChangesRequested,
                }
        });
        let approvals = approval
            .decisions
            .iter()
            .filter(|decision| decision.decision == Choice::Approve)
            .count();
        let enough =
            approval.status != ApprovalStatus::Approved || approvals == approval.required as usize;
        told.next().is_none() && as_told && enough
    })
}

/// An approval is open exactly while its step waits for it, and what is performed was approved.
fn approvals_agree(_: &Life, state: &State) -> bool {
    let waits = |approval: &domain::approval::Approval| {
        state.runs.iter().flatten().any(|run| {
            run.stored.steps.iter().any(|row| {
                matches!(&row.state, StepState::AwaitingApproval { gate } if gate.approval == approval.id)
            })
        })
    };
    let all_open_are_waited_for = state
        .approvals
        .iter()
        .all(|approval| approval.is_open() == waits(approval));
    let rows = || {
        state
            .runs
            .iter()
            .flatten()
            .flat_map(|run| &run.stored.steps)
    };
    let all_beyond_are_approved = rows().all(|row| match &row.state {
        StepState::Approved { gate, .. }
        | StepState::Performing { gate, .. }
        | StepState::OutcomeUnknown { gate } => state.approvals.iter().any(|approval| {
            approval.id == gate.approval
                && approval.status == ApprovalStatus::Approved
                && approval.sha256 == gate.sha256
        }),
        StepState::Waiting
        | StepState::Ready { .. }
        | StepState::Running { .. }
        | StepState::AwaitingApproval { .. }
        | StepState::Completed { .. }
        | StepState::Failed { .. }
        | StepState::Skipped { .. }
        | StepState::Cancelled { .. } => true,
    });
    all_open_are_waited_for && all_beyond_are_approved
}

/// No step is under way before what it needs is settled, and none waits afterwards. What has gone out stays
/// while what it was made from is made again.
fn joins(run: &Execution) -> bool {
    let active = matches!(run.phase, Phase::Active | Phase::Paused { .. });
    run.steps.iter().all(|row| {
        let settled = row
            .needs
            .iter()
            .all(|need| run.steps[usize::from(*need)].state.is_settled());
        match &row.state {
            StepState::Waiting => !active || !settled,
            StepState::Ready { .. }
            | StepState::Running { .. }
            | StepState::AwaitingApproval { .. }
            | StepState::Approved { .. } => settled,
            StepState::Performing { .. }
            | StepState::OutcomeUnknown { .. }
            | StepState::Completed { .. }
            | StepState::Failed { .. }
            | StepState::Skipped { .. }
            | StepState::Cancelled { .. } => true,
        }
    })
}

/// No two workers hold one step under its current fence.
fn one_holder_each(state: &State) -> bool {
    let mut holders = Vec::new();
    for worker in &state.workers {
        let Worker::Holding(hold) = worker else {
            continue;
        };
        let row = &state.run(hold.message.run).stored.steps[hold.step];
        let current = match &row.state {
            StepState::Running { lease } | StepState::Performing { lease, .. } => {
                lease.fence == hold.fence
            }
            _ => false,
        };
        if current {
            holders.push((hold.message.run, hold.step));
        }
    }
    holders.sort_unstable();
    holders.windows(2).all(|two| two[0] != two[1])
}

fn ledger(_: &Life, state: &State) -> bool {
    let open = state
        .runs
        .iter()
        .flatten()
        .filter(|run| !matches!(run.stored.phase, Phase::Ended { .. }));
    let set_aside: i64 = open.map(|run| i64::from(run.stored.reserved)).sum();
    let balance = state.account.balance.unwrap_or_default();
    !state.fouls.overcharged
        && state.account.reserved >= 0
        && balance >= 0
        && state.account.reserved <= balance
        && state.account.reserved == set_aside
        && balance == state.ledger
}
