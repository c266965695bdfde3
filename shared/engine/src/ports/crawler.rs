//! Fetching one page of the web, behind the egress rule (promise 13).

use std::time::Duration;

use async_trait::async_trait;

/// One page to fetch.
#[derive(Debug, Clone, PartialEq)]
pub struct PageRequest {
    pub url: url::Url,
    /// The whole fetch, redirects and body included.
    pub limit: Duration,
}

/// A page as it was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    pub url: String,
    /// Where the redirects ended.
    pub final_url: String,
    /// The HTTP status of the final answer: 200-299.
    pub status: u16,
    pub title: String,
    /// The main text, without mark-up.
    pub text: String,
    /// As the page says it, `YYYY-MM-DD` or RFC 3339.
    pub published: Option<String>,
    /// Links in the order of the page, absolute, without fragment.
    pub links: Vec<String>,
    /// JSON-LD, OpenGraph and the like, for `extraction_schema`.
    pub structured: serde_json::Value,
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
    #[error("the site answered {status}")]
    HttpStatus {
        status: u16,
        retry_after: Option<Duration>,
    },
    #[error("more than 5 redirects, or a loop")]
    TooManyRedirects,
    #[error("the page is larger than {limit_bytes} bytes")]
    TooLarge { limit_bytes: u64 },
    #[error("the content type {content_type} is not read")]
    UnsupportedContentType { content_type: String },
    #[error("the site's robots.txt does not allow it")]
    RobotsDenied,
    #[error("the page shows its content only with script")]
    NeedsScript,
}

/// Fetches and reads pages.
#[async_trait]
pub trait Crawler: Send + Sync {
    async fn fetch(&self, request: &PageRequest) -> Result<Page, FetchError>;
}
