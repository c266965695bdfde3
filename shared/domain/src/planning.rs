//! A planning job, and the reviewed plan it ends in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{OwnerId, PlanId, PlanningId, WorkflowId};
use crate::plan::Plan;
use crate::words::words;

/// How long a planning job may be silent before the sweeper sends its message again, in seconds.
pub const PLANNING_NUDGE_SECONDS: i64 = 150;

/// How often its message is sent again before it has failed: an hour of silence, so that a planner that is gone for
/// good keeps neither a workflow waiting nor credits set aside. Counted rather than timed: a machine that was asleep
/// has not been silent.
pub const MOST_PLANNING_NUDGES: u64 = 24;

words! {
    /// How much planning may cost.
    Preset { Quick = "quick", Standard = "standard", Thorough = "thorough", Comprehensive = "comprehensive" }
}

impl Preset {
    /// Exactly this many credits, when a model plans.
    #[must_use]
    pub fn credits(self) -> u32 {
        match self {
            Self::Quick => 10,
            Self::Standard => 30,
            Self::Thorough => 50,
            Self::Comprehensive => 100,
        }
    }
}

words! {
    /// The shape of a plan.
    Profile { PrecisionLinear = "precision_linear", DualLaneHybrid = "dual_lane_hybrid", ForkJoinDag = "fork_join_dag" }
}

/// What is asked of the planner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanningRequest {
    pub intent: String,
    pub preset: Preset,
    /// The most a planned run may cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_credits_per_execution: Option<u32>,
}

/// A plan as proposed, before anybody has adopted it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewedPlan {
    pub id: PlanId,
    pub intent: String,
    pub profile: Profile,
    pub topology_reason: String,
    pub plan: Plan,
    /// In the request's own fields (`cron_expression`, `interval`, …), when the goal says when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested_schedule: Option<Value>,
    /// What the goal asked for and the plan does not do.
    #[serde(default)]
    pub coverage_gaps: Vec<String>,
    pub credits_consumed: u32,
    pub planner: Planner,
    pub created_at: Timestamp,
}

/// Who planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planner {
    /// `llm` or `offline`.
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Why the model's plan was not taken, when it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_reason: Option<String>,
}

/// Where a planning job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum PlanningState {
    Planning,
    Completed {
        plan: PlanId,
    },
    /// The goal cannot be planned; what is vague in it.
    TooVague {
        aspects: Vec<String>,
    },
    Failed {
        reason: String,
    },
}

/// A planning job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planning {
    pub id: PlanningId,
    pub owner: OwnerId,
    pub request: PlanningRequest,
    /// The workflow that waits for the plan, when one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<WorkflowId>,
    /// Credits set aside for it; 0 when its owner's are not limited, or when no model is configured.
    #[serde(default)]
    pub reserved: u32,
    pub state: PlanningState,
    pub revision: u64,
    pub created_at: Timestamp,
    pub nudge_at: Timestamp,
}

impl Planning {
    /// Whether it has been sent again so often that it has failed. While it is open, nothing but a nudge gives it a
    /// new revision.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        self.revision >= MOST_PLANNING_NUDGES
    }

    /// When the sweeper must look at it; `None` when it is over.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            PlanningState::Planning => Some(self.nudge_at),
            PlanningState::Completed { .. }
            | PlanningState::TooVague { .. }
            | PlanningState::Failed { .. } => None,
        }
    }
}
