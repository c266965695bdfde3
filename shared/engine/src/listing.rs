//! How workflows are listed: what a list knows of one, which of them a selection admits, and in which order.
//!
//! Said once, so that every store gives the same pages. A place in a list is a text that ends with the workflow's
//! id: no two are equal, and a page goes on after the place where the last one ended even when the workflow that
//! stood there has been renamed or deleted meanwhile.

use std::cmp::Ordering;

use domain::ids::WorkflowId;
use domain::plan::Plan;
use domain::text;
use domain::workflow::{Workflow, WorkflowStatus};

use crate::page::{Begin, PageOf, Slice};

/// How much of a folded name decides about the order, in bytes of UTF-8. With an id, a status and the separators
/// it stays below the 1,024 bytes that DynamoDB allows a sort key; equal beginnings are ordered by id.
const MOST_OF_NAME: usize = 900;

/// Between a name and the id behind it: below every character a name may have, so that a name stands before those
/// it is the beginning of.
const BELOW_EVERY_NAME: char = '\u{1}';

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortBy {
    /// When it was made: ids sort by time.
    Created,
    /// When it was last edited, or changed its status. A run alone does not move it.
    Updated,
    /// By its folded name, in the order of code points.
    Name,
}

impl SortBy {
    /// Every order, as the contract names them.
    pub const ALL: &'static [Self] = &[Self::Created, Self::Updated, Self::Name];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Name => "name",
        }
    }
}

/// Which workflows of an owner, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Selection {
    pub status: Option<WorkflowStatus>,
    /// Found in the name, the description, the goal or a tag, without regard to case.
    pub search: Option<String>,
    /// All of them must be there, written like this.
    pub tags: Vec<String>,
    pub sort_by: SortBy,
    pub descending: bool,
}

impl Selection {
    /// All of them, newest first.
    pub const NEWEST: Self = Self {
        status: None,
        search: None,
        tags: Vec::new(),
        sort_by: SortBy::Created,
        descending: true,
    };

    /// Whether only the status decides, which an index can answer.
    #[must_use]
    pub fn is_indexed(&self) -> bool {
        self.search.is_none() && self.tags.is_empty()
    }

    /// The entries that are admitted, in order, each with its place.
    #[must_use]
    pub fn apply(&self, entries: impl IntoIterator<Item = Entry>) -> Vec<(String, Entry)> {
        let search = self.search.as_deref().map(fold);
        let admitted = entries.into_iter().filter(|entry| {
            self.status.is_none_or(|status| entry.status == status)
                && self.tags.iter().all(|tag| entry.tags.contains(tag))
                && search.as_ref().is_none_or(|search| entry.has(search))
        });
        let mut sorted: Vec<(String, Entry)> = admitted
            .map(|entry| (entry.place(self.sort_by), entry))
            .collect();
        sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
        if self.descending {
            sorted.reverse();
        }
        sorted
    }
}

/// What a list knows of a workflow: all that it is found and sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: WorkflowId,
    pub status: WorkflowStatus,
    /// In milliseconds since 1970.
    pub updated_ms: i64,
    /// Folded.
    pub name: String,
    /// As they were written.
    pub tags: Vec<String>,
    /// Description and goal, folded.
    pub text: String,
}

impl Entry {
    #[must_use]
    pub fn of(workflow: &Workflow) -> Self {
        let texts = [workflow.description.as_deref(), workflow.intent.as_deref()];
        let texts: Vec<String> = texts.into_iter().flatten().map(fold).collect();
        Self {
            id: workflow.id.clone(),
            status: workflow.status,
            updated_ms: workflow.updated_at.as_millisecond(),
            name: fold(&workflow.name),
            tags: workflow.tags.clone(),
            // No search is found half in the one and half in the other.
            text: texts.join("\u{1}"),
        }
    }

    /// Where it stands in a list: ascending, as texts are compared.
    #[must_use]
    pub fn place(&self, sort_by: SortBy) -> String {
        match sort_by {
            SortBy::Created => self.id.to_string(),
            SortBy::Updated => format!("{:015}#{}", self.updated_ms.max(0), self.id),
            SortBy::Name => {
                let end = self.name.floor_char_boundary(MOST_OF_NAME);
                format!("{}{BELOW_EVERY_NAME}{}", &self.name[..end], self.id)
            }
        }
    }

    fn has(&self, folded: &str) -> bool {
        self.name.contains(folded)
            || self.text.contains(folded)
            || self.tags.iter().any(|tag| fold(tag).contains(folded))
    }
}

/// The part of a list that `slice` asks for. The list is in the order of its places, which no two share, or the other
/// way round.
#[must_use]
pub fn cut<T>(list: Vec<(String, T)>, descending: bool, slice: &Slice) -> PageOf<T> {
    let count = list.len();
    let from = match &slice.begin {
        Begin::Offset(offset) => (*offset).min(count),
        // Behind the place, whether or not anything stands there still.
        Begin::Behind(reached) => {
            list.partition_point(|(place, _)| match place.cmp(&reached.place) {
                Ordering::Equal => true,
                Ordering::Greater => descending,
                Ordering::Less => !descending,
            })
        }
    };
    let mut next = None;
    let mut items = Vec::new();
    for (place, item) in list.into_iter().skip(from).take(slice.limit) {
        items.push(item);
        next = Some(place);
    }
    if from + items.len() >= count {
        next = None;
    }
    PageOf {
        items,
        total: slice.total(count),
        next,
    }
}

/// The id at the end of a place.
#[must_use]
pub fn id_at(place: &str) -> &str {
    // No id has either in it.
    let before_it = place.rfind(['#', BELOW_EVERY_NAME]);
    &place[before_it.map_or(0, |at| at + 1)..]
}

/// A workflow as lists show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    pub workflow: Workflow,
    /// What it does at present; `None` while there is no plan.
    pub plan: Option<Plan>,
}

/// NFC, and lower case character by character: unlike that of a whole text, where a final sigma differs from any
/// other, it gives every part of a text what it gives the part inside the whole.
#[must_use]
pub fn fold(words: &str) -> String {
    let lower = |c: char| c.to_lowercase();
    text::normalise(words)
        .chars()
        .flat_map(lower)
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u128, name: &str) -> Entry {
        Entry {
            id: WorkflowId::from_uuid(uuid::Uuid::from_u128(n)),
            status: WorkflowStatus::Active,
            updated_ms: 0,
            name: fold(name),
            tags: vec!["Öffentlich".into()],
            text: fold("Was über NACHT kam"),
        }
    }

    fn found(search: &str) -> bool {
        let selection = Selection {
            search: Some(search.into()),
            ..Selection::NEWEST
        };
        !selection.apply([entry(1, "Ταξίδι ΟΔΟΣΑ")]).is_empty()
    }

    #[test]
    fn a_part_is_found_in_any_case_and_composition() {
        for there in [
            "nacht",
            "ÜBER",
            "u\u{308}ber",
            "οδος",
            "ΟΔΟΣ",
            "öffent",
            "τΑξ",
        ] {
            assert!(found(there), "{there}");
        }
        for absent in ["uber", "nachts", "wf_"] {
            assert!(!found(absent), "{absent}");
        }
    }

    #[test]
    fn equal_names_are_ordered_by_id_and_a_beginning_stands_before_what_goes_on() {
        let names = [(3, "desk"), (1, "Desk"), (2, "desk two"), (4, "DES")];
        let selection = Selection {
            sort_by: SortBy::Name,
            descending: false,
            ..Selection::NEWEST
        };
        let sorted = selection.apply(names.map(|(n, name)| entry(n, name)));
        let ids: Vec<_> = sorted.iter().map(|(_, entry)| entry.id.clone()).collect();
        let expected = [4, 1, 3, 2].map(|n| WorkflowId::from_uuid(uuid::Uuid::from_u128(n)));
        assert_eq!(ids, expected);
        assert_eq!(id_at(&sorted[0].0), expected[0].as_str());
    }

    #[test]
    fn the_longest_name_leaves_room_for_the_rest_of_a_key() {
        let place = entry(1, &"𝔘".repeat(255)).place(SortBy::Name);
        assert!(place.len() <= MOST_OF_NAME + 36, "{}", place.len());
        assert_eq!(id_at(&place), entry(1, "").id.as_str());
    }
}
