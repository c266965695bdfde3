//! What a run may use up: transitions, time at work, time waiting, and credits. Each bound ends the run
//! truthfully, with its own reason, and each bound on time is part of the run's `due_at`, so that the
//! sweeper enforces it when nobody else comes by.
//!
//! Time is counted by the stretch: from the moment machines take the run up until it ends or a person has the
//! word, and from then until the person gives it back. A run that waits three days for an approval has
//! not worked for three days. While a gate is open its own deadline is the bound.

use jiff::Timestamp;

use super::clockwork::after;
use super::settling::end;
use super::state::StepState;
use super::{Effect, Execution, Outcome, Phase};
use crate::words::words;

/// How many transitions a run may make for each of its steps before it is stopped as runaway.
pub const TRANSITIONS_PER_STEP: u64 = 2_000;
/// How long a run may be at work at a stretch, in seconds: a day. The longest legal step, ten attempts of 600
/// seconds with their backoff, fits ten times.
pub const LONGEST_WORK_SECONDS: i64 = 24 * 3600;
/// How long a run may be held, or wait for a person to say what became of an effect, in seconds: 30 days.
pub const LONGEST_WAIT_SECONDS: i64 = 30 * 24 * 3600;

words! {
    /// What a run has used up.
    Budget {
        Transitions = "transitions",
        /// Time at work at a stretch.
        WorkTime = "work_time",
        /// Time held, or waiting for a person, at a stretch.
        WaitTime = "wait_time",
    }
}

impl Budget {
    /// How a run ends that has used it up. What nobody came for was not our failure: its finished steps stay charged.
    pub(super) fn outcome(self) -> Outcome {
        let reason = match self {
            Self::Transitions => "transition_budget_exceeded",
            Self::WorkTime => "time_budget_exceeded",
            Self::WaitTime => "waited_too_long",
        };
        let reason = reason.to_owned();
        match self {
            Self::Transitions | Self::WorkTime => Outcome::Failed { reason },
            Self::WaitTime => Outcome::Cancelled { reason },
        }
    }
}

impl Execution {
    /// Whether machines are at work on it, or about to be.
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        match self.phase {
            Phase::Active => self.steps.iter().any(super::StepRow::is_moving),
            Phase::Judging { .. } => true,
            Phase::Paused { .. } | Phase::Ended { .. } => false,
        }
    }

    /// When its present stretch of work or waiting must be over, and what is used up then. `None` when it has
    /// ended or is ending, and while an open gate's own deadline is the bound.
    #[must_use]
    pub fn budget_ends(&self) -> Option<(Timestamp, Budget)> {
        // One that is ending only waits for an effect in flight: the lease is its bound, and a bound already
        // passed would have the sweeper look in vain until then.
        if self.ending.is_some() {
            return None;
        }
        let at_a_gate = || {
            self.steps
                .iter()
                .any(|row| matches!(row.state, StepState::AwaitingApproval { .. }))
        };
        match &self.phase {
            Phase::Ended { .. } => None,
            Phase::Paused { since } => {
                Some((after(*since, LONGEST_WAIT_SECONDS), Budget::WaitTime))
            }
            Phase::Active | Phase::Judging { .. } if self.is_at_work() => self
                .stretch_since
                .map(|since| (after(since, LONGEST_WORK_SECONDS), Budget::WorkTime)),
            Phase::Active | Phase::Judging { .. } if at_a_gate() => None,
            Phase::Active | Phase::Judging { .. } => {
                let since = self.stretch_since.unwrap_or(self.created_at);
                Some((after(since, LONGEST_WAIT_SECONDS), Budget::WaitTime))
            }
        }
    }

    /// Whether it has made as many transitions as it may.
    pub(super) fn is_runaway(&self) -> bool {
        self.revision >= TRANSITIONS_PER_STEP * self.steps.len() as u64
    }

    /// What of `credits` still fits into what was set aside: a run never costs more, whatever a tool
    /// reports (promise 11).
    pub(super) fn affordable(&self, credits: u32) -> u32 {
        let spent: u32 = self.steps.iter().map(super::StepRow::credits).sum();
        credits.min(self.reserved.saturating_sub(spent))
    }
}

/// After a transition: stops a runaway run, and notes when a stretch of work or waiting begins.
pub(super) fn keep(
    before: &Execution,
    next: &mut Execution,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    // One that is ending already only waits for an effect in flight.
    let open = next.ending.is_none() && !matches!(next.phase, Phase::Ended { .. });
    if open && next.is_runaway() {
        end(next, Budget::Transitions.outcome(), now, effects);
    }
    if next.stretch_since.is_none() || before.is_at_work() != next.is_at_work() {
        next.stretch_since = Some(now);
    }
}
