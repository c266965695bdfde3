//! Running again from what an earlier run has recorded.
//!
//! A retry runs the very plan of the run it repeats, whatever has become of the workflow since; a run
//! started *from* another runs the workflow's present plan and takes over what both have in common. What may be
//! taken over is decided in `domain::execution::Reuse`; here it is loaded, priced and started like any run: it
//! counts against the workflow's limits and overlap policy, and sets aside only what is left to do.
//!
//! This is also the way back for a run that ended because a message of its reached the dead letters: its steps
//! are redriven by a retry, and nothing that was recorded is done twice.

use domain::execution::{Execution, Reuse, Trigger};
use domain::ids::{ExecutionId, OwnerId, WorkflowId};
use domain::plan::Plan;

use crate::Engine;
use crate::executions::{Start, StartError};
use crate::ports::store::StoreError;

/// An ended run to begin from.
#[derive(Debug, Clone)]
pub(crate) struct Earlier {
    run: Execution,
    plan: Plan,
    from_step: Option<String>,
    /// Whether its own plan is run again, rather than the workflow's present one.
    pinned: bool,
}

impl Earlier {
    /// The plan to run with its version, and what is taken over, when the workflow's present plan is `present`.
    pub(crate) fn beginning(
        &self,
        present: Option<(Plan, u32)>,
    ) -> Result<Option<(Plan, u32, Reuse)>, StartError> {
        let (plan, version) = if self.pinned {
            (self.plan.clone(), self.run.plan.version)
        } else {
            match present {
                Some(present) => present,
                None => return Ok(None),
            }
        };
        let reuse = Reuse::of(&self.run, &self.plan, &plan, self.from_step.as_deref())?;
        Ok(Some((plan, version, reuse)))
    }
}

impl Engine {
    /// Runs again what an ended run has not recorded; with `from_step` that step and what follows from it too.
    ///
    /// # Errors
    /// There is no such run or step, it has not ended, or the workflow does not allow a run now. Nothing has
    /// changed then.
    pub async fn retry(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
        from_step: Option<&str>,
    ) -> Result<Execution, StartError> {
        let earlier = self.earlier(owner, id, from_step, true).await?;
        let workflow = earlier.run.workflow.clone();
        self.start_from_earlier(owner, &workflow, RETRY, Some(&earlier))
            .await
    }

    /// Starts a run of the workflow's present plan that takes over what it has in common with an earlier run
    /// of the same workflow.
    ///
    /// # Errors
    /// As [`Engine::retry`]; another workflow's run counts as none.
    pub async fn start_from(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        id: &ExecutionId,
        from_step: Option<&str>,
    ) -> Result<Execution, StartError> {
        let earlier = self.earlier(owner, id, from_step, false).await?;
        if earlier.run.workflow != *workflow {
            return Err(StartError::NoEarlierRun(id.clone()));
        }
        self.start_from_earlier(owner, workflow, RETRY, Some(&earlier))
            .await
    }

    async fn earlier(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
        from_step: Option<&str>,
        pinned: bool,
    ) -> Result<Earlier, StartError> {
        let missing = || StartError::NoEarlierRun(id.clone());
        let run = self.store.execution(owner, id).await?.ok_or_else(missing)?;
        let stored = self
            .store
            .plan(owner, &run.workflow, run.plan.version)
            .await?;
        let plan = stored.filter(|plan| plan.hash() == run.plan.hash);
        let plan = plan.ok_or_else(|| StoreError::Damaged {
            key: id.to_string(),
            reason: "its plan is not stored as it was pinned".to_owned(),
        })?;
        Ok(Earlier {
            run,
            plan,
            from_step: from_step.map(str::to_owned),
            pinned,
        })
    }
}

const RETRY: Start = Start {
    trigger: Trigger::Retry,
    scheduled_for: None,
};
