//! The transition function: every legal history of a run begins here. What an event does to its step is in
//! `step`, what follows from any change in `settling`.
//!
//! No I/O, no clock, no randomness, no wildcard arms. What goes wrong here goes wrong everywhere, so the
//! table of states and events is generated from it into the crate's README, and a law test holds
//! that no state is missing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::budget;
use super::clockwork::nudge;
use super::event::Event;
use super::settling::{end, settle};
use super::state::StepState;
use super::step::apply_to_step;
use super::{Execution, Outcome, Phase, returning};
use crate::ids::ApprovalId;

/// What to dispatch once the new state is committed. Losing one is no loss: the sweeper derives
/// the same from the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Send a message for this step, not before the given time.
    EnqueueStep { step: String, not_before: Timestamp },
    /// Send the message that has the run judged.
    EnqueueJudging,
    /// The approval is no longer wanted: close it with the same commit.
    CloseApproval {
        approval: ApprovalId,
        because: Closing,
    },
    /// The run has ended: settle its credits and tell the workflow, with the same commit.
    End,
}

/// Why an open approval is closed without a decision on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Closing {
    /// Its run was stopped.
    Cancelled,
    /// A newer draft takes its place.
    Superseded,
}

/// Why an event does not apply. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the run has ended")]
    Ended,
    #[error("the run is held by a person")]
    OnHold,
    #[error("the run has no step {0}")]
    UnknownStep(String),
    #[error("{event} does not apply to a step that is {state}")]
    NotNow {
        event: &'static str,
        state: &'static str,
    },
    /// A worker that was given up reports: its result does not count (promise 3).
    #[error("fence {given} is older than {current}")]
    StaleFence { given: u64, current: u64 },
    /// Another worker holds the step.
    #[error("the step is held until {until}")]
    Held { until: Timestamp },
    /// The step waits before its next attempt.
    #[error("the step is not due before {due_at}")]
    NotYet { due_at: Timestamp },
    #[error("the approval is not the one the step waits for")]
    OtherApproval,
    #[error("the draft has changed since")]
    DraftChanged,
}

/// Applies one event: the next state and what to dispatch.
///
/// # Errors
/// The event does not apply to this state; the execution is as it was.
pub fn apply(
    execution: &Execution,
    event: &Event,
    now: Timestamp,
) -> Result<(Execution, Vec<Effect>), Refused> {
    // What comes back after the end is noted; everything else the end absorbs.
    if let Event::MailReturned {
        step,
        address,
        reason,
    } = event
    {
        let next = returning::note(execution, step, (address, reason), now)?;
        return Ok((next, Vec::new()));
    }
    if let Phase::Ended { .. } = execution.phase {
        return Err(Refused::Ended);
    }
    let mut next = execution.clone();
    let mut effects = Vec::new();
    match event.step() {
        Some(id) => {
            let i = next
                .steps
                .iter()
                .position(|row| row.id == id)
                .ok_or_else(|| Refused::UnknownStep(id.to_owned()))?;
            apply_to_step(&mut next, i, event, now, &mut effects)?;
        }
        None => apply_to_run(&mut next, event, now, &mut effects)?,
    }
    next.revision += 1;
    settle(&mut next, now, &mut effects);
    budget::keep(execution, &mut next, now, &mut effects);
    Ok((next, effects))
}

fn apply_to_run(
    run: &mut Execution,
    event: &Event,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) -> Result<(), Refused> {
    let phase_name = match run.phase {
        Phase::Active => "active",
        Phase::Paused { .. } => "paused",
        Phase::Judging { .. } => "judging",
        Phase::Ended { .. } => "ended",
    };
    let not_now = Refused::NotNow {
        event: event.name(),
        state: phase_name,
    };
    if run.ending.is_some() {
        return Err(not_now);
    }
    match (&run.phase, event) {
        (
            Phase::Active | Phase::Paused { .. } | Phase::Judging { .. },
            Event::BudgetExhausted { budget },
        ) => match run.budget_ends() {
            Some((at, exhausted)) if exhausted == *budget && at <= now => {
                end(run, budget.outcome(), now, effects);
            }
            Some((due_at, _)) => return Err(Refused::NotYet { due_at }),
            None => return Err(not_now),
        },
        (Phase::Active, Event::Paused) => run.phase = Phase::Paused { since: now },
        (Phase::Paused { .. }, Event::Resumed) => {
            run.phase = Phase::Active;
            for row in &mut run.steps {
                if let StepState::Ready { due_at, nudge_at }
                | StepState::Approved {
                    due_at, nudge_at, ..
                } = &mut row.state
                {
                    let due = (*due_at).max(now);
                    *nudge_at = nudge(due);
                    effects.push(Effect::EnqueueStep {
                        step: row.id.clone(),
                        not_before: due,
                    });
                }
            }
        }
        (
            Phase::Active | Phase::Paused { .. } | Phase::Judging { .. },
            Event::Cancelled { reason },
        ) => {
            end(
                run,
                Outcome::Cancelled {
                    reason: reason.clone(),
                },
                now,
                effects,
            );
        }
        (Phase::Judging { .. }, Event::JudgingNudged) => {
            run.phase = Phase::Judging {
                nudge_at: nudge(now),
            };
            effects.push(Effect::EnqueueJudging);
        }
        (Phase::Judging { .. }, Event::Judged { conclusion }) => {
            end(
                run,
                Outcome::Completed {
                    conclusion: conclusion.clone(),
                },
                now,
                effects,
            );
        }
        (Phase::Paused { .. } | Phase::Judging { .. } | Phase::Ended { .. }, Event::Paused)
        | (Phase::Active | Phase::Judging { .. } | Phase::Ended { .. }, Event::Resumed)
        | (Phase::Ended { .. }, Event::Cancelled { .. } | Event::BudgetExhausted { .. })
        | (
            Phase::Active | Phase::Paused { .. } | Phase::Ended { .. },
            Event::JudgingNudged | Event::Judged { .. },
        ) => return Err(not_now),
        (
            _,
            Event::StepClaimed { .. }
            | Event::StepYielded { .. }
            | Event::StepCompleted { .. }
            | Event::StepParked { .. }
            | Event::StepReleased { .. }
            | Event::StepFailed { .. }
            | Event::StepPostponed { .. }
            | Event::StepSkipped { .. }
            | Event::OutcomeLost { .. }
            | Event::LeaseExpired { .. }
            | Event::StepNudged { .. }
            | Event::StepDeadLettered { .. }
            | Event::Approved { .. }
            | Event::Rejected { .. }
            | Event::ChangesRequested { .. }
            | Event::ApprovalExpired { .. }
            | Event::Resolved { .. }
            | Event::MailReturned { .. },
        ) => return Err(not_now),
    }
    Ok(())
}
