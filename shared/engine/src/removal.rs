//! Removing a run that has ended, because its owner says so.
//!
//! What can only be found through the run goes first, the run itself with its row and its place in the counts in one
//! commit, and its log last: whoever is cut off may ask again until the run is gone, and what is left of the log
//! then expires as it would have. A document that another run has stored as well, or has taken over, stays.

use std::collections::BTreeMap;

use domain::execution::{Event, Execution, Output};
use domain::ids::{ApprovalId, ExecutionId, OwnerId};

use crate::ports::store::{EventRecord, StoreError, Write};
use crate::{Engine, won};

/// Why a run was not removed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RemoveError<R> {
    #[error("there is no such run")]
    NotFound,
    /// It has not ended.
    #[error("the run {0} has not ended")]
    InProgress(ExecutionId),
    /// The caller's own reason.
    #[error("the removal was refused")]
    Refused(R),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What belongs to a run and stands elsewhere.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Belongings {
    pub approvals: Vec<ApprovalId>,
    /// By their hash.
    pub outputs: BTreeMap<String, Output>,
}

impl Engine {
    /// Removes a run that has ended; its workflow's baseline stays. `admit` may refuse the run as it is stored.
    ///
    /// # Errors
    /// It does not exist, has not ended, is refused, or the store fails.
    pub async fn remove_execution<R>(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
        admit: impl Fn(&Execution) -> Result<(), R>,
    ) -> Result<(), RemoveError<R>> {
        let run = self.store.execution(owner, id).await?;
        let run = run.ok_or(RemoveError::NotFound)?;
        admit(&run).map_err(RemoveError::Refused)?;
        if !run.status().is_terminal() {
            return Err(RemoveError::InProgress(run.id));
        }
        let belongings = belongings(&self.store.events(owner, id).await?);
        self.store.remove_belongings(&run, &belongings).await?;
        let removal = Write::DeleteExecution { execution: run };
        // Where it is not ours, somebody else was faster: a run that has ended changes no more.
        won(self.commit(vec![removal]).await)?;
        Ok(self.store.remove_events(owner, id).await?)
    }
}

fn belongings(log: &[EventRecord]) -> Belongings {
    let mut found = Belongings::default();
    let mut keep = |output: &Output| {
        found.outputs.insert(output.sha256.clone(), output.clone());
    };
    for record in log {
        match &record.event {
            Event::StepCompleted { output, .. } => keep(output),
            Event::StepParked { gate, .. } => {
                gate.output.iter().for_each(&mut keep);
                found.approvals.push(gate.approval.clone());
            }
            Event::Approved { output, .. } => output.iter().for_each(&mut keep),
            Event::StepClaimed { .. }
            | Event::StepYielded { .. }
            | Event::StepFailed { .. }
            | Event::StepPostponed { .. }
            | Event::StepReleased { .. }
            | Event::StepSkipped { .. }
            | Event::OutcomeLost { .. }
            | Event::LeaseExpired { .. }
            | Event::StepNudged { .. }
            | Event::StepDeadLettered { .. }
            | Event::Rejected { .. }
            | Event::ChangesRequested { .. }
            | Event::ApprovalExpired { .. }
            | Event::MailReturned { .. }
            | Event::Resolved { .. }
            | Event::Paused
            | Event::Resumed
            | Event::Cancelled { .. }
            | Event::BudgetExhausted { .. }
            | Event::JudgingNudged
            | Event::Judged { .. } => {}
        }
    }
    found
}
