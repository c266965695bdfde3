//! Lists of records out of tables: the header names the fields.

use std::sync::LazyLock;

use scraper::{ElementRef, Html, Selector};
use serde_json::{Map, Value};

use super::coerce::Coercion;
use super::place::{selector_of, shown};
use super::wanted::{Wanted, normal};
use crate::page::html::selector;

/// The most rows read of a table.
const MOST_ROWS: usize = 1_000;

/// The records of the first table whose header names at least half of the fields of `property`'s items,
/// with the table's place.
pub(super) fn find(
    document: &Html,
    property: &Value,
    coercion: &Coercion<'_>,
) -> Option<(Value, String)> {
    static TABLE: LazyLock<Selector> = LazyLock::new(|| selector("table"));
    document.select(&TABLE).find_map(|table| {
        let records = read(table, property, coercion)?;
        Some((records, selector_of(document, table)?))
    })
}

/// The records of one table.
pub(super) fn read(
    table: ElementRef<'_>,
    property: &Value,
    coercion: &Coercion<'_>,
) -> Option<Value> {
    static ROW: LazyLock<Selector> = LazyLock::new(|| selector("tr"));
    let properties = property["items"]["properties"].as_object()?;
    let wanted: Vec<(&String, Wanted<'_>)> = properties
        .iter()
        .map(|(name, property)| (name, Wanted::new(name, property)))
        .collect();
    let mut rows = table.select(&ROW);
    let header: Vec<String> = cells(rows.next()?)
        .iter()
        .map(|cell| normal(cell))
        .collect();
    let columns: Vec<(&String, &Wanted<'_>, usize)> = wanted
        .iter()
        .filter_map(|(name, wanted)| {
            let column = wanted
                .names
                .iter()
                .find_map(|name| header.iter().position(|head| head == name))?;
            Some((*name, wanted, column))
        })
        .collect();
    if columns.is_empty() || columns.len() * 2 < wanted.len() {
        return None;
    }
    let records: Vec<Value> = rows
        .take(MOST_ROWS)
        .filter_map(|row| {
            let cells = cells(row);
            let fields: Map<String, Value> = columns
                .iter()
                .filter_map(|(name, wanted, column)| {
                    let value = coercion.field(&cells.get(*column)?.as_str().into(), wanted)?;
                    Some(((*name).clone(), value))
                })
                .collect();
            (!fields.is_empty()).then(|| fields.into())
        })
        .collect();
    (!records.is_empty()).then(|| records.into())
}

fn cells(row: ElementRef<'_>) -> Vec<String> {
    row.children()
        .filter_map(ElementRef::wrap)
        .filter(|cell| matches!(cell.value().name(), "th" | "td"))
        .map(shown)
        .collect()
}
