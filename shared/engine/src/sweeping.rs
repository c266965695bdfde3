//! Healing: whatever is open and past its `due_at` is nudged, and dead letters are settled (`dead_letters`).
//!
//! The index only says where to look; what is done is decided by the item itself, read consistently.
//! Every nudge moves the item's `due_at` on, so a queue that is slow is not flooded.

use domain::approval::Approval;
use domain::execution::{Event, overdue};
use domain::ids::{ExecutionId, OwnerId, PlanningId, WorkflowId};
use domain::planning::{PLANNING_NUDGE_SECONDS, PlanningState};

use crate::advance::{AdvanceError, Alongside, SYSTEM};
use crate::ports::store::{CommitError, DueItem, StoreError, Write};
use crate::ports::{QueueError, Schedules};
use crate::{Engine, after};

/// How many due items of a shard one sweep looks at; the rest waits a minute.
const MOST_PER_SHARD: usize = 100;

/// What a sweep did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    pub nudged: usize,
    pub failed: usize,
    pub dead_letters: usize,
    /// The owners who are being erased. That takes long and comes after everything else: [`Engine::erase_parts`].
    pub erasures: Vec<OwnerId>,
}

impl Engine {
    /// Nudges everything past due, and drains the dead letters. One item that fails does not keep the
    /// others waiting.
    ///
    /// # Errors
    /// The index or the dead letters cannot be read at all.
    pub async fn sweep(&self, schedules: &dyn Schedules) -> Result<Swept, SweepError> {
        let mut swept = Swept::default();
        for item in self.store.due(self.now(), MOST_PER_SHARD).await? {
            if let DueItem::Erasure(owner) = item {
                swept.erasures.push(owner);
                continue;
            }
            match self.nudge(schedules, &item).await {
                Ok(()) => swept.nudged += 1,
                Err(error) => {
                    swept.failed += 1;
                    tracing::error!(%error, ?item, "an overdue item could not be nudged");
                }
            }
        }
        swept.dead_letters = self.drain_dead_letters().await?;
        Ok(swept)
    }

    async fn nudge(&self, schedules: &dyn Schedules, item: &DueItem) -> Result<(), StoreError> {
        match item {
            DueItem::Execution(owner, id) => self.nudge_execution(owner, id).await,
            DueItem::Approval(owner, id) => self.nudge_approval(owner, id).await,
            DueItem::Planning(owner, id) => self.nudge_planning(owner, id).await,
            DueItem::Delivery(owner, id) => self.nudge_delivery(owner, id).await,
            DueItem::Workflow(owner, id) => self.nudge_workflow(schedules, owner, id).await,
            DueItem::Erasure(_) => Ok(()),
        }
    }

    async fn nudge_execution(&self, owner: &OwnerId, id: &ExecutionId) -> Result<(), StoreError> {
        let Some(mut execution) = self.store.execution(owner, id).await? else {
            return Ok(());
        };
        for event in overdue(&execution, self.now()) {
            tracing::info!(execution.id = %id, event = event.name(), step.id = event.step(), "an overdue step is set moving again");
            let alongside = self.with_expiry(owner, &event).await?;
            match self
                .advance_from(execution.clone(), &event, SYSTEM, &alongside)
                .await
            {
                Ok(next) => execution = next,
                // Somebody else has set it moving.
                Err(
                    AdvanceError::Refused(_)
                    | AdvanceError::NotFound
                    | AdvanceError::Contended
                    | AdvanceError::Full(_),
                ) => {}
                Err(AdvanceError::Store(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// An approval that expires is closed in the same commit.
    async fn with_expiry(&self, owner: &OwnerId, event: &Event) -> Result<Alongside, StoreError> {
        let Event::ApprovalExpired { approval, .. } = event else {
            return Ok(Alongside::default());
        };
        let approval = self
            .store
            .approval(owner, approval)
            .await?
            .filter(Approval::is_open);
        let writes = approval.map(|approval| Write::PutApproval {
            approval: approval.close(domain::approval::ApprovalStatus::Expired),
        });
        Ok(Alongside {
            writes: writes.into_iter().collect(),
            messages: Vec::new(),
        })
    }

    async fn nudge_planning(&self, owner: &OwnerId, id: &PlanningId) -> Result<(), StoreError> {
        let Some(mut planning) = self.store.planning(owner, id).await? else {
            return Ok(());
        };
        if planning.due_at().is_none_or(|due_at| due_at > self.now()) {
            return Ok(());
        }
        if planning.is_given_up() {
            tracing::error!(planning.id = %id, "nobody plans: the job has failed");
            let state = PlanningState::Failed {
                reason: "nobody planned it".to_owned(),
            };
            return self.conclude_planning(&planning, Err(state)).await;
        }
        planning.revision += 1;
        planning.nudge_at = after(self.now(), PLANNING_NUDGE_SECONDS);
        self.commit_unless_changed(Write::PutPlanning {
            planning: planning.clone(),
        })
        .await?;
        self.send_planning(&planning).await;
        Ok(())
    }

    async fn nudge_workflow(
        &self,
        schedules: &dyn Schedules,
        owner: &OwnerId,
        id: &WorkflowId,
    ) -> Result<(), StoreError> {
        let Some(workflow) = self.store.workflow(owner, id).await? else {
            return Ok(());
        };
        self.sync_schedule(schedules, &workflow).await.map(|_| ())
    }

    async fn commit_unless_changed(&self, write: Write) -> Result<(), StoreError> {
        match self.commit(vec![write]).await {
            Ok(())
            | Err(
                CommitError::Conflict
                | CommitError::Exists
                | CommitError::InsufficientCredits(_)
                | CommitError::Full(_),
            ) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}

/// Why a sweep could not go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SweepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queues(#[from] QueueError),
}
