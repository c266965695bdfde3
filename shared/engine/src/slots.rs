//! Taking slots and giving them back (`domain::slots`), whoever else does so at the same moment.
//!
//! Most owners have nothing in flight, so the empty table is believed until the store says otherwise: taking the first
//! slot and giving it back is one write each, and no read.

use domain::ids::OwnerId;
use domain::slots::{Asking, SlotKind, SlotTable, Taking};

use crate::Engine;
use crate::ports::slots::{Slots, Swap};
use crate::ports::store::StoreError;
use crate::seeded_bugs::{self, Bug};

/// How often a table is swapped when others are faster, before the work goes on without a slot.
const MOST_TRIES: u32 = 12;

/// A slot, until it is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    owner: OwnerId,
    kind: SlotKind,
    who: String,
    by: String,
    /// The table it was taken in: still that one when nobody else of the owner's has come or gone. `None`: nobody knows.
    believed: Option<SlotTable>,
}

impl Slot {
    /// What is kept for `who`, who was called and needs it no more.
    #[must_use]
    pub fn kept_for(owner: &OwnerId, kind: SlotKind, who: &str, by: &str) -> Self {
        Self {
            owner: owner.clone(),
            kind,
            who: who.to_owned(),
            by: by.to_owned(),
            believed: None,
        }
    }

    fn taken(owner: &OwnerId, kind: SlotKind, asking: Asking<'_>, table: SlotTable) -> Self {
        Self {
            believed: Some(table),
            ..Self::kept_for(owner, kind, asking.who, asking.by)
        }
    }
}

/// What came of asking for a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Taken(Slot),
    /// Another worker has it for the same work.
    Elsewhere,
    /// It stands in the line, and is called.
    InLine,
    /// The line is full.
    Full,
}

impl Engine {
    /// Takes a slot, or a place in the line for one. Gives what came of it, and who is to be called now.
    ///
    /// # Errors
    /// The tables cannot be reached: the caller goes on without, because this is a brake and no ledger.
    pub async fn take_slot(
        &self,
        slots: &dyn Slots,
        owner: &OwnerId,
        kind: SlotKind,
        asking: Asking<'_>,
    ) -> Result<(Entry, Vec<String>), StoreError> {
        let now = self.now();
        let ((taking, called), table) = self
            .swap_slots(slots, owner, kind, SlotTable::default(), |table| {
                table.take(asking, kind.most(), now)
            })
            .await?;
        let entry = match taking {
            Taking::Taken => Entry::Taken(Slot::taken(owner, kind, asking, table)),
            Taking::Elsewhere => Entry::Elsewhere,
            Taking::InLine => Entry::InLine,
            Taking::Full => Entry::Full,
        };
        Ok((entry, called))
    }

    /// Takes a slot if one is free, and never waits for one. A refusal costs a read and no write.
    ///
    /// # Errors
    /// As [`Engine::take_slot`].
    pub async fn take_slot_or_leave(
        &self,
        slots: &dyn Slots,
        owner: &OwnerId,
        kind: SlotKind,
        asking: Asking<'_>,
    ) -> Result<Option<Slot>, StoreError> {
        let now = self.now();
        let stored = slots.slots(owner, kind).await?;
        let (taken, table) = self
            .swap_slots(slots, owner, kind, stored, |table| {
                table.take_or_leave(asking, kind.most(), now)
            })
            .await?;
        Ok(taken.then(|| Slot::taken(owner, kind, asking, table)))
    }

    /// Gives a slot back. Gives who is to be called now.
    ///
    /// # Errors
    /// As [`Engine::take_slot`]; the slot is free when its time is over.
    pub async fn give_slot_back(
        &self,
        slots: &dyn Slots,
        slot: Slot,
    ) -> Result<Vec<String>, StoreError> {
        if seeded_bugs::is_armed(Bug::SlotKept) {
            return Ok(Vec::new());
        }
        let now = self.now();
        let (owner, kind) = (&slot.owner, slot.kind);
        let believed = match slot.believed {
            Some(believed) => believed,
            None => slots.slots(owner, kind).await?,
        };
        let (called, _) = self
            .swap_slots(slots, owner, kind, believed, |table| {
                table.give_back(&slot.who, &slot.by, kind.most(), now)
            })
            .await?;
        Ok(called)
    }

    /// Changes a table from what is believed to be stored, and again from what is found instead.
    async fn swap_slots<T>(
        &self,
        slots: &dyn Slots,
        owner: &OwnerId,
        kind: SlotKind,
        mut believed: SlotTable,
        mut change: impl FnMut(&mut SlotTable) -> T,
    ) -> Result<(T, SlotTable), StoreError> {
        for n in 0..MOST_TRIES {
            let mut next = believed.clone();
            let came = change(&mut next);
            if next == believed {
                return Ok((came, next));
            }
            match slots.swap(owner, kind, &believed, &next).await? {
                Swap::Done => return Ok((came, next)),
                // Our own, whose answer was lost.
                Swap::Refused(found) if found == next => return Ok((came, next)),
                Swap::Refused(found) => believed = found,
            }
            // The first refusal only says what is stored.
            if n > 0 && !self.again(n).await {
                break;
            }
        }
        Err(StoreError::Unavailable(
            "too many slots are taken and given back at the same time".to_owned(),
        ))
    }
}
