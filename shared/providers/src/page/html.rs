//! An HTML page: one tree, read by each of the readers of this folder.

use std::sync::LazyLock;

use jiff::civil::Date;
use scraper::{Html, Selector};
use url::Url;

use super::elements::Elements;
use super::{Reading, author, content, dates, language, links, structured, title};

/// A page with less visible text than this may be waiting for its script.
const BARE_CHARS: usize = 200;

/// Elements that begin a new line.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "section",
    "article",
    "main",
    "header",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "li",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "table",
    "tr",
    "pre",
    "blockquote",
    "figure",
    "figcaption",
    "br",
    "hr",
    "form",
    "details",
    "summary",
    "address",
];

pub(super) fn selector(css: &'static str) -> Selector {
    Selector::parse(css).expect("the selector is a constant of this crate")
}

pub(super) fn read(document: &Html, url: &Url, latest: Option<Date>) -> Reading {
    let elements = Elements::of(document);
    let structured = structured::read(&elements);
    let text = content::read(document, &structured);
    let needs_script = text.chars().count() < BARE_CHARS && waits_for_script(document);
    let dates = dates::read(document, url, latest);
    Reading {
        title: title::read(&elements, &structured),
        author: author::read(&elements, &structured),
        language: language::read(&elements, &structured, &text),
        text,
        published: dates.published,
        modified: dates.modified,
        links: links::read(&elements, url),
        structured,
        needs_script,
    }
}

/// Whether elements of this name begin a new line.
pub(super) fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name)
}

/// Whether the page is the empty shell of an application: a known mounting point with nothing in it,
/// and a script to fill it.
fn waits_for_script(document: &Html) -> bool {
    static SCRIPT: LazyLock<Selector> =
        LazyLock::new(|| selector("script[src], script[type='module']"));
    static ROOT: LazyLock<Selector> = LazyLock::new(|| {
        selector(
            "#root, #app, #__next, #__nuxt, #___gatsby, #svelte, #q-app, app-root, [data-reactroot], [ng-app], [data-server-rendered]",
        )
    });
    static NOSCRIPT: LazyLock<Selector> = LazyLock::new(|| selector("noscript"));
    if document.select(&SCRIPT).next().is_none() {
        return false;
    }
    let asks = document.select(&NOSCRIPT).any(|element| {
        element
            .text()
            .collect::<String>()
            .to_ascii_lowercase()
            .contains("javascript")
    });
    asks || document.select(&ROOT).next().is_some()
}
