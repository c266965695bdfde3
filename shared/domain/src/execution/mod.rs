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
mod bounds;
mod budget;
mod clockwork;
mod event;
mod postponing;
mod redoing;
mod replay;
mod retrying;
mod returning;
mod reuse;
mod settling;
mod state;
mod step;
mod sweep;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use apply::{Closing, Effect, Refused, apply};
pub use bounds::{MOST_CURSOR_BYTES, MOST_MESSAGE_CHARS, MOST_NOTE_BYTES, MOST_RETURNED_MAILS};
pub use budget::{Budget, LONGEST_WAIT_SECONDS, LONGEST_WORK_SECONDS, TRANSITIONS_PER_STEP};
pub use event::{Conclusion, Event, Resolution};
pub use postponing::{Postponed, next_send};
pub use replay::{ReplayError, replay};
pub use retrying::{ErrorClass, LONGEST_BACKOFF_SECONDS, LONGEST_RETRY_AFTER_SECONDS};
pub use returning::ReturnedMail;
pub use reuse::{CannotReuse, Origin, Reuse};
pub use state::{ErrorCode, Gate, Lease, Output, StepError, StepState};
pub use sweep::overdue;

use crate::ids::{ExecutionId, OwnerId, WorkflowId};
use crate::plan::{EffectClass, Plan, Retry, ToolKind};
use crate::words::words;
use crate::workflow::ApprovalPolicy;

/// What a lease has beyond the step's own limit, in seconds: for loading, committing and clocks.
pub const LEASE_MARGIN_SECONDS: i64 = 15;
/// How long a message may be on its way before the sweeper sends another, in seconds.
pub const NUDGE_AFTER_SECONDS: i64 = 120;

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
    /// Those of them whose worker was not heard of again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut_off: u32,
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
    /// Why what was approved has not been performed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postponed: Option<Postponed>,
    /// Which of the mails it has sent came back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned_mails: Vec<ReturnedMail>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_true(yes: &bool) -> bool {
    *yes
}

/// What a run written before there were others is: metered.
fn yes() -> bool {
    true
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
    /// Who decides about its drafts, as the workflow said when it began: who is asked is bound like what is done
    /// (promise 7). The default of a run without gates.
    #[serde(default, skip_serializing_if = "ApprovalPolicy::is_default")]
    pub policy: ApprovalPolicy,
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
    /// The most it may cost, in credits: what was set aside when it was created.
    pub reserved: u32,
    /// Whether those credits were set aside in an account, and are charged to it when it ends. A run that
    /// began while its owner's credits were not limited costs nothing, whatever is granted later.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub metered: bool,
    /// Whether its end is judged (it watches something, or its condition can be met) or just comes.
    pub judged: bool,
    /// The run it took outputs over from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// When its present stretch of work, or of waiting for a person, began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stretch_since: Option<Timestamp>,
    /// What it comes to as soon as no effect is in flight any more: nothing else happens in it. A run that
    /// ended over an effect in flight could not tell what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Outcome>,
}

/// What a run is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct NewExecution<'a> {
    pub id: ExecutionId,
    pub owner: OwnerId,
    pub workflow: WorkflowId,
    pub plan: &'a Plan,
    pub plan_version: u32,
    pub policy: ApprovalPolicy,
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
            cut_off: 0,
            fence: 0,
            revisions: 0,
            note: None,
            cursor: None,
            started_at: None,
            postponed: None,
            returned_mails: Vec::new(),
        });
        let mut execution = Self {
            id: new.id,
            owner: new.owner,
            workflow: new.workflow,
            plan: PlanPin {
                version: new.plan_version,
                hash: new.plan.hash(),
            },
            policy: if new.plan.steps().iter().any(|step| step.requires_approval) {
                new.policy
            } else {
                ApprovalPolicy::default()
            },
            trigger: new.trigger,
            scheduled_for: new.scheduled_for,
            revision: 0,
            created_at: now,
            started_at: None,
            phase: Phase::Active,
            steps: steps.collect(),
            reserved: new.reserved,
            metered: true,
            judged: new.judged,
            origin: None,
            stretch_since: Some(now),
            ending: None,
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

    /// Why it ended as it did, or is ending; `None` while it runs and for a plain completion.
    #[must_use]
    pub fn outcome_reason(&self) -> Option<&str> {
        if let Some(Outcome::Failed { reason } | Outcome::Cancelled { reason }) = &self.ending {
            return Some(reason);
        }
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

    /// What its steps and its judging have cost so far; nothing for a run that failed by us (API section 5). The steps of
    /// a completed run cost at least 1.
    #[must_use]
    pub fn consumed(&self) -> u32 {
        let spent: u32 = self.steps.iter().map(StepRow::credits).sum();
        match &self.phase {
            Phase::Ended {
                outcome: Outcome::Failed { .. },
                ..
            } => 0,
            Phase::Ended {
                outcome: Outcome::Completed { conclusion },
                ..
            } => (spent.max(1) + conclusion.credits).min(self.reserved.max(1)),
            Phase::Ended {
                outcome: Outcome::Cancelled { .. },
                ..
            }
            | Phase::Active
            | Phase::Paused { .. }
            | Phase::Judging { .. } => spent.min(self.reserved),
        }
    }

    /// When the sweeper must look at it; `None` only when it has ended (promise 1). At that time something is
    /// overdue, so that no look is in vain: a run that is due and has nothing to do would stand at the
    /// head of the index for ever.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        let own = match &self.phase {
            Phase::Ended { .. } => return None,
            Phase::Judging { nudge_at } => Some(*nudge_at),
            Phase::Active | Phase::Paused { .. } => self.earliest_step(),
        };
        let bound = self.budget_ends().map(|(at, _)| at);
        own.into_iter().chain(bound).min().or(Some(self.created_at))
    }

    /// The earliest due time of a step. Nobody sends the steps of a held run.
    fn earliest_step(&self) -> Option<Timestamp> {
        let held = matches!(self.phase, Phase::Paused { .. });
        let is_sent = |state: &StepState| {
            matches!(state, StepState::Ready { .. } | StepState::Approved { .. })
        };
        let due = self
            .steps
            .iter()
            .filter(|row| !(held && is_sent(&row.state)))
            .filter_map(|row| row.state.due_at());
        due.min()
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

    /// What it has cost.
    #[must_use]
    pub fn credits(&self) -> u32 {
        match self.state {
            StepState::Completed { credits, .. } => credits,
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
        }
    }

    /// When its last state began to be its last.
    #[must_use]
    pub fn finished_at(&self) -> Option<Timestamp> {
        match &self.state {
            StepState::Completed { at, .. }
            | StepState::Failed { at, .. }
            | StepState::Skipped { at }
            | StepState::Cancelled { at, .. } => Some(*at),
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
