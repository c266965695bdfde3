//! Pages that another crawl of the same run has read already: the site is not asked twice.
//!
//! Crawls that run at the same time, in different functions, do not see each other; both ask the site, each in its turn.

use std::collections::HashMap;

use domain::execution::StepState;
use domain::plan::ToolKind;
use domain::url_identity::{identity, parse_identity};
use serde_json::Value;
use url::Url;

use super::pages::LEAST_PAGE_CHARS;
use super::record::Record;
use crate::tools::Context;
use crate::upstream;

/// The pages of other crawls, by identity.
#[derive(Default)]
pub(super) struct SameRun {
    pages: HashMap<String, Value>,
}

impl SameRun {
    /// Those of the crawls that are finished. What cannot be loaded is fetched instead.
    pub(super) async fn load(context: &Context<'_>) -> Self {
        let mut pages = HashMap::new();
        let others = context
            .run
            .steps
            .iter()
            .filter(|row| row.kind == ToolKind::Crawl && row.id != context.step);
        for row in others {
            let StepState::Completed { output, .. } = &row.state else {
                continue;
            };
            let Ok(document) = upstream::read(context.owner, output, &*context.engine.store).await
            else {
                continue;
            };
            for (page, result) in list(&document, "pages").zip(list(&document, "results")) {
                let mut page = page.clone();
                page["snippet"] = result["snippet"].clone();
                if let Some(identity) = page["url"].as_str().and_then(parse_identity) {
                    pages.entry(identity).or_insert(page);
                }
            }
        }
        Self { pages }
    }

    /// The page at `url`, when it is known whole: a text of some length may have been cut for the other
    /// crawl's limits.
    pub(super) fn record(&self, place: u32, url: &Url) -> Option<Record> {
        let page = self.pages.get(&identity(url))?;
        let text = |field: &str| page[field].as_str().map(str::to_owned);
        let whole = page["text"].as_str()?;
        if whole.chars().count() >= LEAST_PAGE_CHARS {
            return None;
        }
        Some(Record {
            place,
            url: url.as_str().to_owned(),
            final_url: text("final_url")?,
            aliases: list(page, "aliases")
                .filter_map(|alias| alias.as_str().map(str::to_owned))
                .collect(),
            status: u16::try_from(page["status"].as_u64()?).ok()?,
            title: text("title")?,
            snippet: text("snippet")?,
            text: whole.to_owned(),
            published: text("published"),
            extracted: None,
            provenance: serde_json::Map::new(),
            lost: Vec::new(),
        })
    }
}

fn list<'a>(document: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    document[field].as_array().into_iter().flatten()
}
