//! The items by their keys, and the index of what is due.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use super::item::{Credits, Item};
use super::key::Key;
use crate::ports::StoreError;
use crate::ports::store::DueItem;

#[derive(Clone, Default)]
pub(super) struct Table {
    items: BTreeMap<Key, Item>,
    due: BTreeSet<(i64, Key)>,
    /// How often a document was stored under its key, by whichever run.
    pub(super) stored: BTreeMap<Key, u32>,
    /// In milliseconds since 1970: what has expired by then is there no more. Without a clock nothing expires.
    pub(super) now_ms: Option<i64>,
}

impl Table {
    pub(super) fn get(&self, key: &Key) -> Option<&Item> {
        self.items.get(key)
    }

    /// The document under a key.
    ///
    /// # Errors
    /// It is not of the type asked for.
    pub(super) fn document<T: Any + Clone>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        let item = self.get(key).filter(|item| self.is_before(item.expires_ms));
        item.map(|item| read(key, item)).transpose()
    }

    fn is_before(&self, end_ms: Option<i64>) -> bool {
        end_ms.zip(self.now_ms).is_none_or(|(end, now)| now < end)
    }

    /// Has an item end at this time, unless it ends already.
    pub(super) fn end(&mut self, key: &Key, at_ms: i64) {
        if let Some(item) = self.items.get_mut(key) {
            item.expires_ms.get_or_insert(at_ms);
            item.shown_until_ms.get_or_insert(at_ms);
        }
    }

    /// The items from a key on, in the order of the keys.
    pub(super) fn from(&self, key: Key) -> impl Iterator<Item = (&Key, &Item)> {
        self.items.range(key..)
    }

    /// All items.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Key, &Item)> {
        self.items.iter()
    }

    /// The documents from a key on as long as their keys belong to the list, in the order of the keys.
    pub(super) fn list<T: Any + Clone>(
        &self,
        from: Key,
        belongs: impl Fn(&Key) -> bool,
    ) -> Result<Vec<T>, StoreError> {
        self.from(from)
            .take_while(|(key, _)| belongs(key))
            .filter(|(_, item)| {
                self.is_before(item.expires_ms) && self.is_before(item.shown_until_ms)
            })
            .map(|(key, item)| read(key, item))
            .collect()
    }

    /// What is due at `now_ms`, oldest first.
    pub(super) fn due(&self, now_ms: i64, limit: usize) -> Vec<DueItem> {
        self.due
            .iter()
            .take_while(|(at, _)| *at <= now_ms)
            .filter_map(|(_, key)| key.due_item())
            .take(limit)
            .collect()
    }

    /// Changes one item, unconditionally.
    pub(super) fn change(&mut self, key: Key, change: Change, writer: &str) {
        let mut item = match change {
            Change::Put(item) => item,
            Change::Credits { added } => {
                let stored = self
                    .get(&key)
                    .and_then(Item::document::<Credits>)
                    .copied()
                    .unwrap_or_default();
                Item::new(Credits {
                    limited: stored.limited || added.limited,
                    available: stored.available + added.available,
                    balance: stored.balance + added.balance,
                    reserved: stored.reserved + added.reserved,
                })
            }
            Change::Places { added } => {
                let stored = self.get(&key).and_then(Item::document::<i64>);
                Item::new(stored.copied().unwrap_or_default() + added)
            }
            Change::Remove => {
                self.remove(&key);
                return;
            }
        };
        writer.clone_into(&mut item.writer);
        self.remove(&key);
        if let Some(at) = item.due_ms {
            self.due.insert((at, key.clone()));
        }
        self.items.insert(key, item);
    }

    fn remove(&mut self, key: &Key) {
        let gone = self.items.remove(key);
        if let Some(at) = gone.and_then(|item| item.due_ms) {
            self.due.remove(&(at, key.clone()));
        }
    }
}

fn read<T: Any + Clone>(key: &Key, item: &Item) -> Result<T, StoreError> {
    item.document().cloned().ok_or_else(|| StoreError::Damaged {
        key: format!("{key:?}"),
        reason: "it is of another type".to_owned(),
    })
}
