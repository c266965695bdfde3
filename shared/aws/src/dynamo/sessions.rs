//! Sessions: few items of an owner in one partition, and what each remembers in partitions of its own.

use async_trait::async_trait;
use domain::ids::{OwnerId, SessionId};
use domain::session::{Addition, Session, Shelf};
use engine::ports::{Sessions, StoreError};

use super::DynamoStore;
use super::item;
use super::keys::{self, Key};

#[async_trait]
impl Sessions for DynamoStore {
    async fn session(
        &self,
        owner: &OwnerId,
        id: &SessionId,
    ) -> Result<Option<Session>, StoreError> {
        self.document(&keys::session(owner, id)).await
    }

    async fn sessions(&self, owner: &OwnerId) -> Result<Vec<Session>, StoreError> {
        self.list(&keys::sessions(owner), "", true, None).await
    }

    async fn shelves(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        numbers: &[u8],
    ) -> Result<Vec<Shelf>, StoreError> {
        let keys: Vec<Key> = numbers
            .iter()
            .map(|number| keys::shelf(owner, id, *number))
            .collect();
        self.documents(&keys).await
    }

    async fn additions(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Addition>, StoreError> {
        // They are numbered without a gap, so a page is a range of keys.
        let least = from.saturating_sub(limit as u64) + 1;
        if from == 0 || limit == 0 {
            return Ok(Vec::new());
        }
        let (first, last) = (
            keys::addition(owner, id, least),
            keys::addition(owner, id, from),
        );
        let mut additions = self.between(&first, &last).await?;
        additions.reverse();
        additions.iter().map(item::read).collect()
    }
}
