//! What follows from any change of a run: steps that can start do, steps with nothing to do are skipped,
//! and a run whose steps are all settled comes to its end.
//!
//! Joins are recomputed from the rows each time, so an event that comes twice starts nothing twice.

use jiff::Timestamp;

use super::apply::{Closing, Effect};
use super::clockwork::{nudge, ready};
use super::state::{ErrorCode, StepError, StepState};
use super::{Conclusion, Execution, Outcome, Phase};

/// Starts what can start, skips what has nothing to do, and ends the run when all is settled.
pub(super) fn settle(run: &mut Execution, now: Timestamp, effects: &mut Vec<Effect>) {
    if matches!(run.phase, Phase::Ended { .. } | Phase::Judging { .. }) {
        return;
    }
    if let Some(outcome) = run.ending.clone() {
        end(run, outcome, now, effects);
        return;
    }
    let paused = matches!(run.phase, Phase::Paused { .. });
    while release(run, now, paused, effects) {}
    if let Some(reason) = fatal(run) {
        end(run, Outcome::Failed { reason }, now, effects);
    } else if !paused && run.steps.iter().all(|row| row.state.is_settled()) {
        conclude(run, now, effects);
    }
}

/// One pass over the waiting steps; whether any changed to a settled state, so that another pass is needed.
fn release(run: &mut Execution, now: Timestamp, paused: bool, effects: &mut Vec<Effect>) -> bool {
    let mut settled = false;
    for i in 0..run.steps.len() {
        if run.steps[i].state != StepState::Waiting {
            continue;
        }
        let needs: Vec<&StepState> = run.steps[i]
            .needs
            .iter()
            .map(|need| &run.steps[usize::from(*need)].state)
            .collect();
        if !needs.iter().all(|state| state.is_settled()) {
            continue;
        }
        let some_done = needs.is_empty()
            || needs
                .iter()
                .any(|state| matches!(state, StepState::Completed { .. }));
        let some_failed = needs.iter().any(|state| state.error().is_some());
        run.steps[i].state = if some_done {
            ready(&run.steps[i], now, paused, effects)
        } else if some_failed {
            settled = true;
            let error = StepError::new(
                ErrorCode::SourceUnavailable,
                "every step it depends on failed",
            );
            StepState::Cancelled {
                at: now,
                reason: Some(error),
                gate: None,
            }
        } else {
            settled = true;
            StepState::Skipped { at: now }
        };
    }
    settled
}

/// Why the run cannot reach its end any more. A failed search or crawl alone is no reason while
/// another one may still see something: an outage makes a run incomplete, not failed.
fn fatal(run: &Execution) -> Option<String> {
    let mut makers = run.steps.iter().filter(|row| !row.kind.watches());
    if let Some(error) = makers.find_map(|row| row.state.error()) {
        return Some(error.code.as_str().to_owned());
    }
    let mut watching = run.steps.iter().filter(|row| row.kind.watches()).peekable();
    let any = watching.peek().is_some();
    (any && watching.all(|row| row.state.error().is_some()))
        .then(|| ErrorCode::SourceUnavailable.as_str().to_owned())
}

fn conclude(run: &mut Execution, now: Timestamp, effects: &mut Vec<Effect>) {
    if run.judged {
        run.phase = Phase::Judging {
            nudge_at: nudge(now),
        };
        effects.push(Effect::EnqueueJudging);
    } else {
        let conclusion = Conclusion {
            complete: true,
            condition_met: None,
            decision: "none".to_owned(),
            reason: "nothing is watched".to_owned(),
            credits: 0,
        };
        end(run, Outcome::Completed { conclusion }, now, effects);
    }
}

/// Ends the run: nothing more is begun, and open approvals are closed. While a worker performs an effect the run
/// waits for its word, or for the end of its lease, so that its last state is the truth; what nobody
/// knows stays unknown.
pub(super) fn end(
    run: &mut Execution,
    outcome: Outcome,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    let mut in_flight = false;
    for row in &mut run.steps {
        match &row.state {
            StepState::AwaitingApproval { gate } => {
                effects.push(Effect::CloseApproval {
                    approval: gate.approval.clone(),
                    because: Closing::Cancelled,
                });
                row.state = StepState::cancelled(now);
            }
            StepState::Performing { .. } => in_flight = true,
            StepState::Waiting
            | StepState::Ready { .. }
            | StepState::Running { .. }
            | StepState::Approved { .. } => row.state = StepState::cancelled(now),
            StepState::OutcomeUnknown { .. }
            | StepState::Completed { .. }
            | StepState::Failed { .. }
            | StepState::Skipped { .. }
            | StepState::Cancelled { .. } => {}
        }
    }
    // Nothing is sent for a run that is over.
    effects.retain(|effect| matches!(effect, Effect::CloseApproval { .. }));
    if in_flight {
        run.phase = Phase::Active;
        run.ending = Some(outcome);
    } else {
        run.ending = None;
        run.phase = Phase::Ended { at: now, outcome };
        effects.push(Effect::End);
    }
}
