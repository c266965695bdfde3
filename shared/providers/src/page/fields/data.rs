//! Fields in data for machines: by their names, nearest to the root first, in the page's main thing before
//! its surroundings. A place is written as an RFC 9535 JSONPath, so that a person can read it and the next
//! reading can go there directly.

use std::collections::VecDeque;

use domain::selection::Selector as JsonPath;
use serde_json::Value;

use super::coerce::Coercion;
use super::wanted::{LONGEST_NAME, Wanted, is_normally};

/// How many values of a document are looked at for one name.
const MOST_VISITED: usize = 20_000;

/// Types that describe the site or the page and not what it is about.
const SURROUNDINGS: [&str; 14] = [
    "Organization",
    "NewsMediaOrganization",
    "WebSite",
    "WebPage",
    "BreadcrumbList",
    "SiteNavigationElement",
    "WPHeader",
    "WPFooter",
    "ImageObject",
    "SearchAction",
    "Person",
    "CollectionPage",
    "ItemList",
    "ListItem",
];

/// Properties that lead away from what the page is about.
const AWAY: [&str; 14] = [
    "publisher",
    "ispartof",
    "breadcrumb",
    "isrelatedto",
    "issimilarto",
    "review",
    "reviews",
    "comment",
    "comments",
    "potentialaction",
    "mainentityofpage",
    "author",
    "related",
    "recommendations",
];

/// A value with the place it was found at.
pub(super) struct Placed {
    pub(super) value: Value,
    pub(super) path: String,
    /// Whether it was found among the surroundings only.
    pub(super) aside: bool,
}

/// Looks for `wanted` in `document`.
pub(super) fn find(
    document: &Value,
    wanted: &Wanted<'_>,
    coercion: &Coercion<'_>,
) -> Option<Placed> {
    [false, true].into_iter().find_map(|aside| {
        wanted
            .names
            .iter()
            .find_map(|name| find_named(document, name, wanted, coercion, aside))
    })
}

fn find_named(
    document: &Value,
    name: &str,
    wanted: &Wanted<'_>,
    coercion: &Coercion<'_>,
    aside: bool,
) -> Option<Placed> {
    let mut open = VecDeque::from([(document, "$".to_owned())]);
    let mut visited = 0;
    while let Some((value, path)) = open.pop_front() {
        visited += 1;
        if visited > MOST_VISITED {
            return None;
        }
        match value {
            Value::Object(map) => {
                if !aside && is_surroundings(value) {
                    continue;
                }
                for (key, value) in map {
                    if is_called(key, name)
                        && let Some(value) = coercion.field(value, wanted)
                    {
                        return Some(Placed {
                            value,
                            path: format!("{path}{}", member(key)),
                            aside,
                        });
                    }
                }
                for (key, value) in map {
                    let leads_away = || !aside && AWAY.iter().any(|away| is_normally(key, away));
                    if (value.is_object() || value.is_array()) && !leads_away() {
                        open.push_back((value, format!("{path}{}", member(key))));
                    }
                }
            }
            Value::Array(list) => {
                for (i, value) in list.iter().enumerate() {
                    if value.is_object() || value.is_array() {
                        open.push_back((value, format!("{path}{}", element(list, i))));
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    None
}

fn is_surroundings(value: &Value) -> bool {
    value["@type"]
        .as_str()
        .is_some_and(|kind| SURROUNDINGS.contains(&kind))
}

/// Whether a key names the wanted property: as a whole, by its last part (`og:title`), or with an `amount`
/// after it (`product:price:amount`).
fn is_called(key: &str, wanted: &str) -> bool {
    if key.len() > LONGEST_NAME {
        return false;
    }
    let mut parts = key.rsplit([':', '.']);
    let last = parts.next().unwrap_or_default();
    match parts.next() {
        Some(name) if is_normally(last, "amount") => is_normally(name, wanted),
        // `product:price:currency` is a currency whatever stands before it.
        Some(_) | None => is_normally(last, wanted),
    }
}

fn member(key: &str) -> String {
    let is_plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain {
        format!(".{key}")
    } else {
        format!("['{}']", key.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

/// An element by its type where it is the first of it: that outlives a block added before it.
fn element(list: &[Value], i: usize) -> String {
    let kind = |value: &Value| value["@type"].as_str().map(str::to_owned);
    match list.get(i).and_then(kind) {
        Some(name)
            if name.chars().all(char::is_alphanumeric)
                && list
                    .iter()
                    .position(|value| kind(value).as_ref() == Some(&name))
                    == Some(i) =>
        {
            format!("[?@['@type']=='{name}']")
        }
        _ => format!("[{i}]"),
    }
}

/// The value at a place found earlier.
pub(super) fn at(
    document: &Value,
    path: &str,
    wanted: &Wanted<'_>,
    coercion: &Coercion<'_>,
) -> Option<Value> {
    let path = JsonPath::parse_query(path).ok()?;
    select(document, &path, wanted, coercion)
}

/// What a path selects: all of it for a list, else the first that fits.
pub(super) fn select(
    document: &Value,
    path: &JsonPath,
    wanted: &Wanted<'_>,
    coercion: &Coercion<'_>,
) -> Option<Value> {
    let found = path.select(document);
    if super::coerce::kind(wanted.property) == "array" && !(found.len() == 1 && found[0].is_array())
    {
        let all = Value::Array(found.into_iter().cloned().collect());
        return coercion.field(&all, wanted);
    }
    found
        .into_iter()
        .find_map(|value| coercion.field(value, wanted))
}
