//! Times a transition sets, and the states that wait for them.

use jiff::{SignedDuration, Timestamp};

use super::apply::Effect;
use super::state::{Gate, StepState};
use super::{NUDGE_AFTER_SECONDS, StepRow};

pub(super) fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

pub(super) fn nudge(from: Timestamp) -> Timestamp {
    after(from, NUDGE_AFTER_SECONDS)
}

pub(super) fn ready(
    row: &StepRow,
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
    StepState::Ready {
        due_at,
        nudge_at: nudge(due_at),
    }
}

pub(super) fn approved(
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
