//! Erasures in memory. The whole table is one part.

use async_trait::async_trait;
use domain::erasure::Erasure;
use domain::ids::OwnerId;
use domain::owner::Token;
use domain::sign_in::SignIn;
use jiff::Timestamp;

use super::change::Change;
use super::item::Item;
use super::key::Key;
use super::store::MemoryStore;
use super::table::Table;
use crate::ports::erasures::{Erasures, Found, Place};
use crate::ports::store::{Link, StoreError};

/// A key as a place.
fn place(key: &Key) -> Place {
    Place(format!("{key:?}"), String::new())
}

/// Whose an item is.
fn owner<'a>(key: &'a Key, item: &'a Item) -> Option<&'a OwnerId> {
    match key {
        Key::Token(_) => item.document::<Token>().map(|token| &token.owner),
        Key::SignIn(_) => item.document::<SignIn>().map(|sign_in| &sign_in.owner),
        Key::Link(_) => item.document::<Link>().map(|link| &link.owner),
        _ => key.owner(),
    }
}

/// The keys of what is the owner's.
fn theirs(table: &Table, whose: &OwnerId) -> Vec<Key> {
    let all = table.all();
    let theirs = all.filter(|(key, item)| owner(key, item) == Some(whose));
    let theirs = theirs.map(|(key, _)| key.clone());
    theirs
        .filter(|key| !matches!(key, Key::Erasure(_)))
        .collect()
}

#[async_trait]
impl Erasures for MemoryStore {
    async fn erasure(&self, owner: &OwnerId) -> Result<Option<Erasure>, StoreError> {
        self.document(&Key::Erasure(owner.clone()))
    }

    async fn put_erasure(&self, erasure: &Erasure) -> Result<bool, StoreError> {
        let key = Key::Erasure(erasure.owner.clone());
        let item = Item::new(erasure.clone())
            .revision(erasure.revision)
            .due(Some(Timestamp::UNIX_EPOCH));
        self.ask(|table| {
            let stored = table.get(&key).and_then(|item| item.revision);
            let is_next = stored == erasure.revision.checked_sub(1);
            if is_next {
                table.change(key, Change::Put(item), "");
            }
            is_next
        })
    }

    async fn forget_erasure(&self, owner: &OwnerId) -> Result<(), StoreError> {
        let key = Key::Erasure(owner.clone());
        self.ask(|table| table.change(key, Change::Remove, ""))
    }

    async fn access(&self, owner: &OwnerId) -> Result<Vec<Place>, StoreError> {
        self.ask(|table| {
            let theirs = theirs(table, owner)
                .into_iter()
                .filter(|key| matches!(key, Key::Owner(_) | Key::Token(_) | Key::SignIn(_)));
            theirs.map(|key| place(&key)).collect()
        })
    }

    async fn find(&self, owner: &OwnerId, _: Option<&str>) -> Result<Found, StoreError> {
        self.ask(|table| {
            let theirs = theirs(table, owner);
            Found {
                workflows: (theirs.iter())
                    .filter_map(|key| match key {
                        Key::Workflow(_, id) => Some(id.clone()),
                        _ => None,
                    })
                    .collect(),
                places: theirs.iter().map(place).collect(),
                cursor: None,
            }
        })
    }

    async fn remove(&self, places: &[Place]) -> Result<(), StoreError> {
        self.ask(|table| {
            let keys: Vec<Key> = table.all().map(|(key, _)| key.clone()).collect();
            for key in keys.into_iter().filter(|key| places.contains(&place(key))) {
                table.change(key, Change::Remove, "");
            }
        })
    }

    async fn remove_blobs(&self, _: &OwnerId) -> Result<(), StoreError> {
        // They stand in the table.
        Ok(())
    }
}
