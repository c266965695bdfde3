//! The execution: one run of a frozen plan, as an aggregate that changes only by [`apply`].
//!
//! The aggregate pins the plan's version and hash and holds a compact row per step, so a transition
//! needs nothing but the aggregate, the event and the time. It performs nothing: it answers with the
//! next state and the effects to dispatch once that state is committed. Joins are recomputed from the
//! rows at every event, never counted, so an event that comes twice cannot start a step twice.

#![warn(
    clippy::wildcard_enum_match_arm,
    clippy::match_wildcard_for_single_variants
)]

mod apply;
mod clockwork;
mod event;
mod redoing;
mod settling;
mod state;
mod step;
mod sweep;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use apply::{Closing, Effect, Refused, apply};
pub use event::{Conclusion, Event, Resolution};
pub use state::{ErrorCode, Gate, Lease, Output, StepError, StepState};
pub use sweep::overdue;

use crate::ids::{ExecutionId, OwnerId, WorkflowId};
use crate::plan::{EffectClass, Plan, Retry, ToolKind};
use crate::words::words;

/// What a lease has beyond the step's own limit, in seconds: for loading, committing and clocks.
pub const LEASE_MARGIN_SECONDS: i64 = 15;
/// How long a message may be on its way before the sweeper sends another, in seconds.
pub const NUDGE_AFTER_SECONDS: i64 = 120;
/// How many transitions a run may make for each of its steps before it is stopped as runaway.
pub const TRANSITIONS_PER_STEP: u64 = 2_000;

words! {
    /// Why a run began.
    Trigger { Manual = "manual", Schedule = "schedule", Retry = "retry", Backfill = "backfill" }
}

/// The plan a run is bound to, whatever becomes of the workflow (promise 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPin {
    pub version: u32,
    pub hash: String,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRow {
    pub id: String,
    pub kind: ToolKind,
    /// Indices of the steps it depends on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<u16>,
    /// Whether a person must decide about what it makes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gated: bool,
    pub retry: Retry,
    pub timeout_seconds: u32,
    pub state: StepState,
    /// Attempts since it last made progress.
    #[serde(default)]
    pub attempts: u32,
    /// The fence of the latest claim.
    #[serde(default)]
    pub fence: u64,
    /// How often a person asked for it to be made again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revisions: u32,
    /// The person's note for making it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where a long step goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Outcome {
    Completed { conclusion: Conclusion },
    Failed { reason: String },
    Cancelled { reason: String },
}

/// The stretch of its life a run is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Phase {
    /// Steps run, or wait for a person.
    Active,
    /// A person holds it.
    Paused {
        since: Timestamp,
    },
    /// All steps are settled; the results are compared and the condition judged.
    Judging {
        nudge_at: Timestamp,
    },
    Ended {
        at: Timestamp,
        outcome: Outcome,
    },
}

words! {
    /// The status on the wire, derived from the phase and the steps.
    Status {
        Pending = "pending",
        Running = "running",
        AwaitingApproval = "awaiting_approval",
        Paused = "paused",
        Completed = "completed",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

impl Status {
    /// Whether the run is over.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Completed | Self::Failed | Self::Cancelled => true,
            Self::Pending | Self::Running | Self::AwaitingApproval | Self::Paused => false,
        }
    }
}

/// One run of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    pub id: ExecutionId,
    pub owner: OwnerId,
    pub workflow: WorkflowId,
    pub plan: PlanPin,
    pub trigger: Trigger,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_for: Option<Timestamp>,
    /// Grows by one with every event; 0 is the run as created.
    pub revision: u64,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    pub phase: Phase,
    pub steps: Vec<StepRow>,
    /// Credits set aside when it was created.
    pub reserved: u32,
    /// Whether its end is judged (it watches something, or its condition can be met) or just comes.
    pub judged: bool,
}

/// What a run is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct NewExecution<'a> {
    pub id: ExecutionId,
    pub owner: OwnerId,
    pub workflow: WorkflowId,
    pub plan: &'a Plan,
    pub plan_version: u32,
    pub trigger: Trigger,
    pub scheduled_for: Option<Timestamp>,
    pub reserved: u32,
    pub judged: bool,
}

impl Execution {
    /// A run at its first revision, its first steps ready, and the messages to send for them.
    #[must_use]
    pub fn create(new: NewExecution<'_>, now: Timestamp) -> (Self, Vec<Effect>) {
        let index = |id: &str| {
            new.plan
                .steps()
                .iter()
                .position(|step| step.id == id)
                .and_then(|i| u16::try_from(i).ok())
        };
        let steps = new.plan.steps().iter().map(|step| StepRow {
            id: step.id.clone(),
            kind: step.tool.kind(),
            needs: step.depends_on.iter().filter_map(|id| index(id)).collect(),
            gated: step.requires_approval,
            retry: step.retry,
            timeout_seconds: step.timeout_seconds,
            state: StepState::Waiting,
            attempts: 0,
            fence: 0,
            revisions: 0,
            note: None,
            cursor: None,
            started_at: None,
        });
        let mut execution = Self {
            id: new.id,
            owner: new.owner,
            workflow: new.workflow,
            plan: PlanPin {
                version: new.plan_version,
                hash: new.plan.hash(),
            },
            trigger: new.trigger,
            scheduled_for: new.scheduled_for,
            revision: 0,
            created_at: now,
            started_at: None,
            phase: Phase::Active,
            steps: steps.collect(),
            reserved: new.reserved,
            judged: new.judged,
        };
        let mut effects = Vec::new();
        settling::settle(&mut execution, now, &mut effects);
        (execution, effects)
    }

    /// The step with this id.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&StepRow> {
        self.steps.iter().find(|row| row.id == id)
    }

    /// The status on the wire.
    #[must_use]
    pub fn status(&self) -> Status {
        match &self.phase {
            Phase::Ended {
                outcome: Outcome::Completed { .. },
                ..
            } => Status::Completed,
            Phase::Ended {
                outcome: Outcome::Failed { .. },
                ..
            } => Status::Failed,
            Phase::Ended {
                outcome: Outcome::Cancelled { .. },
                ..
            } => Status::Cancelled,
            Phase::Paused { .. } => Status::Paused,
            Phase::Judging { .. } => Status::Running,
            Phase::Active if self.steps.iter().any(|row| row.is_moving()) => {
                if self.started_at.is_some() {
                    Status::Running
                } else {
                    Status::Pending
                }
            }
            Phase::Active => Status::AwaitingApproval,
        }
    }

    /// Why it ended as it did; `None` while it runs and for a plain completion.
    #[must_use]
    pub fn outcome_reason(&self) -> Option<&str> {
        match &self.phase {
            Phase::Ended {
                outcome: Outcome::Failed { reason } | Outcome::Cancelled { reason },
                ..
            } => Some(reason),
            Phase::Ended {
                outcome: Outcome::Completed { .. },
                ..
            }
            | Phase::Active
            | Phase::Paused { .. }
            | Phase::Judging { .. } => None,
        }
    }

    /// When it ended.
    #[must_use]
    pub fn finished_at(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Ended { at, .. } => Some(*at),
            Phase::Active | Phase::Paused { .. } | Phase::Judging { .. } => None,
        }
    }

    /// What its steps have cost so far; nothing for a run that failed by us (API section 5). A
    /// completed run costs at least 1.
    #[must_use]
    pub fn consumed(&self) -> u32 {
        let spent = self.steps.iter().map(|row| match &row.state {
            StepState::Completed { credits, .. } => *credits,
            StepState::Waiting
            | StepState::Ready { .. }
            | StepState::Running { .. }
            | StepState::AwaitingApproval { .. }
            | StepState::Approved { .. }
            | StepState::Performing { .. }
            | StepState::OutcomeUnknown { .. }
            | StepState::Failed { .. }
            | StepState::Skipped { .. }
            | StepState::Cancelled { .. } => 0,
        });
        let spent: u32 = spent.sum();
        match &self.phase {
            Phase::Ended {
                outcome: Outcome::Failed { .. },
                ..
            } => 0,
            Phase::Ended {
                outcome: Outcome::Completed { .. },
                ..
            } => spent.max(1).min(self.reserved.max(1)),
            Phase::Ended {
                outcome: Outcome::Cancelled { .. },
                ..
            }
            | Phase::Active
            | Phase::Paused { .. }
            | Phase::Judging { .. } => spent.min(self.reserved),
        }
    }

    /// When the sweeper must look at it; `None` only when it has ended (promise 1).
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        const A_DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
        match &self.phase {
            Phase::Ended { .. } => None,
            Phase::Judging { nudge_at } => Some(*nudge_at),
            // Nothing is due in a held run but running leases; a daily look costs nothing.
            Phase::Paused { since } => self
                .earliest_step()
                .or_else(|| since.checked_add(A_DAY).ok()),
            Phase::Active => self
                .earliest_step()
                .or_else(|| self.created_at.checked_add(A_DAY).ok()),
        }
    }

    fn earliest_step(&self) -> Option<Timestamp> {
        self.steps.iter().filter_map(|row| row.state.due_at()).min()
    }
}

impl StepRow {
    /// Whether machines are at work on it, or about to be.
    fn is_moving(&self) -> bool {
        match self.state {
            StepState::Ready { .. }
            | StepState::Running { .. }
            | StepState::Approved { .. }
            | StepState::Performing { .. } => true,
            StepState::Waiting
            | StepState::AwaitingApproval { .. }
            | StepState::OutcomeUnknown { .. }
            | StepState::Completed { .. }
            | StepState::Failed { .. }
            | StepState::Skipped { .. }
            | StepState::Cancelled { .. } => false,
        }
    }

    /// When its last state began to be its last.
    #[must_use]
    pub fn finished_at(&self) -> Option<Timestamp> {
        match &self.state {
            StepState::Completed { at, .. }
            | StepState::Failed { at, .. }
            | StepState::Skipped { at }
            | StepState::Cancelled { at } => Some(*at),
            StepState::Waiting
            | StepState::Ready { .. }
            | StepState::Running { .. }
            | StepState::AwaitingApproval { .. }
            | StepState::Approved { .. }
            | StepState::Performing { .. }
            | StepState::OutcomeUnknown { .. } => None,
        }
    }

    /// Whether a repetition of its effect would be noticed by the world.
    #[must_use]
    pub fn effect(&self) -> EffectClass {
        self.kind.effect()
    }
}

#[cfg(test)]
mod tests;
