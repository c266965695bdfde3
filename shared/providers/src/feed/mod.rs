//! Feeds: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed; where a page names its feeds; sitemaps.
//!
//! A feed is the cheapest watch there is, and half of those out there are broken: an ampersand too
//! much, a tag too few, a label that names another encoding. A strict XML parser gives nothing for
//! such a feed although a reader sees every entry. So there is one reader here, it is tolerant, and it
//! is the same for good and bad feeds: what cannot be understood is passed over, never more than that.
//! The price is that nobody is told his feed is broken; that is a validator's work.
//!
//! What can go wrong: an entry of one feed taken for two, which would be announced twice. So an entry's
//! id is the feed's own wherever it has one, and is kept by the letter.

mod atom;
mod date;
mod discovery;
mod encoding;
mod entity;
mod json;
mod markup;
mod prose;
mod rss;
mod sitemap;

use url::Url;

pub use date::When;
pub use discovery::{Advertised, discover};
pub use sitemap::{Place, Sitemap, read as read_sitemap};

/// The largest feed read, in bytes; what follows is left out.
pub const MAX_BYTES: usize = crate::page::MAX_BYTES;

/// The most entries kept. Feeds hold the newest 10 to 100; some hold a site's whole history.
const MOST_ENTRIES: usize = 5_000;

/// The longest title and summary kept, in characters.
const MAX_TITLE_CHARS: usize = 300;
const MAX_SUMMARY_CHARS: usize = 5_000;

/// A feed as it was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Feed {
    /// Plain text; empty when the feed has none.
    pub title: String,
    /// The page the feed belongs to.
    pub link: Option<String>,
    /// In the order of the feed.
    pub entries: Vec<Entry>,
}

/// An entry of a feed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// As the feed writes it, else the entry's URL: two entries with one id are one.
    pub id: Option<String>,
    /// Absolute, where the feed's address allows it.
    pub url: Option<String>,
    /// Plain text.
    pub title: String,
    pub published: Option<When>,
    pub updated: Option<When>,
    /// Plain text: the summary, else the beginning of the content.
    pub summary: String,
}

impl Entry {
    /// With no more than is kept of its texts, and an id where there can be one.
    fn shortened(mut self) -> Self {
        self.title = prose::shortened(&self.title, MAX_TITLE_CHARS);
        self.summary = prose::shortened(&self.summary, MAX_SUMMARY_CHARS);
        self.id = self.id.or_else(|| self.url.clone());
        self
    }
}

/// The bytes are not a feed in any form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an RSS, Atom or JSON feed")]
pub struct NotFeed;

/// Reads a feed found at `url`. `charset` is the parameter of its content type, if it had one.
///
/// # Errors
/// [`NotFeed`] when nothing in it looks like one. A broken feed is no error: what it holds is read.
pub fn read(bytes: &[u8], charset: Option<&str>, url: &Url) -> Result<Feed, NotFeed> {
    let bytes = bytes.get(..MAX_BYTES).unwrap_or(bytes);
    read_text(&encoding::decode(bytes, charset, MAX_BYTES), url)
}

/// Reads a feed that is text already.
///
/// # Errors
/// As [`read()`].
pub fn read_text(text: &str, url: &Url) -> Result<Feed, NotFeed> {
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    let text = text.trim_start_matches(['\u{feff}', '\0']).trim();
    let mut feed = if text.starts_with(['{', '[']) {
        json::read(text, url)?
    } else {
        let tree = markup::Tree::read(text, url);
        atom::read(&tree)
            .or_else(|| rss::read(&tree))
            .ok_or(NotFeed)?
    };
    feed.title = prose::shortened(&feed.title, MAX_TITLE_CHARS);
    Ok(feed)
}

/// HTML as plain text, for what strangers send in place of text.
pub(crate) fn plain_text(html: &str) -> String {
    prose::of_html(html)
}

#[cfg(test)]
mod tests;
