//! What somebody may be told of: the event types of the contract (API section 7), each sent where it really
//! happens.

use crate::words::words;
use crate::workflow::{Workflow, WorkflowStatus};

words! {
    /// The type of a notice, the `type` of a webhook's body.
    EventType {
        WorkflowSignal = "workflow.signal",
        WorkflowCompleted = "workflow.completed",
        WorkflowUnhealthy = "workflow.unhealthy",
        WorkflowRecovered = "workflow.recovered",
        ExecutionCompleted = "execution.completed",
        ExecutionFailed = "execution.failed",
        ApprovalRequested = "approval.requested",
        ApprovalDecided = "approval.decided",
        /// Asked for by hand, to see whether a destination is reached; nobody subscribes to it.
        DestinationTest = "destination.test",
        /// A destination has said that it is gone, and is told nothing more; the owner is, by mail.
        DestinationDisabled = "destination.disabled",
        /// Others decide about a workflow's drafts from now on: those who did are told, by mail; nobody subscribes to it.
        ApproversChanged = "workflow.approvers_changed",
    }
}

impl EventType {
    /// What a destination may ask for; without a choice of its own it is told of all of them.
    pub const SUBSCRIBABLE: [Self; 8] = [
        Self::WorkflowSignal,
        Self::WorkflowCompleted,
        Self::WorkflowUnhealthy,
        Self::WorkflowRecovered,
        Self::ExecutionCompleted,
        Self::ExecutionFailed,
        Self::ApprovalRequested,
        Self::ApprovalDecided,
    ];
}

/// What the end of a run makes of a workflow's health, when that is worth telling: it has begun to fail (three runs
/// in a row), it was stopped for failing, or it has recovered.
#[must_use]
pub fn turn_of_health(before: &Workflow, after: &Workflow) -> Option<EventType> {
    let failing = |workflow: &Workflow| workflow.health() == "failing";
    let stopped = after.status == WorkflowStatus::Failed && before.status != WorkflowStatus::Failed;
    if stopped || (failing(after) && !failing(before)) {
        Some(EventType::WorkflowUnhealthy)
    } else if failing(before) && after.failures_in_a_row == 0 {
        Some(EventType::WorkflowRecovered)
    } else {
        None
    }
}
