//! Turning a body into a [`Page`]: title, main text, date, links, structured data.
//!
//! Everything read here is a stranger's claim. It is carried as text and data; nothing of it is
//! followed, run, or believed beyond its form.

mod dates;
mod html;
mod links;
mod shape;
mod structured;
mod xml;

use engine::ports::{FetchError, Page};
use serde_json::Value;
use url::Url;

use crate::crawl::body::{Body, Kind};

/// The longest title kept, in characters.
const MAX_TITLE_CHARS: usize = 300;

/// Reads `body`, which was asked for at `start` and found at `url`.
pub(crate) fn read(start: &Url, url: &Url, status: u16, body: &Body) -> Result<Page, FetchError> {
    let mut page = match body.kind {
        Kind::Html if shape::is_reasonable(&body.text) => html::read(&body.text, url)?,
        // No page is like this one; what it says can still be read.
        Kind::Html => xml::read(&body.text, url),
        Kind::Xml => xml::read(&body.text, url),
        Kind::Json => json(&body.text),
        Kind::Plain => plain(&body.text),
    };
    page.url = start.to_string();
    page.final_url = url.to_string();
    page.status = status;
    page.title = one_line(&page.title);
    Ok(page)
}

fn json(text: &str) -> Page {
    let structured: Value = serde_json::from_str(text).unwrap_or_default();
    let title = ["title", "name"]
        .into_iter()
        .find_map(|key| structured.get(key)?.as_str());
    let title = title.unwrap_or_default().to_owned();
    Page {
        title,
        text: text.trim().to_owned(),
        structured,
        ..Page::default()
    }
}

fn plain(text: &str) -> Page {
    let title = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    Page {
        title: title.trim_start_matches('#').trim().to_owned(),
        text: text.trim().to_owned(),
        ..Page::default()
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
