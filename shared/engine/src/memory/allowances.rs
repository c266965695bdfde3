//! Allowances in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::allowance::Day;
use domain::ids::OwnerId;

use super::lock;
use crate::ports::StoreError;
use crate::ports::allowances::{Allowances, Granted, Use};

/// The uses of one day, by name; `None` has been given back.
type Uses = BTreeMap<String, Option<u32>>;

fn key(one: &Use) -> (OwnerId, &'static str, Day) {
    (one.owner.clone(), one.what.as_str(), one.day)
}

/// [`Allowances`] in memory.
#[derive(Debug, Default)]
pub struct MemoryAllowances {
    days: Mutex<BTreeMap<(OwnerId, &'static str, Day), Uses>>,
}

impl MemoryAllowances {
    /// How much is used of what `one` is a use of.
    #[must_use]
    pub fn used(&self, one: &Use) -> u32 {
        let days = lock(&self.days);
        let uses = days.get(&key(one));
        uses.map_or(0, |uses| uses.values().flatten().sum())
    }

    /// Counts a use whatever there is room for: what nobody may do.
    pub fn plant(&self, one: &Use) {
        let mut days = lock(&self.days);
        let uses = days.entry(key(one));
        uses.or_default().insert(one.by.clone(), Some(one.amount));
    }
}

#[async_trait]
impl Allowances for MemoryAllowances {
    async fn take(&self, one: &Use, most: u32) -> Result<Granted, StoreError> {
        let mut days = lock(&self.days);
        let uses = days.entry(key(one)).or_default();
        if uses.contains_key(&one.by) {
            return Ok(Granted::Yes);
        }
        let used: u32 = uses.values().flatten().sum();
        if used.saturating_add(one.amount) > most {
            return Ok(Granted::No { used });
        }
        uses.insert(one.by.clone(), Some(one.amount));
        Ok(Granted::Yes)
    }

    async fn give_back(&self, one: &Use) -> Result<(), StoreError> {
        let mut days = lock(&self.days);
        if let Some(amount) = days
            .get_mut(&key(one))
            .and_then(|uses| uses.get_mut(&one.by))
        {
            *amount = None;
        }
        Ok(())
    }
}
