//! What can happen to a run. Events are facts: replaying them rebuilds the aggregate (promise 2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::budget::Budget;
use super::is_zero;
use super::state::{Gate, Output, StepError};
use crate::ids::ApprovalId;

/// One thing that happened to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A worker takes a step, for the first time, again, or to perform what was approved.
    StepClaimed { step: String, worker: String },
    /// A worker has done a part of a long step and leaves the rest to a later invocation.
    StepYielded {
        step: String,
        fence: u64,
        cursor: String,
        resume_at: Timestamp,
    },
    /// The work is done. `credits` is what it cost.
    StepCompleted {
        step: String,
        fence: u64,
        output: Output,
        credits: u32,
    },
    /// The work stands at its gate.
    StepParked {
        step: String,
        fence: u64,
        gate: Gate,
    },
    /// An attempt failed. Without `retry_at` trying again would not help.
    StepFailed {
        step: String,
        fence: u64,
        error: StepError,
        retry_at: Option<Timestamp>,
    },
    /// The worker gives the step back before anything has happened: the run is held or stopped, or the
    /// worker has no time left. It was no attempt.
    StepReleased { step: String, fence: u64 },
    /// What was approved cannot be performed for now, and nothing of it has happened: it is performed from `until` on.
    /// It was no attempt.
    StepPostponed {
        step: String,
        fence: u64,
        error: StepError,
        until: Timestamp,
    },
    /// The step's condition does not hold.
    StepSkipped { step: String, fence: u64 },
    /// The effect was begun and nobody knows whether it happened.
    OutcomeLost { step: String, fence: u64 },
    /// The worker has not been heard of within its lease.
    LeaseExpired { step: String, fence: u64 },
    /// The step's message has gone missing and is sent again.
    StepNudged { step: String },
    /// The step's message ended in the dead letters.
    StepDeadLettered { step: String, reason: String },
    /// Enough people have approved. `sha256` is of the draft as approved; an edited output comes along.
    Approved {
        step: String,
        approval: ApprovalId,
        sha256: String,
        output: Option<Output>,
    },
    /// A person has said no.
    Rejected { step: String, approval: ApprovalId },
    /// A person wants it made again, with a note.
    ChangesRequested {
        step: String,
        approval: ApprovalId,
        note: String,
    },
    /// Nobody decided in time.
    ApprovalExpired { step: String, approval: ApprovalId },
    /// A person says what became of an effect with an unknown outcome.
    Resolved { step: String, outcome: Resolution },
    /// A mail that the step has sent came back. Only what is known of the step changes by it, so it comes after the
    /// run's end as well.
    MailReturned {
        step: String,
        address: String,
        reason: String,
    },
    /// A person holds the run.
    Paused,
    /// A person lets it go on.
    Resumed,
    /// A person, or the workflow's end, stops the run.
    Cancelled { reason: String },
    /// It has used up what it may.
    BudgetExhausted { budget: Budget },
    /// The judging message has gone missing and is sent again.
    JudgingNudged,
    /// The results were compared and the stop condition judged: the run is over.
    Judged { conclusion: Conclusion },
}

/// What a person says of an effect whose outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// It happened.
    Happened,
    /// It did not: do it now.
    Retry,
    /// It did not, and shall not.
    Fail,
}

/// What the run came to: small facts; the comparison itself is stored beside the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Conclusion {
    /// Whether everything the run watches was seen.
    pub complete: bool,
    /// Whether the stop condition was met; `None` when it was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_met: Option<bool>,
    /// `signalled`, `suppressed`, `baseline`, `degraded` or `none`.
    pub decision: String,
    /// Why, in words.
    pub reason: String,
    /// What judging the condition cost.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub credits: u32,
}

impl Event {
    /// The event's name in the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::StepClaimed { .. } => "step_claimed",
            Self::StepYielded { .. } => "step_yielded",
            Self::StepCompleted { .. } => "step_completed",
            Self::StepParked { .. } => "step_parked",
            Self::StepFailed { .. } => "step_failed",
            Self::StepReleased { .. } => "step_released",
            Self::StepPostponed { .. } => "step_postponed",
            Self::StepSkipped { .. } => "step_skipped",
            Self::OutcomeLost { .. } => "outcome_lost",
            Self::LeaseExpired { .. } => "lease_expired",
            Self::StepNudged { .. } => "step_nudged",
            Self::StepDeadLettered { .. } => "step_dead_lettered",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::ChangesRequested { .. } => "changes_requested",
            Self::ApprovalExpired { .. } => "approval_expired",
            Self::Resolved { .. } => "resolved",
            Self::MailReturned { .. } => "mail_returned",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Cancelled { .. } => "cancelled",
            Self::BudgetExhausted { .. } => "budget_exhausted",
            Self::JudgingNudged => "judging_nudged",
            Self::Judged { .. } => "judged",
        }
    }

    /// The step it is about, if it is about one.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::StepClaimed { step, .. }
            | Self::StepYielded { step, .. }
            | Self::StepCompleted { step, .. }
            | Self::StepParked { step, .. }
            | Self::StepFailed { step, .. }
            | Self::StepReleased { step, .. }
            | Self::StepPostponed { step, .. }
            | Self::StepSkipped { step, .. }
            | Self::OutcomeLost { step, .. }
            | Self::LeaseExpired { step, .. }
            | Self::StepNudged { step }
            | Self::StepDeadLettered { step, .. }
            | Self::Approved { step, .. }
            | Self::Rejected { step, .. }
            | Self::ChangesRequested { step, .. }
            | Self::ApprovalExpired { step, .. }
            | Self::Resolved { step, .. }
            | Self::MailReturned { step, .. } => Some(step),
            Self::Paused
            | Self::Resumed
            | Self::Cancelled { .. }
            | Self::BudgetExhausted { .. }
            | Self::JudgingNudged
            | Self::Judged { .. } => None,
        }
    }
}
