//! Dead letters: messages that could not be handled as often as their queue tries. Nothing is executed here; the
//! truth is written down where it belongs, and the letter is removed.
//!
//! - A step fails with `infrastructure` unless a worker holds it; the run ends and says so. `retry` is the
//!   door through which a person redrives it, with everything that was recorded taken over.
//! - A due time is recorded as missed, a planning fails, an approval says that its mail was not sent.
//! - A letter written by newer code stays: after a deployment the code that reads it will be here, and dropping
//!   it would lose what it asks for (FAULTS F19). The alarm on the age of the oldest letter sees one that nobody
//!   ever reads.

use domain::execution::Event;
use domain::ids::{ExecutionId, OwnerId, WorkflowId};
use domain::planning::PlanningState;
use jiff::Timestamp;

use crate::Engine;
use crate::advance::{AdvanceError, Alongside, SYSTEM};
use crate::ports::queues::{DeadLetter, Message};
use crate::ports::store::{CommitError, Occurrence, StoreError, Write};
use crate::sweeping::SweepError;

impl Engine {
    /// Drains the dead letters, and says how many were settled. One that fails does not keep the others waiting: it is
    /// back when its visibility ends.
    ///
    /// # Errors
    /// They cannot be read at all.
    pub(crate) async fn drain_dead_letters(&self) -> Result<usize, SweepError> {
        let mut settled = 0;
        loop {
            let letters = self.queues.dead_letters().await?;
            let before = settled;
            for letter in &letters {
                match self.settle_dead_letter(letter).await {
                    Ok(true) => settled += 1,
                    Ok(false) => {}
                    Err(error) => {
                        tracing::error!(%error, message = %letter.body, "a dead letter could not be settled");
                    }
                }
            }
            // A whole batch that stays: the rest waits for the next sweep.
            if settled == before {
                return Ok(settled);
            }
        }
    }

    /// Whether the letter was settled and removed.
    async fn settle_dead_letter(&self, letter: &DeadLetter) -> Result<bool, SweepError> {
        match Message::decode(&letter.body) {
            Ok(message) => self.write_down(message).await?,
            Err(error) if Message::is_from_newer_code(&letter.body) => {
                tracing::error!(%error, message = %letter.body, "a message of newer code waits in the dead letters");
                return Ok(false);
            }
            Err(error) => tracing::error!(%error, "a stranger's message ended in the dead letters"),
        }
        self.queues.bury(letter).await?;
        Ok(true)
    }

    async fn write_down(&self, message: Message) -> Result<(), StoreError> {
        match message {
            Message::Step {
                owner,
                execution,
                step,
                ..
            } => self.step_died(&owner, &execution, step).await,
            Message::Plan { owner, planning } => {
                let Some(planning) = self.store.planning(&owner, &planning).await? else {
                    return Ok(());
                };
                let state = PlanningState::Failed {
                    reason: "infrastructure".to_owned(),
                };
                self.conclude_planning(&planning, Err(state)).await
            }
            Message::AskApproval { owner, approval } => {
                self.put_off_asking(&owner, &approval).await
            }
            Message::Start {
                owner,
                workflow,
                scheduled_for,
            } => self.due_time_died(&owner, &workflow, scheduled_for).await,
            // Whoever asked has had another answer long ago.
            Message::Assess { .. } => Ok(()),
            // Their own `due_at` has the run judged and the delivery attempted again.
            message @ (Message::Judge { .. }
            | Message::Deliver { .. }
            | Message::Tell { .. }
            | Message::MailReturned { .. }) => {
                tracing::error!(kind = message.kind(), "a message ended in the dead letters");
                Ok(())
            }
        }
    }

    async fn step_died(
        &self,
        owner: &OwnerId,
        execution: &ExecutionId,
        step: String,
    ) -> Result<(), StoreError> {
        let reason =
            "the step's message could not be handled and ended in the dead letters".to_owned();
        let event = Event::StepDeadLettered { step, reason };
        match self
            .advance(owner, execution, &event, SYSTEM, &Alongside::default())
            .await
        {
            Ok(_) | Err(AdvanceError::Refused(_) | AdvanceError::NotFound) => Ok(()),
            Err(AdvanceError::Contended | AdvanceError::Full(_)) => {
                Err(StoreError::Unavailable("contended".to_owned()))
            }
            Err(AdvanceError::Store(error)) => Err(error),
        }
    }

    /// Unless it has been dealt with, the due time is one that was missed.
    async fn due_time_died(
        &self,
        owner: &OwnerId,
        id: &WorkflowId,
        fired_for: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(workflow) = self.store.workflow(owner, id).await? else {
            return Ok(());
        };
        let scheduled_for = workflow.schedule.occurrence_at(fired_for);
        let occurrence = Occurrence {
            scheduled_for: scheduled_for.unwrap_or(fired_for),
            outcome: "missed".to_owned(),
            reason: Some("infrastructure".to_owned()),
            execution_id: None,
        };
        let write = Write::RecordOccurrence {
            owner: owner.clone(),
            workflow: id.clone(),
            occurrence,
        };
        match self.commit(vec![write]).await {
            Ok(())
            | Err(
                CommitError::Exists
                | CommitError::Conflict
                | CommitError::InsufficientCredits(_)
                | CommitError::Full(_),
            ) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}
