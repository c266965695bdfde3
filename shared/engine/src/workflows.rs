//! Creating, changing and deleting workflows.
//!
//! A run pins its plan version, so a change never touches a run in flight (promise 7). Deleting stops the live
//! runs first and removes the schedule; a schedule that outlives its row finds no workflow when it
//! fires and is removed then.

use domain::credits::InsufficientCredits;
use domain::delivery::Channel;
use domain::ids::{OwnerId, WorkflowId};
use domain::plan::Plan;
use domain::planning::Planning;
use domain::quota::Quota;
use domain::workflow::{Workflow, WorkflowStatus};

use crate::advance::{AdvanceError, Alongside, SYSTEM};
use crate::destinations::new_destinations;
use crate::planning::{SubmitError, submission};
use crate::ports::Schedules;
use crate::ports::store::{CommitError, StoreError, Write};
use crate::quotas::given_back;
use crate::{Engine, notices, won};

/// Why a workflow was not changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ChangeError<R> {
    #[error("there is no such workflow")]
    NotFound,
    /// The caller's own reason.
    #[error("the change was refused")]
    Refused(R),
    /// Planning its new goal is dearer than what is left.
    #[error(transparent)]
    InsufficientCredits(InsufficientCredits),
    #[error("too many others change it at the same time")]
    Contended,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Saves a new workflow with its plan, or with the planning job it waits for, and brings its schedule into line. An
    /// owner has at most `most`.
    ///
    /// # Errors
    /// There is no room, credits are short of what planning may cost, or the store fails.
    pub async fn create_workflow(
        &self,
        schedules: &dyn Schedules,
        workflow: Workflow,
        plan: Option<Plan>,
        planning: Option<Planning>,
        most: u32,
    ) -> Result<Workflow, SubmitError> {
        let place = Write::TakePlace {
            owner: workflow.owner.clone(),
            quota: Quota::Workflows,
            most,
        };
        let mut writes = vec![Write::new_workflow(workflow.clone()), place];
        writes.extend(new_destinations(&[], &workflow));
        if let Some(plan) = plan {
            let (owner, id) = (workflow.owner.clone(), workflow.id.clone());
            writes.push(Write::PutPlan {
                owner,
                workflow: id,
                version: workflow.plan_version,
                plan,
            });
        }
        if let Some(planning) = &planning {
            writes.extend(submission(planning));
        }
        self.commit_new(writes).await?;
        if let Some(planning) = &planning {
            self.send_planning(planning).await;
        }
        Ok(self.sync_schedule(schedules, &workflow).await?)
    }

    /// Changes a workflow: `change` gives its next state and, when what it does has changed, its new plan. The
    /// version and revision are set here. A `planning` is submitted in the same commit, for a workflow that waits for
    /// its plan from now on. Where `actor` changes who approves, those who did so far are told by mail.
    ///
    /// # Errors
    /// It does not exist, `change` refuses, credits are short of what planning may cost, or the store fails.
    pub async fn change_workflow<R>(
        &self,
        schedules: &dyn Schedules,
        owner: &OwnerId,
        id: &WorkflowId,
        planning: Option<&Planning>,
        actor: &str,
        mut change: impl FnMut(&Workflow) -> Result<(Workflow, Option<Plan>), R>,
    ) -> Result<Workflow, ChangeError<R>> {
        for attempt in 0.. {
            let before = self
                .store
                .workflow(owner, id)
                .await?
                .ok_or(ChangeError::NotFound)?;
            let (mut next, plan) = change(&before).map_err(ChangeError::Refused)?;
            next.revision = before.revision + 1;
            next.updated_at = self.now();
            if next.wants_schedule() != before.wants_schedule() || next.schedule != before.schedule
            {
                next.schedule_synced = false;
                next.nudge_at = next.updated_at;
            }
            let mut writes = Vec::new();
            if let Some(plan) = plan {
                next.plan_version = before.plan_version + 1;
                writes.push(Write::PutPlan {
                    owner: owner.clone(),
                    workflow: id.clone(),
                    version: next.plan_version,
                    plan,
                });
            }
            writes.extend(new_destinations(&before.deliver, &next));
            writes.push(Write::next_workflow(&before, next.clone()));
            writes.extend(planning.into_iter().flat_map(submission));
            let told = self.tell_of_succession(&before, &next, actor).await?;
            writes.extend(told.writes);
            match self.commit(writes).await {
                Ok(()) => {
                    self.send_all(&told.messages).await;
                    if let Some(planning) = planning {
                        self.send_planning(planning).await;
                    }
                    return Ok(self.sync_schedule(schedules, &next).await?);
                }
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::InsufficientCredits(short)) => {
                    return Err(ChangeError::InsufficientCredits(short));
                }
                // A change takes no place.
                Err(CommitError::Conflict | CommitError::Exists | CommitError::Full(_))
                    if self.again(attempt).await => {}
                Err(CommitError::Conflict | CommitError::Exists | CommitError::Full(_)) => break,
            }
        }
        Err(ChangeError::Contended)
    }

    /// What tells the former approvers that others decide from now on; nothing where that has not changed. A mail that
    /// says so reaches them even when the change was not the owner's.
    async fn tell_of_succession(
        &self,
        before: &Workflow,
        after: &Workflow,
        actor: &str,
    ) -> Result<Alongside, StoreError> {
        let mut alongside = Alongside::default();
        if before.approvals == after.approvals {
            return Ok(alongside);
        }
        let owner = self.store.owner(&after.owner).await?;
        let owner = owner.map(|owner| owner.email).unwrap_or_default();
        for notice in notices::of_succession(before, after, &owner, actor) {
            let told = self.new_delivery(after, None, Channel::Email, &notice);
            alongside.deliver(vec![told]);
        }
        Ok(alongside)
    }

    /// Deletes a workflow: its schedule goes, its live runs are cancelled, its past stays readable by run.
    ///
    /// # Errors
    /// It does not exist or the store fails.
    pub async fn delete_workflow(
        &self,
        schedules: &dyn Schedules,
        owner: &OwnerId,
        id: &WorkflowId,
    ) -> Result<(), ChangeError<std::convert::Infallible>> {
        // Archived first, so that nothing starts while the rest happens.
        let archived = self.change_workflow(schedules, owner, id, None, SYSTEM, |before| {
            Ok((
                Workflow {
                    status: WorkflowStatus::Archived,
                    schedule_synced: false,
                    ..before.clone()
                },
                None,
            ))
        });
        if let Err(error) = archived.await {
            if error == ChangeError::NotFound {
                // Whoever has deleted it may have come no further.
                self.store.retire_workflow(owner, id).await?;
            }
            return Err(error);
        }
        for attempt in 0.. {
            let Some(workflow) = self.store.workflow(owner, id).await? else {
                return Ok(self.store.retire_workflow(owner, id).await?);
            };
            for run in &workflow.live {
                match self.cancel(owner, run, "workflow_deleted", SYSTEM).await {
                    Ok(_) | Err(AdvanceError::Refused(_) | AdvanceError::NotFound) => {}
                    Err(AdvanceError::Contended | AdvanceError::Full(_)) => {
                        return Err(ChangeError::Contended);
                    }
                    Err(AdvanceError::Store(error)) => return Err(error.into()),
                }
            }
            if let Some(workflow) = self.store.workflow(owner, id).await? {
                let place = given_back(owner, Quota::Workflows);
                let delete = Write::DeleteWorkflow { workflow };
                if won(self.commit(vec![delete, place]).await)? {
                    return Ok(self.store.retire_workflow(owner, id).await?);
                }
                if !self.again(attempt).await {
                    break;
                }
            }
        }
        Err(ChangeError::Contended)
    }
}
