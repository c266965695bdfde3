//! How one result changed while it stayed: its fields, its text, or its place.
//!
//! Where an extraction schema says what matters, its fields are compared and nothing else; otherwise the
//! readable text is. What search engines say about a page (title, snippet) is theirs and changes daily; it
//! is not compared.
//!
//! When the page was read more than once in the run, only what every reading shows counts: a rotating
//! banner differs from the baseline each time, but never in the same way twice.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::baseline::{Entry, Page};
use super::identity;
use super::observation::Reading;
use crate::difference::{Difference, Replaced};
use crate::stop_condition::differ;
use crate::text::preview;
use crate::words::words;

/// Most fields of one page shown as changed, and most characters of each side.
const MOST_FIELDS: usize = 100;
const LONGEST_FIELD: usize = 300;
/// How deep fields are told apart; below, a value is compared as a whole.
const DEEPEST_FIELD: usize = 8;

words! {
    /// What about a page changed.
    ChangeKind { Content = "content", Field = "field", Moved = "moved" }
}

/// One changed page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// As it was found.
    pub url: String,
    pub kind: ChangeKind,
    pub diff: Difference,
}

/// What two states of one result, and the confirming readings of the later one, tell.
pub(super) enum Outcome {
    Same,
    Changed(Changed),
    /// The first reading differed but the others did not agree: the earlier state stands.
    Unconfirmed,
}

/// Compares two states of one result.
pub(super) fn outcome(before: &Entry, after: &Entry, again: &[Reading]) -> Outcome {
    let mut unconfirmed = false;
    let mut found = None;
    if let (Some(was), Some(is)) = (&before.extracted, &after.extracted) {
        let mut fields = field_changes(was, is);
        let first = fields.len();
        for reading in again {
            let other = reading
                .extracted
                .as_ref()
                .map(|other| field_changes(was, other))
                .unwrap_or_default();
            fields.retain(|change| other.contains(change));
        }
        unconfirmed = fields.len() < first;
        if !fields.is_empty() {
            found = Some((
                ChangeKind::Field,
                Difference {
                    changed: fields,
                    ..Difference::default()
                },
            ));
        }
    } else if let (Some(was), Some(is)) = (&before.page, &after.page)
        && was.hash != is.hash
    {
        let first = text_difference(was, &is.text);
        let confirmed = again
            .iter()
            .map(|reading| text_difference(was, &reading.text))
            .fold(first.clone(), common);
        unconfirmed = first.is_news() && !confirmed.is_news();
        if confirmed.is_news() {
            found = Some((ChangeKind::Content, confirmed));
        }
    }
    if let Some(place) = place_change(before, after) {
        let (kind, mut diff) = found.unwrap_or_else(|| (ChangeKind::Moved, Difference::default()));
        diff.changed.push(place);
        found = Some((kind, diff));
    }
    match found {
        Some((kind, diff)) => Outcome::Changed(Changed {
            url: after.url.clone(),
            kind,
            diff,
        }),
        None if unconfirmed => Outcome::Unconfirmed,
        None => Outcome::Same,
    }
}

/// The difference within the part of the earlier text that was kept.
fn text_difference(was: &Page, is: &str) -> Difference {
    let kept = if was.cut {
        is.get(..is.floor_char_boundary(was.text.len()))
            .unwrap_or(is)
    } else {
        is
    };
    Difference::of(&was.text, kept)
}

/// What two differences from the same text have in common.
fn common(mut one: Difference, other: Difference) -> Difference {
    let set = |list: &[String]| list.iter().cloned().collect::<BTreeSet<String>>();
    let (added, removed) = (set(&other.added), set(&other.removed));
    let came = one.added.len();
    one.added.retain(|text| added.contains(text));
    let rotating = came - one.added.len();
    one.removed.retain(|text| removed.contains(text));
    one.changed.retain(|pair| {
        other.changed.contains(pair)
            || (removed.contains(&pair.before) && added.contains(&pair.after))
    });
    // What went where each reading shows something else went by rotation.
    if one.removed.len() <= rotating {
        one.removed.clear();
    }
    one
}

fn place_change(before: &Entry, after: &Entry) -> Option<Replaced> {
    let (was, is) = (before.page.as_ref()?, after.page.as_ref()?);
    (identity(&was.final_url) != identity(&is.final_url)).then(|| Replaced {
        path: Some("final_url".to_owned()),
        before: was.final_url.clone(),
        after: is.final_url.clone(),
    })
}

/// The fields that differ, each by its path (`offers[0].price`). A field that is not there is the empty
/// text.
fn field_changes(was: &Value, is: &Value) -> Vec<Replaced> {
    let mut changes = Vec::new();
    walk(Some(was), Some(is), &mut String::new(), 0, &mut changes);
    changes
}

fn walk(
    was: Option<&Value>,
    is: Option<&Value>,
    path: &mut String,
    depth: usize,
    changes: &mut Vec<Replaced>,
) {
    if changes.len() >= MOST_FIELDS {
        return;
    }
    let length = path.len();
    match (was, is) {
        (Some(Value::Object(a)), Some(Value::Object(b))) if depth < DEEPEST_FIELD => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
                walk(a.get(key), b.get(key), path, depth + 1, changes);
                path.truncate(length);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if depth < DEEPEST_FIELD => {
            for i in 0..a.len().max(b.len()) {
                path.push_str(&format!("[{i}]"));
                walk(a.get(i), b.get(i), path, depth + 1, changes);
                path.truncate(length);
            }
        }
        _ => {
            let side =
                |value: Option<&Value>| value.map_or_else(Vec::new, |value| vec![value.clone()]);
            let (a, b) = (side(was), side(is));
            if differ(&a.iter().collect::<Vec<_>>(), &b.iter().collect::<Vec<_>>()) {
                changes.push(Replaced {
                    path: Some(preview(path, LONGEST_FIELD)),
                    before: shown(was),
                    after: shown(is),
                });
            }
        }
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => preview(text, LONGEST_FIELD),
        Some(value) => preview(&value.to_string(), LONGEST_FIELD),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(text: &str, extracted: Option<Value>) -> Entry {
        Entry {
            url: "https://a.example/".into(),
            title: "A".into(),
            snippet: String::new(),
            published_date: None,
            first_seen: jiff::Timestamp::UNIX_EPOCH,
            page: Some(Page::new("https://a.example/", text)),
            extracted,
            times_gone: 0,
        }
    }

    fn again(text: &str) -> Reading {
        Reading {
            text: text.into(),
            extracted: None,
        }
    }

    fn changed(outcome: Outcome) -> Changed {
        match outcome {
            Outcome::Changed(changed) => changed,
            Outcome::Same => panic!("the same"),
            Outcome::Unconfirmed => panic!("unconfirmed"),
        }
    }

    #[test]
    fn fields_are_named_by_their_path() {
        let before = entry(
            "x",
            Some(json!({"offers": [{"price": 10, "sku": "a"}], "name": "Lamp"})),
        );
        let after = entry(
            "y",
            Some(json!({"offers": [{"price": "9.50", "sku": "a"}, {"price": 4}], "name": "Lamp"})),
        );
        let found = changed(outcome(&before, &after, &[]));
        assert_eq!(found.kind, ChangeKind::Field);
        let said: Vec<_> = found
            .diff
            .changed
            .iter()
            .map(|pair| {
                (
                    pair.path.as_deref().unwrap(),
                    pair.before.as_str(),
                    pair.after.as_str(),
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                ("offers[0].price", "10", "9.50"),
                ("offers[1]", "", "{\"price\":4}")
            ]
        );
    }

    #[test]
    fn where_fields_are_watched_other_text_is_not() {
        let fields = Some(json!({"price": 10}));
        assert!(matches!(
            outcome(
                &entry("x", fields.clone()),
                &entry("y", Some(json!({"price": "10.0"}))),
                &[]
            ),
            Outcome::Same
        ));
        assert!(matches!(
            outcome(&entry("x", None), &entry("y", None), &[]),
            Outcome::Changed(_)
        ));
    }

    #[test]
    fn a_page_that_moved_and_changed_is_a_change_that_names_the_move() {
        let before = entry("one", None);
        let mut after = entry("one", None);
        after.page = Some(Page::new("https://b.example/new", "one"));
        let moved = changed(outcome(&before, &after, &[]));
        assert_eq!(
            (moved.kind, moved.diff.changed[0].after.as_str()),
            (ChangeKind::Moved, "https://b.example/new")
        );
        after.page = Some(Page::new("https://b.example/new", "two"));
        let both = changed(outcome(&before, &after, &[]));
        assert_eq!(both.kind, ChangeKind::Content);
        assert_eq!(
            both.diff.changed.last().unwrap().path.as_deref(),
            Some("final_url")
        );
    }

    #[test]
    fn only_what_every_reading_shows_is_confirmed() {
        let before = entry("News of the day\nBuy the blue lamp now\nThe end", None);
        let glitch = entry("Service is restarting", None);
        assert!(matches!(
            outcome(
                &before,
                &glitch,
                &[again("News of the day\nBuy the blue lamp now\nThe end")]
            ),
            Outcome::Unconfirmed
        ));

        let banner = entry("News of the day\nFly to Rome for less\nThe end", None);
        assert!(matches!(
            outcome(
                &before,
                &banner,
                &[again("News of the day\nEat more fish\nThe end")]
            ),
            Outcome::Unconfirmed
        ));

        let real = entry(
            "News of the day\nFly to Rome for less\nA new law was passed\nThe end",
            None,
        );
        let found = changed(outcome(
            &before,
            &real,
            &[again(
                "News of the day\nEat more fish\nA new law was passed\nThe end",
            )],
        ));
        assert_eq!(found.diff.added, ["A new law was passed"]);
        assert!(found.diff.removed.is_empty());
    }

    #[test]
    fn a_field_must_show_the_same_value_twice() {
        let before = entry("x", Some(json!({"price": 10})));
        let after = entry("x", Some(json!({"price": 9})));
        let second = |price| Reading {
            text: String::new(),
            extracted: Some(json!({"price": price})),
        };
        assert!(matches!(
            outcome(&before, &after, &[second(9)]),
            Outcome::Changed(_)
        ));
        assert!(matches!(
            outcome(&before, &after, &[second(8)]),
            Outcome::Unconfirmed
        ));
        assert!(matches!(
            outcome(&before, &after, &[second(10)]),
            Outcome::Unconfirmed
        ));
    }
}
