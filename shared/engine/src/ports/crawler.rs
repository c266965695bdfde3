//! Fetching one page of the web, behind the egress rule (promise 13) and with manners: robots.txt,
//! pacing, conditional requests.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One page to fetch.
#[derive(Debug, Clone, PartialEq)]
pub struct PageRequest {
    pub url: url::Url,
    /// The whole fetch: waiting for a turn, redirects and body included.
    pub limit: Duration,
    /// What an earlier reading of the page left. Where it still holds, the answer is
    /// [`Fetched::Unchanged`] and costs the site nothing.
    pub validators: Option<Validators>,
    /// The fields to read from the page.
    pub fields: Option<FieldRequest>,
}

impl PageRequest {
    /// A page, whatever was read of it before, and no fields.
    #[must_use]
    pub fn new(url: url::Url, limit: Duration) -> Self {
        Self {
            url,
            limit,
            validators: None,
            fields: None,
        }
    }
}

/// Fields to be read from a page.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldRequest {
    /// An `extraction_schema`: a JSON Schema whose properties are the fields.
    pub schema: Arc<Value>,
    /// Where the fields were found last time, by name: those places are tried first, and one that has
    /// lost its field is reported.
    pub locators: Map<String, Value>,
}

/// What a server gave to recognise an answer by (RFC 9110, section 8.8).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Validators {
    /// The address they belong to: where the redirects ended.
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// A page as it was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    pub url: String,
    /// Where the redirects ended.
    pub final_url: String,
    /// Further addresses the page goes by: those permanent redirects led to, and the one it calls its
    /// own (`rel=canonical`). A claim of the site, for comparing and never for fetching.
    pub aliases: Vec<String>,
    /// The HTTP status of the final answer: 200-299.
    pub status: u16,
    pub title: String,
    /// The main text, without mark-up.
    pub text: String,
    /// As the page says it, `YYYY-MM-DD` or RFC 3339.
    pub published: Option<String>,
    /// Links in the order of the page, absolute, without fragment.
    pub links: Vec<String>,
    /// The sitemaps its site's robots.txt names, as they are written there.
    pub sitemaps: Vec<String>,
    /// JSON-LD, OpenGraph and the like.
    pub structured: Value,
    /// What to ask the site with next time.
    pub validators: Option<Validators>,
    /// The fields asked for.
    pub fields: Option<Fields>,
}

/// Fields read from a page. What was not found is absent, never null or empty: a price that could not
/// be read must not look like a price that changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields {
    pub values: Map<String, Value>,
    /// Where each was found, by name.
    pub provenance: Map<String, Value>,
    /// Fields whose remembered place no longer holds one.
    pub lost: Vec<String>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Fetched {
    Page(Box<Page>),
    /// The page is what it was when the request's validators were given.
    Unchanged,
}

/// Why a page could not be read. The codes of `error()` are the contract's (section 5).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FetchError {
    #[error("the address is not public: {reason}")]
    BlockedAddress { reason: String },
    #[error("the site did not answer in time")]
    Timeout,
    #[error("the site asks to be called less often")]
    RateLimited { retry_after: Option<Duration> },
    #[error("the site could not be reached: {reason}")]
    Unreachable { reason: String },
    /// Its host cannot show that it is the one that was meant. An answer, and the same one in a minute.
    #[error("the site's certificate is not valid: {reason}")]
    BadCertificate { reason: String },
    #[error("the site answered {status}")]
    HttpStatus {
        status: u16,
        retry_after: Option<Duration>,
    },
    #[error("more than 5 redirects, or a loop")]
    TooManyRedirects,
    #[error("the page is larger than {limit_bytes} bytes")]
    TooLarge { limit_bytes: u64 },
    /// Its mark-up would make a larger tree, or more work, than is spent on a page.
    #[error("the page costs more to read than is spent on a page")]
    TooCostly,
    #[error("the content type {content_type} is not read")]
    UnsupportedContentType { content_type: String },
    #[error("the site's robots.txt does not allow it")]
    RobotsDenied,
    #[error("the page shows its content only with script")]
    NeedsScript,
    /// Nothing was asked of the site: its turn comes later than the request may wait. No failure.
    #[error("the site's turn comes in {} seconds", wait.as_secs())]
    NotYet { wait: Duration },
}

impl FetchError {
    /// Whether the site said that there is no such page: an observation, not an outage.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(
            self,
            Self::HttpStatus {
                status: 404 | 410,
                ..
            }
        )
    }
}

/// Fetches and reads pages.
#[async_trait]
pub trait Crawler: Send + Sync {
    async fn fetch(&self, request: &PageRequest) -> Result<Fetched, FetchError>;
}
