//! Reads pages: those it is given, and with `follow_links` those they link to on the same host.
//!
//! Pages are read level by level, six at a time. A level is finished before the next is made from its
//! links, in the order of the pages that have them, so that which pages are read, and the order they are
//! shown in, follow from the site alone: two runs over an unchanged site give the same document,
//! whichever page happened to answer first. Where links end before the limit does, the sitemaps the
//! site's robots.txt names are asked for more.
//!
//! A page that cannot be read is named with its reason. That a page is gone (404, 410) is something the
//! site said: a crawl that hears nothing else has seen what there is. Only when no site answered at
//! all has the step failed.
//!
//! A crawl works half a minute at a stretch, whatever the step allows: others wait for its place. When that is nearly
//! over, or the site's next turn is not near, it stores what it has read and yields with a cursor that names the
//! stored part (`progress`). A page that the end of a stretch cuts off was not slow: it is asked for again, among the
//! first of the next stretch, with all the time a page may have.
//!
//! A page may end the worker that reads it, whatever is bounded. Its lease then expires, and the next attempt reads
//! with care: one page at a time, and before each it yields with a cursor that says which. An attempt that finds such a
//! cursor, and that a worker was not heard of again since, leaves this page out and reads the others. So a page ends two
//! workers at most, and a crawl that ends none pays nothing for it.

mod links;
mod pages;
mod progress;
mod record;
mod same_run;
mod visit;

use std::time::Duration;

use domain::plan::Crawl;
use engine::ports::FetchError;
use engine::retry::ToolFailure;
use futures::StreamExt;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{Context, Made};
use crate::failure;
use pages::{Pages, Read};
use progress::Progress;
use record::{Record, Unreadable};
use visit::Visit;

/// How many pages are read at once.
const AT_ONCE: usize = 6;
/// How long a crawl works before it yields, storing included.
const STRETCH: Duration = Duration::from_secs(30);
/// No page is begun when less than this part of a stretch is left; a third of that is for storing.
const RESERVED: u32 = 4;
/// The longest a site's turn is waited for. One that is later, because the site asked to be left alone,
/// makes its pages unreadable in this run.
const LONGEST_TURN: Duration = Duration::from_secs(60);
/// How many pages are read with care: more than are read between two cursors when pages have a pace of one a second.
const MOST_WITH_CARE: u32 = 60;
/// Sitemaps asked for in one crawl, those an index names included.
const MOST_SITEMAPS: usize = 5;

/// What came of asking for one page.
enum Came {
    Read(Box<Read>),
    Unreadable(Unreadable),
    /// The site's turn is later; nothing was asked of it.
    NotYet(Duration),
    /// There was no time to begin it.
    Left,
}

/// What asking sitemaps came to.
enum Sitemaps {
    MorePages,
    NoMore,
    /// There was no time left to ask the next one.
    NoTime,
}

/// What a page is that the end of the stretch has cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// Too slow: it had all the time there is.
    Slow,
    /// Not read yet.
    Left,
}

pub(crate) async fn run(config: &Crawl, context: &Context<'_>) -> Result<Made, ToolFailure> {
    let context = &Context {
        limit: context.limit.min(STRETCH),
        deadline: context.deadline.min(Instant::now() + STRETCH),
        ..*context
    };
    let stored = match context.cursor {
        Some(cursor) => Progress::resume(cursor, context).await?,
        None => None,
    };
    let mut progress = match stored {
        Some(progress) => progress,
        None => begin(config, context)?,
    };
    if context.cut_off {
        progress.take_care(MOST_WITH_CARE);
    }
    let last = Visit::load(config, context).await;
    let pages = Pages::new(config, context, &last).await;
    let reserve = context.limit / RESERVED;
    let stop_at = context
        .deadline
        .checked_sub(reserve)
        .unwrap_or_else(Instant::now);
    // The first pages of an attempt are always read, so that every attempt gets on.
    let mut first = AT_ONCE;
    // How long pages that were read at once have taken at most.
    let mut longest = Duration::ZERO;
    loop {
        let at_once = if progress.is_careful() { 1 } else { AT_ONCE };
        let wave = progress.next_wave(config.max_pages as usize, at_once);
        if wave.is_empty() {
            if config.follow_links
                && !context.cut_off
                && !progress.is_careful()
                && progress.needs_more(config.max_pages as usize)
            {
                match ask_sitemaps(&mut progress, &pages, reserve, first > 0).await {
                    Sitemaps::MorePages => continue,
                    Sitemaps::NoTime => return progress.store(context, Duration::ZERO).await,
                    Sitemaps::NoMore => {}
                }
            }
            last.replace(config, context, &progress).await;
            return finish(&progress);
        }
        if let [(place, url)] = wave.as_slice()
            && progress.is_careful()
            && !progress.is_announced(*place)
        {
            progress.announce(*place, url.clone());
            return progress.store(context, Duration::ZERO).await;
        }
        let pages = &pages;
        let begun = Instant::now();
        // What took long once takes long again: it would only be cut off.
        let may_begin = begun + longest <= stop_at + (reserve - reserve / 3);
        let asked = wave
            .into_iter()
            .enumerate()
            .map(|(i, (place, url))| async move {
                let came = if i < first {
                    pages.read(place, &url, reserve, Cut::Slow).await
                } else if may_begin && Instant::now() < stop_at {
                    pages.read(place, &url, reserve, Cut::Left).await
                } else {
                    Came::Left
                };
                (place, url, came)
            });
        let came: Vec<(u32, String, Came)> = futures::stream::iter(asked)
            .buffered(AT_ONCE)
            .collect()
            .await;
        first = 0;
        longest = longest.max(begun.elapsed());
        progress.survived();
        let mut out_of_time = false;
        let mut turns = Vec::new();
        let mut got_on = false;
        for (place, url, came) in came {
            match came {
                Came::Read(read) => {
                    got_on = true;
                    progress.add(*read);
                }
                Came::Unreadable(unreadable) => {
                    got_on = true;
                    progress.add_unreadable(unreadable);
                }
                Came::NotYet(wait) if wait > LONGEST_TURN => {
                    let error = FetchError::RateLimited {
                        retry_after: Some(wait),
                    };
                    got_on = true;
                    progress.add_unreadable(Unreadable::new(place, &url, &error));
                }
                Came::NotYet(wait) => {
                    turns.push(wait);
                    progress.put_back(place, url);
                }
                Came::Left => {
                    out_of_time = true;
                    progress.put_back(place, url);
                }
            }
        }
        let rest = match turns.into_iter().min() {
            // Somebody else's turn may be now.
            Some(wait) if !got_on => wait,
            Some(_) | None => Duration::ZERO,
        };
        if out_of_time || (!rest.is_zero() && Instant::now() + rest >= stop_at) {
            return progress.store(context, rest).await;
        }
        tokio::time::sleep(rest).await;
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
                let place = progress.place();
                progress.add_unreadable(Unreadable::new(place, text, &error));
            }
        }
    }
    progress.truncated = resolved.truncated || progress.waiting() > config.max_pages as usize;
    Ok(progress)
}

/// Asks the sitemaps known so far for more pages. A sitemap that cannot be read is no page that cannot be read.
/// The first of a stretch is always asked, so that every stretch gets on.
async fn ask_sitemaps(
    progress: &mut Progress,
    pages: &Pages<'_>,
    reserve: Duration,
    mut is_first: bool,
) -> Sitemaps {
    while progress.has_sitemap(MOST_SITEMAPS) {
        if !is_first && !pages.has_time_for_a_sitemap(reserve) {
            return Sitemaps::NoTime;
        }
        is_first = false;
        let Some(sitemap) = progress.next_sitemap(MOST_SITEMAPS) else {
            break;
        };
        let Some(found) = pages.sitemap(&sitemap, reserve).await else {
            continue;
        };
        progress.add_sitemap(found);
        if progress.waiting() > 0 {
            return Sitemaps::MorePages;
        }
    }
    Sitemaps::NoMore
}

/// The output, or the failure when no site answered. Nothing to read is no failure.
fn finish(progress: &Progress) -> Result<Made, ToolFailure> {
    if let Some(failure) = progress.failure() {
        return Err(failure);
    }
    let credits = u32::try_from(progress.pages.len().div_ceil(10)).unwrap_or(u32::MAX);
    let results: Vec<Value> = progress.pages().map(Record::as_result).collect();
    let pages: Vec<Value> = progress.pages().map(Record::as_page).collect();
    let unreadable: Vec<Value> = progress.unreadable().map(Unreadable::as_json).collect();
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
