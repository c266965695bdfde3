//! What this crawl keeps for the next run of its step: pages with the validators that let the site
//! answer "not modified", and where their fields were found.
//!
//! It counts for the very same configuration only: another schema or limit would have read the pages
//! otherwise. When nothing changed, nothing is written.

use std::collections::BTreeMap;

use domain::digest;
use domain::plan::Crawl;
use engine::ports::{Validators, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::pages::Read;
use super::progress::Progress;
use super::record::Record;
use crate::tools::Context;

/// One page of the last crawl.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    /// Where its fields were found, by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) locators: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) validators: Option<Validators>,
    /// The page, when it can be asked for conditionally.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<Record>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sitemaps: Vec<String>,
}

impl Known {
    pub(super) fn of(read: &Read) -> Option<Self> {
        let locators = read.locators.clone();
        if read.validators.is_none() {
            return (!locators.is_empty()).then(|| Self {
                locators,
                validators: None,
                record: None,
                links: Vec::new(),
                sitemaps: Vec::new(),
            });
        }
        Some(Self {
            locators,
            validators: read.validators.clone(),
            // Places are of one crawl.
            record: Some(Record {
                place: 0,
                ..read.record.clone()
            }),
            links: read.links.clone(),
            sitemaps: read.sitemaps.clone(),
        })
    }

    /// The page as it was read then, which is what it is now.
    pub(super) fn again(&self, place: u32) -> Option<Read> {
        let record = self.record.clone()?;
        Some(Read {
            record: Record { place, ..record },
            links: self.links.clone(),
            sitemaps: self.sitemaps.clone(),
            validators: self.validators.clone(),
            locators: self.locators.clone(),
        })
    }
}

/// The last crawl, as far as it helps.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Visit {
    config: String,
    pages: BTreeMap<String, Known>,
}

fn visitor<'a>(context: &'a Context<'_>) -> Visitor<'a> {
    Visitor {
        owner: context.owner,
        workflow: &context.run.workflow,
        step: context.step,
    }
}

impl Visit {
    /// What the last crawl of this step left. Without it every page is fetched: no reason to fail.
    pub(super) async fn load(config: &Crawl, context: &Context<'_>) -> Self {
        let config = digest::of_json(config);
        let stored = match context.ports.visits.visit(visitor(context)).await {
            Ok(stored) => stored,
            Err(error) => {
                tracing::warn!(%error, "what the last crawl left could not be loaded; all is fetched");
                None
            }
        };
        stored
            .and_then(|stored| serde_json::from_value::<Self>(stored).ok())
            .filter(|visit| visit.config == config)
            .unwrap_or(Self {
                config,
                pages: BTreeMap::new(),
            })
    }

    pub(super) fn page(&self, url: &str) -> Option<&Known> {
        self.pages.get(url)
    }

    /// Keeps what `progress` has learned. A page that could not be read is known as it last was.
    pub(super) async fn replace(&self, config: &Crawl, context: &Context<'_>, progress: &Progress) {
        let mut pages = progress.known.clone();
        for unreadable in progress.unreadable().filter(|page| !page.gone) {
            if let Some(known) = self.pages.get(&unreadable.url) {
                pages.insert(unreadable.url.clone(), known.clone());
            }
        }
        let visit = Self {
            config: digest::of_json(config),
            pages,
        };
        if visit == *self {
            return;
        }
        let Ok(document) = serde_json::to_value(&visit) else {
            return;
        };
        if let Err(error) = context
            .ports
            .visits
            .remember(visitor(context), &document)
            .await
        {
            tracing::warn!(%error, "what a crawl learned could not be kept; the next one fetches all");
        }
    }
}
