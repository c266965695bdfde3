//! A page of a list: its rows, and where the next page begins.
//!
//! DynamoDB stops after as many rows as it was asked for and does not say whether any follow. The count says it,
//! except where by the count the list ends with the page: there one row more is looked for. What is counted and where
//! a page stands come from different moments, so the count may promise a page that has become empty; it never hides
//! one. A page so reads its rows and what they stand for, and nothing else; a walk's first page also the count.

use engine::page::{Begin, PageOf, Slice};
use engine::ports::StoreError;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::de::DeserializeOwned;

use super::{Rows, Walk};
use crate::dynamo::DynamoStore;
use crate::dynamo::item::{self, Attributes};
use crate::dynamo::keys::Key;

impl DynamoStore {
    /// A page of rows. `count` says how many there are; it is asked once a walk, for its first page.
    pub(super) async fn page(
        &self,
        mut walk: Walk,
        slice: &Slice,
        count: BoxFuture<'_, Result<usize, StoreError>>,
    ) -> Result<PageOf<Attributes>, StoreError> {
        let limit = slice.limit;
        let (rows, total, follows) = match &slice.begin {
            Begin::Offset(offset) => {
                // What is skipped is read as well: at half the price.
                if *offset > 0 {
                    walk = walk.a_moment_old();
                }
                let rows = self.walk(&walk, offset + limit).boxed();
                let (Rows { mut rows, ended }, total) = futures::try_join!(rows, count)?;
                let follows = match rows.last() {
                    Some(_) if ended => false,
                    Some(_) if rows.len() < total => true,
                    Some(last) => self.is_followed(&walk, last).await?,
                    None => false,
                };
                rows.drain(..rows.len().min(*offset));
                (rows, total, follows)
            }
            Begin::Behind(reached) => {
                // A place that was made up begins nowhere.
                let Some(behind) = walk.behind(&reached.place) else {
                    return Ok(PageOf::default());
                };
                walk = behind;
                let is_last = reached.shown.saturating_add(limit) >= reached.total;
                let Rows { mut rows, ended } =
                    self.walk(&walk, limit + usize::from(is_last)).await?;
                let follows = if is_last { rows.len() > limit } else { !ended };
                rows.truncate(limit);
                (rows, reached.total, follows)
            }
        };
        let next = rows.last().filter(|_| follows);
        Ok(PageOf {
            next: next.and_then(|row| walk.place(row)),
            items: rows,
            total,
        })
    }

    /// A page of a list that is counted by its rows, and the documents they stand for. `key` makes a document's key of
    /// what is left of its row's sort key without `common`.
    ///
    /// Counting costs what reading costs, half a unit for 4 KiB of rows: for lists that are short, or seldom read.
    pub(in crate::dynamo) async fn read_listed<T: DeserializeOwned>(
        &self,
        walk: Walk,
        common: &str,
        slice: &Slice,
        key: impl Fn(&str) -> Option<Key>,
    ) -> Result<PageOf<T>, StoreError> {
        let count = self.count(walk.clone().a_moment_old()).boxed();
        let page = self.page(walk, slice, count).await?;
        let rows = page.items.iter().filter_map(|row| item::text(row, "sk"));
        let keys: Vec<Key> = rows
            .filter_map(|sk| key(sk.strip_prefix(common)?))
            .collect();
        Ok(PageOf {
            items: self.documents(&keys).await?,
            total: page.total,
            next: page.next,
        })
    }
}
