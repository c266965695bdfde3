//! Which links of a page are followed.

use url::Url;

/// How many of a page's links are looked at.
const MOST_LINKS: usize = 500;

/// Files that are plainly no pages: each would count as a page that cannot be read.
const NO_PAGES: [&str; 26] = [
    "avif", "css", "doc", "docx", "epub", "exe", "gif", "gz", "ico", "jpeg", "jpg", "js", "mp3",
    "mp4", "pdf", "png", "ppt", "pptx", "svg", "tar", "webm", "webp", "woff", "woff2", "xlsx",
    "zip",
];

/// Those of `links` that lead to other pages of the host of `home`, in their order.
pub(super) fn same_site<'a>(
    links: impl IntoIterator<Item = &'a String>,
    home: &Url,
) -> Vec<String> {
    let same = |url: &Url| {
        url.host() == home.host() && url.port_or_known_default() == home.port_or_known_default()
    };
    links
        .into_iter()
        .take(MOST_LINKS)
        .filter_map(|link| Url::parse(link).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https") && same(url) && is_page(url))
        .map(String::from)
        .collect()
}

fn is_page(url: &Url) -> bool {
    let last = url.path().rsplit('/').next().unwrap_or_default();
    !last
        .rsplit_once('.')
        .is_some_and(|(_, ending)| NO_PAGES.contains(&ending.to_ascii_lowercase().as_str()))
}

/// Whether a sitemap's entry is a sitemap again: an index lists them by their files.
pub(super) fn is_sitemap(link: &str) -> bool {
    Url::parse(link).is_ok_and(|url| url.path().to_ascii_lowercase().ends_with(".xml"))
}
