//! Workflows as they are searched: one small item each, read all together.
//!
//! Folded name, tags and text go into the row as far as they fit into 200 bytes, keys included, so that 10,000
//! ordinary workflows are read for less than 250 units. What does not fit stands in an item of its own behind all
//! rows: names and tags first, which every question behind an offset needs, then texts, which only a search reads.
//!
//! | sort key | |
//! |---|---|
//! | `r` + id | status `s`, update `u`, and of name `n`, tags `g` and text `t` what fits |
//! | `t` + id | name and tags that did not fit |
//! | `x` + id | the text that did not fit |

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::{OwnerId, WorkflowId};
use domain::workflow::WorkflowStatus;
use engine::listing::Entry;

use crate::dynamo::item::{self, Attributes, Item};
use crate::dynamo::keys;

/// How long a row may be: the names and values of its attributes, in bytes, as DynamoDB counts them.
const MOST: usize = 200;

/// Between tags, which have no control characters.
const BETWEEN: char = '\u{1}';

/// What the sort keys of each kind of item begin with.
const ROWS: &str = "r";
const NAMES: &str = "t";
pub(super) const TEXTS: &str = "x";

/// What DynamoDB counts of one attribute. A number takes a byte for two digits and one more (developer guide,
/// "Item sizes and formats").
fn size(name: &str, value: &AttributeValue) -> usize {
    name.len()
        + match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(number) => number.len().div_ceil(2) + 1,
            _ => 0,
        }
}

fn size_of(attributes: &Attributes) -> usize {
    attributes
        .iter()
        .map(|(name, value)| size(name, value))
        .sum()
}

/// The items of an entry, by their sort keys.
pub(super) fn items(owner: &OwnerId, entry: &Entry) -> BTreeMap<String, Attributes> {
    let item = |part| Item::new(&keys::compact_row(owner, part, &entry.id));
    let mut row = item(ROWS)
        .text("s", entry.status.as_str())
        .number("u", entry.updated_ms)
        .attributes;
    let mut behind = [item(NAMES).attributes, item(TEXTS).attributes];
    let keys_only = behind[0].len();
    let mut left = MOST.saturating_sub(size_of(&row));
    let tags = entry.tags.join(&BETWEEN.to_string());
    for (name, text, overflow) in [
        ("n", entry.name.clone(), 0),
        ("g", tags, 0),
        ("t", entry.text.clone(), 1),
    ] {
        if text.is_empty() {
            continue;
        }
        let value = AttributeValue::S(text);
        let taken = size(name, &value);
        if taken <= left {
            left -= taken;
            row.insert(name.to_owned(), value);
        } else {
            behind[overflow].insert(name.to_owned(), value);
        }
    }
    let behind = behind.into_iter().filter(|item| item.len() > keys_only);
    std::iter::once(row)
        .chain(behind)
        .filter_map(|attributes| Some((item::text(&attributes, "sk")?.to_owned(), attributes)))
        .collect()
}

/// The entries of what was read: rows, and whatever belongs to them.
pub(super) fn entries(read: &[Attributes]) -> Vec<Entry> {
    let mut entries: BTreeMap<&str, Entry> = BTreeMap::new();
    for attributes in read {
        let Some((part, id)) = item::text(attributes, "sk").and_then(|sk| sk.split_at_checked(1))
        else {
            continue;
        };
        if part == ROWS
            && let Some(entry) = row(id, attributes)
        {
            entries.insert(id, entry);
        }
        // Rows come first; one that has gone meanwhile leaves nothing to add to.
        let Some(entry) = entries.get_mut(id) else {
            continue;
        };
        if let Some(name) = item::text(attributes, "n") {
            name.clone_into(&mut entry.name);
        }
        if let Some(tags) = item::text(attributes, "g") {
            entry.tags = tags.split(BETWEEN).map(str::to_owned).collect();
        }
        if let Some(text) = item::text(attributes, "t") {
            text.clone_into(&mut entry.text);
        }
    }
    entries.into_values().collect()
}

fn row(id: &str, attributes: &Attributes) -> Option<Entry> {
    Some(Entry {
        id: WorkflowId::parse(&format!("{}{id}", WorkflowId::PREFIX)).ok()?,
        status: WorkflowStatus::parse(item::text(attributes, "s")?)?,
        updated_ms: item::number(attributes, "u")?,
        name: String::new(),
        tags: Vec::new(),
        text: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, tags: &[&str], text: &str) -> Entry {
        Entry {
            id: WorkflowId::from_uuid(uuid::Uuid::from_u128(7)),
            status: WorkflowStatus::PlanFailed,
            updated_ms: 1_790_000_000_000,
            name: name.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn whatever_is_written_is_read_and_no_row_is_longer_than_it_may_be() {
        let owner = OwnerId::from_uuid(uuid::Uuid::from_u128(1));
        let long = "ö".repeat(300);
        for (entry, parts) in [
            (
                entry("morning wires", &["wires", "Desk"], "what came over night"),
                1,
            ),
            (entry("", &[], ""), 1),
            (entry("morning wires", &["wires"], &long), 2),
            (entry(&long, &["wires"], "what came"), 2),
            (entry(&long, &[&long[..50]; 20], &long), 3),
        ] {
            let items = items(&owner, &entry);
            assert_eq!(items.len(), parts, "{entry:?}");
            let row = items.first_key_value().unwrap().1;
            assert!(size_of(row) <= MOST, "{}", size_of(row));
            let read: Vec<Attributes> = items.into_values().collect();
            assert_eq!(entries(&read), [entry]);
        }
    }
}
