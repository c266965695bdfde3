//! Microdata (HTML, section 5) and RDFa (RDFa Lite 1.1): items written into the mark-up itself.
//!
//! The two differ in the names of their attributes and agree in the rest, so one walk reads both: an
//! element opens an item, elements inside name its properties, and an item that is itself a property
//! belongs to the one around it. The walk does not recurse: nesting is the page's choice.
//! Not read: `itemref`, and what RDFa has beyond Lite.

use ego_tree::iter::Edge;
use scraper::node::{Element, Node};
use scraper::{ElementRef, Html};
use serde_json::{Map, Value};

use crate::page::elements::Elements;

/// The most items of one page, and the longest text of a property, in characters.
const MAX_ITEMS: usize = 500;
const MAX_CHARS: usize = 2_000;
/// How deep an item may lie inside others; what lies deeper stands alone. Values nest as items do, and
/// whoever walks them later may recurse.
const DEEPEST: usize = 16;

/// How a notation is written.
struct Notation {
    /// The item's type, when the element opens one.
    item: fn(&Element) -> Option<&str>,
    property: fn(&Element) -> Option<&str>,
}

/// An item being read.
struct Open {
    values: Map<String, Value>,
    /// What it is to the item around it.
    names: Option<String>,
}

pub(super) fn microdata(page: &Elements<'_>) -> Vec<Value> {
    // Most pages have none: they are not walked.
    if !page.has_microdata {
        return Vec::new();
    }
    read(
        page.document,
        &Notation {
            item: |element| {
                element
                    .attr("itemscope")
                    .map(|_| element.attr("itemtype").unwrap_or_default())
            },
            property: |element| element.attr("itemprop"),
        },
    )
}

pub(super) fn rdfa(page: &Elements<'_>) -> Vec<Value> {
    if !page.has_rdfa {
        return Vec::new();
    }
    read(
        page.document,
        &Notation {
            item: |element| element.attr("typeof"),
            property: |element| element.attr("property"),
        },
    )
}

fn read(document: &Html, notation: &Notation) -> Vec<Value> {
    let mut items = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for edge in document.tree.root().traverse() {
        match edge {
            Edge::Open(node) => {
                let Node::Element(element) = node.value() else {
                    continue;
                };
                let names = (notation.property)(element);
                if let Some(kind) = (notation.item)(element) {
                    let mut values = Map::new();
                    let kind = last_part(kind.split_whitespace().next().unwrap_or_default());
                    if !kind.is_empty() {
                        values.insert("@type".to_owned(), kind.into());
                    }
                    open.push(Open {
                        values,
                        names: names.map(str::to_owned),
                    });
                } else if let (Some(names), Some(item), Some(element)) =
                    (names, open.last_mut(), ElementRef::wrap(node))
                {
                    add(&mut item.values, names, &value(element));
                }
            }
            Edge::Close(node) => {
                let closes = node
                    .value()
                    .as_element()
                    .is_some_and(|element| (notation.item)(element).is_some());
                let Some(item) = closes.then(|| open.pop()).flatten() else {
                    continue;
                };
                let value = Value::Object(item.values);
                let depth = open.len();
                match (item.names, open.last_mut()) {
                    (Some(names), Some(around)) if depth <= DEEPEST => {
                        add(&mut around.values, &names, &value)
                    }
                    (Some(_) | None, _) if items.len() < MAX_ITEMS => items.push(value),
                    (Some(_) | None, _) => {}
                }
            }
        }
    }
    items
}

/// Adds a value under each of its names; a name with several values holds a list.
fn add(values: &mut Map<String, Value>, names: &str, value: &Value) {
    for name in names.split_whitespace().map(last_part) {
        match values.get_mut(name) {
            None => {
                values.insert(name.to_owned(), value.clone());
            }
            Some(Value::Array(list)) if list.len() < MAX_ITEMS => list.push(value.clone()),
            Some(Value::Array(_)) => {}
            Some(single) => *single = Value::Array(vec![single.take(), value.clone()]),
        }
    }
}

/// The name behind a vocabulary's address or prefix: `Product` of `https://schema.org/Product`, `name`
/// of `schema:name`.
fn last_part(name: &str) -> &str {
    name.rsplit(['/', '#', ':']).next().unwrap_or(name)
}

/// What an element says (HTML, section 5.2.4); `content` counts everywhere, because pages write it everywhere.
fn value(element: ElementRef<'_>) -> Value {
    let attribute = match element.value().name() {
        "a" | "area" | "link" => "href",
        "audio" | "embed" | "iframe" | "img" | "source" | "track" | "video" => "src",
        "object" => "data",
        "data" | "meter" => "value",
        "time" => "datetime",
        _ => "content",
    };
    let said = element.attr("content").or_else(|| element.attr(attribute));
    let text: String = match said {
        Some(said) => said.trim().chars().take(MAX_CHARS).collect(),
        None => {
            let text: String = element
                .text()
                .flat_map(str::chars)
                .take(MAX_CHARS)
                .collect();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        }
    };
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn items_nest_and_repeat() {
        let html = "<div itemscope itemtype='http://schema.org/Product'><h1 itemprop='name'> A <b>lamp</b></h1>
            <img itemprop=image src=/1.jpg><img itemprop=image src=/2.jpg>
            <div itemprop=offers itemscope itemtype=http://schema.org/Offer><meta itemprop=price content=9.5>
            <link itemprop=availability href=http://schema.org/InStock></div></div>
            <span itemprop=stray>x</span>";
        assert_eq!(
            microdata(&Elements::of(&Html::parse_document(html))),
            [json!({
                "@type": "Product", "name": "A lamp", "image": ["/1.jpg", "/2.jpg"],
                "offers": {"@type": "Offer", "price": "9.5", "availability": "http://schema.org/InStock"},
            })]
        );
    }

    #[test]
    fn rdfa_is_read_with_prefixes() {
        let html = "<div typeof='schema:Event'><span property='schema:name'>Fair</span>
            <time property='schema:startDate' datetime='2026-11-21'>soon</time></div>";
        assert_eq!(
            rdfa(&Elements::of(&Html::parse_document(html))),
            [json!({"@type": "Event", "name": "Fair", "startDate": "2026-11-21"})]
        );
    }

    #[test]
    fn depth_is_the_pages_choice_and_harms_nobody() {
        let deep = "<div itemscope itemprop=a>".repeat(2_000);
        let items = microdata(&Elements::of(&Html::parse_document(&deep)));
        assert!(!items.is_empty() && items.len() <= MAX_ITEMS);
    }
}
