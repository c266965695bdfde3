//! The schedules in AWS are derived from our rows: said again whenever a row has changed, and by the
//! sweeper until it has worked.

use domain::workflow::Workflow;

use crate::ports::Schedules;
use crate::ports::store::{CommitError, StoreError, Write};
use crate::{Engine, after};

/// How long a schedule may be out of line before the sweeper tries, in seconds.
pub const SYNC_NUDGE_SECONDS: i64 = 60;

impl Engine {
    /// Brings the workflow's schedules in AWS into line with its row, and marks the row. A scheduler that does
    /// not answer is no error: the row says so (`health`), and the sweeper tries again.
    ///
    /// # Errors
    /// The store fails.
    pub async fn sync_schedule(
        &self,
        schedules: &dyn Schedules,
        workflow: &Workflow,
    ) -> Result<Workflow, StoreError> {
        if workflow.schedule_synced {
            return Ok(workflow.clone());
        }
        let now = self.now();
        let expressions = match workflow.schedule.next_after(now, 1).first() {
            Some(next) if workflow.wants_schedule() => workflow.schedule.to_aws(*next),
            Some(_) | None => Vec::new(),
        };
        let mut next = workflow.clone();
        next.revision += 1;
        match schedules
            .put(&workflow.owner, &workflow.id, &expressions)
            .await
        {
            Ok(()) => next.schedule_synced = true,
            Err(error) => {
                tracing::warn!(%error, workflow.id = %workflow.id, "the schedule is not in place yet");
                next.nudge_at = after(now, SYNC_NUDGE_SECONDS);
            }
        }
        match self
            .commit(vec![Write::next_workflow(workflow, next.clone())])
            .await
        {
            Ok(()) => Ok(next),
            // The row has changed again: whoever changed it brings it into line.
            Err(
                CommitError::Conflict
                | CommitError::Exists
                | CommitError::InsufficientCredits(_)
                | CommitError::Full(_),
            ) => Ok(workflow.clone()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}
