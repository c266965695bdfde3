//! Pages of lists: `limit` and `offset`, or a cursor.
//!
//! A cursor says after which place in the order of the list the next page begins, so that a list that grows at its
//! head repeats nothing, and one whose object there has gone or moved goes on where it stood. It is bound to the
//! list, the owner and the filters by a hash over all of them: another owner's cursor, or one taken along to other
//! filters, is refused. The hash is no secret and needs none: a cursor somebody makes up still reads nothing but
//! their own list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::digest;
use domain::fault::Code;
use domain::ids::OwnerId;
use engine::ports::store::{PageOf, Slice};
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::query::Query;

/// How many objects a page has when nobody says.
const LIMIT: u32 = 20;
/// The furthest an offset reaches, for what it skips is read as well; with a cursor there is no such end.
pub(crate) const FURTHEST: u32 = 10_000;

/// The longest cursor, in characters: a place in a list by name holds the name (`engine::listing`), at most 1,000
/// bytes with the id behind it, the offset and the hash.
const LONGEST: usize = 1_334;

/// Which list a cursor belongs to.
#[derive(Debug, Clone)]
pub(crate) struct List<'a> {
    /// The plural, as the answer names it.
    pub(crate) name: &'static str,
    pub(crate) owner: &'a OwnerId,
    /// Every filter and the order, in any fixed spelling.
    pub(crate) filters: String,
}

/// The wanted part of a list, before the filters are known.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    limit: u32,
    offset: u32,
    cursor: Option<String>,
}

/// The wanted part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) slice: Slice,
}

impl Asked {
    /// Reads `limit`, `offset` and `cursor`.
    pub(crate) fn read(query: &mut Query) -> Self {
        let limit = query.count("limit", 1..=100).unwrap_or(LIMIT);
        let offset = query.count("offset", 0..=FURTHEST);
        let cursor = query.text("cursor", LONGEST);
        if offset.is_some() && cursor.is_some() {
            query.refuse("offset", "cannot be given together with a cursor");
        }
        Self {
            limit,
            offset: offset.unwrap_or(0),
            cursor,
        }
    }

    /// Reads a query that asks for nothing but a page.
    ///
    /// # Errors
    /// The query is not in order, or says something else.
    pub(crate) fn only(mut query: Query) -> Result<Self, Problem> {
        let asked = Self::read(&mut query);
        query.finish()?;
        Ok(asked)
    }

    /// Opens the cursor for `list`.
    ///
    /// # Errors
    /// It belongs to another list, owner or filter, or is no cursor at all.
    pub(crate) fn of(self, list: &List<'_>) -> Result<Page, Problem> {
        let limit = self.limit as usize;
        let slice = match &self.cursor {
            None => Slice {
                limit,
                offset: self.offset as usize,
                after: None,
            },
            Some(cursor) => {
                let invalid = || {
                    Problem::new(
                        Code::InvalidCursor,
                        "this cursor does not belong to this list and these filters",
                    )
                };
                let (offset, after) = open(cursor, list).ok_or_else(invalid)?;
                Slice {
                    limit,
                    offset,
                    after: Some(after),
                }
            }
        };
        Ok(Page { slice })
    }
}

impl Page {
    /// The list's answer. `next` is where the next page begins when there is another.
    pub(crate) fn answer(
        &self,
        list: &List<'_>,
        items: Vec<Value>,
        total: usize,
        next: Option<&str>,
    ) -> Value {
        let Slice { limit, offset, .. } = self.slice;
        let next_cursor = next.map(|after| seal(offset.saturating_add(items.len()), after, list));
        json!({
            list.name: items,
            "pagination": {"limit": limit, "offset": offset, "total": total, "next_cursor": next_cursor},
        })
    }

    /// The list's answer of a page as the store has read it, each object as `show` shows it.
    pub(crate) fn answer_of<T>(
        &self,
        list: &List<'_>,
        read: &PageOf<T>,
        show: impl Fn(&T) -> Value,
    ) -> Value {
        let items = read.items.iter().map(show).collect();
        self.answer(list, items, read.total, read.next.as_deref())
    }

    /// This page of a list that is in memory, and the id after which the next begins.
    pub(crate) fn cut<T>(
        &self,
        all: Vec<T>,
        id: impl Fn(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let Slice {
            limit,
            offset,
            after,
        } = &self.slice;
        // An object that has gone since the cursor was made: its old place is the best there is.
        let start = match after {
            Some(after) => all
                .iter()
                .position(|item| id(item) == *after)
                .map_or(*offset, |at| at + 1),
            None => *offset,
        };
        let more = all.len() > start.saturating_add(*limit);
        let page: Vec<T> = all.into_iter().skip(start).take(*limit).collect();
        let next = page.last().map(id).filter(|_| more);
        (page, next)
    }
}

fn tag(offset: usize, after: &str, list: &List<'_>) -> String {
    let mut tag = digest::of_json(&(
        "cursor",
        list.name,
        list.owner.as_str(),
        &list.filters,
        offset,
        after,
    ));
    tag.truncate(32);
    tag
}

pub(crate) fn seal(offset: usize, after: &str, list: &List<'_>) -> String {
    URL_SAFE_NO_PAD.encode(format!("{offset}.{}.{after}", tag(offset, after, list)))
}

pub(crate) fn open(cursor: &str, list: &List<'_>) -> Option<(usize, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.splitn(3, '.');
    let (offset, sealed, after) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
    (tag(offset, after, list) == sealed).then(|| (offset, after.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(n: u128) -> OwnerId {
        OwnerId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn a_cursor_belongs_to_its_list_owner_and_filters() {
        let (a, b) = (owner(1), owner(2));
        let mine = List {
            name: "workflows",
            owner: &a,
            filters: "status=active".to_owned(),
        };
        let cursor = seal(20, "wf_x", &mine);
        assert_eq!(open(&cursor, &mine), Some((20, "wf_x".to_owned())));
        for other in [
            List {
                owner: &b,
                ..mine.clone()
            },
            List {
                filters: "status=archived".to_owned(),
                ..mine.clone()
            },
            List {
                name: "executions",
                ..mine.clone()
            },
        ] {
            assert_eq!(open(&cursor, &other), None);
        }
        for bad in [
            "",
            "zzz",
            "!!",
            &cursor[..cursor.len() - 2],
            &URL_SAFE_NO_PAD.encode("21.x.wf_x"),
        ] {
            assert_eq!(open(bad, &mine), None, "{bad}");
        }
    }

    #[test]
    fn pages_in_memory_meet_without_gap_or_overlap() {
        let page = |offset, after: Option<&str>| Page {
            slice: Slice {
                limit: 2,
                offset,
                after: after.map(str::to_owned),
            },
        };
        let all = || vec!["e", "d", "c", "b", "a"];
        let id = |item: &&str| (*item).to_owned();
        assert_eq!(
            page(0, None).cut(all(), id),
            (vec!["e", "d"], Some("d".to_owned()))
        );
        let grown = || [vec!["f"], all()].concat();
        assert_eq!(
            page(2, Some("d")).cut(grown(), id),
            (vec!["c", "b"], Some("b".to_owned()))
        );
        assert_eq!(page(4, Some("b")).cut(all(), id), (vec!["a"], None));
        assert_eq!(
            page(2, Some("gone")).cut(all(), id),
            (vec!["c", "b"], Some("b".to_owned()))
        );
        assert_eq!(page(9_999_999, None).cut(all(), id), (vec![], None));
    }
}
