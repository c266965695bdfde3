//! Sessions in memory.

use async_trait::async_trait;
use domain::ids::{OwnerId, SessionId};
use domain::session::{Addition, Session, Shelf};

use super::key::Key;
use super::store::MemoryStore;
use crate::ports::{Sessions, StoreError};

#[async_trait]
impl Sessions for MemoryStore {
    async fn session(
        &self,
        owner: &OwnerId,
        id: &SessionId,
    ) -> Result<Option<Session>, StoreError> {
        self.document(&Key::Session(owner.clone(), id.clone()))
    }

    async fn sessions(&self, owner: &OwnerId) -> Result<Vec<Session>, StoreError> {
        let first = SessionId::from_uuid(uuid::Uuid::nil());
        self.newest(
            Key::Session(owner.clone(), first),
            |key| matches!(key, Key::Session(whose, _) if whose == owner),
        )
    }

    async fn shelves(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        numbers: &[u8],
    ) -> Result<Vec<Shelf>, StoreError> {
        self.ask(|table| {
            let keys = numbers
                .iter()
                .map(|number| Key::Shelf(owner.clone(), id.clone(), *number));
            keys.filter_map(|key| table.document(&key).transpose())
                .collect()
        })?
    }

    async fn additions(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Addition>, StoreError> {
        let mut additions: Vec<Addition> = self.newest(
            Key::Addition(owner.clone(), id.clone(), 0),
            |key| matches!(key, Key::Addition(whose, of, number) if whose == owner && of == id && *number <= from),
        )?;
        additions.truncate(limit);
        Ok(additions)
    }
}
