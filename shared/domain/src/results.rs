//! What search and crawl steps find: the unit that patrols compare.

use serde::{Deserialize, Serialize};

/// One found thing, as the contract's `results[]` shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Found {
    pub url: String,
    pub title: String,
    #[serde(default)]
    pub snippet: String,
    /// `YYYY-MM-DD` or RFC 3339, as the source said it.
    #[serde(default)]
    pub published_date: Option<String>,
    /// Who found it (`offline`, `searxng`, …); absent for crawled pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Fields read by an extraction schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extracted: Option<serde_json::Value>,
}
