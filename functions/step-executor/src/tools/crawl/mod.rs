//! Reads pages: those it is given, and with `follow_links` those they link to on the same host.
//!
//! Pages are read in waves, breadth first, six at a time, and kept in the order in which they were asked for, so
//! that two runs over an unchanged site give the same document. A page that cannot be read is named with its
//! reason; only when none could be read has the step failed.
//!
//! A crawl may be longer than one attempt: when its time is nearly up it stores what it has read and
//! yields with a cursor that names the stored part (`progress`).

mod extraction;
mod progress;

use std::time::Duration;

use domain::plan::Crawl;
use engine::ports::{FetchError, Page, PageRequest};
use engine::retry::ToolFailure;
use futures::StreamExt;
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::Url;

use super::{Context, Made};
use crate::failure;
use progress::{Progress, Record, Unreadable};

/// How many pages are read at once.
const AT_ONCE: usize = 6;
/// No page is begun when less than this is left, or less than a quarter of the attempt's limit.
const RESERVE: Duration = Duration::from_secs(15);
/// The most one page may take.
const PAGE_LIMIT: Duration = Duration::from_secs(20);
/// The most characters of text kept of all pages together, and the least allowed for each. What a page may have
/// follows from `max_pages` alone: a share that depended on the other pages would look like change.
const MOST_CHARS: usize = 20_000_000;
const LEAST_PAGE_CHARS: usize = 20_000;
const MOST_PAGE_CHARS: usize = 200_000;
/// How many of a page's links are looked at.
const MOST_LINKS: usize = 500;
/// The length of a result's snippet, in characters.
const SNIPPET_CHARS: usize = 200;

/// What came of one page.
enum Fetched {
    Read {
        record: Box<Record>,
        links: Vec<Url>,
    },
    Unreadable(Unreadable),
    /// There was no time to begin it.
    Left,
}

pub(crate) async fn run(config: &Crawl, context: &Context<'_>) -> Result<Made, ToolFailure> {
    let stored = match context.cursor {
        Some(cursor) => Progress::resume(cursor, context).await?,
        None => None,
    };
    let mut progress = match stored {
        Some(progress) => progress,
        None => begin(config, context)?,
    };
    let reserve = RESERVE.min(context.limit / 4);
    let stop_at = context
        .deadline
        .checked_sub(reserve)
        .unwrap_or_else(Instant::now);
    // The first pages of an attempt are always read, so that every attempt gets on.
    let mut first = AT_ONCE;
    loop {
        let wave = progress.next_wave(config.max_pages as usize);
        if wave.is_empty() {
            return finish(progress);
        }
        let pages = wave
            .clone()
            .into_iter()
            .enumerate()
            .map(|(i, url)| async move {
                if i >= first && Instant::now() >= stop_at {
                    Fetched::Left
                } else {
                    fetch(config, context, &url, reserve).await
                }
            });
        let fetched: Vec<Fetched> = futures::stream::iter(pages)
            .buffered(AT_ONCE)
            .collect()
            .await;
        first = 0;
        let mut left = Vec::new();
        for (url, fetched) in wave.into_iter().zip(fetched) {
            match fetched {
                Fetched::Read { record, links } => progress.add(*record, links),
                Fetched::Unreadable(unreadable) => progress.add_unreadable(unreadable),
                Fetched::Left => left.push(url),
            }
        }
        if !left.is_empty() {
            progress.put_back(left);
            return progress.store(context).await;
        }
    }
}

/// The pages of the configuration, each once; those the egress rule refuses are unreadable at once.
fn begin(config: &Crawl, context: &Context<'_>) -> Result<Progress, ToolFailure> {
    let resolved = config
        .urls
        .resolve(context.upstream)
        .map_err(|missing| failure::of_reference(&missing))?;
    let mut progress = Progress::default();
    for text in &resolved.values {
        match context.egress.check_url(text.trim()) {
            Ok(url) => progress.ask_for(&url),
            Err(denied) => {
                let error = FetchError::BlockedAddress {
                    reason: denied.reason.to_owned(),
                };
                progress.add_unreadable(Unreadable::new(text, &error));
            }
        }
    }
    progress.truncated = resolved.truncated || progress.waiting() > config.max_pages as usize;
    Ok(progress)
}

async fn fetch(config: &Crawl, context: &Context<'_>, url: &str, reserve: Duration) -> Fetched {
    let Ok(parsed) = Url::parse(url) else {
        return Fetched::Unreadable(Unreadable::new(
            url,
            &FetchError::BlockedAddress {
                reason: "this is not a URL".to_owned(),
            },
        ));
    };
    // What is left of the reserve afterwards is for storing what was read.
    let limit = PAGE_LIMIT.min(context.left().saturating_sub(reserve / 3));
    match context
        .ports
        .crawler
        .fetch(&PageRequest {
            url: parsed.clone(),
            limit,
        })
        .await
    {
        Ok(page) => {
            let links = if config.follow_links {
                same_site(&page, &parsed)
            } else {
                Vec::new()
            };
            Fetched::Read {
                record: Box::new(record(config, url, page)),
                links,
            }
        }
        Err(error) => Fetched::Unreadable(Unreadable::new(url, &error)),
    }
}

fn record(config: &Crawl, url: &str, page: Page) -> Record {
    let extracted = config
        .extraction_schema
        .as_ref()
        .map(|schema| Value::Object(extraction::extract(schema, &page)));
    let most =
        (MOST_CHARS / config.max_pages.max(1) as usize).clamp(LEAST_PAGE_CHARS, MOST_PAGE_CHARS);
    let words = page
        .text
        .split_whitespace()
        .take(SNIPPET_CHARS)
        .collect::<Vec<_>>()
        .join(" ");
    Record {
        url: url.to_owned(),
        final_url: page.final_url,
        status: page.status,
        title: page.title,
        snippet: domain::text::preview(&words, SNIPPET_CHARS),
        text: page.text.chars().take(most).collect(),
        published: page.published,
        extracted,
    }
}

/// The page's links to other pages of its own host. Files that are plainly no pages are passed over:
/// each would count as a page that cannot be read.
fn same_site(page: &Page, asked: &Url) -> Vec<Url> {
    const NO_PAGES: [&str; 22] = [
        "avif", "css", "doc", "docx", "gif", "gz", "ico", "jpeg", "jpg", "js", "mp3", "mp4", "pdf",
        "png", "ppt", "pptx", "svg", "webp", "woff", "woff2", "xlsx", "zip",
    ];
    let home = Url::parse(&page.final_url).unwrap_or_else(|_| asked.clone());
    let links = page
        .links
        .iter()
        .take(MOST_LINKS)
        .filter_map(|link| Url::parse(link).ok());
    let is_page = |url: &Url| {
        let last = url.path().rsplit('/').next().unwrap_or_default();
        !last
            .rsplit_once('.')
            .is_some_and(|(_, ending)| NO_PAGES.contains(&ending.to_ascii_lowercase().as_str()))
    };
    let same = |url: &Url| {
        url.host() == home.host() && url.port_or_known_default() == home.port_or_known_default()
    };
    links
        .filter(|url| matches!(url.scheme(), "http" | "https") && same(url) && is_page(url))
        .collect()
}

/// The output, or the failure when nothing at all could be read. Nothing to read is no failure.
fn finish(progress: Progress) -> Result<Made, ToolFailure> {
    if let Some(failure) = progress.failure() {
        return Err(failure);
    }
    let credits = u32::try_from(progress.pages.len().div_ceil(10)).unwrap_or(u32::MAX);
    let results: Vec<Value> = progress.pages.iter().map(Record::as_result).collect();
    let pages: Vec<Value> = progress.pages.iter().map(Record::as_page).collect();
    let unreadable: Vec<Value> = progress
        .unreadable
        .iter()
        .map(Unreadable::as_json)
        .collect();
    let mut document = Map::new();
    document.insert("count".to_owned(), results.len().into());
    document.insert("results".to_owned(), results.into());
    document.insert("pages".to_owned(), pages.into());
    document.insert("unreadable".to_owned(), unreadable.into());
    if progress.truncated {
        document.insert("truncated".to_owned(), true.into());
    }
    Ok(Made::Output {
        document: Value::Object(document),
        credits,
    })
}

#[cfg(test)]
mod tests;
