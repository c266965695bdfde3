//! Pages of lists: `limit` and `offset`, or a cursor.
//!
//! A cursor says after which place in the order of the list the next page begins, so that a list that grows at its
//! head repeats nothing, and one whose object there has gone or moved goes on where it stood. It carries along how
//! many objects there were when the walk began, so that they are counted once. It is bound to the list, the owner and
//! the filters by a hash over all of them: another owner's cursor, or one taken along to other filters, is refused.
//! The hash is no secret and needs none: a cursor somebody makes up still reads nothing but their own list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::digest;
use domain::fault::Code;
use domain::ids::OwnerId;
use engine::page::{Begin, PageOf, Reached, Slice};
use serde_json::{Value, json};

use crate::answer_size::{MOST_BYTES, of_json};
use crate::problem::Problem;
use crate::query::Query;

/// How many objects a page has when nobody says.
const LIMIT: u32 = 20;
/// The furthest an offset reaches, for what it skips is read as well; with a cursor there is no such end.
pub(crate) const FURTHEST: u32 = 10_000;

/// The longest cursor, in characters: a place in a list by name holds the name (`engine::listing`), at most 1,000
/// bytes with the id behind it, the two numbers and the hash.
pub(crate) const LONGEST: usize = 1_334;

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
        let begin = match &self.cursor {
            None => Begin::Offset(self.offset as usize),
            Some(cursor) => Begin::Behind(open(cursor, list).ok_or_else(|| {
                Problem::new(
                    Code::InvalidCursor,
                    "this cursor does not belong to this list and these filters",
                )
            })?),
        };
        let limit = self.limit as usize;
        Ok(Page {
            slice: Slice { limit, begin },
        })
    }
}

impl Page {
    /// The list's answer of a page as the store has read it, each object as `show` shows it.
    pub(crate) fn answer_of<T>(
        &self,
        list: &List<'_>,
        read: &PageOf<T>,
        show: impl Fn(&T) -> Value,
    ) -> Value {
        self.answer(list, read, read.items.iter().map(show).collect())
    }

    /// The list's answer with as many of the page's objects as one answer holds, at least one. `read` reads a part of
    /// the list, `show` shows an object.
    ///
    /// # Errors
    /// As `read`.
    pub(crate) async fn fitting<T, R>(
        &self,
        list: &List<'_>,
        read: impl Fn(Slice) -> R,
        show: impl Fn(&T) -> Value,
    ) -> Result<Value, Problem>
    where
        R: Future<Output = Result<PageOf<T>, Problem>>,
    {
        let (part, items) = self.fitted(read, show, weight).await?;
        Ok(self.answer(list, &part, items))
    }

    /// The part of this page that one answer holds, at least one object, before anything more is loaded for them:
    /// `weigh` says how many bytes an object takes.
    ///
    /// # Errors
    /// As `read`.
    pub(crate) async fn part_that_fits<T, R>(
        &self,
        read: impl Fn(Slice) -> R,
        weigh: impl Fn(&T) -> usize,
    ) -> Result<PageOf<T>, Problem>
    where
        R: Future<Output = Result<PageOf<T>, Problem>>,
    {
        let (part, _) = self.fitted(read, weigh, |bytes| *bytes).await?;
        Ok(part)
    }

    /// The part of this page that one answer holds, at least one object, with what `make` makes of each, once; `weigh`
    /// says how many bytes that takes.
    async fn fitted<T, R, M>(
        &self,
        read: impl Fn(Slice) -> R,
        make: impl Fn(&T) -> M,
        weigh: impl Fn(&M) -> usize,
    ) -> Result<(PageOf<T>, Vec<M>), Problem>
    where
        R: Future<Output = Result<PageOf<T>, Problem>>,
    {
        let mut slice = self.slice.clone();
        loop {
            let part = read(slice.clone()).await?;
            let mut room = Room::default();
            let made = part.items.iter().map(&make);
            let made: Vec<M> = made.take_while(|made| room.takes(weigh(made))).collect();
            if made.len() == part.items.len() {
                return Ok((part, made));
            }
            // Read again, so that what is shown and where the next page begins come from one moment.
            slice.limit = made.len();
        }
    }

    /// The list's answer of a page whose objects are shown as `items`.
    pub(crate) fn answer<T>(&self, list: &List<'_>, read: &PageOf<T>, items: Vec<Value>) -> Value {
        let next = self.slice.next(read);
        let next_cursor = next
            .as_ref()
            .and_then(Slice::reached)
            .map(|reached| seal(reached, list));
        let (limit, offset) = (self.slice.limit, self.slice.shown());
        json!({
            list.name: items,
            "pagination": {"limit": limit, "offset": offset, "total": read.total, "next_cursor": next_cursor},
        })
    }

    /// This page of a list that is in memory, whose places are its ids.
    pub(crate) fn cut<T>(&self, all: Vec<T>, id: impl Fn(&T) -> String) -> PageOf<T> {
        let (limit, count) = (self.slice.limit, all.len());
        let start = match &self.slice.begin {
            Begin::Offset(offset) => *offset,
            // An object that has gone since the cursor was made: its old place is the best there is.
            Begin::Behind(reached) => all
                .iter()
                .position(|item| id(item) == reached.place)
                .map_or(reached.shown, |at| at + 1),
        };
        let items: Vec<T> = all.into_iter().skip(start).take(limit).collect();
        let more = count > start.saturating_add(limit);
        PageOf {
            next: items.last().map(id).filter(|_| more),
            items,
            total: self.slice.total(count),
        }
    }
}

/// How much of an answer is taken.
#[derive(Debug, Default)]
struct Room {
    taken: usize,
}

impl Room {
    /// Whether an object still finds room; the first always does.
    fn takes(&mut self, bytes: usize) -> bool {
        let is_first = self.taken == 0;
        self.taken = self.taken.saturating_add(bytes.max(1));
        is_first || self.taken <= MOST_BYTES
    }
}

/// How many bytes an object takes in an answer.
pub(crate) fn weight(object: &Value) -> usize {
    of_json(object.to_string().as_bytes()) + 1
}

fn tag(reached: &Reached, list: &List<'_>) -> String {
    let mut tag = digest::of_json(&(
        "cursor",
        list.name,
        list.owner.as_str(),
        &list.filters,
        (reached.shown, reached.total),
        &reached.place,
    ));
    tag.truncate(32);
    tag
}

pub(crate) fn seal(reached: &Reached, list: &List<'_>) -> String {
    let Reached {
        place,
        shown,
        total,
    } = reached;
    let tag = tag(reached, list);
    URL_SAFE_NO_PAD.encode(format!("{shown}.{total}.{tag}.{place}"))
}

pub(crate) fn open(cursor: &str, list: &List<'_>) -> Option<Reached> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.splitn(4, '.');
    let (shown, total) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let (sealed, place) = (parts.next()?, parts.next()?.to_owned());
    let reached = Reached {
        place,
        shown,
        total,
    };
    (tag(&reached, list) == sealed).then_some(reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(n: u128) -> OwnerId {
        OwnerId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn reached(shown: usize, place: &str) -> Reached {
        Reached {
            place: place.to_owned(),
            shown,
            total: 40,
        }
    }

    #[test]
    fn a_cursor_belongs_to_its_list_owner_and_filters() {
        let (a, b) = (owner(1), owner(2));
        let mine = List {
            name: "workflows",
            owner: &a,
            filters: "status=active".to_owned(),
        };
        let reached = reached(20, "wf_x");
        let cursor = seal(&reached, &mine);
        assert_eq!(open(&cursor, &mine), Some(reached));
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
            &URL_SAFE_NO_PAD.encode("21.40.x.wf_x"),
        ] {
            assert_eq!(open(bad, &mine), None, "{bad}");
        }
    }

    #[test]
    fn pages_in_memory_meet_without_gap_or_overlap() {
        let cut = |begin, all: Vec<&'static str>| {
            let page = Page {
                slice: Slice { limit: 2, begin },
            };
            let PageOf { items, next, .. } = page.cut(all, |item| (*item).to_owned());
            (items, next)
        };
        let behind = |shown, place| Begin::Behind(reached(shown, place));
        let all = || vec!["e", "d", "c", "b", "a"];
        assert_eq!(
            cut(Begin::Offset(0), all()),
            (vec!["e", "d"], Some("d".to_owned()))
        );
        let grown = || [vec!["f"], all()].concat();
        assert_eq!(
            cut(behind(2, "d"), grown()),
            (vec!["c", "b"], Some("b".to_owned()))
        );
        assert_eq!(cut(behind(4, "b"), all()), (vec!["a"], None));
        assert_eq!(
            cut(behind(2, "gone"), all()),
            (vec!["c", "b"], Some("b".to_owned()))
        );
        assert_eq!(cut(Begin::Offset(9_999_999), all()), (vec![], None));
    }
}
