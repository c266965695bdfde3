//! What crawls share and remember: turns at hosts, and visits.

use async_trait::async_trait;
use domain::pacing::Turn;
use jiff::Timestamp;
use serde_json::Value;

use super::MemoryStore;
use super::change::Change;
use super::item::Item;
use super::key::Key;
use crate::ports::{Pacing, Store as _, StoreError, TurnRequest, Visitor, Visits};

#[async_trait]
impl Pacing for MemoryStore {
    async fn turn(&self, request: TurnRequest<'_>) -> Result<Turn, StoreError> {
        let key = Key::Pace(request.host.to_owned());
        self.ask(|table| {
            let stored = table.document::<i64>(&key)?;
            let now = request.now.as_millisecond();
            let (turn, next) = request.pace.take(stored, now, request.patience);
            if let Some(next) = next {
                table.change(key, Change::Put(Item::new(next)), "");
            }
            Ok(turn)
        })?
    }

    async fn hold(&self, host: &str, until: Timestamp) -> Result<(), StoreError> {
        let key = Key::Pace(host.to_owned());
        self.ask(|table| {
            let until = until.as_millisecond();
            let stored = table.document::<i64>(&key)?;
            if stored.is_none_or(|next| next < until) {
                table.change(key, Change::Put(Item::new(until)), "");
            }
            Ok(())
        })?
    }
}

fn key(visitor: Visitor<'_>) -> Key {
    Key::Visit(
        visitor.owner.clone(),
        visitor.workflow.clone(),
        visitor.step.to_owned(),
    )
}

#[async_trait]
impl Visits for MemoryStore {
    async fn visit(&self, visitor: Visitor<'_>) -> Result<Option<Value>, StoreError> {
        match self.referred(visitor.owner, &key(visitor)) {
            Err(StoreError::Damaged { .. }) => Ok(None),
            other => other,
        }
    }

    async fn remember(&self, visitor: Visitor<'_>, visit: &Value) -> Result<(), StoreError> {
        let stored = self.put_output(visitor.owner, visit, "visit").await?;
        self.ask(|table| table.change(key(visitor), Change::Put(Item::new(stored)), ""))
    }
}
