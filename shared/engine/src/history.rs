//! A run's log: one event for each of its revisions, without a gap, and the run told again from it.
//!
//! The log is written in the same commit as the revision it leads to, so a gap can only be damage, and
//! damage is an error with the run's id and never a shorter list.

use domain::execution::{Execution, replay};
use domain::ids::{ExecutionId, OwnerId};

use crate::Engine;
use crate::ports::store::{EventRecord, StoreError};

/// How many events are read at once when a run is told again.
const PAGE: usize = 1_000;

impl Engine {
    /// The events of `run` after revision `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// The store fails, or an event is missing.
    pub async fn events_after(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let events = self.store.events_after(owner, id, after, limit).await?;
        let expected = (after + 1)..;
        match expected
            .zip(&events)
            .find(|(revision, record)| record.revision != *revision)
        {
            None => Ok(events),
            Some((revision, record)) => Err(StoreError::Damaged {
                key: id.to_string(),
                reason: format!(
                    "event {} stands in its log where {revision} should",
                    record.revision
                ),
            }),
        }
    }

    /// The run as its log tells it, from the state it was created in. What comes out is what is stored
    /// (promise 2); anything else is damage, and this is how an operator sees where it began.
    ///
    /// # Errors
    /// The store fails, or the log cannot be told again.
    pub async fn retell(&self, first: Execution) -> Result<Execution, StoreError> {
        let (owner, id) = (first.owner.clone(), first.id.clone());
        let mut run = first;
        loop {
            let page = self.events_after(&owner, &id, run.revision, PAGE).await?;
            if page.is_empty() {
                return Ok(run);
            }
            let told = page
                .iter()
                .map(|record| (record.revision, record.at, &record.event));
            run = replay(run, told).map_err(|error| StoreError::Damaged {
                key: id.to_string(),
                reason: error.to_string(),
            })?;
        }
    }
}
