//! What a page says about itself for machines: JSON-LD, microdata, RDFa, OpenGraph, metas, and the state
//! its script starts from.
//!
//! All of it is a stranger's claim in a notation anybody gets wrong: a block that cannot be read is
//! passed over and the others stand. Everything is bounded, because a page may consist of nothing else.

mod annotated;
pub(super) mod embedded;
mod json_ld;

use std::sync::LazyLock;

use scraper::Selector;
use serde_json::{Map, Value, json};

use super::elements::Elements;
use super::html::selector;

/// `{"json_ld": [objects], "microdata": [items], "rdfa": [items], "open_graph": {property: content},
/// "meta": {name: content}, "canonical"?: href}`. Lists of a kind that the page does not use are
/// absent, but for `json_ld`.
pub(super) fn read(page: &Elements<'_>) -> Value {
    let mut found = json!({
        "json_ld": json_ld::read(page),
        "open_graph": open_graph(page),
        "meta": metas(page),
    });
    for (name, items) in [
        ("microdata", annotated::microdata(page)),
        ("rdfa", annotated::rdfa(page)),
    ] {
        if !items.is_empty() {
            found[name] = items.into();
        }
    }
    if let Some(canonical) = canonical(page) {
        found["canonical"] = canonical.into();
    }
    found
}

fn open_graph(page: &Elements<'_>) -> Map<String, Value> {
    static META: LazyLock<Selector> = LazyLock::new(|| {
        selector(
            "meta[property^='og:'], meta[property^='article:'], meta[property^='product:'], meta[property^='book:'], meta[property^='profile:'], meta[property^='video:']",
        )
    });
    contents(page, &META, "property")
}

fn metas(page: &Elements<'_>) -> Map<String, Value> {
    static META: LazyLock<Selector> = LazyLock::new(|| {
        selector(
            "meta[name='description'], meta[name='author'], meta[name='keywords'], meta[name='generator'], meta[name^='twitter:'], meta[name^='citation_'], meta[name^='dc.' i], meta[name='price'], meta[name='robots']",
        )
    });
    contents(page, &META, "name")
}

/// The first content of each name.
fn contents(page: &Elements<'_>, selector: &Selector, name: &str) -> Map<String, Value> {
    let mut found = Map::new();
    for meta in Elements::select(&page.metas, selector) {
        if let (Some(name), Some(content)) = (meta.attr(name), meta.attr("content")) {
            found
                .entry(name)
                .or_insert_with(|| Value::from(content.trim()));
        }
    }
    found
}

/// The address the page calls its own, as it is written (RFC 6596).
fn canonical<'a>(page: &Elements<'a>) -> Option<&'a str> {
    static LINK: LazyLock<Selector> = LazyLock::new(|| selector("link[rel~='canonical' i][href]"));
    let link = Elements::select(&page.links, &LINK).next()?;
    let href = link.value().attr("href")?.trim();
    (!href.is_empty()).then_some(href)
}

#[cfg(test)]
mod tests {
    use scraper::Html;

    use super::*;

    #[test]
    fn every_notation_is_read_and_a_broken_one_is_passed_over() {
        let found = read(&Elements::of(&Html::parse_document(
            "<html><head><meta property=og:title content=' T '><meta name=author content=A>
             <link rel='Canonical' href='/here'>
             <script type='application/ld+json'>{broken</script>
             <script type='application/ld+json'>{\"@graph\": [{\"@type\": \"Product\", \"name\": \"L\"}]}</script></head>
             <body><div itemscope itemtype='https://schema.org/Offer'><b itemprop=price content=9>nine</b></div>
             <p vocab='https://schema.org/' typeof=Person><i property=name>Ann</i></p></body></html>",
        )));
        assert_eq!(
            found,
            json!({
                "json_ld": [{"@type": "Product", "name": "L"}],
                "open_graph": {"og:title": "T"},
                "meta": {"author": "A"},
                "microdata": [{"@type": "Offer", "price": "9"}],
                "rdfa": [{"@type": "Person", "name": "Ann"}],
                "canonical": "/here",
            })
        );
    }
}
