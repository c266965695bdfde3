//! One page in a crawl's output: read, or not.

use domain::execution::{ErrorCode, StepError};
use engine::ports::FetchError;
use engine::retry::{Again, ToolFailure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::failure;

/// A page as it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Where it stands in the order in which pages were asked for.
    pub(super) place: u32,
    pub(super) url: String,
    pub(super) final_url: String,
    /// Further addresses the site says it goes by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) aliases: Vec<String>,
    pub(super) status: u16,
    pub(super) title: String,
    pub(super) snippet: String,
    pub(super) text: String,
    pub(super) published: Option<String>,
    #[serde(default)]
    pub(super) extracted: Option<Value>,
    /// Where each field was found.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) provenance: Map<String, Value>,
    /// Fields whose place on the page no longer holds them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) lost: Vec<String>,
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
        if !self.aliases.is_empty() {
            page["aliases"] = self.aliases.clone().into();
        }
        if let Some(extracted) = &self.extracted {
            page["extracted"] = extracted.clone();
            page["provenance"] = self.provenance.clone().into();
        }
        if !self.lost.is_empty() {
            page["lost_fields"] = self.lost.clone().into();
        }
        page
    }
}

/// A page that could not be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Unreadable {
    pub(super) place: u32,
    pub(super) url: String,
    pub(super) reason: ErrorCode,
    pub(super) message: String,
    /// What the site answered, when it answered: 404 or 410 twice running counts as dropped.
    pub(super) status: Option<u16>,
    /// The site said that there is no such page.
    #[serde(default)]
    pub(super) gone: bool,
    /// Whether it may be readable later.
    pub(super) may_recover: bool,
    /// How long the site asks to be left alone.
    pub(super) wait_seconds: Option<u64>,
}

impl Unreadable {
    pub(super) fn new(place: u32, url: &str, error: &FetchError) -> Self {
        let ToolFailure {
            error: StepError { code, message },
            again,
        } = failure::of_fetch(error);
        Self {
            place,
            url: url.to_owned(),
            reason: code,
            message,
            status: if let FetchError::HttpStatus { status, .. } = error {
                Some(*status)
            } else {
                None
            },
            gone: error.is_gone(),
            may_recover: matches!(again, Again::Backoff | Again::After(_)),
            wait_seconds: if let Again::After(wait) = again {
                Some(wait.as_secs())
            } else {
                None
            },
        }
    }

    /// A page that was being read, alone, when the worker ended.
    pub(super) fn fatal(place: u32, url: String) -> Self {
        Self {
            place,
            url,
            reason: ErrorCode::Infrastructure,
            message: "the worker that read it ended before it was done".to_owned(),
            status: None,
            gone: false,
            may_recover: false,
            wait_seconds: None,
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
