//! Planning jobs: submitted here, carried out by the planner function, adopted by a workflow.
//!
//! A job may be carried out twice, and a model answers differently each time: the first answer that is
//! committed wins (FAULTS F32), the second meets a conflict and is dropped.

use domain::ids::{OwnerId, PlanningId, WorkflowId};
use domain::planning::{
    PLANNING_NUDGE_SECONDS, Planning, PlanningRequest, PlanningState, ReviewedPlan,
};
use domain::workflow::WorkflowStatus;

use crate::ports::queues::Message;
use crate::ports::store::{CommitError, StoreError, Write};
use crate::{Engine, after};

impl Engine {
    /// Submits a goal for planning, for its own sake or for a workflow that waits for its plan.
    ///
    /// # Errors
    /// The store fails.
    pub async fn submit_planning(
        &self,
        owner: &OwnerId,
        request: PlanningRequest,
        workflow: Option<WorkflowId>,
    ) -> Result<Planning, StoreError> {
        let planning = self.new_planning(owner, request, workflow);
        self.commit(vec![Write::PutPlanning {
            planning: planning.clone(),
        }])
        .await
        .map_err(unexpected)?;
        self.send_planning(&planning).await;
        Ok(planning)
    }

    /// A job that is not yet committed, for callers that commit it with something else.
    #[must_use]
    pub fn new_planning(
        &self,
        owner: &OwnerId,
        request: PlanningRequest,
        workflow: Option<WorkflowId>,
    ) -> Planning {
        let now = self.now();
        Planning {
            id: PlanningId::from_uuid(self.uuid()),
            owner: owner.clone(),
            request,
            workflow,
            state: PlanningState::Planning,
            revision: 0,
            created_at: now,
            nudge_at: after(now, PLANNING_NUDGE_SECONDS),
        }
    }

    /// Sends a job to the planner.
    pub async fn send_planning(&self, planning: &Planning) {
        let message = Message::Plan {
            owner: planning.owner.clone(),
            planning: planning.id.clone(),
        };
        self.send(&message, self.now()).await;
    }

    /// Commits what planning came to, with the plan, and gives the plan to the workflow that waits for it.
    ///
    /// # Errors
    /// The store fails. A job that is over already is no error.
    pub async fn conclude_planning(
        &self,
        planning: &Planning,
        outcome: Result<ReviewedPlan, PlanningState>,
    ) -> Result<(), StoreError> {
        for attempt in 0.. {
            let now = self.now();
            let mut next = planning.clone();
            next.revision += 1;
            let mut writes = Vec::new();
            let workflow = match &planning.workflow {
                Some(id) => self
                    .store
                    .workflow(&planning.owner, id)
                    .await?
                    .filter(|workflow| workflow.status == WorkflowStatus::Planning),
                None => None,
            };
            match &outcome {
                Ok(plan) => {
                    next.state = PlanningState::Completed {
                        plan: plan.id.clone(),
                    };
                    writes.push(Write::PutReviewedPlan {
                        owner: planning.owner.clone(),
                        plan: plan.clone(),
                    });
                    if let Some(before) = workflow {
                        let mut workflow = before.clone();
                        workflow.revision += 1;
                        workflow.plan_version += 1;
                        workflow.plan_id = Some(plan.id.clone());
                        workflow.status = if workflow.auto_activate {
                            WorkflowStatus::Active
                        } else {
                            WorkflowStatus::Draft
                        };
                        workflow.schedule_synced = !workflow.wants_schedule();
                        workflow.nudge_at = now;
                        workflow.updated_at = now;
                        writes.push(Write::PutPlan {
                            owner: planning.owner.clone(),
                            workflow: workflow.id.clone(),
                            version: workflow.plan_version,
                            plan: plan.plan.clone(),
                        });
                        writes.push(Write::next_workflow(&before, workflow));
                    }
                }
                Err(state) => {
                    next.state = state.clone();
                    if let Some(before) = workflow {
                        let mut workflow = before.clone();
                        workflow.revision += 1;
                        workflow.status = WorkflowStatus::PlanFailed;
                        workflow.updated_at = now;
                        writes.push(Write::next_workflow(&before, workflow));
                    }
                }
            }
            writes.push(Write::PutPlanning { planning: next });
            match self.commit(writes).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Store(error)) => return Err(error),
                Err(
                    CommitError::Conflict
                    | CommitError::Exists
                    | CommitError::InsufficientCredits(_),
                ) => {
                    // Either another planner was faster, or the workflow was edited meanwhile.
                    let stored = self.store.planning(&planning.owner, &planning.id).await?;
                    let open = stored.is_some_and(|stored| {
                        stored.state == PlanningState::Planning
                            && stored.revision == planning.revision
                    });
                    if !open || !self.again(attempt).await {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}

/// A conflict where nobody else can write.
pub(crate) fn unexpected(error: CommitError) -> StoreError {
    match error {
        CommitError::Store(error) => error,
        CommitError::Conflict | CommitError::Exists | CommitError::InsufficientCredits(_) => {
            StoreError::Unavailable(error.to_string())
        }
    }
}
