//! What sessions remember: the part of the store that they are read from. They are written with the commits of the runs
//! that add to them (`Write` in `super::store`).

use async_trait::async_trait;
use domain::ids::{OwnerId, SessionId};
use domain::session::{Addition, Session, Shelf};

use super::store::StoreError;

/// Reads sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    async fn session(&self, owner: &OwnerId, id: &SessionId)
    -> Result<Option<Session>, StoreError>;
    /// All of the owner's, newest first: there are never many (`domain::quota::Quota::Sessions`).
    async fn sessions(&self, owner: &OwnerId) -> Result<Vec<Session>, StoreError>;
    /// Those of the session's shelves that hold anything, of the numbers asked for.
    async fn shelves(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        numbers: &[u8],
    ) -> Result<Vec<Shelf>, StoreError>;
    /// At most `limit` of the session's additions, from number `from` on downwards.
    async fn additions(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Addition>, StoreError>;
}
