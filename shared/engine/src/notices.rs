//! What is worth telling, and what is said of it: the end of a run, a turn of a workflow's health, a question to a
//! person and its answer. Signals are in `super::signals`.
//!
//! What a step said when it failed may quote a stranger; it travels as JSON and is nobody's instruction.

use domain::approval::{Approval, Decision};
use domain::delivery::{EventType, Subject, Succession, turn_of_health};
use domain::execution::{Execution, Status, StepState};
use domain::ids::{DestinationId, ExecutionId, OwnerId, WorkflowId};
use domain::workflow::{ApprovalPolicy, Workflow, WorkflowStatus};
use serde_json::{Map, Value, json};

use crate::advance::Alongside;
use crate::deliveries::Notice;
use crate::ports::store::StoreError;
use crate::{Engine, won};

impl Engine {
    /// Has these notices delivered with the commit.
    ///
    /// # Errors
    /// A body cannot be stored.
    pub(crate) async fn tell(
        &self,
        workflow: &Workflow,
        notices: &[Notice],
        alongside: &mut Alongside,
    ) -> Result<(), StoreError> {
        for notice in notices {
            let deliveries = self.address(workflow, notice).await?;
            alongside.deliver(deliveries);
        }
        Ok(())
    }
}

impl Engine {
    /// Makes a delivery of what older code asked for by a message of its own. One that comes twice is told twice, as
    /// it was then.
    ///
    /// # Errors
    /// The store fails.
    pub async fn tell_of_run(
        &self,
        owner: &OwnerId,
        execution: &ExecutionId,
    ) -> Result<(), StoreError> {
        let Some(run) = self.store.execution(owner, execution).await? else {
            return Ok(());
        };
        let event = match run.status() {
            Status::Failed => EventType::ExecutionFailed,
            Status::Completed => EventType::WorkflowSignal,
            Status::Cancelled
            | Status::Pending
            | Status::Running
            | Status::AwaitingApproval
            | Status::Paused => return Ok(()),
        };
        let Some(workflow) = self.store.workflow(owner, &run.workflow).await? else {
            return Ok(());
        };
        let about = (&run.workflow, &run.id);
        let mut alongside = Alongside::default();
        let notices = [notice(event, true, about, json!({}))];
        self.tell(&workflow, &notices, &mut alongside).await?;
        if won(self.commit(alongside.writes).await)? {
            self.send_all(&alongside.messages).await;
        }
        Ok(())
    }
}

fn notice(
    event: EventType,
    mailed: bool,
    (workflow, execution): (&WorkflowId, &ExecutionId),
    data: Value,
) -> Notice {
    let subject = Subject {
        execution: Some(execution.clone()),
        ..Subject::of(workflow.clone())
    };
    let data = match data {
        Value::Object(data) => data,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    };
    Notice {
        event,
        mailed,
        subject,
        data,
    }
}

/// What the end of a run tells, with what it has made of its workflow. A run that was cancelled was cancelled by
/// somebody who knows.
pub(crate) fn of_end(before: &Workflow, after: &Workflow, run: &Execution) -> Vec<Notice> {
    let about = (&run.workflow, &run.id);
    let mut notices = Vec::new();
    match run.status() {
        Status::Completed => {
            let data = json!({"status": "completed"});
            notices.push(notice(EventType::ExecutionCompleted, false, about, data));
        }
        Status::Failed => {
            let data = json!({
                "status": "failed",
                "outcome_reason": run.outcome_reason(),
                "steps": failed_steps(run),
            });
            // People are told in the same mail what has become of the workflow.
            notices.push(notice(EventType::ExecutionFailed, true, about, data));
        }
        Status::Cancelled
        | Status::Pending
        | Status::Running
        | Status::AwaitingApproval
        | Status::Paused => {}
    }
    if let Some(turn) = turn_of_health(before, after) {
        let data = json!({
            "health": after.health(),
            "status": after.status,
            "failures_in_a_row": after.failures_in_a_row,
        });
        notices.push(notice(turn, false, about, data));
    }
    notices
}

fn failed_steps(run: &Execution) -> Vec<Value> {
    let failed = run.steps.iter().filter_map(|row| match &row.state {
        StepState::Failed { error, .. } => {
            Some(json!({"id": row.id, "code": error.code, "message": error.message}))
        }
        StepState::Waiting
        | StepState::Ready { .. }
        | StepState::Running { .. }
        | StepState::AwaitingApproval { .. }
        | StepState::Approved { .. }
        | StepState::Performing { .. }
        | StepState::OutcomeUnknown { .. }
        | StepState::Completed { .. }
        | StepState::Skipped { .. }
        | StepState::Cancelled { .. } => None,
    });
    failed.collect()
}

/// That a workflow has run for the last time, when this run has made it so. `mailed`: whether people are told, which
/// they are of a condition that is met.
pub(crate) fn of_completion(
    before: &Workflow,
    after: &Workflow,
    run: &Execution,
    condition: Option<Value>,
) -> Option<Notice> {
    let met = condition.is_some();
    let ended =
        after.status == WorkflowStatus::Completed && before.status != WorkflowStatus::Completed;
    if !ended && !met {
        return None;
    }
    let reason = if met {
        "condition_met"
    } else {
        "max_executions"
    };
    let data = json!({"reason": reason, "condition": condition});
    Some(notice(
        EventType::WorkflowCompleted,
        met,
        (&run.workflow, &run.id),
        data,
    ))
}

/// That a person is asked. The approvers' own mails are no deliveries: each has a link of its own.
pub(crate) fn of_request(approval: &Approval) -> Notice {
    let data = json!({
        "approval_id": approval.id,
        "step": approval.step,
        "generation": approval.generation,
        "sha256": approval.sha256,
        "deadline": approval.deadline,
    });
    notice(
        EventType::ApprovalRequested,
        false,
        (&approval.workflow, &approval.execution),
        data,
    )
}

/// That it is settled.
pub(crate) fn of_decision(approval: &Approval) -> Notice {
    let by = |decision: &Decision| json!({"by": decision.by, "decision": decision.decision, "at": decision.at});
    let data = json!({
        "approval_id": approval.id,
        "step": approval.step,
        "generation": approval.generation,
        "status": approval.status,
        "decisions": approval.decisions.iter().map(by).collect::<Vec<_>>(),
    });
    notice(
        EventType::ApprovalDecided,
        false,
        (&approval.workflow, &approval.execution),
        data,
    )
}

/// That others decide about a workflow's drafts from now on, one notice for each of those who did. `owner` is who decides
/// where nobody is named.
pub(crate) fn of_succession(
    before: &Workflow,
    after: &Workflow,
    owner: &str,
    by: &str,
) -> Vec<Notice> {
    let named = |policy: &ApprovalPolicy| match policy.approvers.as_slice() {
        [] => vec![owner.to_owned()],
        approvers => approvers.to_vec(),
    };
    let told = named(&before.approvals).into_iter();
    let notices = told.map(|told| Notice {
        event: EventType::ApproversChanged,
        mailed: true,
        subject: Subject {
            succession: Some(Succession {
                told,
                by: by.to_owned(),
                approvers: named(&after.approvals),
                required: after.approvals.required,
            }),
            ..Subject::of(after.id.clone())
        },
        data: Map::new(),
    });
    notices.collect()
}

/// That a destination has said it is gone.
pub(crate) fn of_disabled(workflow: &WorkflowId, destination: &DestinationId) -> Notice {
    Notice {
        event: EventType::DestinationDisabled,
        mailed: true,
        subject: Subject {
            destination: Some(destination.clone()),
            ..Subject::of(workflow.clone())
        },
        data: Map::new(),
    }
}
