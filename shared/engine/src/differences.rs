//! The difference between two runs of one workflow, computed from what their steps recorded.
//!
//! A baseline is kept of the last complete run only; outputs are kept of every run. So each run's state is made again
//! from its own outputs, by the plan it was pinned to. What a run could not read itself is not filled in from the
//! runs before it, as a baseline's is; and what was seen in some third run is not known to have returned.

use domain::execution::{Execution, Status};
use domain::ids::{ExecutionId, OwnerId};
use domain::patrol::{Baseline, Patrol, ResultChanges, compare};

use crate::Engine;
use crate::ports::store::StoreError;

/// Why two runs cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DifferenceError {
    #[error("there are no such two runs of one workflow")]
    NotFound,
    /// An outage must not look like change (promise 8).
    #[error(
        "the run {0} has not seen everything it watches, so nothing can be said of what changed"
    )]
    NotComplete(ExecutionId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// What changed from the run `before` to the run `after`, whichever came between them.
    ///
    /// # Errors
    /// They are not two runs of one workflow, one of them did not see everything, or the store fails.
    pub async fn difference(
        &self,
        owner: &OwnerId,
        before: &ExecutionId,
        after: &ExecutionId,
    ) -> Result<ResultChanges, DifferenceError> {
        let runs = futures::future::try_join(
            self.store.execution(owner, before),
            self.store.execution(owner, after),
        );
        let (Some(before), Some(after)) = runs.await? else {
            return Err(DifferenceError::NotFound);
        };
        if before.workflow != after.workflow {
            return Err(DifferenceError::NotFound);
        }
        let (before, after) = (
            self.state_after(&before).await?,
            self.state_after(&after).await?,
        );
        Ok(ResultChanges::between(&before, &after))
    }

    /// What the watched world was like after a run, by the run's own account.
    async fn state_after(&self, run: &Execution) -> Result<Baseline, DifferenceError> {
        let incomplete = || DifferenceError::NotComplete(run.id.clone());
        if run.status() != Status::Completed {
            return Err(incomplete());
        }
        let plan = self
            .store
            .plan(&run.owner, &run.workflow, run.plan.version)
            .await?
            .ok_or(DifferenceError::NotFound)?;
        let observation = self.observe(run, &plan).await?;
        let patrol = Patrol {
            execution_id: &run.id,
            definition: "",
            now: run.finished_at().unwrap_or(run.created_at),
            session: None,
            session_holds: &|_| false,
        };
        compare(None, &observation, patrol)
            .baseline
            .ok_or_else(incomplete)
    }
}
