//! Counts and calls in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::ids::{OwnerId, TokenId};
use domain::rate::Uses;
use jiff::Timestamp;

use super::lock;
use crate::ports::StoreError;
use crate::ports::usage::{Call, Counted, Usage};

/// [`Usage`] in memory.
#[derive(Debug, Default)]
pub struct MemoryUsage {
    uses: Mutex<BTreeMap<(OwnerId, String), Uses>>,
    calls: Mutex<BTreeMap<(OwnerId, TokenId), Vec<Call>>>,
}

#[async_trait]
impl Usage for MemoryUsage {
    async fn count(
        &self,
        owner: &OwnerId,
        what: &Counted,
        now: Timestamp,
    ) -> Result<Uses, StoreError> {
        let mut all = lock(&self.uses);
        let key = (owner.clone(), what.to_string());
        let uses = Uses::counted(all.get(&key).copied(), now);
        all.insert(key, uses);
        Ok(uses)
    }

    async fn uses(&self, owner: &OwnerId, what: &Counted) -> Result<Option<Uses>, StoreError> {
        let key = (owner.clone(), what.to_string());
        Ok(lock(&self.uses).get(&key).copied())
    }

    async fn last_used(
        &self,
        owner: &OwnerId,
        tokens: &[TokenId],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let all = lock(&self.uses);
        let last = |id: &TokenId| {
            let key = (owner.clone(), Counted::Token(id.clone()).to_string());
            all.get(&key).map(|uses| uses.last)
        };
        Ok(tokens.iter().map(last).collect())
    }

    async fn record(
        &self,
        owner: &OwnerId,
        token: &TokenId,
        call: &Call,
    ) -> Result<(), StoreError> {
        let mut all = lock(&self.calls);
        let calls = all.entry((owner.clone(), token.clone())).or_default();
        calls.push(call.clone());
        Ok(())
    }

    async fn calls(
        &self,
        owner: &OwnerId,
        token: &TokenId,
        limit: usize,
    ) -> Result<Vec<Call>, StoreError> {
        let all = lock(&self.calls);
        let calls = all.get(&(owner.clone(), token.clone()));
        Ok(calls
            .map(|calls| calls.iter().rev().take(limit).cloned().collect())
            .unwrap_or_default())
    }
}
