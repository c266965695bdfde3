//! Lists that are counted once: for their first page, from where the places behind its pages carry the count along.

use engine::ports::StoreError;
use engine::ports::store::{PageOf, Slice};
use serde::de::DeserializeOwned;

use super::Walk;
use crate::dynamo::DynamoStore;
use crate::dynamo::item::{self, Attributes};
use crate::dynamo::keys::Key;

/// What the place behind a page says.
#[derive(Debug, PartialEq, Eq)]
struct Counted {
    total: usize,
    /// The sort key of the page's last row, without what all rows of the list begin with.
    place: String,
}

impl Counted {
    /// `None` for a text that is no place, which only somebody who made it up can have.
    fn read(after: &str) -> Option<Self> {
        let (total, place) = after.split_once('.')?;
        Some(Self {
            total: total.parse().ok()?,
            place: Some(place).filter(|place| !place.is_empty())?.to_owned(),
        })
    }

    fn write(&self) -> String {
        format!("{}.{}", self.total, self.place)
    }
}

impl DynamoStore {
    /// A page of such a list, and the documents its rows stand for.
    pub(in crate::dynamo) async fn read_listed<T: DeserializeOwned>(
        &self,
        walk: Walk,
        common: &str,
        slice: &Slice,
        key: impl Fn(&str) -> Option<Key>,
    ) -> Result<PageOf<T>, StoreError> {
        let page = self.read_counted(walk, common, slice).await?;
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

    /// A page of a list whose rows begin with `common` in the order of the table, whatever order is read.
    pub(super) async fn read_counted(
        &self,
        mut walk: Walk,
        common: &str,
        slice: &Slice,
    ) -> Result<PageOf<Attributes>, StoreError> {
        let before = slice.after.as_deref().and_then(Counted::read);
        let total = match &before {
            Some(before) => before.total,
            None => {
                let rows = Walk {
                    consistent: false,
                    ..walk.clone()
                };
                self.count(&rows).await?
            }
        };
        let mut skip = 0;
        match before {
            Some(Counted { place, .. }) => {
                let sk = format!("{common}{place}");
                walk = walk.after(&place, &sk);
            }
            // What is skipped is read as well: at half the price.
            None if slice.offset > 0 => {
                walk.consistent = false;
                skip = slice.offset;
            }
            None => {}
        }
        let mut page = self.walk(&walk, skip + slice.limit).await?;
        page.rows.drain(..skip.min(page.rows.len()));
        let shown = slice.offset.saturating_add(page.rows.len());
        let next = if self.follows(&walk, &page, shown, total).await? {
            let last = page.rows.last().and_then(|row| item::text(row, "sk"));
            let place = last.and_then(|sk| sk.strip_prefix(common));
            place.map(|place| {
                let place = place.to_owned();
                Counted { total, place }.write()
            })
        } else {
            None
        };
        Ok(PageOf {
            items: page.rows,
            total,
            next,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_carries_the_count() {
        let counted = Counted {
            total: 7,
            place: "apr_1".into(),
        };
        assert_eq!(Counted::read(&counted.write()), Some(counted));
        for bad in ["", "7", "7.", "x.apr_1", ".apr_1"] {
            assert_eq!(Counted::read(bad), None, "{bad}");
        }
    }
}
