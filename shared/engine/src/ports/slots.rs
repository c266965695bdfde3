//! Tables of slots (`domain::slots`): one small document an owner and kind, changed by comparison.
//!
//! The empty table is the same as none. A swap whose answer was lost may be told as refused, with the new table as the
//! stored one; who asks sees that it is what it wanted.

use async_trait::async_trait;
use domain::ids::OwnerId;
use domain::slots::{SlotKind, SlotTable};

use super::StoreError;

/// What came of a swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    Done,
    /// Another table is stored than was believed: this one.
    Refused(SlotTable),
}

/// Keeps the tables.
#[async_trait]
pub trait Slots: Send + Sync {
    /// The table as it was a moment ago.
    async fn slots(&self, owner: &OwnerId, kind: SlotKind) -> Result<SlotTable, StoreError>;

    /// Stores `next` if `believed` is what is stored.
    async fn swap(
        &self,
        owner: &OwnerId,
        kind: SlotKind,
        believed: &SlotTable,
        next: &SlotTable,
    ) -> Result<Swap, StoreError>;
}
