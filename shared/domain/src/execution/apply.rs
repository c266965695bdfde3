//! The transition function: every legal history of a run is in this file.
//!
//! No I/O, no clock, no randomness, no wildcard arms. What goes wrong here goes wrong everywhere, so the
//! table of states and events is generated from it into the crate's README, and a law test holds
//! that no state is missing.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::{Event, Resolution};
use super::state::{ErrorCode, Gate, Lease, StepError, StepState};
use super::{
    Conclusion, Execution, LEASE_MARGIN_SECONDS, NUDGE_AFTER_SECONDS, Outcome, Phase, StepRow,
    TRANSITIONS_PER_STEP,
};
use crate::ids::ApprovalId;
use crate::plan::{EffectClass, ToolKind};
use crate::workflow::OnTimeout;

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
    match (&run.phase, event) {
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
        | (Phase::Ended { .. }, Event::Cancelled { .. })
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
            | Event::StepFailed { .. }
            | Event::StepSkipped { .. }
            | Event::OutcomeLost { .. }
            | Event::LeaseExpired { .. }
            | Event::StepNudged { .. }
            | Event::StepDeadLettered { .. }
            | Event::Approved { .. }
            | Event::Rejected { .. }
            | Event::ChangesRequested { .. }
            | Event::ApprovalExpired { .. }
            | Event::Resolved { .. },
        ) => return Err(not_now),
    }
    Ok(())
}

#[expect(
    clippy::too_many_lines,
    reason = "one match is the whole table; splitting it would hide a missing cell"
)]
fn apply_to_step(
    run: &mut Execution,
    i: usize,
    event: &Event,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) -> Result<(), Refused> {
    let paused = matches!(run.phase, Phase::Paused { .. });
    let budget = TRANSITIONS_PER_STEP * run.steps.len() as u64;
    let revision = run.revision;
    let row = &mut run.steps[i];
    let not_now = || Refused::NotNow {
        event: event.name(),
        state: row.state.name(),
    };
    let last_attempt = row.attempts >= row.retry.max_attempts;
    let next: StepState = match event {
        Event::StepClaimed { worker, .. } => {
            if paused {
                return Err(Refused::OnHold);
            }
            if revision >= budget {
                end(
                    run,
                    Outcome::Failed {
                        reason: "transition_budget_exceeded".to_owned(),
                    },
                    now,
                    effects,
                );
                return Ok(());
            }
            let gate = match &row.state {
                StepState::Ready { due_at, .. } | StepState::Approved { due_at, .. }
                    if *due_at > now =>
                {
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
                | StepState::Cancelled { .. } => return Err(not_now()),
            };
            row.fence += 1;
            row.attempts += 1;
            row.started_at.get_or_insert(now);
            run.started_at.get_or_insert(now);
            let lease = Lease {
                fence: row.fence,
                until: after(now, i64::from(row.timeout_seconds) + LEASE_MARGIN_SECONDS),
                worker: worker.clone(),
            };
            match gate {
                Some(gate) => StepState::Performing { gate, lease },
                None => StepState::Running { lease },
            }
        }
        Event::StepYielded {
            fence,
            cursor,
            resume_at,
            ..
        } => match &row.state {
            StepState::Running { lease } => {
                current(lease, *fence)?;
                row.attempts = 0;
                row.cursor = Some(cursor.clone());
                ready(row, (*resume_at).max(now), paused, effects)
            }
            StepState::Performing { .. } => return Err(not_now()),
            other => return Err(stale_or(other, row.fence, *fence, not_now())),
        },
        Event::StepCompleted {
            fence,
            output,
            credits,
            ..
        } => match &row.state {
            StepState::Running { lease } | StepState::Performing { lease, .. } => {
                current(lease, *fence)?;
                // Promise 4: what is gated is completed by a decision, or by performing the decided draft.
                if row.gated && matches!(row.state, StepState::Running { .. }) {
                    return Err(not_now());
                }
                StepState::Completed {
                    output: output.clone(),
                    credits: *credits,
                    at: now,
                }
            }
            other => return Err(stale_or(other, row.fence, *fence, not_now())),
        },
        Event::StepParked { fence, gate, .. } => match &row.state {
            StepState::Running { lease } => {
                current(lease, *fence)?;
                if !row.gated {
                    return Err(not_now());
                }
                StepState::AwaitingApproval { gate: gate.clone() }
            }
            StepState::Performing { .. } => return Err(not_now()),
            other => return Err(stale_or(other, row.fence, *fence, not_now())),
        },
        Event::StepFailed {
            fence,
            error,
            retry_at,
            ..
        } => match &row.state {
            StepState::Running { lease } => {
                current(lease, *fence)?;
                match retry_at {
                    Some(at) if !last_attempt => ready(row, (*at).max(now), paused, effects),
                    Some(_) | None => StepState::Failed {
                        error: error.clone(),
                        at: now,
                    },
                }
            }
            StepState::Performing { lease, gate } => {
                current(lease, *fence)?;
                match retry_at {
                    Some(at) if !last_attempt => {
                        approved(row, gate.clone(), (*at).max(now), paused, effects)
                    }
                    Some(_) | None => StepState::Failed {
                        error: error.clone(),
                        at: now,
                    },
                }
            }
            other => return Err(stale_or(other, row.fence, *fence, not_now())),
        },
        Event::StepSkipped { fence, .. } => match &row.state {
            StepState::Running { lease } => {
                current(lease, *fence)?;
                StepState::Skipped { at: now }
            }
            StepState::Performing { .. } => return Err(not_now()),
            other => return Err(stale_or(other, row.fence, *fence, not_now())),
        },
        Event::OutcomeLost { fence, .. } => match &row.state {
            StepState::Performing { lease, gate } => {
                current(lease, *fence)?;
                StepState::OutcomeUnknown { gate: gate.clone() }
            }
            StepState::Running { .. } => return Err(not_now()),
            other => return Err(stale_or(other, row.fence, *fence, not_now())),
        },
        Event::LeaseExpired { fence, .. } => match &row.state {
            StepState::Running { lease } | StepState::Performing { lease, .. }
                if lease.fence == *fence && lease.until > now =>
            {
                return Err(Refused::Held { until: lease.until });
            }
            StepState::Running { lease } => {
                current(lease, *fence)?;
                if last_attempt {
                    let message = format!(
                        "the step was not heard of again in {} attempts",
                        row.attempts
                    );
                    StepState::Failed {
                        error: StepError::new(ErrorCode::Infrastructure, message),
                        at: now,
                    }
                } else {
                    ready(row, now, paused, effects)
                }
            }
            StepState::Performing { lease, gate } => {
                current(lease, *fence)?;
                match row.effect() {
                    EffectClass::Pure | EffectClass::Idempotent if !last_attempt => {
                        approved(row, gate.clone(), now, paused, effects)
                    }
                    EffectClass::Pure | EffectClass::Idempotent | EffectClass::AtMostOnce => {
                        StepState::OutcomeUnknown { gate: gate.clone() }
                    }
                }
            }
            other => return Err(stale_or(other, row.fence, *fence, not_now())),
        },
        Event::StepNudged { .. } => match &row.state {
            StepState::Ready { due_at, .. } => {
                let due_at = *due_at;
                effects.push(Effect::EnqueueStep {
                    step: row.id.clone(),
                    not_before: due_at.max(now),
                });
                StepState::Ready {
                    due_at,
                    nudge_at: nudge(due_at.max(now)),
                }
            }
            StepState::Approved { gate, due_at, .. } => {
                let due_at = *due_at;
                effects.push(Effect::EnqueueStep {
                    step: row.id.clone(),
                    not_before: due_at.max(now),
                });
                StepState::Approved {
                    gate: gate.clone(),
                    due_at,
                    nudge_at: nudge(due_at.max(now)),
                }
            }
            StepState::Waiting
            | StepState::Running { .. }
            | StepState::AwaitingApproval { .. }
            | StepState::Performing { .. }
            | StepState::OutcomeUnknown { .. }
            | StepState::Completed { .. }
            | StepState::Failed { .. }
            | StepState::Skipped { .. }
            | StepState::Cancelled { .. } => return Err(not_now()),
        },
        Event::StepDeadLettered { reason, .. } => match &row.state {
            // It was a duplicate that waited too often: the work itself is in good hands.
            StepState::Running { lease } | StepState::Performing { lease, .. }
                if lease.until > now =>
            {
                return Err(Refused::Held { until: lease.until });
            }
            StepState::Ready { .. } | StepState::Running { .. } | StepState::Approved { .. } => {
                StepState::Failed {
                    error: StepError::new(ErrorCode::Infrastructure, reason.clone()),
                    at: now,
                }
            }
            StepState::Performing { gate, .. } => StepState::OutcomeUnknown { gate: gate.clone() },
            StepState::Waiting
            | StepState::AwaitingApproval { .. }
            | StepState::OutcomeUnknown { .. }
            | StepState::Completed { .. }
            | StepState::Failed { .. }
            | StepState::Skipped { .. }
            | StepState::Cancelled { .. } => return Err(not_now()),
        },
        Event::Approved {
            approval,
            sha256,
            output,
            ..
        } => match &row.state {
            StepState::AwaitingApproval { gate } => {
                same_approval(gate, approval)?;
                let gate = Gate {
                    sha256: sha256.clone(),
                    ..gate.clone()
                };
                row.attempts = 0;
                match output.clone().or_else(|| gate.output.clone()) {
                    Some(output) if !row.kind.publishes() => StepState::Completed {
                        output,
                        credits: price_of_gated(row),
                        at: now,
                    },
                    Some(_) | None => approved(row, gate, now, paused, effects),
                }
            }
            StepState::Waiting
            | StepState::Ready { .. }
            | StepState::Running { .. }
            | StepState::Approved { .. }
            | StepState::Performing { .. }
            | StepState::OutcomeUnknown { .. }
            | StepState::Completed { .. }
            | StepState::Failed { .. }
            | StepState::Skipped { .. }
            | StepState::Cancelled { .. } => return Err(not_now()),
        },
        Event::Rejected { approval, .. } | Event::ApprovalExpired { approval, .. } => {
            let StepState::AwaitingApproval { gate } = &row.state else {
                return Err(not_now());
            };
            same_approval(gate, approval)?;
            let expired = matches!(event, Event::ApprovalExpired { .. });
            if expired && gate.on_timeout == OnTimeout::Skip {
                row.state = StepState::Skipped { at: now };
                return Ok(());
            }
            let reason = if expired {
                "approval_expired"
            } else {
                "rejected"
            };
            row.state = StepState::Cancelled { at: now };
            end(
                run,
                Outcome::Cancelled {
                    reason: reason.to_owned(),
                },
                now,
                effects,
            );
            return Ok(());
        }
        Event::ChangesRequested { approval, note, .. } => {
            let StepState::AwaitingApproval { gate } = &row.state else {
                return Err(not_now());
            };
            same_approval(gate, approval)?;
            row.revisions += 1;
            redo(run, i, note, effects);
            return Ok(());
        }
        Event::Resolved { outcome, .. } => {
            let StepState::OutcomeUnknown { gate } = &row.state else {
                return Err(not_now());
            };
            let gate = gate.clone();
            match outcome {
                Resolution::Happened => {
                    let output = crate::execution::Output {
                        sha256: gate.sha256.clone(),
                        bytes: 0,
                        inline: Some(serde_json::json!({ "resolved": "happened" })),
                        preview: "a person confirmed that it happened".to_owned(),
                    };
                    StepState::Completed {
                        output,
                        credits: 0,
                        at: now,
                    }
                }
                Resolution::Retry => {
                    row.attempts = 0;
                    approved(row, gate, now, paused, effects)
                }
                Resolution::Fail => {
                    let error = StepError::new(
                        ErrorCode::Infrastructure,
                        "a person decided that it did not happen and shall not",
                    );
                    StepState::Failed { error, at: now }
                }
            }
        }
        Event::Paused
        | Event::Resumed
        | Event::Cancelled { .. }
        | Event::JudgingNudged
        | Event::Judged { .. } => return Err(not_now()),
    };
    run.steps[i].state = next;
    Ok(())
}

/// What a producing step behind a gate costs: known from its kind.
fn price_of_gated(row: &StepRow) -> u32 {
    match row.kind {
        ToolKind::GenerateImage => 2,
        ToolKind::Search
        | ToolKind::Crawl
        | ToolKind::GenerateOutline
        | ToolKind::GenerateReport
        | ToolKind::LlmResponse
        | ToolKind::FormatPost => 1,
        ToolKind::Aggregate | ToolKind::Transform | ToolKind::SendEmail | ToolKind::PostWebhook => {
            0
        }
    }
}

fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

fn nudge(from: Timestamp) -> Timestamp {
    after(from, NUDGE_AFTER_SECONDS)
}

fn ready(row: &StepRow, due_at: Timestamp, paused: bool, effects: &mut Vec<Effect>) -> StepState {
    if !paused {
        effects.push(Effect::EnqueueStep {
            step: row.id.clone(),
            not_before: due_at,
        });
    }
    StepState::Ready {
        due_at,
        nudge_at: nudge(due_at),
    }
}

fn approved(
    row: &StepRow,
    gate: Gate,
    due_at: Timestamp,
    paused: bool,
    effects: &mut Vec<Effect>,
) -> StepState {
    if !paused {
        effects.push(Effect::EnqueueStep {
            step: row.id.clone(),
            not_before: due_at,
        });
    }
    StepState::Approved {
        gate,
        due_at,
        nudge_at: nudge(due_at),
    }
}

fn current(lease: &Lease, fence: u64) -> Result<(), Refused> {
    if lease.fence == fence {
        Ok(())
    } else {
        Err(Refused::StaleFence {
            given: fence,
            current: lease.fence,
        })
    }
}

/// A report on a step nobody holds: late when its fence is old, else out of place.
fn stale_or(_state: &StepState, current: u64, given: u64, not_now: Refused) -> Refused {
    if given < current {
        Refused::StaleFence { given, current }
    } else {
        not_now
    }
}

fn same_approval(gate: &Gate, approval: &ApprovalId) -> Result<(), Refused> {
    if gate.approval == *approval {
        Ok(())
    } else {
        Err(Refused::OtherApproval)
    }
}

/// Makes again what step `i` put before a person: the step that wrote it, and all that follows from
/// it. What has already gone out to the world stays as it is.
fn redo(run: &mut Execution, i: usize, note: &str, effects: &mut Vec<Effect>) {
    let makers = makers_of(run, i);
    let mut again: Vec<bool> = (0..run.steps.len()).map(|j| makers.contains(&j)).collect();
    again[i] = true;
    // Steps are not sorted: repeat until nothing more follows.
    loop {
        let following: Vec<usize> = (0..run.steps.len())
            .filter(|j| {
                !again[*j]
                    && run.steps[*j]
                        .needs
                        .iter()
                        .any(|need| again[usize::from(*need)])
            })
            .collect();
        if following.is_empty() {
            break;
        }
        for j in following {
            again[j] = true;
        }
    }
    for (j, row) in run.steps.iter_mut().enumerate().filter(|(j, _)| again[*j]) {
        let went_out = row.kind.publishes()
            && matches!(
                row.state,
                StepState::Completed { .. }
                    | StepState::Performing { .. }
                    | StepState::OutcomeUnknown { .. }
            );
        if went_out {
            continue;
        }
        if let StepState::AwaitingApproval { gate } | StepState::Approved { gate, .. } = &row.state
        {
            effects.push(Effect::CloseApproval {
                approval: gate.approval.clone(),
                because: Closing::Superseded,
            });
        }
        row.state = StepState::Waiting;
        row.attempts = 0;
        row.cursor = None;
        row.note = makers.contains(&j).then(|| note.to_owned());
    }
}

/// Who wrote what step `i` puts before a person: the step itself, or, when it only carries text
/// to the world, the writing steps it depends on directly.
fn makers_of(run: &Execution, i: usize) -> Vec<usize> {
    let writes = |kind: ToolKind| match kind {
        ToolKind::GenerateOutline
        | ToolKind::GenerateReport
        | ToolKind::LlmResponse
        | ToolKind::FormatPost
        | ToolKind::GenerateImage => true,
        ToolKind::Search
        | ToolKind::Crawl
        | ToolKind::Aggregate
        | ToolKind::Transform
        | ToolKind::SendEmail
        | ToolKind::PostWebhook => false,
    };
    if !run.steps[i].kind.publishes() {
        return vec![i];
    }
    let writers: Vec<usize> = run.steps[i]
        .needs
        .iter()
        .map(|need| usize::from(*need))
        .filter(|j| writes(run.steps[*j].kind))
        .collect();
    if writers.is_empty() { vec![i] } else { writers }
}

/// Starts what can start, skips what has nothing to do, and ends the run when all is settled.
pub(super) fn settle(run: &mut Execution, now: Timestamp, effects: &mut Vec<Effect>) {
    if matches!(run.phase, Phase::Ended { .. } | Phase::Judging { .. }) {
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
        let some_failed = needs
            .iter()
            .any(|state| matches!(state, StepState::Failed { .. }));
        run.steps[i].state = if some_done {
            ready(&run.steps[i], now, paused, effects)
        } else if some_failed {
            settled = true;
            let error = StepError::new(
                ErrorCode::SourceUnavailable,
                "every step it depends on failed",
            );
            StepState::Failed { error, at: now }
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
    let failed = |row: &&StepRow| matches!(row.state, StepState::Failed { .. });
    if let Some(row) = run
        .steps
        .iter()
        .filter(failed)
        .find(|row| !row.kind.watches())
    {
        let StepState::Failed { error, .. } = &row.state else {
            return None;
        };
        return Some(error.code.as_str().to_owned());
    }
    let mut watching = run.steps.iter().filter(|row| row.kind.watches()).peekable();
    let any = watching.peek().is_some();
    (any && watching.all(|row| matches!(row.state, StepState::Failed { .. })))
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
        };
        end(run, Outcome::Completed { conclusion }, now, effects);
    }
}

fn end(run: &mut Execution, outcome: Outcome, now: Timestamp, effects: &mut Vec<Effect>) {
    for row in &mut run.steps {
        if let StepState::AwaitingApproval { gate } = &row.state {
            effects.push(Effect::CloseApproval {
                approval: gate.approval.clone(),
                because: Closing::Cancelled,
            });
        }
        if !row.state.is_settled() {
            row.state = StepState::Cancelled { at: now };
        }
    }
    run.phase = Phase::Ended { at: now, outcome };
    // Nothing is sent for a run that is over.
    effects.retain(|effect| matches!(effect, Effect::CloseApproval { .. }));
    effects.push(Effect::End);
}
