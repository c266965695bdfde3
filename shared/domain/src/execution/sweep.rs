//! What the sweeper finds overdue in a run: the events that set it moving again.

use jiff::Timestamp;

use super::event::Event;
use super::state::StepState;
use super::{Execution, Phase};

/// The events due at `now`, in the order of the steps. Each is applied on its own, and one that no
/// longer applies is no fault.
#[must_use]
pub fn overdue(execution: &Execution, now: Timestamp) -> Vec<Event> {
    if let Some((at, budget)) = execution.budget_ends()
        && at <= now
    {
        return vec![Event::BudgetExhausted { budget }];
    }
    match &execution.phase {
        Phase::Ended { .. } => Vec::new(),
        Phase::Judging { nudge_at } if *nudge_at <= now => vec![Event::JudgingNudged],
        Phase::Judging { .. } => Vec::new(),
        Phase::Active | Phase::Paused { .. } => {
            let held = matches!(execution.phase, Phase::Paused { .. });
            let due = execution
                .steps
                .iter()
                .filter(|row| row.state.due_at().is_some_and(|due_at| due_at <= now));
            due.filter_map(|row| {
                let step = row.id.clone();
                match &row.state {
                    StepState::Ready { .. } | StepState::Approved { .. } => {
                        (!held).then_some(Event::StepNudged { step })
                    }
                    StepState::Running { lease } | StepState::Performing { lease, .. } => {
                        Some(Event::LeaseExpired {
                            step,
                            fence: lease.fence,
                        })
                    }
                    StepState::AwaitingApproval { gate } => Some(Event::ApprovalExpired {
                        step,
                        approval: gate.approval.clone(),
                    }),
                    StepState::Waiting
                    | StepState::OutcomeUnknown { .. }
                    | StepState::Completed { .. }
                    | StepState::Failed { .. }
                    | StepState::Skipped { .. }
                    | StepState::Cancelled { .. } => None,
                }
            })
            .collect()
        }
    }
}
