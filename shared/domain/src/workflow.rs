//! The saved definition: what is watched or made, when, until when, and who decides.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::delivery::Destination;
use crate::execution::Status as ExecutionStatus;
use crate::ids::{ExecutionId, OwnerId, PlanId, SessionId, WorkflowId};
use crate::schedule::Schedule;
use crate::stop_condition::StopCondition;
use crate::words::words;

/// After how many failed runs in a row a workflow is stopped.
pub const MOST_FAILURES: u32 = 10;

words! {
    /// How a workflow says what it does. Fixed at creation.
    Mode { Simple = "simple", MultiStep = "multi_step", AiPlanned = "ai_planned" }
}

words! {
    /// Where a workflow stands.
    WorkflowStatus {
        Planning = "planning",
        PlanFailed = "plan_failed",
        Draft = "draft",
        Active = "active",
        Paused = "paused",
        Completed = "completed",
        Failed = "failed",
        Archived = "archived",
    }
}

words! {
    /// What a due run does while another is live.
    OverlapPolicy {
        Skip = "skip",
        BufferOne = "buffer_one",
        CancelOther = "cancel_other",
        SupersedeParked = "supersede_parked",
        Allow = "allow",
    }
}

words! {
    /// What happens to due times that were missed.
    CatchUp { Latest = "latest", None = "none", All = "all" }
}

words! {
    /// What an approval nobody decided does to its run.
    OnTimeout { Reject = "reject", Cancel = "cancel", Skip = "skip" }
}

/// Who decides, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalPolicy {
    /// Empty: the owner.
    #[serde(default)]
    pub approvers: Vec<String>,
    pub required: u32,
    pub deadline_seconds: i64,
    pub on_timeout: OnTimeout,
    pub max_revisions: u32,
    /// Whether a mailed link asks for a code that only the mail has.
    #[serde(default)]
    pub strict: bool,
}

impl Default for ApprovalPolicy {
    fn default() -> Self {
        Self {
            approvers: Vec::new(),
            required: 1,
            deadline_seconds: 72 * 3600,
            on_timeout: OnTimeout::Reject,
            max_revisions: 3,
            strict: false,
        }
    }
}

impl ApprovalPolicy {
    /// Whether it says nothing particular: the owner decides, alone.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// When an approval asked for at `now` expires.
    #[must_use]
    pub fn deadline(&self, now: Timestamp) -> Timestamp {
        now.checked_add(SignedDuration::from_secs(self.deadline_seconds))
            .unwrap_or(Timestamp::MAX)
    }
}

/// The latest run, for lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LastExecution {
    pub id: ExecutionId,
    pub status: ExecutionStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}

/// A saved definition. Its plan is stored beside it, one immutable document a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    pub id: WorkflowId,
    pub owner: OwnerId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    pub mode: Mode,
    /// The goal, for `ai_planned`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// The reviewed plan it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_id: Option<PlanId>,
    #[serde(default)]
    pub auto_activate: bool,
    pub status: WorkflowStatus,
    pub schedule: Schedule,
    pub stop_condition: StopCondition,
    pub overlap_policy: OverlapPolicy,
    pub catch_up: CatchUp,
    #[serde(default)]
    pub approvals: ApprovalPolicy,
    /// Where its notices go; empty: to the owner, by mail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliver: Vec<Destination>,
    #[serde(default)]
    pub include_baseline: bool,
    /// The session whose memory its runs share with those of other workflows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    pub confirmations: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_executions: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_credits_per_execution: Option<u32>,
    /// 0 while there is no plan yet.
    pub plan_version: u32,
    /// The planning job, while `planning`, and why it failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planning_id: Option<crate::ids::PlanningId>,
    pub execution_count: u32,
    /// Runs that have not ended.
    #[serde(default)]
    pub live: Vec<ExecutionId>,
    #[serde(default)]
    pub failures_in_a_row: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_execution: Option<LastExecution>,
    /// The moment intervals are counted from.
    pub scheduled_from: Timestamp,
    /// Whether the schedule in AWS says what this row says.
    #[serde(default)]
    pub schedule_synced: bool,
    /// When the sweeper brings the schedule into line, if nobody has by then.
    pub nudge_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub revision: u64,
}

impl Workflow {
    /// The text relevance is judged against: `intent`, else `description`, else the query, else the
    /// name (API section 5).
    #[must_use]
    pub fn watched_intent<'a>(&'a self, query: Option<&'a str>) -> &'a str {
        self.intent
            .as_deref()
            .or(self.description.as_deref())
            .or(query)
            .unwrap_or(&self.name)
    }

    /// Whether a schedule must exist for it now.
    #[must_use]
    pub fn wants_schedule(&self) -> bool {
        self.status == WorkflowStatus::Active && !self.schedule.is_manual() && !self.is_used_up()
    }

    /// Whether it has run as often as it may.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.max_executions
            .is_some_and(|most| self.execution_count >= most)
    }

    /// When the sweeper must look at it; `None` when its schedule is in place.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        (!self.schedule_synced).then_some(self.nudge_at)
    }

    /// `ok`, `degraded` (the last run failed, or its schedule is not in place) or `failing` (three in a row).
    #[must_use]
    pub fn health(&self) -> &'static str {
        match self.failures_in_a_row {
            0 if self.schedule_synced || !self.wants_schedule() => "ok",
            0..=2 => "degraded",
            _ => "failing",
        }
    }
}
