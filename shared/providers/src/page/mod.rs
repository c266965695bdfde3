//! Turning a body into a [`Page`]: title, main text, date, links, structured data.
//!
//! Everything read here is a stranger's claim. It is carried as text and data; nothing of it is
//! followed, run, or believed beyond its form.

mod author;
mod content;
mod dates;
mod elements;
pub mod fields;
mod html;
mod language;
mod links;
mod structured;
mod title;
mod tree;
mod xml;

use domain::json::{Allowance, Unread};
use domain::text::running;
use engine::ports::{FetchError, FieldRequest, Fields, Page};
use jiff::civil::Date;
use serde_json::Value;
use url::Url;

use crate::crawl::body::{self, Body, Kind};
pub use dates::{Granularity, PageDate, Source};
pub use links::Link;
use tree::NoTree;

/// The largest page read, in bytes after decompression.
pub const MAX_BYTES: usize = body::MAX_BYTES;

/// The most values read of a page that is JSON, of the JSON-LD of one, and of the states of its scripts.
const MOST_VALUES: usize = 100_000;

/// The longest title kept, in characters.
const MAX_TITLE_CHARS: usize = 300;

/// What was read of a page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// On one line, without the name of the site where that can be told apart.
    pub title: String,
    /// The main text: paragraphs, list items, lines of code and rows of tables on lines of their
    /// own.
    pub text: String,
    /// When the page was published.
    pub published: Option<PageDate>,
    /// When it was changed last.
    pub modified: Option<PageDate>,
    /// The names of its authors, joined with commas.
    pub author: Option<String>,
    /// A BCP 47 tag, the primary subtag in lower case.
    pub language: Option<String>,
    /// Links of the whole page, in its order.
    pub links: Vec<Link>,
    /// What the page says about itself for machines.
    pub structured: Value,
    /// The page shows nothing until its script has run, and nothing was found in its data either.
    pub needs_script: bool,
}

impl Reading {
    /// What is for reading, without the control characters that entities and wrong encodings bring along.
    fn cleaned(mut self) -> Self {
        self.title = running(one_line(&self.title));
        self.text = running(self.text);
        self.author = self.author.map(running);
        for link in &mut self.links {
            link.text = running(std::mem::take(&mut link.text));
        }
        self
    }
}

/// A page whose reading would cost more than a page's: its mark-up makes a larger tree than one is read of, or
/// more work of its parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the page's mark-up costs more than is read of a page")]
pub struct TooCostly;

/// Reads an HTML page found at `url`. Every text within the bounds has a reading, if an empty one.
///
/// `latest` is the day it was fetched, in UTC: a date later than the day after it (which has begun
/// somewhere) is none of the page's. Without it all up to the year 2100 are believed.
///
/// # Errors
/// [`TooCostly`] for what no page costs: a bomb, or a table of a hundred thousand cells.
pub fn extract(html: &str, url: &Url, latest: Option<Date>) -> Result<Reading, TooCostly> {
    extract_with_fields(html, url, latest, None).map(|(reading, _)| reading)
}

/// Reads an HTML page as [`extract`] does, and from the same tree the fields that are wanted, if any are.
///
/// # Errors
/// As [`extract`].
pub fn extract_with_fields(
    html: &str,
    url: &Url,
    latest: Option<Date>,
    wanted: Option<&FieldRequest>,
) -> Result<(Reading, Option<Fields>), TooCostly> {
    if html.len() > MAX_BYTES {
        return Err(TooCostly);
    }
    let document = match tree::parse(html) {
        Ok(document) => Some(document),
        // Nested deeper than any page; what it says can still be read.
        Err(NoTree::Deep) => None,
        Err(NoTree::Costly) => return Err(TooCostly),
    };
    let reading = match &document {
        Some(document) => html::read(document, url, latest),
        None => xml::read(html, url),
    };
    let reading = reading.cleaned();
    let fields = wanted.map(|wanted| fields::read(document.as_ref(), url, &reading, wanted));
    Ok((reading, fields))
}

/// The characters of an HTML page of which nothing but its bytes is known.
///
/// # Errors
/// [`TooCostly`] when they take more than [`MAX_BYTES`] as UTF-8.
pub fn decode(html: &[u8]) -> Result<String, TooCostly> {
    body::decode(html, None, Kind::Html).ok_or(TooCostly)
}

/// Reads `body`, which was asked for at `start` and found at `url` on the day `today`.
pub(crate) fn read(
    start: &Url,
    url: &Url,
    status: u16,
    body: &Body,
    wanted: Option<&FieldRequest>,
    today: Date,
) -> Result<Page, FetchError> {
    let without_tree = |reading: Reading| {
        let reading = reading.cleaned();
        let fields = wanted.map(|wanted| fields::read(None, url, &reading, wanted));
        (reading, fields)
    };
    let (reading, fields) = match body.kind {
        Kind::Html => extract_with_fields(&body.text, url, Some(today), wanted)
            .map_err(|TooCostly| FetchError::TooCostly)?,
        Kind::Xml => without_tree(xml::read(&body.text, url)),
        Kind::Json => without_tree(json(&body.text)?),
        Kind::Plain => without_tree(plain(&body.text)),
    };
    if reading.needs_script {
        return Err(FetchError::NeedsScript);
    }
    Ok(Page {
        url: start.to_string(),
        final_url: url.to_string(),
        status,
        title: reading.title,
        text: reading.text,
        published: reading.published.map(|published| published.date),
        links: reading.links.into_iter().map(|link| link.url).collect(),
        structured: reading.structured,
        fields,
        ..Page::default()
    })
}

fn json(text: &str) -> Result<Reading, FetchError> {
    let structured = match Allowance::new(MOST_VALUES).read(text) {
        Ok(value) => value,
        Err(Unread::Syntax(_)) => Value::Null,
        Err(Unread::TooMany) => return Err(FetchError::TooCostly),
    };
    let title = ["title", "name"]
        .into_iter()
        .find_map(|key| structured.get(key)?.as_str());
    let title = title.unwrap_or_default().to_owned();
    Ok(Reading {
        title,
        text: text.trim().to_owned(),
        structured,
        ..Reading::default()
    })
}

fn plain(text: &str) -> Reading {
    let title = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    Reading {
        title: title.trim_start_matches('#').trim().to_owned(),
        text: text.trim().to_owned(),
        ..Reading::default()
    }
}

/// A title on one line, shortened.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(MAX_TITLE_CHARS).collect()
}

/// Paragraphs of `text`: blanks collapsed inside of lines, at most one empty line between them.
fn paragraphs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let mut words = line.split_whitespace().peekable();
        if words.peek().is_none() {
            if !out.is_empty() && !out.ends_with("\n\n") {
                out.push('\n');
            }
            continue;
        }
        let mut first = true;
        for word in words {
            if !first {
                out.push(' ');
            }
            out.push_str(word);
            first = false;
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests;
