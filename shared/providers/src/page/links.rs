//! The links of a page, in its order, each with the words it is shown by.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::egress::MAX_URL_CHARS;
use scraper::node::Node;
use scraper::{ElementRef, Selector};
use url::Url;

use super::elements::Elements;
use super::html::{self, selector};

/// The most links kept; the largest real pages have about a thousand.
const MAX_LINKS: usize = 2_000;

/// The longest text of a link kept, in characters: that of a card with its teaser, not of a page.
const MAX_TEXT_CHARS: usize = 300;

/// A link of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Absolute, `http` or `https`, without fragment.
    pub url: String,
    /// What a reader sees of it on one line: its text, else the name of its picture or its label.
    /// Empty when it has none.
    pub text: String,
}

/// Absolute http and https links without fragment, each once, with the first text any of its
/// occurrences has.
pub(super) fn read(page: &Elements<'_>, url: &Url) -> Vec<Link> {
    let base = page.bases.iter().find_map(|base| base.attr("href"));
    let base = base.and_then(|base| url.join(base).ok());
    // No link on a longer one can be followed.
    let base = base.filter(|base| base.as_str().len() <= MAX_URL_CHARS);
    let base = base.unwrap_or_else(|| url.clone());
    let mut links: Vec<Link> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for &anchor in &page.anchors {
        let Some(url) = anchor.attr("href").and_then(|href| absolute(&base, href)) else {
            continue;
        };
        match places.get(&url) {
            Some(&place) => {
                if let Some(link) = links.get_mut(place).filter(|link| link.text.is_empty()) {
                    link.text = text(anchor);
                }
            }
            None if links.len() < MAX_LINKS => {
                places.insert(url.clone(), links.len());
                let text = text(anchor);
                links.push(Link { url, text });
            }
            None => {}
        }
    }
    links
}

/// What a reader sees of a link: its words, else the words its picture or itself is labelled with (the
/// sources of a link's name, WAI-ARIA "accessible name from content").
fn text(anchor: ElementRef<'_>) -> String {
    static PICTURE: LazyLock<Selector> = LazyLock::new(|| selector("img[alt]"));
    let label = |element: ElementRef<'_>, name| element.attr(name).map(|text| line([text]));
    let shown = line(anchor.descendants().filter_map(|node| {
        let is_code = |parent: &Node| {
            parent
                .as_element()
                .is_some_and(|element| matches!(element.name(), "script" | "style" | "noscript"))
        };
        let parent = node.parent();
        match node.value() {
            Node::Text(text) if !parent.is_some_and(|parent| is_code(parent.value())) => {
                Some(&**text)
            }
            Node::Element(element) if html::is_block(element.name()) => Some(" "),
            _ => None,
        }
    }));
    Some(shown)
        .into_iter()
        .chain(anchor.select(&PICTURE).filter_map(|img| label(img, "alt")))
        .chain(
            ["aria-label", "title"]
                .into_iter()
                .filter_map(|name| label(anchor, name)),
        )
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

/// Pieces of running text on one line, cut at [`MAX_TEXT_CHARS`].
fn line<'a>(pieces: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut gap = false;
    for c in pieces.into_iter().flat_map(str::chars) {
        if c.is_whitespace() {
            gap = length > 0;
            continue;
        }
        if length >= MAX_TEXT_CHARS {
            break;
        }
        if std::mem::take(&mut gap) {
            line.push(' ');
            length += 1;
        }
        line.push(c);
        length += 1;
    }
    line
}

/// `href` resolved against `base`, when it is a link to the web, and no longer than what is fetched.
pub(super) fn absolute(base: &Url, href: &str) -> Option<String> {
    let href = href.trim();
    // A fragment is no part of what is fetched.
    if href.len() > MAX_URL_CHARS && href.find('#').is_none_or(|at| at > MAX_URL_CHARS) {
        return None;
    }
    let mut link = base.join(href.split('#').next().unwrap_or(href)).ok()?;
    if link.as_str().len() > MAX_URL_CHARS {
        return None;
    }
    if !matches!(link.scheme(), "http" | "https") || !link.has_host() {
        return None;
    }
    link.set_fragment(None);
    Some(link.into())
}

#[cfg(test)]
mod tests {
    use scraper::Html;

    use super::*;

    fn links(html: &str) -> Vec<(String, String)> {
        let url = Url::parse("https://news.example/a/b").unwrap();
        read(&Elements::of(&Html::parse_document(html)), &url)
            .into_iter()
            .map(|link| (link.url, link.text))
            .collect()
    }

    #[test]
    fn a_link_has_the_words_it_is_shown_by() {
        for (html, text) in [
            ("<a href=/x>  two\n <b>wor</b>ds </a>", "two words"),
            ("<a href=/x><h3>Head</h3><p>Teaser</p></a>", "Head Teaser"),
            ("<a href=/x><img alt='A quay'></a>", "A quay"),
            ("<a href=/x aria-label=Menu><svg></svg></a>", "Menu"),
            ("<a href=/x><style>.a{}</style>Shown</a>", "Shown"),
            (
                "<a href=/x></a><a href='/x#part'>Later</a><a href=/x>Last</a>",
                "Later",
            ),
            ("<a href=/x> </a>", ""),
        ] {
            assert_eq!(
                links(html),
                [("https://news.example/x".to_owned(), text.to_owned())],
                "{html}"
            );
        }
        let long = format!("<a href=/x>{}</a>", "word ".repeat(1_000));
        assert!(links(&long)[0].1.chars().count() <= MAX_TEXT_CHARS + 1);
    }

    #[test]
    fn links_are_resolved_against_the_base() {
        let html = "<base href='https://cdn.example/y/'><a href=z>1</a><a href='mailto:a@b.example'>2</a>\
            <a href='javascript:0'>3</a><a href='//other.example'>4</a>";
        let urls: Vec<String> = links(html).into_iter().map(|(url, _)| url).collect();
        assert_eq!(urls, ["https://cdn.example/y/z", "https://other.example/"]);
    }
}
