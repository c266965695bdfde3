//! One event on one step: by the worker that holds it, by the sweeper, or by a person.
//!
//! A worker's report counts only under the fence of its own claim (promise 3), and a step with a gate is
//! never completed by the worker that prepared it (promise 4).

use jiff::Timestamp;

use super::apply::{Effect, Refused};
use super::bounds::MOST_CURSOR_BYTES;
use super::budget::Budget;
use super::clockwork::{after, approved, nudge, ready};
use super::event::{Event, Resolution};
use super::postponing::postpone;
use super::redoing::redo;
use super::settling::end;
use super::state::{ErrorCode, Gate, Lease, Output, StepError, StepState};
use super::{ErrorClass, Execution, LEASE_MARGIN_SECONDS, Outcome, Phase, StepRow};
use crate::ids::ApprovalId;
use crate::workflow::OnTimeout;

/// What a worker holds a step for.
enum Held {
    Running,
    Performing(Gate),
}

/// What a worker holds `row` for under `fence`, and until when.
fn held(row: &StepRow, fence: u64, not_now: Refused) -> Result<(Held, Timestamp), Refused> {
    let stale = |current| Refused::StaleFence {
        given: fence,
        current,
    };
    let (lease, held) = match &row.state {
        StepState::Running { lease } => (lease, Held::Running),
        StepState::Performing { lease, gate } => (lease, Held::Performing(gate.clone())),
        StepState::Waiting
        | StepState::Ready { .. }
        | StepState::AwaitingApproval { .. }
        | StepState::Approved { .. }
        | StepState::OutcomeUnknown { .. }
        | StepState::Completed { .. }
        | StepState::Failed { .. }
        | StepState::Skipped { .. }
        | StepState::Cancelled { .. } => {
            // Nobody holds it: the report is late when its fence is old, else out of place.
            return Err(if fence < row.fence {
                stale(row.fence)
            } else {
                not_now
            });
        }
    };
    if lease.fence == fence {
        Ok((held, lease.until))
    } else {
        Err(stale(lease.fence))
    }
}

/// The gate at which `row` waits, when `approval` is the one it waits for.
fn waiting_for(row: &StepRow, approval: &ApprovalId, not_now: Refused) -> Result<Gate, Refused> {
    let StepState::AwaitingApproval { gate } = &row.state else {
        return Err(not_now);
    };
    if gate.approval == *approval {
        Ok(gate.clone())
    } else {
        Err(Refused::OtherApproval)
    }
}

/// Applies an event to step `i`.
#[expect(
    clippy::too_many_lines,
    reason = "one arm an event: the whole table is in one place"
)]
pub(super) fn apply_to_step(
    run: &mut Execution,
    i: usize,
    event: &Event,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) -> Result<(), Refused> {
    let paused = matches!(run.phase, Phase::Paused { .. });
    // A run that is ending tries nothing again.
    let ending = run.ending.is_some();
    let row = &mut run.steps[i];
    let not_now = Refused::NotNow {
        event: event.name(),
        state: row.state.name(),
    };
    let last_attempt = row.attempts >= row.retry.max_attempts;
    let next = match event {
        Event::StepClaimed { worker, .. } => return claim(run, i, worker, now, effects, not_now),
        Event::StepYielded {
            fence,
            cursor,
            resume_at,
            ..
        } => match held(row, *fence, not_now.clone())?.0 {
            Held::Running if cursor.len() > MOST_CURSOR_BYTES => {
                let message = format!(
                    "the place where the step goes on takes {} bytes, more than a run can keep",
                    cursor.len()
                );
                StepState::Failed {
                    error: StepError::new(ErrorCode::Infrastructure, message),
                    at: now,
                }
            }
            Held::Running => {
                row.attempts = 0;
                row.cut_off = 0;
                row.cursor = Some(cursor.clone());
                ready(row, (*resume_at).max(now), paused, effects)
            }
            Held::Performing(_) => return Err(not_now),
        },
        Event::StepCompleted {
            fence,
            output,
            credits,
            ..
        } => match held(row, *fence, not_now.clone())?.0 {
            Held::Running if row.gated => return Err(not_now),
            Held::Running | Held::Performing(_) => completed(run, i, output.clone(), *credits, now),
        },
        Event::StepParked { fence, gate, .. } => match held(row, *fence, not_now.clone())?.0 {
            Held::Running if row.gated => {
                row.cursor = None;
                row.note = None;
                StepState::AwaitingApproval { gate: gate.clone() }
            }
            Held::Running | Held::Performing(_) => return Err(not_now),
        },
        Event::StepReleased { fence, .. } => {
            let (holds, _) = held(row, *fence, not_now)?;
            row.attempts = row.attempts.saturating_sub(1);
            match holds {
                Held::Running => ready(row, now, paused, effects),
                Held::Performing(gate) => approved(row, gate, now, paused, effects),
            }
        }
        Event::StepFailed {
            fence,
            error,
            retry_at,
            ..
        } => match (held(row, *fence, not_now)?.0, retry_at) {
            (Held::Running, Some(at)) if !last_attempt && !ending => {
                ready(row, (*at).max(now), paused, effects)
            }
            (Held::Performing(gate), Some(at)) if !last_attempt && !ending => {
                approved(row, gate, (*at).max(now), paused, effects)
            }
            (Held::Running | Held::Performing(_), Some(_) | None) => StepState::Failed {
                error: StepError::new(error.code, error.message.as_str()),
                at: now,
            },
        },
        Event::StepPostponed {
            fence,
            error,
            until,
            ..
        } => match held(row, *fence, not_now.clone())?.0 {
            Held::Running => return Err(not_now),
            Held::Performing(_) if ending => StepState::Failed {
                error: StepError::new(error.code, error.message.as_str()),
                at: now,
            },
            Held::Performing(gate) => {
                let until = (*until).max(now);
                // The time is not the run's own.
                run.stretch_since = run.stretch_since.max(Some(until));
                let row = &mut run.steps[i];
                postpone(row, gate, error, (until, now), paused, effects)
            }
        },
        Event::StepSkipped { fence, .. } => match held(row, *fence, not_now.clone())?.0 {
            Held::Running => StepState::Skipped { at: now },
            Held::Performing(_) => return Err(not_now),
        },
        Event::OutcomeLost { fence, .. } => match held(row, *fence, not_now.clone())?.0 {
            Held::Performing(gate) => StepState::OutcomeUnknown { gate },
            Held::Running => return Err(not_now),
        },
        Event::LeaseExpired { fence, .. } => {
            let (holds, until) = held(row, *fence, not_now)?;
            if until > now {
                return Err(Refused::Held { until });
            }
            match (holds, row.kind.when_cut_off()) {
                (Held::Running, _) if last_attempt => {
                    let message = format!(
                        "the step was not heard of again in {} attempts",
                        row.attempts
                    );
                    StepState::Failed {
                        error: StepError::new(ErrorCode::Infrastructure, message),
                        at: now,
                    }
                }
                (Held::Running, _) => {
                    row.cut_off += 1;
                    ready(row, now, paused, effects)
                }
                (Held::Performing(gate), ErrorClass::Retryable) if !last_attempt && !ending => {
                    approved(row, gate, now, paused, effects)
                }
                (
                    Held::Performing(gate),
                    ErrorClass::Retryable
                    | ErrorClass::RateLimited
                    | ErrorClass::Permanent
                    | ErrorClass::NeedsPerson,
                ) => StepState::OutcomeUnknown { gate },
            }
        }
        Event::StepNudged { .. } => nudged(row, now, effects, not_now)?,
        Event::StepDeadLettered { reason, .. } => dead_lettered(row, reason, now, not_now)?,
        Event::Approved {
            approval,
            sha256,
            output,
            ..
        } => {
            let gate = Gate {
                sha256: sha256.clone(),
                ..waiting_for(row, approval, not_now)?
            };
            row.attempts = 0;
            row.postponed = None;
            match output.clone().or_else(|| gate.output.clone()) {
                Some(output) if !row.kind.publishes() => {
                    completed(run, i, output, gate.credits, now)
                }
                Some(_) | None => approved(row, gate, now, paused, effects),
            }
        }
        Event::Rejected { approval, .. } => {
            waiting_for(row, approval, not_now)?;
            stop(run, i, "rejected", now, effects);
            return Ok(());
        }
        Event::ApprovalExpired { approval, .. } => {
            match waiting_for(row, approval, not_now)?.on_timeout {
                OnTimeout::Skip => StepState::Skipped { at: now },
                OnTimeout::Reject | OnTimeout::Cancel => {
                    stop(run, i, "approval_expired", now, effects);
                    return Ok(());
                }
            }
        }
        Event::ChangesRequested { approval, note, .. } => {
            waiting_for(row, approval, not_now)?;
            row.revisions += 1;
            redo(run, i, note, effects);
            return Ok(());
        }
        Event::Resolved { outcome, .. } => {
            let StepState::OutcomeUnknown { gate } = &row.state else {
                return Err(not_now);
            };
            let gate = gate.clone();
            resolved(row, gate, *outcome, now, paused, effects)
        }
        Event::MailReturned { .. }
        | Event::Paused
        | Event::Resumed
        | Event::Cancelled { .. }
        | Event::BudgetExhausted { .. }
        | Event::JudgingNudged
        | Event::Judged { .. } => return Err(not_now),
    };
    run.steps[i].state = next;
    Ok(())
}

/// The step is done: what it needed on the way is forgotten, and it costs no more than was set aside.
fn completed(
    run: &mut Execution,
    i: usize,
    output: Output,
    credits: u32,
    now: Timestamp,
) -> StepState {
    let credits = run.affordable(credits);
    let row = &mut run.steps[i];
    row.cut_off = 0;
    row.cursor = None;
    row.note = None;
    row.postponed = None;
    StepState::Completed {
        output,
        credits,
        at: now,
    }
}

/// A worker takes the step: to run it, or to perform what was approved.
fn claim(
    run: &mut Execution,
    i: usize,
    worker: &str,
    now: Timestamp,
    effects: &mut Vec<Effect>,
    not_now: Refused,
) -> Result<(), Refused> {
    if matches!(run.phase, Phase::Paused { .. }) {
        return Err(Refused::OnHold);
    }
    if run.is_runaway() {
        end(run, Budget::Transitions.outcome(), now, effects);
        return Ok(());
    }
    let row = &mut run.steps[i];
    let gate = match &row.state {
        StepState::Ready { due_at, .. } | StepState::Approved { due_at, .. } if *due_at > now => {
            return Err(Refused::NotYet { due_at: *due_at });
        }
        StepState::Ready { .. } => None,
        StepState::Approved { gate, .. } => Some(gate.clone()),
        StepState::Running { lease } | StepState::Performing { lease, .. } => {
            return Err(Refused::Held { until: lease.until });
        }
        StepState::Waiting
        | StepState::AwaitingApproval { .. }
        | StepState::OutcomeUnknown { .. }
        | StepState::Completed { .. }
        | StepState::Failed { .. }
        | StepState::Skipped { .. }
        | StepState::Cancelled { .. } => return Err(not_now),
    };
    row.fence += 1;
    row.attempts += 1;
    row.started_at.get_or_insert(now);
    run.started_at.get_or_insert(now);
    let lease = Lease {
        fence: row.fence,
        until: after(now, i64::from(row.timeout_seconds) + LEASE_MARGIN_SECONDS),
        worker: worker.to_owned(),
    };
    row.state = match gate {
        Some(gate) => StepState::Performing { gate, lease },
        None => StepState::Running { lease },
    };
    Ok(())
}

/// The step's message is sent again.
fn nudged(
    row: &StepRow,
    now: Timestamp,
    effects: &mut Vec<Effect>,
    not_now: Refused,
) -> Result<StepState, Refused> {
    let mut next = row.state.clone();
    let (StepState::Ready { due_at, nudge_at }
    | StepState::Approved {
        due_at, nudge_at, ..
    }) = &mut next
    else {
        return Err(not_now);
    };
    let not_before = (*due_at).max(now);
    *nudge_at = nudge(not_before);
    effects.push(Effect::EnqueueStep {
        step: row.id.clone(),
        not_before,
    });
    Ok(next)
}

/// The step's message ended in the dead letters.
fn dead_lettered(
    row: &StepRow,
    reason: &str,
    now: Timestamp,
    not_now: Refused,
) -> Result<StepState, Refused> {
    match &row.state {
        // It was a duplicate that waited too often: the work itself is in good hands.
        StepState::Running { lease } | StepState::Performing { lease, .. } if lease.until > now => {
            Err(Refused::Held { until: lease.until })
        }
        StepState::Ready { .. } | StepState::Running { .. } | StepState::Approved { .. } => {
            Ok(StepState::Failed {
                error: StepError::new(ErrorCode::Infrastructure, reason),
                at: now,
            })
        }
        StepState::Performing { gate, .. } => Ok(StepState::OutcomeUnknown { gate: gate.clone() }),
        StepState::Waiting
        | StepState::AwaitingApproval { .. }
        | StepState::OutcomeUnknown { .. }
        | StepState::Completed { .. }
        | StepState::Failed { .. }
        | StepState::Skipped { .. }
        | StepState::Cancelled { .. } => Err(not_now),
    }
}

/// A person says what became of an effect.
fn resolved(
    row: &mut StepRow,
    gate: Gate,
    outcome: Resolution,
    now: Timestamp,
    paused: bool,
    effects: &mut Vec<Effect>,
) -> StepState {
    match outcome {
        Resolution::Happened => StepState::Completed {
            output: Output {
                sha256: gate.sha256,
                bytes: 0,
                inline: Some(serde_json::json!({ "resolved": "happened" })),
                preview: "a person confirmed that it happened".to_owned(),
            },
            credits: 0,
            at: now,
        },
        Resolution::Retry => {
            row.attempts = 0;
            row.postponed = None;
            approved(row, gate, now, paused, effects)
        }
        Resolution::Fail => {
            let message = "a person decided that it did not happen and shall not";
            StepState::Failed {
                error: StepError::new(ErrorCode::Infrastructure, message),
                at: now,
            }
        }
    }
}

/// The step's end is the run's. What a person did not approve can still be read.
fn stop(run: &mut Execution, i: usize, reason: &str, now: Timestamp, effects: &mut Vec<Effect>) {
    let gate = run.steps[i].state.gate().cloned();
    run.steps[i].state = StepState::Cancelled {
        at: now,
        reason: None,
        gate,
    };
    let reason = reason.to_owned();
    end(run, Outcome::Cancelled { reason }, now, effects);
}
