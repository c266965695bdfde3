//! Pages of lists: which part of a list is asked for, and what is there.
//!
//! A walk from page to page goes on behind a place, not at a number, so that it neither repeats nor misses what
//! stood there all along, whatever comes and goes in between. What it must know it carries along: how much it has
//! shown, and how much there was when it began. So a list is counted once a walk, and a walk's pages agree.

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageOf<T> {
    pub items: Vec<T>,
    /// How many there are in all; of a walk's later pages, how many there were when it began.
    pub total: usize,
    /// The place behind which the next page begins: the list's own words, to be given back as they are. `None` at
    /// the end. The next page is empty when all that was left has gone meanwhile.
    pub next: Option<String>,
}

impl<T> Default for PageOf<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            total: 0,
            next: None,
        }
    }
}

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// 1-100.
    pub limit: usize,
    pub begin: Begin,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// Behind so many of the list's first, 0-10,000.
    Offset(usize),
    /// Where the page before ended.
    Behind(Reached),
}

/// How far a walk through a list has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The [`PageOf::next`] of its latest page. What stood there may have gone.
    pub place: String,
    /// How many came up to there.
    pub shown: usize,
    /// How many there were when it began.
    pub total: usize,
}

impl Slice {
    /// The beginning of a list.
    #[must_use]
    pub const fn first(limit: usize) -> Self {
        Self::at(0, limit)
    }

    /// Behind the first `offset` of a list.
    #[must_use]
    pub const fn at(offset: usize, limit: usize) -> Self {
        Self {
            limit,
            begin: Begin::Offset(offset),
        }
    }

    /// Where this page, which is `page`, is followed by the next; `None` at the end.
    #[must_use]
    pub fn next<T>(&self, page: &PageOf<T>) -> Option<Self> {
        let place = page.next.clone()?;
        let reached = Reached {
            place,
            shown: self.shown().saturating_add(page.items.len()),
            total: page.total,
        };
        Some(Self {
            limit: self.limit,
            begin: Begin::Behind(reached),
        })
    }

    /// How many come before it.
    #[must_use]
    pub fn shown(&self) -> usize {
        match &self.begin {
            Begin::Offset(offset) => *offset,
            Begin::Behind(reached) => reached.shown,
        }
    }

    /// What the walk knows already, when this is not its first page.
    #[must_use]
    pub fn reached(&self) -> Option<&Reached> {
        match &self.begin {
            Begin::Offset(_) => None,
            Begin::Behind(reached) => Some(reached),
        }
    }

    /// How many the list has: as the walk remembers, or else `counted`.
    #[must_use]
    pub fn total(&self, counted: usize) -> usize {
        self.reached().map_or(counted, |reached| reached.total)
    }
}
