//! How far a crawl has come: what is read, what could not be, and what is left.
//!
//! Between two attempts it is stored as a document like any output, and the cursor is the reference to
//! it, so the aggregate stays small however many pages there are.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use domain::execution::{ErrorCode, Output, StepError};
use domain::url_identity::identity;
use engine::ports::FetchError;
use engine::retry::{Again, ToolFailure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::failure;
use crate::tools::{Context, Made};
use crate::upstream;

/// A page as it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) url: String,
    pub(super) final_url: String,
    pub(super) status: u16,
    pub(super) title: String,
    pub(super) snippet: String,
    pub(super) text: String,
    pub(super) published: Option<String>,
    #[serde(default)]
    pub(super) extracted: Option<Value>,
}

impl Record {
    pub(super) fn as_result(&self) -> Value {
        let mut result = json!({ "url": self.url, "title": self.title, "snippet": self.snippet, "published_date": self.published });
        if let Some(extracted) = &self.extracted {
            result["extracted"] = extracted.clone();
        }
        result
    }

    pub(super) fn as_page(&self) -> Value {
        let mut page = json!({
            "url": self.url,
            "final_url": self.final_url,
            "status": self.status,
            "title": self.title,
            "text": self.text,
            "published": self.published,
        });
        if let Some(extracted) = &self.extracted {
            page["extracted"] = extracted.clone();
        }
        page
    }
}

/// A page that could not be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Unreadable {
    pub(super) url: String,
    pub(super) reason: ErrorCode,
    pub(super) message: String,
    /// What the site answered, when it answered: 404 or 410 twice running counts as dropped.
    pub(super) status: Option<u16>,
    /// Whether it may be readable later.
    may_recover: bool,
    /// How long the site asks to be left alone.
    wait_seconds: Option<u64>,
}

impl Unreadable {
    pub(super) fn new(url: &str, error: &FetchError) -> Self {
        let ToolFailure {
            error: StepError { code, message },
            again,
        } = failure::of_fetch(error);
        Self {
            url: url.to_owned(),
            reason: code,
            message,
            status: if let FetchError::HttpStatus { status, .. } = error {
                Some(*status)
            } else {
                None
            },
            may_recover: matches!(again, Again::Backoff | Again::After(_)),
            wait_seconds: if let Again::After(wait) = again {
                Some(wait.as_secs())
            } else {
                None
            },
        }
    }

    pub(super) fn as_json(&self) -> Value {
        let mut entry = json!({ "url": self.url, "reason": self.reason });
        if let Some(status) = self.status {
            entry["status"] = status.into();
        }
        entry
    }
}

/// How far a crawl has come.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) pages: Vec<Record>,
    pub(super) unreadable: Vec<Unreadable>,
    /// More was asked for than is read.
    pub(super) truncated: bool,
    /// What is still to be read, in order.
    waiting: VecDeque<String>,
    /// Identities of every page read, unreadable or waiting.
    seen: BTreeSet<String>,
}

impl Progress {
    /// Adds a page to be read, unless it has been seen.
    pub(super) fn ask_for(&mut self, url: &Url) {
        if self.seen.insert(identity(url)) {
            let mut url = url.clone();
            url.set_fragment(None);
            self.waiting.push_back(url.into());
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes what is to be read next, so that no more than `max_pages` are tried in all.
    pub(super) fn next_wave(&mut self, max_pages: usize) -> Vec<String> {
        let tried = self.pages.len() + self.unreadable.len();
        let most = max_pages.saturating_sub(tried).min(self.waiting.len());
        self.waiting.drain(..most).collect()
    }

    /// Puts back what was taken and not read.
    pub(super) fn put_back(&mut self, left: Vec<String>) {
        for url in left.into_iter().rev() {
            self.waiting.push_front(url);
        }
    }

    pub(super) fn add(&mut self, record: Record, links: Vec<Url>) {
        // Where a redirect led is read already.
        if let Ok(at) = Url::parse(&record.final_url) {
            self.seen.insert(identity(&at));
        }
        self.pages.push(record);
        links.iter().for_each(|link| self.ask_for(link));
    }

    pub(super) fn add_unreadable(&mut self, unreadable: Unreadable) {
        self.unreadable.push(unreadable);
    }

    /// The failure of a crawl that could read nothing: the first page's reason.
    pub(super) fn failure(&self) -> Option<ToolFailure> {
        let first = self.unreadable.first().filter(|_| self.pages.is_empty())?;
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

    /// Stores it, and gives the cursor from which another attempt goes on.
    pub(super) async fn store(&self, context: &Context<'_>) -> Result<Made, ToolFailure> {
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
