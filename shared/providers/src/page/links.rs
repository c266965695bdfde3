//! The links of a page, in its order.

use std::collections::HashSet;
use std::sync::LazyLock;

use scraper::{Html, Selector};
use url::Url;

use super::html::selector;

/// The most links kept; the largest real pages have about a thousand.
const MAX_LINKS: usize = 2_000;

/// Absolute http and https links without fragment, each once.
pub(super) fn read(document: &Html, url: &Url) -> Vec<String> {
    static BASE: LazyLock<Selector> = LazyLock::new(|| selector("base[href]"));
    static ANCHOR: LazyLock<Selector> = LazyLock::new(|| selector("a[href], area[href]"));
    let base = document
        .select(&BASE)
        .next()
        .and_then(|base| url.join(base.attr("href")?).ok());
    let base = base.unwrap_or_else(|| url.clone());
    let mut seen = HashSet::new();
    document
        .select(&ANCHOR)
        .filter_map(|anchor| absolute(&base, anchor.attr("href")?))
        .filter(|link| seen.insert(link.clone()))
        .take(MAX_LINKS)
        .collect()
}

/// `href` resolved against `base`, when it is a link to the web.
pub(super) fn absolute(base: &Url, href: &str) -> Option<String> {
    let mut link = base.join(href.trim()).ok()?;
    if !matches!(link.scheme(), "http" | "https") || !link.has_host() {
        return None;
    }
    link.set_fragment(None);
    Some(link.into())
}
