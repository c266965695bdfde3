//! Asking, while a step is worked on, whether its run still wants the work.
//!
//! A run is stopped in the store, not in the worker. So a worker looks again at two moments: right before an effect
//! on the world, which nothing may begin that a person has stopped or held meanwhile, and every now and then during
//! long work, which is given up when nobody wants it any more. Between the look and the effect there is still a
//! moment; a run that is stopped in it waits for the worker's word (`domain::execution`, `ending`).

use std::time::Duration;

use domain::execution::{Execution, Phase, StepRow, StepState};
use engine::ports::store::StoreError;

use crate::StepExecutor;

/// How often long work looks whether it is still wanted. An ordinary step is done before the first look.
const EVERY: Duration = Duration::from_secs(10);

impl StepExecutor {
    /// Whether the effect may begin: the run is neither held nor stopped, and our lease is alive.
    pub(crate) async fn may_perform(
        &self,
        run: &Execution,
        row: &StepRow,
    ) -> Result<bool, StoreError> {
        let now = self.engine.now();
        let stored = self.engine.store.execution(&run.owner, &run.id).await?;
        Ok(stored.is_some_and(|stored| {
            let lease = stored.step(&row.id).and_then(|row| match &row.state {
                StepState::Performing { lease, .. } => Some(lease),
                _ => None,
            });
            stored.phase == Phase::Active
                && stored.ending.is_none()
                && lease.is_some_and(|lease| lease.fence == row.fence && now < lease.until)
        }))
    }

    /// Returns once nobody wants the work on `row` any more: the run has ended, or another worker has the step. A
    /// held run still takes what is being made.
    pub(crate) async fn until_unwanted(&self, run: &Execution, row: &StepRow) {
        loop {
            tokio::time::sleep(EVERY).await;
            match self.engine.store.execution(&run.owner, &run.id).await {
                Ok(Some(stored)) if is_wanted(&stored, row) => {}
                Ok(Some(_) | None) => {
                    tracing::info!(execution.id = %run.id, step.id = row.id, "the work is no longer wanted and is given up");
                    return;
                }
                // It cannot be told: the work goes on.
                Err(error) => {
                    tracing::warn!(%error, execution.id = %run.id, "a look at the run failed");
                }
            }
        }
    }
}

fn is_wanted(stored: &Execution, row: &StepRow) -> bool {
    let state = stored.step(&row.id).map(|row| &row.state);
    matches!(state, Some(StepState::Running { lease }) if lease.fence == row.fence)
}
