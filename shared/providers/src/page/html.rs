//! An HTML page.
//!
//! The main text is found by readability scoring, which is made for articles. Price lists, tables and
//! index pages are not articles: scoring fails on them or keeps one box of many. Then the text is
//! that of the whole body without its navigation.

use std::sync::LazyLock;

use dom_smoothie::{Config, Readability, TextMode};
use ego_tree::iter::Edge;
use engine::ports::{FetchError, Page};
use scraper::node::{Element, Node};
use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::{dates, links, paragraphs, structured};

/// Scoring is not tried beyond this many elements: its cost grows faster than the page.
const MAX_SCORED_ELEMENTS: usize = 30_000;

/// How much of the body's text an article must hold to be taken for the whole content. Less means
/// scoring has kept one box of a page of boxes.
const MIN_ARTICLE_SHARE: f32 = 0.3;

/// A page with less visible text than this may be waiting for its script.
const BARE_CHARS: usize = 200;

/// Elements whose text a reader does not see, or that are the site around the content.
const NOT_TEXT: &[&str] = &[
    "script", "style", "noscript", "template", "svg", "head", "iframe", "object", "select",
    "textarea",
];
const NOT_CONTENT: &[&str] = &["nav", "footer", "aside", "button", "dialog"];

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

pub(super) fn read(text: &str, url: &Url) -> Result<Page, FetchError> {
    let document = Html::parse_document(text);
    let body = body_text(&document);
    if body.chars().count() < BARE_CHARS && waits_for_script(&document) {
        return Err(FetchError::NeedsScript);
    }
    let article = article(text, url);
    let content = match article {
        Some(article) if share(&article, &body) >= MIN_ARTICLE_SHARE => article,
        _ => body,
    };
    let structured = structured::read(&document);
    Ok(Page {
        title: title(&document),
        text: content,
        published: dates::published(&document, &structured),
        links: links::read(&document, url),
        structured,
        ..Page::default()
    })
}

fn share(part: &str, whole: &str) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a ratio of lengths")]
    let ratio = part.len() as f32 / whole.len().max(1) as f32;
    ratio
}

fn article(text: &str, url: &Url) -> Option<String> {
    let config = Config {
        max_elements_to_parse: MAX_SCORED_ELEMENTS,
        disable_json_ld: true,
        text_mode: TextMode::Formatted,
        ..Config::default()
    };
    let mut readability = Readability::new(text, Some(url.as_str()), Some(config)).ok()?;
    let article = readability.parse().ok()?;
    let text = paragraphs(&article.text_content);
    (!text.is_empty()).then_some(text)
}

/// The title people share a page by, else the one of its window, else its first heading.
fn title(document: &Html) -> String {
    static SHARED: LazyLock<Selector> =
        LazyLock::new(|| selector("meta[property='og:title'], meta[name='twitter:title']"));
    static NAMED: LazyLock<Selector> = LazyLock::new(|| selector("head title"));
    static HEADING: LazyLock<Selector> = LazyLock::new(|| selector("h1"));
    let shared = document
        .select(&SHARED)
        .find_map(|meta| meta.attr("content"));
    let text = |selector| {
        document
            .select(selector)
            .map(|element: ElementRef<'_>| element.text().collect::<String>())
    };
    shared
        .map(str::to_owned)
        .into_iter()
        .chain(text(&NAMED))
        .chain(text(&HEADING))
        .map(|title| title.trim().to_owned())
        .find(|title| !title.is_empty())
        .unwrap_or_default()
}

/// The visible text of the body without navigation. Walks without recursion: nesting is the page's
/// choice.
fn body_text(document: &Html) -> String {
    let mut out = String::new();
    let mut hidden_depth = 0_usize;
    for edge in document.tree.root().traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Element(element) => {
                    if is_left_out(element) {
                        hidden_depth += 1;
                    } else if hidden_depth == 0 {
                        separate(&mut out, element.name());
                    }
                }
                Node::Text(text) if hidden_depth == 0 => {
                    out.push_str(&text.replace(['\n', '\r'], " "))
                }
                _ => {}
            },
            Edge::Close(node) => {
                if let Node::Element(element) = node.value() {
                    if is_left_out(element) {
                        hidden_depth = hidden_depth.saturating_sub(1);
                    } else if hidden_depth == 0 {
                        separate(&mut out, element.name());
                    }
                }
            }
        }
    }
    paragraphs(&out)
}

fn is_left_out(element: &Element) -> bool {
    let hidden = element.attr("hidden").is_some() || element.attr("aria-hidden") == Some("true");
    hidden || NOT_TEXT.contains(&element.name()) || NOT_CONTENT.contains(&element.name())
}

fn separate(out: &mut String, name: &str) {
    if BLOCKS.contains(&name) {
        out.push('\n');
    } else if matches!(name, "td" | "th") {
        out.push(' ');
    }
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
