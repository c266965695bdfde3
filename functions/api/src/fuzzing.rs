//! What `tests/fuzz` may ask of this crate: the cursor's two ends. No build of the product has it.

use domain::ids::OwnerId;
pub use engine::page::Reached;

use crate::page::{self, List};

/// What a cursor is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    /// The plural of the list.
    pub name: &'static str,
    pub owner: &'a OwnerId,
    /// Every filter and the order, in any fixed spelling.
    pub filters: &'a str,
}

impl<'a> Bound<'a> {
    fn list(self) -> List<'a> {
        List {
            name: self.name,
            owner: self.owner,
            filters: self.filters.to_owned(),
        }
    }
}

/// The cursor behind what a walk has reached.
#[must_use]
pub fn seal(reached: &Reached, bound: Bound<'_>) -> String {
    page::seal(reached, &bound.list())
}

/// What a cursor says; `None` when it is none, or another list's.
#[must_use]
pub fn open(cursor: &str, bound: Bound<'_>) -> Option<Reached> {
    page::open(cursor, &bound.list())
}
