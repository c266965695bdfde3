#![doc = include_str!("../README.md")]

pub mod start;

use std::sync::Arc;

use async_trait::async_trait;
use domain::execution::Trigger;
use domain::ids::{OwnerId, WorkflowId};
use domain::workflow::WorkflowStatus;
use engine::Engine;
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::executions::{Start, StartError};
use engine::ports::queues::Message;
use engine::ports::store::Occurrence;
use engine::ports::{CommitError, Schedules, StoreError, Write};
use jiff::Timestamp;

/// Starts one run for each due time.
pub struct ExecutionStarter {
    pub engine: Engine,
    pub schedules: Arc<dyn Schedules>,
}

#[async_trait]
impl Consumer for ExecutionStarter {
    async fn handle(&self, delivery: Delivery) -> Disposition {
        let Message::Start {
            owner,
            workflow,
            scheduled_for,
        } = &delivery.message
        else {
            tracing::error!("a message of another queue");
            return Disposition::Failed;
        };
        match self.fire(owner, workflow, *scheduled_for).await {
            Ok(()) => Disposition::Done,
            Err(error) => {
                tracing::error!(%error, workflow.id = %workflow, "a due time could not be dealt with");
                self.engine.after_store_error(&delivery, &error).await
            }
        }
    }
}

impl ExecutionStarter {
    /// Deals with one firing of a schedule.
    async fn fire(
        &self,
        owner: &OwnerId,
        id: &WorkflowId,
        fired_for: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(workflow) = self.engine.store.workflow(owner, id).await? else {
            return self.remove_orphan(owner, id).await;
        };
        let Some(scheduled_for) = workflow.schedule.occurrence_at(fired_for) else {
            return self
                .record(
                    owner,
                    id,
                    fired_for,
                    "filtered",
                    "not a due time of the schedule",
                )
                .await;
        };
        if workflow.status != WorkflowStatus::Active {
            let reason = format!("the workflow is {}", workflow.status);
            return self
                .record(owner, id, scheduled_for, "skipped", &reason)
                .await;
        }
        let start = Start {
            trigger: Trigger::Schedule,
            scheduled_for: Some(scheduled_for),
        };
        let reason = match self.engine.start(owner, id, start).await {
            Ok(execution) => {
                tracing::info!(execution.id = %execution.id, workflow.id = %id, "a scheduled run has started");
                return Ok(());
            }
            Err(StartError::AlreadyStarted | StartError::NotFound) => return Ok(()),
            Err(StartError::Contended) => {
                return Err(StoreError::Unavailable("contended".to_owned()));
            }
            Err(StartError::Store(error)) => return Err(error),
            Err(
                reason @ (StartError::NotActive(_)
                | StartError::InProgress(_)
                | StartError::MaxExecutionsReached
                | StartError::InsufficientCredits(_)
                | StartError::NoEarlierRun(_)
                | StartError::CannotReuse(_)),
            ) => reason.to_string(),
        };
        self.record(owner, id, scheduled_for, "skipped", &reason)
            .await
    }

    /// Writes down a due time that starts nothing.
    async fn record(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        scheduled_for: Timestamp,
        outcome: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        let occurrence = Occurrence {
            scheduled_for,
            outcome: outcome.to_owned(),
            reason: Some(reason.to_owned()),
            execution_id: None,
        };
        let write = Write::RecordOccurrence {
            owner: owner.clone(),
            workflow: workflow.clone(),
            occurrence,
        };
        match self.engine.commit(vec![write]).await {
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

    async fn remove_orphan(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
    ) -> Result<(), StoreError> {
        tracing::info!(workflow.id = %workflow, "a schedule outlived its workflow and is removed");
        self.schedules
            .put(owner, workflow, &[])
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}
