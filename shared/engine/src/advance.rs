//! One event on one run: load, apply, commit, dispatch.
//!
//! Two workers may advance the same run at once: one commits, the other meets a conflict, loads
//! again, and its event is applied to the new state or refused by it. The worker that has just
//! claimed a step goes on from the state it committed, so an ordinary step reads the aggregate once.

use domain::approval::{Approval, ApprovalStatus};
use domain::credits::Purpose;
use domain::execution::{Closing, Effect, Event, Execution, Refused, Status, apply};
use domain::ids::{ExecutionId, OwnerId};
use domain::quota::Quota;
use domain::workflow::{LastExecution, MOST_FAILURES, Workflow, WorkflowStatus};
use jiff::Timestamp;

use crate::notices;
use crate::ports::queues::Message;
use crate::ports::store::{CommitError, EventRecord, StoreError, Write};
use crate::seeded_bugs::{self, Bug};
use crate::{Engine, won};

/// Who acts when no person does.
pub const SYSTEM: &str = "system";

/// How many approvals a transition closes in its own commit: each is two items, and a transaction has at most
/// 100 (DynamoDB, `TransactWriteItems`), of which the notices of a run's end may take 48. A plan may have 100 gates
/// open at once.
const MOST_CLOSED: usize = 16;

/// Why a run did not advance.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AdvanceError {
    #[error("there is no such run")]
    NotFound,
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It kept changing under us.
    #[error("too many others change it at the same time")]
    Contended,
    /// The owner has as many open approvals as there may be.
    #[error("{}", .0.refusal())]
    Full(Quota),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What else happens in the same commit, and what is sent after it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Alongside {
    pub writes: Vec<Write>,
    pub messages: Vec<Message>,
}

impl Engine {
    /// Applies `event` to the run as stored.
    ///
    /// # Errors
    /// The run does not exist, refuses the event, or the store fails.
    pub async fn advance(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
        event: &Event,
        actor: &str,
        alongside: &Alongside,
    ) -> Result<Execution, AdvanceError> {
        let execution = self
            .store
            .execution(owner, id)
            .await?
            .ok_or(AdvanceError::NotFound)?;
        self.advance_from(execution, event, actor, alongside).await
    }

    /// Applies `event` to a run loaded before, and loads again only when it has changed since.
    ///
    /// # Errors
    /// As [`Engine::advance`].
    pub async fn advance_from(
        &self,
        mut execution: Execution,
        event: &Event,
        actor: &str,
        alongside: &Alongside,
    ) -> Result<Execution, AdvanceError> {
        for attempt in 0.. {
            match self.try_advance(&execution, event, actor, alongside).await {
                Ok(next) => return Ok(next),
                Err(TryAdvance::Conflict) if self.again(attempt).await => {
                    let (owner, id) = (execution.owner.clone(), execution.id.clone());
                    execution = self
                        .store
                        .execution(&owner, &id)
                        .await?
                        .ok_or(AdvanceError::NotFound)?;
                }
                Err(TryAdvance::Conflict) => break,
                Err(TryAdvance::Other(error)) => return Err(error),
            }
        }
        Err(AdvanceError::Contended)
    }

    /// One attempt, for callers that must decide anew after a conflict.
    pub(crate) async fn try_advance(
        &self,
        execution: &Execution,
        event: &Event,
        actor: &str,
        alongside: &Alongside,
    ) -> Result<Execution, TryAdvance> {
        let now = self.now();
        let disguised = seeded_bugs::disguised(execution, event, now);
        let (event, now) = disguised
            .as_ref()
            .map_or((event, now), |(event, now)| (event, *now));
        let (next, effects) =
            apply(execution, event, now).map_err(|refused| TryAdvance::Other(refused.into()))?;
        let record = EventRecord {
            revision: next.revision,
            at: now,
            actor: actor.to_owned(),
            event: event.clone(),
        };
        let was = execution.status();
        let mut together = Alongside {
            writes: vec![Write::AdvanceExecution {
                execution: next.clone(),
                was,
                record,
                is_last_complete: was.is_terminal() && self.is_last_complete(&next).await?,
            }],
            messages: alongside.messages.clone(),
        };
        together.writes.extend(alongside.writes.iter().cloned());
        self.consequences(&next, &effects, now, &mut together)
            .await?;
        let Alongside { writes, messages } = together;
        if seeded_bugs::is_armed(Bug::SentBeforeCommit) {
            self.dispatch(&next, &effects).await;
            self.commit(writes).await?;
            return Ok(next);
        }
        self.commit(writes).await?;
        self.dispatch(&next, &effects).await;
        for message in &messages {
            self.send(message, now).await;
        }
        Ok(next)
    }

    /// Whether the baseline of the run's workflow was made of this run.
    async fn is_last_complete(&self, execution: &Execution) -> Result<bool, StoreError> {
        let (owner, workflow) = (&execution.owner, &execution.workflow);
        let baseline = self.store.baseline(owner, workflow).await?;
        Ok(baseline.is_some_and(|baseline| baseline.execution_id == execution.id))
    }

    /// The writes that must happen together with the transition.
    async fn consequences(
        &self,
        next: &Execution,
        effects: &[Effect],
        now: Timestamp,
        together: &mut Alongside,
    ) -> Result<(), StoreError> {
        let writes = &mut together.writes;
        let mut ending = None;
        let mut closed = 0;
        for effect in effects {
            match effect {
                Effect::CloseApproval {
                    approval: id,
                    because,
                } => {
                    let decided_here = writes.iter().any(|write| matches!(write, Write::PutApproval { approval } if approval.id == *id));
                    if decided_here {
                        continue;
                    }
                    if let Some(approval) = self
                        .store
                        .approval(&next.owner, id)
                        .await?
                        .filter(|approval| approval.is_open())
                    {
                        let status = match because {
                            Closing::Cancelled => ApprovalStatus::Cancelled,
                            Closing::Superseded => ApprovalStatus::Superseded,
                        };
                        let approval = approval.close(status);
                        if closed < MOST_CLOSED {
                            closed += 1;
                            writes.push(Write::PutApproval { approval });
                        } else {
                            self.close_ahead(approval).await?;
                        }
                    }
                }
                Effect::End => {
                    if next.metered {
                        writes.push(Write::SettleCredits {
                            owner: next.owner.clone(),
                            purpose: Purpose::Execution(next.id.clone()),
                            reserved: next.reserved,
                            consumed: next.consumed(),
                            at: now,
                        });
                    }
                    // Who has judged the run writes its workflow, and tells of both.
                    let told_here = writes
                        .iter()
                        .any(|write| matches!(write, Write::PutWorkflow { .. }));
                    if !told_here
                        && let Some(workflow) =
                            self.store.workflow(&next.owner, &next.workflow).await?
                    {
                        let after = after_run(&workflow, next, now);
                        let notices = notices::of_end(&workflow, &after, next);
                        writes.push(Write::next_workflow(&workflow, after));
                        ending = Some((workflow, notices));
                    }
                }
                Effect::EnqueueStep { .. } | Effect::EnqueueJudging => {}
            }
        }
        if let Some((workflow, notices)) = ending {
            self.tell(&workflow, &notices, together).await?;
        }
        Ok(())
    }
}

impl Engine {
    /// Closes an approval in a commit of its own, before that of the transition that closes it. Should that one
    /// never come, the gate expires at its deadline as if nobody had answered.
    async fn close_ahead(&self, approval: Approval) -> Result<(), StoreError> {
        // Where somebody has decided meanwhile, the transition meets that as a conflict of its own.
        won(self.commit(vec![Write::PutApproval { approval }]).await)?;
        Ok(())
    }
}

/// The workflow after one of its runs has ended.
pub(crate) fn after_run(workflow: &Workflow, run: &Execution, now: Timestamp) -> Workflow {
    let mut next = workflow.clone();
    next.revision += 1;
    next.live.retain(|id| *id != run.id);
    next.last_execution = Some(LastExecution {
        id: run.id.clone(),
        status: run.status(),
        finished_at: run.finished_at(),
    });
    match run.status() {
        Status::Failed => next.failures_in_a_row += 1,
        Status::Completed => next.failures_in_a_row = 0,
        Status::Cancelled
        | Status::Pending
        | Status::Running
        | Status::AwaitingApproval
        | Status::Paused => {}
    }
    if next.failures_in_a_row >= MOST_FAILURES && next.status == WorkflowStatus::Active {
        next.status = WorkflowStatus::Failed;
        next.schedule_synced = false;
        next.nudge_at = now;
        next.updated_at = now;
    }
    next
}

/// What came of one attempt.
#[derive(Debug)]
pub(crate) enum TryAdvance {
    Conflict,
    Other(AdvanceError),
}

impl From<StoreError> for TryAdvance {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl From<CommitError> for TryAdvance {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict | CommitError::Exists | CommitError::InsufficientCredits(_) => {
                Self::Conflict
            }
            CommitError::Full(quota) => Self::Other(AdvanceError::Full(quota)),
            CommitError::Store(error) => Self::Other(error.into()),
        }
    }
}
