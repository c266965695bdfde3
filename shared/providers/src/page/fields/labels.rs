//! Values that stand beside their label: rows of tables, definition lists, lines such as `Weight: 2 kg`.

use std::sync::LazyLock;

use scraper::{ElementRef, Html, Selector};

use super::place::shown;
use super::wanted::normal;
use crate::page::html::selector;

/// The longest label and value, in characters: what is longer is prose.
const LONGEST_LABEL: usize = 60;
const LONGEST_VALUE: usize = 500;
/// The most pairs of a page.
const MOST_PAIRS: usize = 2_000;

/// A label with what stands beside it.
pub(super) struct Pair {
    pub(super) label: String,
    pub(super) value: String,
    /// Whether the mark-up makes it a pair; a line with a colon may be anything.
    pub(super) is_marked: bool,
}

/// The pairs of a page: those the mark-up makes first.
pub(super) fn read(document: &Html) -> Vec<Pair> {
    static ROW: LazyLock<Selector> = LazyLock::new(|| selector("tr"));
    static TERM: LazyLock<Selector> = LazyLock::new(|| selector("dt"));
    static LINE: LazyLock<Selector> =
        LazyLock::new(|| selector("li, p, td, dd, span, div, address"));
    let mut pairs = Vec::new();
    for row in document.select(&ROW) {
        let cells: Vec<ElementRef<'_>> = children(row, &["th", "td"]);
        // More cells are a table of records, whose header is not in this row.
        if let [label, value] = cells.as_slice() {
            add(&mut pairs, &shown(*label), &shown(*value), true);
        }
    }
    for term in document.select(&TERM) {
        let value = term
            .next_siblings()
            .filter_map(ElementRef::wrap)
            .find(|sibling| sibling.value().name() != "dt")
            .filter(|sibling| sibling.value().name() == "dd");
        if let Some(value) = value {
            add(&mut pairs, &shown(term), &shown(value), true);
        }
    }
    for line in document.select(&LINE) {
        if pairs.len() >= MOST_PAIRS {
            break;
        }
        // Only the innermost: what is around it has the texts of several lines.
        if !children(line, &["p", "div", "ul", "ol", "table", "li", "dl"]).is_empty() {
            continue;
        }
        let text = shown(line);
        if let Some((label, value)) = text.split_once([':', '：']) {
            add(&mut pairs, label, value, false);
        }
    }
    pairs.truncate(MOST_PAIRS);
    pairs
}

fn children<'a>(element: ElementRef<'a>, names: &[&str]) -> Vec<ElementRef<'a>> {
    element
        .children()
        .filter_map(ElementRef::wrap)
        .filter(|child| names.contains(&child.value().name()))
        .collect()
}

fn add(pairs: &mut Vec<Pair>, label: &str, value: &str, is_marked: bool) {
    let label = label.trim().trim_end_matches([':', '：']).trim();
    let value = value.trim();
    let fits = !label.is_empty()
        && !value.is_empty()
        && label.chars().count() <= LONGEST_LABEL
        && value.chars().count() <= LONGEST_VALUE;
    if fits {
        pairs.push(Pair {
            label: label.to_owned(),
            value: value.to_owned(),
            is_marked,
        });
    }
}

/// The pairs under `name`: those called so and nothing else, then those that begin with it (`Price (incl. VAT)`).
pub(super) fn called<'a>(pairs: &'a [Pair], name: &'a str) -> impl Iterator<Item = &'a Pair> {
    let exact = pairs.iter().filter(move |pair| normal(&pair.label) == name);
    let longer = pairs.iter().filter(move |pair| {
        let head = pair.label.split(['(', '[', ',']).next().unwrap_or_default();
        head.len() < pair.label.len() && normal(head) == name
    });
    exact.chain(longer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_from_rows_lists_and_lines() {
        let html = "<table><tr><th>Net weight</th><td>2 <b>kg</b></td></tr><tr><td>a</td><td>b</td><td>c</td></tr></table>
            <dl><dt>Colour:</dt><dd>Red</dd><dt>Lost<dt>Size</dt><dd>M</dd></dl>
            <ul><li><b>SKU:</b> A-1</li></ul><p>Price (incl. VAT): 9 €</p><div><p>x</p>Outer: y</div>";
        let pairs = read(&Html::parse_document(html));
        let found: Vec<(&str, &str)> = pairs
            .iter()
            .map(|pair| (pair.label.as_str(), pair.value.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("Net weight", "2 kg"),
                ("Colour", "Red"),
                ("Lost", "M"),
                ("Size", "M"),
                ("SKU", "A-1"),
                ("Price (incl. VAT)", "9 €"),
            ]
        );
        assert_eq!(called(&pairs, "price").next().unwrap().value, "9 €");
        assert!(called(&pairs, "weight").next().is_none());
    }
}
