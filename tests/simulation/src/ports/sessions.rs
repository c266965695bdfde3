//! Sessions: reads pass the ground.

use async_trait::async_trait;
use domain::ids::{OwnerId, SessionId};
use domain::session::{Addition, Session, Shelf};
use engine::ports::{Sessions, StoreError};

use super::Harbour;

#[async_trait]
impl Sessions for Harbour {
    async fn session(
        &self,
        owner: &OwnerId,
        id: &SessionId,
    ) -> Result<Option<Session>, StoreError> {
        self.read("session", self.ground.store.session(owner, id))
            .await
    }

    async fn sessions(&self, owner: &OwnerId) -> Result<Vec<Session>, StoreError> {
        self.read("sessions", self.ground.store.sessions(owner))
            .await
    }

    async fn shelves(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        numbers: &[u8],
    ) -> Result<Vec<Shelf>, StoreError> {
        self.read("shelves", self.ground.store.shelves(owner, id, numbers))
            .await
    }

    async fn additions(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Addition>, StoreError> {
        self.read(
            "additions",
            self.ground.store.additions(owner, id, from, limit),
        )
        .await
    }
}
