//! Where a step of a run stands. A state carries what is known in it and nothing else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bounds::MOST_MESSAGE_CHARS;
use super::is_zero;
use crate::ids::ApprovalId;
use crate::text;
use crate::words::words;
use crate::workflow::OnTimeout;

words! {
    /// Why a step failed: the closed list of the contract (API section 5).
    ErrorCode {
        Timeout = "timeout",
        RateLimited = "rate_limited",
        Unreachable = "unreachable",
        HttpStatus = "http_status",
        BlockedAddress = "blocked_address",
        TooManyRedirects = "too_many_redirects",
        TooLarge = "too_large",
        UnsupportedContentType = "unsupported_content_type",
        RobotsDenied = "robots_denied",
        NeedsScript = "needs_script",
        SourceUnavailable = "source_unavailable",
        ProviderError = "provider_error",
        ReferenceMissing = "reference_missing",
        BudgetExceeded = "budget_exceeded",
        DraftChanged = "draft_changed",
        Infrastructure = "infrastructure",
    }
}

/// What went wrong in a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct StepError {
    pub code: ErrorCode,
    /// A sentence the owner may read; never a stack trace, never a secret.
    pub message: String,
}

impl StepError {
    /// An error with the first [`MOST_MESSAGE_CHARS`] characters of its message: it may quote a stranger.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: text::preview(&message.into(), MOST_MESSAGE_CHARS),
        }
    }
}

/// A document a step made: inside the aggregate when it is small, else in the store of outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// SHA-256 of the document's JSON, the key it is stored under.
    pub sha256: String,
    /// The JSON's size in bytes.
    pub bytes: u64,
    /// The document itself, when it is at most [`Output::MOST_INLINE`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline: Option<Value>,
    /// The first characters of what a person would read of it.
    pub preview: String,
}

impl Output {
    /// The largest document kept inside the aggregate, in bytes: every revision writes the
    /// aggregate whole, at one unit a kilobyte.
    pub const MOST_INLINE: usize = 512;
    /// How many characters a preview has.
    pub const PREVIEW: usize = 160;
}

/// A worker's hold on a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Grows with every claim of the step; what an older one reports is refused.
    pub fence: u64,
    /// When the step may be taken from the worker.
    pub until: Timestamp,
    /// Who holds it: an id of one invocation.
    pub worker: String,
}

/// What waits for a person at a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    pub approval: ApprovalId,
    /// SHA-256 over the RFC 8785 canonical JSON of the draft under review.
    pub sha256: String,
    /// When nobody has decided by then, the approval expires.
    pub deadline: Timestamp,
    /// What becomes of the step then.
    pub on_timeout: OnTimeout,
    /// The finished output of a step that only produces; `None` for one that publishes: its output
    /// comes from performing the draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Output>,
    /// What making the draft cost; it is charged when the output is approved.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub credits: u32,
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum StepState {
    /// For steps it depends on.
    Waiting,
    /// May be claimed from `due_at`; a message was sent for it, and the sweeper sends another at `nudge_at`.
    Ready {
        due_at: Timestamp,
        nudge_at: Timestamp,
    },
    /// A worker holds it.
    Running {
        lease: Lease,
    },
    /// A person must decide.
    AwaitingApproval {
        gate: Gate,
    },
    /// Approved, and to be performed.
    Approved {
        gate: Gate,
        due_at: Timestamp,
        nudge_at: Timestamp,
    },
    /// A worker performs what was approved.
    Performing {
        gate: Gate,
        lease: Lease,
    },
    /// Nobody knows whether the effect happened; a person must say.
    OutcomeUnknown {
        gate: Gate,
    },
    Completed {
        output: Output,
        credits: u32,
        at: Timestamp,
    },
    Failed {
        error: StepError,
        at: Timestamp,
    },
    Skipped {
        at: Timestamp,
    },
    Cancelled {
        at: Timestamp,
        /// Why it could not begin, when no person has stopped it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<StepError>,
        /// What a person did not approve.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gate: Option<Gate>,
    },
}

impl StepState {
    /// Stopped by a person, before it stood at a gate.
    #[must_use]
    pub fn cancelled(at: Timestamp) -> Self {
        Self::Cancelled {
            at,
            reason: None,
            gate: None,
        }
    }

    /// Why it has not done its work: how it failed, or why it could not begin.
    #[must_use]
    pub fn error(&self) -> Option<&StepError> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::Cancelled { reason, .. } => reason.as_ref(),
            Self::Waiting
            | Self::Ready { .. }
            | Self::Running { .. }
            | Self::AwaitingApproval { .. }
            | Self::Approved { .. }
            | Self::Performing { .. }
            | Self::OutcomeUnknown { .. }
            | Self::Completed { .. }
            | Self::Skipped { .. } => None,
        }
    }

    /// The word on the wire (API section 5).
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self {
            Self::Waiting | Self::Ready { .. } => "pending",
            Self::Running { .. } | Self::Approved { .. } | Self::Performing { .. } => "running",
            Self::AwaitingApproval { .. } => "awaiting_approval",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// The state's own name, finer than the wire's.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready { .. } => "ready",
            Self::Running { .. } => "running",
            Self::AwaitingApproval { .. } => "awaiting_approval",
            Self::Approved { .. } => "approved",
            Self::Performing { .. } => "performing",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// Whether nothing will happen to the step any more.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self {
            Self::Completed { .. }
            | Self::Failed { .. }
            | Self::Skipped { .. }
            | Self::Cancelled { .. } => true,
            Self::Waiting
            | Self::Ready { .. }
            | Self::Running { .. }
            | Self::AwaitingApproval { .. }
            | Self::Approved { .. }
            | Self::Performing { .. }
            | Self::OutcomeUnknown { .. } => false,
        }
    }

    /// When the sweeper must look at it; `None` when it is settled or waits for other steps.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        match self {
            Self::Ready { nudge_at, .. } | Self::Approved { nudge_at, .. } => Some(*nudge_at),
            Self::Running { lease } | Self::Performing { lease, .. } => Some(lease.until),
            Self::AwaitingApproval { gate } => Some(gate.deadline),
            Self::Waiting
            | Self::OutcomeUnknown { .. }
            | Self::Completed { .. }
            | Self::Failed { .. }
            | Self::Skipped { .. }
            | Self::Cancelled { .. } => None,
        }
    }

    /// The gate it is at or has passed, while that matters.
    #[must_use]
    pub fn gate(&self) -> Option<&Gate> {
        match self {
            Self::Cancelled { gate, .. } => gate.as_ref(),
            Self::AwaitingApproval { gate }
            | Self::Approved { gate, .. }
            | Self::Performing { gate, .. }
            | Self::OutcomeUnknown { gate } => Some(gate),
            Self::Waiting
            | Self::Ready { .. }
            | Self::Running { .. }
            | Self::Completed { .. }
            | Self::Failed { .. }
            | Self::Skipped { .. } => None,
        }
    }
}
