//! Reading one page: from a crawl of the same run that has it, or from the site, asked conditionally where
//! the last crawl left something to ask with.

use std::sync::Arc;
use std::time::Duration;

use domain::plan::Crawl;
use engine::ports::{FetchError, Fetched, FieldRequest, Page, PageRequest, Validators};
use serde_json::{Map, Value};
use url::Url;

use super::record::{Record, Unreadable};
use super::same_run::SameRun;
use super::visit::Visit;
use super::{Came, Cut, links};
use crate::tools::Context;

/// The most one page may take.
const PAGE_LIMIT: Duration = Duration::from_secs(20);
/// The most characters of text kept of all pages together, and the least allowed for each. What a page may have
/// follows from `max_pages` alone: a share that depended on the other pages would look like change.
const MOST_CHARS: usize = 20_000_000;
pub(super) const LEAST_PAGE_CHARS: usize = 20_000;
const MOST_PAGE_CHARS: usize = 200_000;
/// The length of a result's snippet, in characters.
const SNIPPET_CHARS: usize = 200;

/// A page that was read.
pub(super) struct Read {
    pub(super) record: Record,
    /// Where it leads to on its own host; empty unless links are followed.
    pub(super) links: Vec<String>,
    pub(super) sitemaps: Vec<String>,
    pub(super) validators: Option<Validators>,
    /// Where its fields were found, and for those that are lost, where they were.
    pub(super) locators: Map<String, Value>,
}

/// What a sitemap leads to.
pub(super) struct Sitemap {
    pub(super) pages: Vec<String>,
    pub(super) sitemaps: Vec<String>,
}

/// Reads the pages of one crawl.
pub(super) struct Pages<'a> {
    config: &'a Crawl,
    context: &'a Context<'a>,
    last: &'a Visit,
    same_run: SameRun,
    schema: Option<Arc<Value>>,
}

impl<'a> Pages<'a> {
    pub(super) async fn new(
        config: &'a Crawl,
        context: &'a Context<'a>,
        last: &'a Visit,
    ) -> Pages<'a> {
        // A page from elsewhere has neither links nor fields.
        let alone = config.follow_links || config.extraction_schema.is_some();
        let same_run = if alone {
            SameRun::default()
        } else {
            SameRun::load(context).await
        };
        Self {
            config,
            context,
            last,
            same_run,
            schema: config.extraction_schema.clone().map(Arc::new),
        }
    }

    /// How long an exchange begun now may take: a third of the reserve is left for storing what was read.
    fn limit(&self, reserve: Duration) -> Duration {
        PAGE_LIMIT.min(self.context.left().saturating_sub(reserve / 3))
    }

    /// Reads the page at `url`; `reserve` is what is kept of the stretch, and `cut` what becomes of the page when it
    /// has had less time than a page may take and was not read in it.
    pub(super) async fn read(&self, place: u32, url: &str, reserve: Duration, cut: Cut) -> Came {
        let Ok(parsed) = Url::parse(url) else {
            let error = FetchError::BlockedAddress {
                reason: "this is not a URL".to_owned(),
            };
            return Came::Unreadable(Unreadable::new(place, url, &error));
        };
        if let Some(record) = self.same_run.record(place, &parsed) {
            return Came::Read(Box::new(Read {
                record,
                links: Vec::new(),
                sitemaps: Vec::new(),
                validators: None,
                locators: Map::new(),
            }));
        }
        let known = self.last.page(url);
        let locators = known
            .map(|known| known.locators.clone())
            .unwrap_or_default();
        let limit = self.limit(reserve);
        let request = PageRequest {
            limit,
            validators: known.and_then(|known| known.validators.clone()),
            fields: self.schema.clone().map(|schema| FieldRequest {
                schema,
                locators: locators.clone(),
            }),
            url: parsed.clone(),
        };
        match self.context.ports.crawler.fetch(&request).await {
            Ok(Fetched::Page(page)) => {
                Came::Read(Box::new(self.read_now(place, &parsed, *page, locators)))
            }
            Ok(Fetched::Unchanged) => match known.and_then(|known| known.again(place)) {
                Some(read) => Came::Read(Box::new(read)),
                None => {
                    let error = FetchError::Unreachable {
                        reason: "it answered that nothing we know has changed".to_owned(),
                    };
                    Came::Unreadable(Unreadable::new(place, url, &error))
                }
            },
            Err(FetchError::NotYet { wait }) => Came::NotYet(wait),
            Err(FetchError::Timeout) if cut == Cut::Left && limit < PAGE_LIMIT => Came::Left,
            Err(error) => Came::Unreadable(Unreadable::new(place, url, &error)),
        }
    }

    fn read_now(
        &self,
        place: u32,
        url: &Url,
        page: Page,
        mut locators: Map<String, Value>,
    ) -> Read {
        let home = Url::parse(&page.final_url).unwrap_or_else(|_| url.clone());
        let links = if self.config.follow_links {
            links::same_site(&page.links, &home)
        } else {
            Vec::new()
        };
        if let Some(fields) = &page.fields {
            locators.retain(|name, _| fields.lost.contains(name));
            locators.extend(fields.provenance.clone());
        }
        Read {
            links,
            locators,
            sitemaps: if self.config.follow_links {
                page.sitemaps.clone()
            } else {
                Vec::new()
            },
            validators: page.validators.clone(),
            record: self.record(place, url, page),
        }
    }

    fn record(&self, place: u32, url: &Url, page: Page) -> Record {
        let most = (MOST_CHARS / self.config.max_pages.max(1) as usize)
            .clamp(LEAST_PAGE_CHARS, MOST_PAGE_CHARS);
        let words = page
            .text
            .split_whitespace()
            .take(SNIPPET_CHARS)
            .collect::<Vec<_>>()
            .join(" ");
        let fields = page.fields.unwrap_or_default();
        Record {
            place,
            url: url.as_str().to_owned(),
            final_url: page.final_url,
            aliases: page.aliases,
            status: page.status,
            title: page.title,
            snippet: domain::text::preview(&words, SNIPPET_CHARS),
            text: page.text.chars().take(most).collect(),
            published: page.published,
            extracted: self.schema.is_some().then(|| fields.values.into()),
            provenance: fields.provenance,
            lost: fields.lost,
        }
    }

    /// Whether a sitemap begun now has as long as one begun with the stretch.
    pub(super) fn has_time_for_a_sitemap(&self, reserve: Duration) -> bool {
        self.limit(reserve) >= PAGE_LIMIT.min(self.context.limit * 3 / 5)
    }

    /// What the sitemap at `url` leads to; `None` when it cannot be read.
    pub(super) async fn sitemap(&self, url: &str, reserve: Duration) -> Option<Sitemap> {
        let parsed = self.context.egress.check_url(url).ok()?;
        let request = PageRequest::new(parsed.clone(), self.limit(reserve));
        let Ok(Fetched::Page(page)) = self.context.ports.crawler.fetch(&request).await else {
            tracing::info!("a sitemap could not be read; the crawl goes on without it");
            return None;
        };
        let (sitemaps, pages) = links::same_site(&page.links, &parsed)
            .into_iter()
            .partition(|link| links::is_sitemap(link));
        Some(Sitemap { pages, sitemaps })
    }
}
