//! Erasing an owner with everything that is theirs.
//!
//! It begins with what lets anybody act: the owner, the tokens, the browsers that are signed in and the approvals that
//! wait. Everything else is removed by the sweeper, a part at a time; one that is cut off goes on where the last
//! part ended, and a part that is done twice finds nothing the second time. What has gone out already cannot be called
//! back: mails, posts, and the log groups, which name ids and no person.

use domain::approval::ApprovalStatus;
use domain::erasure::Erasure;
use domain::ids::OwnerId;

use crate::Engine;
use crate::page::Slice;
use crate::planning::unexpected;
use crate::ports::erasures::{Erasures, Found};
use crate::ports::store::{StoreError, Write};
use crate::ports::{CommitError, Schedules};

/// How many parts a sweep does: with DynamoDB's megabyte a part and some hundred milliseconds for it, a sweep of 55
/// seconds has time for them and for what else it does.
const PARTS_A_SWEEP: usize = 40;

impl Engine {
    /// Begins to erase an owner, or says how far that has come. `None`: there is no such owner.
    ///
    /// # Errors
    /// The store fails; asked again, it goes on.
    pub async fn erase_owner(
        &self,
        erasures: &dyn Erasures,
        owner: &OwnerId,
    ) -> Result<Option<Erasure>, StoreError> {
        let under_way = erasures.erasure(owner).await?;
        if under_way.is_none() && self.store.owner(owner).await?.is_none() {
            return Ok(None);
        }
        let erasure = match under_way {
            Some(erasure) => erasure,
            None => {
                let asked = Erasure::asked(owner.clone(), self.now());
                // Where it is not ours, somebody else has asked at the same moment.
                erasures.put_erasure(&asked).await?;
                asked
            }
        };
        let access = erasures.access(owner).await?;
        erasures.remove(&access).await?;
        self.close_approvals(owner).await?;
        Ok(Some(erasure))
    }

    /// Closes every approval that waits, so that nobody can decide it. A decision that is taken at the same moment counts.
    async fn close_approvals(&self, owner: &OwnerId) -> Result<(), StoreError> {
        let pending = Some(ApprovalStatus::Pending);
        let mut next = Some(Slice::first(100));
        while let Some(slice) = next {
            let page = self.store.approvals(owner, None, pending, &slice).await?;
            next = slice.next(&page);
            for approval in page.items {
                let closed = Write::PutApproval {
                    approval: approval.close(ApprovalStatus::Cancelled),
                };
                match self.commit(vec![closed]).await {
                    Ok(()) | Err(CommitError::Conflict) => {}
                    Err(error) => return Err(unexpected(error)),
                }
            }
        }
        Ok(())
    }

    /// Does the next parts of an owner's erasure.
    ///
    /// # Errors
    /// The store fails; the next sweep goes on where the last part ended.
    pub async fn erase_parts(
        &self,
        erasures: &dyn Erasures,
        schedules: &dyn Schedules,
        owner: &OwnerId,
    ) -> Result<(), StoreError> {
        let mut under_way = erasures.erasure(owner).await?;
        for _ in 0..PARTS_A_SWEEP {
            let Some(erasure) = under_way else {
                return Ok(());
            };
            let found = erasures.find(owner, erasure.cursor.as_deref()).await?;
            self.remove_found(erasures, schedules, owner, &found)
                .await?;
            if found.cursor.is_none() {
                erasures.remove_blobs(owner).await?;
            }
            under_way = match erasure.reached(found.cursor) {
                Some(next) if erasures.put_erasure(&next).await? => Some(next),
                // Another sweep is at it.
                Some(_) => return Ok(()),
                None => {
                    erasures.forget_erasure(owner).await?;
                    tracing::info!(owner.id = %owner, "an owner is erased");
                    None
                }
            };
        }
        Ok(())
    }

    /// A workflow's schedules go before it does: afterwards nobody would know them.
    async fn remove_found(
        &self,
        erasures: &dyn Erasures,
        schedules: &dyn Schedules,
        owner: &OwnerId,
        found: &Found,
    ) -> Result<(), StoreError> {
        for workflow in &found.workflows {
            let removed = schedules.put(owner, workflow, &[]).await;
            removed.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        }
        erasures.remove(&found.places).await
    }
}
