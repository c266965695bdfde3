//! Copies of what is in the table: a workflow with its runs, ten thousand times, under ids of their own.
//!
//! The table is written while no host runs on it, because a hundred thousand commits would take minutes. Nothing here
//! knows how anything is stored: an item that names the workflow or one of its runs is copied with other ids and
//! another number, and one that counts them and names neither is made to count the copies too.

use std::path::Path;

use dynoxide::actions::scan::ScanRequest;
use dynoxide::types::{AttributeValue, Item};
use dynoxide::{Database, ImportOptions};

/// How many copies there are of the prototype.
pub(super) const COPIES: usize = 10_000;
/// How many runs each has.
pub(super) const RUNS: usize = 10;
/// Of how many copies the runs themselves are there, and not only what lists know of them: the newest, for no page
/// further back is read. A hundred thousand more documents take as long as everything else.
const SHOWN: usize = 1000;
/// What stands for a copy's number in the prototype, and for its last two digits.
pub(super) const NUMBER: &str = "no-888888";
pub(super) const TAG: &str = "desk-88x";

const TABLE: &str = "nightdesk-Table";

/// The number of a copy as its texts have it.
pub(super) fn number(copy: usize) -> String {
    format!("no-{copy:06}")
}

fn tag(copy: usize) -> String {
    format!("desk-{:02}", copy % 100)
}

/// A text with places for what differs from copy to copy.
struct Template {
    literals: Vec<String>,
    places: Vec<Place>,
}

#[derive(Clone, Copy)]
enum Place {
    /// The last digits of an id; what is before them says when it was made.
    Id,
    Number,
    Tag,
}

impl Template {
    /// `None` for a text that has no id in it.
    fn read(text: &str, ids: &[&str]) -> Option<Self> {
        let mut marks: Vec<(usize, usize, Place)> = Vec::new();
        for id in ids {
            // An item may have only the digits of an id.
            let digits = id.rsplit('_').next().unwrap();
            let last = digits.len() - 12;
            for (at, _) in text.match_indices(digits) {
                marks.push((at + last, at + digits.len(), Place::Id));
            }
        }
        if marks.is_empty() {
            return None;
        }
        for (mark, place) in [(NUMBER, Place::Number), (TAG, Place::Tag)] {
            for (at, _) in text.match_indices(mark) {
                marks.push((at, at + mark.len(), place));
            }
        }
        marks.sort_by_key(|(at, ..)| *at);
        let mut from = 0;
        let mut template = Self {
            literals: Vec::new(),
            places: Vec::new(),
        };
        for (at, end, place) in marks {
            template.literals.push(text[from..at].to_owned());
            template.places.push(place);
            from = end;
        }
        template.literals.push(text[from..].to_owned());
        Some(template)
    }

    fn write(&self, copy: usize) -> String {
        let (id, number, tag) = (format!("{copy:012x}"), number(copy), tag(copy));
        let mut text = String::new();
        for (n, literal) in self.literals.iter().enumerate() {
            text.push_str(literal);
            text.push_str(match self.places.get(n) {
                Some(Place::Id) => &id,
                Some(Place::Number) => &number,
                Some(Place::Tag) => &tag,
                None => "",
            });
        }
        text
    }
}

fn named<'a>(item: &'a Item, name: &str) -> &'a str {
    match item.get(name) {
        Some(AttributeValue::S(text)) => text,
        _ => "",
    }
}

/// Copies a workflow and its runs.
pub(super) fn multiply(data: &Path, workflow: &str, runs: &[String]) {
    let file = data.join("dynamodb.sqlite");
    let database = Database::new(&file.to_string_lossy()).unwrap();
    let scan = ScanRequest {
        table_name: TABLE.to_owned(),
        ..ScanRequest::default()
    };
    let found = database.scan(scan).unwrap();
    assert!(found.last_evaluated_key.is_none(), "one page holds it all");
    let mut ids = vec![workflow];
    ids.extend(runs.iter().map(String::as_str));
    let (mut listed, mut read, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for item in found.items.unwrap_or_default() {
        let text = serde_json::to_string(&item).unwrap();
        match Template::read(&text, &ids) {
            // What a run's log says, and what it cost, is in no list.
            Some(_) if named(&item, "sk").starts_with("event#") => {}
            Some(_) if named(&item, "pk").ends_with("#CREDITS") => {}
            Some(_) if named(&item, "pk").contains("#LEDGER#") => {}
            Some(template) if named(&item, "pk").contains("#E#") => read.push(template),
            Some(template) => listed.push(template),
            None if named(&item, "pk").ends_with("#COUNTS") => counts.push(item),
            None => {}
        }
    }
    database.enable_bulk_loading().unwrap();
    for copies in (0..COPIES).collect::<Vec<_>>().chunks(1000) {
        let items: Vec<Item> = copies
            .iter()
            .flat_map(|copy| {
                let shown = (*copy >= COPIES - SHOWN).then_some(&read);
                let templates = listed.iter().chain(shown.into_iter().flatten());
                templates.map(|template| template.write(*copy))
            })
            .map(|text| serde_json::from_str(&text).unwrap())
            .collect();
        let options = ImportOptions::default();
        database.import_items(TABLE, items, options).unwrap();
    }
    let counted: Vec<Item> = counts.into_iter().map(all_of_them).collect();
    let options = ImportOptions::default();
    database.import_items(TABLE, counted, options).unwrap();
    database.disable_bulk_loading().unwrap();
}

/// Counts that the prototype has made, and its copies would have made.
fn all_of_them(item: Item) -> Item {
    let times = |value: AttributeValue| match value {
        AttributeValue::N(n) => {
            let n: usize = n.parse().unwrap();
            AttributeValue::N((n * (COPIES + 1)).to_string())
        }
        other => other,
    };
    item.into_iter()
        .map(|(name, value)| (name, times(value)))
        .collect()
}
