//! Tables of slots: each look and each change passes the ground.

use async_trait::async_trait;
use domain::ids::OwnerId;
use domain::slots::{SlotKind, SlotTable};
use engine::memory::at_once;
use engine::ports::{Slots, StoreError, Swap};

use super::Harbour;
use crate::fault::Operation;

#[async_trait]
impl Slots for Harbour {
    async fn slots(&self, owner: &OwnerId, kind: SlotKind) -> Result<SlotTable, StoreError> {
        self.read("slots", self.ground.store.slots(owner, kind))
            .await
    }

    async fn swap(
        &self,
        owner: &OwnerId,
        kind: SlotKind,
        believed: &SlotTable,
        next: &SlotTable,
    ) -> Result<Swap, StoreError> {
        self.ground
            .pass(
                Operation::Slot,
                || at_once(self.ground.store.swap(owner, kind, believed, next)),
                |refusal| StoreError::Unavailable(format!("{refusal:?}")),
            )
            .await
    }
}
