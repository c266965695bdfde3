//! Tables of slots.

use async_trait::async_trait;
use domain::ids::OwnerId;
use domain::slots::{SlotKind, SlotTable};

use super::MemoryStore;
use super::change::Change;
use super::item::Item;
use super::key::Key;
use crate::ports::StoreError;
use crate::ports::slots::{Slots, Swap};

#[async_trait]
impl Slots for MemoryStore {
    async fn slots(&self, owner: &OwnerId, kind: SlotKind) -> Result<SlotTable, StoreError> {
        let key = Key::Slots(owner.clone(), kind);
        Ok(self.document(&key)?.unwrap_or_default())
    }

    async fn swap(
        &self,
        owner: &OwnerId,
        kind: SlotKind,
        believed: &SlotTable,
        next: &SlotTable,
    ) -> Result<Swap, StoreError> {
        let key = Key::Slots(owner.clone(), kind);
        self.ask(|table| {
            let stored: SlotTable = table.document(&key)?.unwrap_or_default();
            if stored != *believed {
                return Ok(Swap::Refused(stored));
            }
            table.change(key, Change::Put(Item::new(next.clone())), "");
            Ok(Swap::Done)
        })?
    }
}
