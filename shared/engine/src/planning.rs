//! Planning jobs: submitted here, carried out by the planner function, adopted by a workflow.
//!
//! A job may be carried out twice, and a model answers differently each time: the first answer that is
//! committed wins (FAULTS F32), the second meets a conflict and is dropped. What a model may cost is set aside in the
//! commit that submits the job, and charged or freed in the one that concludes it; that one happens once, because
//! it is conditional on the job being open (promise 11).

use domain::credits::{InsufficientCredits, Purpose};
use domain::ids::{OwnerId, PlanningId, WorkflowId};
use domain::planning::{
    PLANNING_NUDGE_SECONDS, Planning, PlanningRequest, PlanningState, ReviewedPlan,
};
use domain::quota::Quota;
use domain::workflow::{Workflow, WorkflowStatus};

use crate::ports::queues::Message;
use crate::ports::store::{CommitError, StoreError, Write};
use crate::{Engine, after};

/// Why a goal was not submitted. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SubmitError {
    #[error(transparent)]
    InsufficientCredits(#[from] InsufficientCredits),
    /// The owner has as many workflows as there may be.
    #[error("{}", .0.refusal())]
    Full(Quota),
    #[error("too many others use the owner's credits at the same time")]
    Contended,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Submits a goal for planning for its own sake; `price` is what a model may cost, 0 where none is asked.
    ///
    /// # Errors
    /// Credits are short, or the store fails.
    pub async fn submit_planning(
        &self,
        owner: &OwnerId,
        request: PlanningRequest,
        price: u32,
    ) -> Result<Planning, SubmitError> {
        let planning = self.new_planning(owner, request, None, price).await?;
        self.commit_new(submission(&planning)).await?;
        self.send_planning(&planning).await;
        Ok(planning)
    }

    /// A job that is not yet committed, for callers that commit it with something else. As with runs, nothing is set
    /// aside where credits are not limited.
    ///
    /// # Errors
    /// The store fails.
    pub async fn new_planning(
        &self,
        owner: &OwnerId,
        request: PlanningRequest,
        workflow: Option<WorkflowId>,
        price: u32,
    ) -> Result<Planning, StoreError> {
        let is_metered = price > 0 && self.store.account(owner).await?.is_limited();
        let now = self.now();
        Ok(Planning {
            id: PlanningId::from_uuid(self.uuid()),
            owner: owner.clone(),
            request,
            workflow,
            reserved: if is_metered { price } else { 0 },
            state: PlanningState::Planning,
            revision: 0,
            created_at: now,
            nudge_at: after(now, PLANNING_NUDGE_SECONDS),
        })
    }

    /// Commits what is new altogether: a conflict can only be about what many write at once, the owner's credits and
    /// counts.
    pub(crate) async fn commit_new(&self, writes: Vec<Write>) -> Result<(), SubmitError> {
        for attempt in 0.. {
            match self.commit(writes.clone()).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Conflict) if self.again(attempt).await => {}
                Err(CommitError::Conflict) => break,
                Err(CommitError::InsufficientCredits(short)) => return Err(short.into()),
                Err(CommitError::Full(quota)) => return Err(SubmitError::Full(quota)),
                Err(error @ (CommitError::Exists | CommitError::Store(_))) => {
                    return Err(unexpected(error).into());
                }
            }
        }
        Err(SubmitError::Contended)
    }

    /// Sends a job to the planner.
    pub async fn send_planning(&self, planning: &Planning) {
        let message = Message::Plan {
            owner: planning.owner.clone(),
            planning: planning.id.clone(),
        };
        self.send(&message, self.now()).await;
    }

    /// Commits what planning came to, with the plan and its price, and gives the plan to the workflow that waits for
    /// it. A failure costs nothing.
    ///
    /// # Errors
    /// The store fails. A job that is over already is no error.
    pub async fn conclude_planning(
        &self,
        planning: &Planning,
        outcome: Result<ReviewedPlan, PlanningState>,
    ) -> Result<(), StoreError> {
        let mut planning = planning.clone();
        for attempt in 0.. {
            if planning.state != PlanningState::Planning {
                return Ok(());
            }
            let writes = self.conclusion(&planning, &outcome).await?;
            match self.commit(writes).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Store(error)) => return Err(error),
                Err(
                    CommitError::Conflict
                    | CommitError::Exists
                    | CommitError::InsufficientCredits(_)
                    | CommitError::Full(_),
                ) => {
                    // Another planner was faster, the job was nudged, or the workflow was edited meanwhile.
                    let stored = self.store.planning(&planning.owner, &planning.id).await?;
                    let Some(stored) = stored else {
                        return Ok(());
                    };
                    planning = stored;
                    if !self.again(attempt).await {
                        break;
                    }
                }
            }
        }
        let contended = format!("too many others write beside {}", planning.id);
        Err(StoreError::Unavailable(contended))
    }

    /// The one commit that ends a job.
    async fn conclusion(
        &self,
        planning: &Planning,
        outcome: &Result<ReviewedPlan, PlanningState>,
    ) -> Result<Vec<Write>, StoreError> {
        let now = self.now();
        let owner = &planning.owner;
        let mut writes = Vec::new();
        // One whose goal was changed meanwhile waits for another job's plan.
        let awaiting = |workflow: &Workflow| {
            workflow.status == WorkflowStatus::Planning
                && workflow.planning_id.as_ref() == Some(&planning.id)
        };
        let waiting = match &planning.workflow {
            Some(id) => self.store.workflow(owner, id).await?.filter(awaiting),
            None => None,
        };
        let mut next = planning.clone();
        next.revision += 1;
        next.state = match outcome {
            Ok(plan) => {
                writes.push(Write::PutReviewedPlan {
                    owner: owner.clone(),
                    plan: plan.clone(),
                });
                PlanningState::Completed {
                    plan: plan.id.clone(),
                }
            }
            Err(state) => state.clone(),
        };
        if let Some(before) = waiting {
            let mut workflow = before.clone();
            workflow.revision += 1;
            workflow.updated_at = now;
            match outcome {
                Ok(plan) => {
                    workflow.plan_version += 1;
                    workflow.plan_id = Some(plan.id.clone());
                    workflow.status = if workflow.auto_activate {
                        WorkflowStatus::Active
                    } else {
                        WorkflowStatus::Draft
                    };
                    workflow.schedule_synced = !workflow.wants_schedule();
                    workflow.nudge_at = now;
                    writes.push(Write::PutPlan {
                        owner: owner.clone(),
                        workflow: workflow.id.clone(),
                        version: workflow.plan_version,
                        plan: plan.plan.clone(),
                    });
                }
                Err(_) => workflow.status = WorkflowStatus::PlanFailed,
            }
            writes.push(Write::next_workflow(&before, workflow));
        }
        if planning.reserved > 0 {
            let (plan, consumed) = match outcome {
                Ok(plan) => (Some(plan.id.clone()), plan.credits_consumed),
                Err(_) => (None, 0),
            };
            writes.push(Write::SettleCredits {
                owner: owner.clone(),
                purpose: Purpose::Planning(planning.id.clone(), plan),
                reserved: planning.reserved,
                consumed,
                at: now,
            });
        }
        writes.push(Write::PutPlanning { planning: next });
        Ok(writes)
    }
}

/// What submits a job: the job, and what is set aside for it.
pub(crate) fn submission(planning: &Planning) -> Vec<Write> {
    let mut writes = vec![Write::PutPlanning {
        planning: planning.clone(),
    }];
    if planning.reserved > 0 {
        writes.push(Write::ReserveCredits {
            owner: planning.owner.clone(),
            amount: planning.reserved,
        });
    }
    writes
}

/// A conflict where nobody else can write.
pub(crate) fn unexpected(error: CommitError) -> StoreError {
    match error {
        CommitError::Store(error) => error,
        CommitError::Conflict
        | CommitError::Exists
        | CommitError::InsufficientCredits(_)
        | CommitError::Full(_) => StoreError::Unavailable(error.to_string()),
    }
}
