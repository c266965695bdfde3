//! How far a crawl has come: what is read, what could not be, and what is left.
//!
//! Between two attempts it is stored as a document like any output, and the cursor is the reference to
//! it, so the aggregate stays small however many pages there are.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::execution::{ErrorCode, Output, StepError};
use domain::url_identity::identity;
use engine::retry::{Again, ToolFailure};
use serde::{Deserialize, Serialize};
use url::Url;

use super::pages::{Read, Sitemap};
use super::record::{Record, Unreadable};
use super::visit::Known;
use crate::failure;
use crate::tools::{Context, Made};
use crate::upstream;

/// How far a crawl has come.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    /// By their places.
    pub(super) pages: BTreeMap<u32, Record>,
    unreadable: BTreeMap<u32, Unreadable>,
    /// More was asked for than is read.
    pub(super) truncated: bool,
    /// What is still to be read of this level, by place.
    waiting: BTreeMap<u32, String>,
    /// The links of the level's pages, by the place of the page: the next level.
    found: BTreeMap<u32, Vec<String>>,
    /// Identities of every page read, unreadable or waiting.
    seen: BTreeSet<String>,
    /// How many places were given.
    places: u32,
    /// Sitemaps to be asked, in order, and those that were.
    sitemaps: Vec<String>,
    sitemaps_asked: BTreeSet<String>,
    /// How many pages are still read with care, and the place of the one that is read next.
    #[serde(default, skip_serializing_if = "is_zero")]
    careful: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    announced: Option<u32>,
    /// What the next crawl will want to know of each page, by URL.
    pub(super) known: BTreeMap<String, Known>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Progress {
    /// A worker was not heard of again. The page it was about to read alone is left out; where there is none, the next
    /// `most` pages are read with care.
    pub(super) fn take_care(&mut self, most: u32) {
        let announced = self
            .announced
            .take()
            .and_then(|place| self.waiting.remove_entry(&place));
        if let Some((place, url)) = announced {
            tracing::warn!(
                url,
                "a page is left out: it was being read when the worker ended"
            );
            self.careful = 0;
            self.add_unreadable(Unreadable::fatal(place, url));
        } else {
            self.careful = most;
        }
    }

    /// Whether pages are read one at a time, each announced before.
    pub(super) fn is_careful(&self) -> bool {
        self.careful > 0
    }

    /// Whether the stored cursor says that the page at `place` is read next.
    pub(super) fn is_announced(&self, place: u32) -> bool {
        self.announced == Some(place)
    }

    /// Puts a page back to be the next, and to be known for it.
    pub(super) fn announce(&mut self, place: u32, url: String) {
        self.announced = Some(place);
        self.put_back(place, url);
    }

    /// What was begun has come to an end, and so has the care for it.
    pub(super) fn survived(&mut self) {
        if self.announced.take().is_some() {
            self.careful = self.careful.saturating_sub(1);
        }
    }

    /// The next place.
    pub(super) fn place(&mut self) -> u32 {
        self.places += 1;
        self.places
    }

    /// Adds a page to be read, unless it has been seen.
    pub(super) fn ask_for(&mut self, url: &Url) {
        if self.seen.insert(identity(url)) {
            let mut url = url.clone();
            url.set_fragment(None);
            let place = self.place();
            self.waiting.insert(place, url.into());
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many pages were tried.
    fn tried(&self) -> usize {
        self.pages.len() + self.unreadable.len()
    }

    /// Whether the limit is not reached although nothing is left to be read.
    pub(super) fn needs_more(&self, max_pages: usize) -> bool {
        self.tried() < max_pages && self.waiting.is_empty()
    }

    /// Takes what is to be read next, at most `at_once`, so that no more than `max_pages` are tried in all.
    pub(super) fn next_wave(&mut self, max_pages: usize, at_once: usize) -> Vec<(u32, String)> {
        if self.waiting.is_empty() {
            self.next_level();
        }
        let most = max_pages.saturating_sub(self.tried()).min(at_once);
        let places: Vec<u32> = self.waiting.keys().copied().take(most).collect();
        places
            .into_iter()
            .filter_map(|place| self.waiting.remove_entry(&place))
            .collect()
    }

    /// Makes a level of what the pages of the last one link to, in their order.
    fn next_level(&mut self) {
        for link in std::mem::take(&mut self.found).into_values().flatten() {
            if let Ok(link) = Url::parse(&link) {
                self.ask_for(&link);
            }
        }
    }

    /// Puts back what was taken and not read.
    pub(super) fn put_back(&mut self, place: u32, url: String) {
        self.waiting.insert(place, url);
    }

    pub(super) fn add(&mut self, read: Read) {
        // Where a redirect led is read already.
        if let Ok(at) = Url::parse(&read.record.final_url) {
            self.seen.insert(identity(&at));
        }
        if let Some(known) = Known::of(&read) {
            self.known.insert(read.record.url.clone(), known);
        }
        for sitemap in read.sitemaps {
            self.add_sitemap_address(sitemap);
        }
        if !read.links.is_empty() {
            self.found.insert(read.record.place, read.links);
        }
        self.pages.insert(read.record.place, read.record);
    }

    fn add_sitemap_address(&mut self, sitemap: String) {
        if !self.sitemaps.contains(&sitemap) {
            self.sitemaps.push(sitemap);
        }
    }

    /// Whether a further sitemap is to be asked, when fewer than `most` were.
    pub(super) fn has_sitemap(&self, most: usize) -> bool {
        self.sitemaps_asked.len() < most
            && self
                .sitemaps
                .iter()
                .any(|sitemap| !self.sitemaps_asked.contains(sitemap))
    }

    /// Takes the next sitemap to be asked, when fewer than `most` were.
    pub(super) fn next_sitemap(&mut self, most: usize) -> Option<String> {
        if self.sitemaps_asked.len() >= most {
            return None;
        }
        let next = self
            .sitemaps
            .iter()
            .find(|sitemap| !self.sitemaps_asked.contains(*sitemap))?
            .clone();
        self.sitemaps_asked.insert(next.clone());
        Some(next)
    }

    pub(super) fn add_sitemap(&mut self, sitemap: Sitemap) {
        for address in sitemap.sitemaps {
            self.add_sitemap_address(address);
        }
        for page in sitemap.pages {
            if let Ok(page) = Url::parse(&page) {
                self.ask_for(&page);
            }
        }
    }

    pub(super) fn add_unreadable(&mut self, unreadable: Unreadable) {
        self.unreadable.insert(unreadable.place, unreadable);
    }

    /// The pages that were read, in the order in which they were asked for.
    pub(super) fn pages(&self) -> impl Iterator<Item = &Record> {
        self.pages.values()
    }

    /// Those that could not be, in the same order.
    pub(super) fn unreadable(&self) -> impl Iterator<Item = &Unreadable> {
        self.unreadable.values()
    }

    /// The failure of a crawl that no site answered: the first page's reason. A page that is gone is an
    /// answer.
    pub(super) fn failure(&self) -> Option<ToolFailure> {
        if !self.pages.is_empty() || self.unreadable().any(|page| page.gone) {
            return None;
        }
        let first = self.unreadable().next()?;
        let again = match first.wait_seconds {
            Some(seconds) => Again::After(Duration::from_secs(seconds)),
            None if first.may_recover => Again::Backoff,
            None => Again::Never,
        };
        let message = match self.unreadable.len() {
            1 => first.message.clone(),
            n => format!(
                "none of {n} pages could be read; the first: {}",
                first.message
            ),
        };
        Some(ToolFailure {
            error: StepError::new(first.reason, message),
            again,
        })
    }

    /// Stores it, and gives the cursor from which another attempt goes on after `wait`.
    pub(super) async fn store(
        &self,
        context: &Context<'_>,
        wait: Duration,
    ) -> Result<Made, ToolFailure> {
        let broken = |error: serde_json::Error| {
            ToolFailure::new(ErrorCode::Infrastructure, error.to_string(), Again::Never)
        };
        let document = serde_json::to_value(self).map_err(broken)?;
        let preview = format!(
            "{} pages read, {} to go",
            self.pages.len(),
            self.waiting.len()
        );
        let stored = context
            .engine
            .store
            .put_output(context.owner, &document, &preview)
            .await;
        let output = stored.map_err(|error| failure::of_store(&error))?;
        Ok(Made::Part {
            cursor: serde_json::to_string(&output).map_err(broken)?,
            wait,
        })
    }

    /// What an earlier attempt stored. `None` when it is no longer there or not ours: the crawl begins anew.
    pub(super) async fn resume(
        cursor: &str,
        context: &Context<'_>,
    ) -> Result<Option<Self>, ToolFailure> {
        let Ok(output) = serde_json::from_str::<Output>(cursor) else {
            tracing::warn!("a crawl's cursor cannot be read; it begins anew");
            return Ok(None);
        };
        let document = match upstream::read(context.owner, &output, &*context.engine.store).await {
            Ok(document) => document,
            Err(failure) if failure.again == Again::Never => {
                tracing::warn!("a crawl's stored part is gone; it begins anew");
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        };
        Ok(serde_json::from_value(document).ok())
    }
}
