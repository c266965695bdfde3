//! Web search. A failed provider is an error, never an empty list: an empty result stored as
//! success would make everything look dropped at the next comparison (FAULTS F48).

use std::time::Duration;

use async_trait::async_trait;
use domain::plan::Freshness;
use domain::results::Found;

/// One query.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchRequest {
    pub query: String,
    /// 1-50.
    pub max_results: u32,
    pub freshness: Option<Freshness>,
    /// The moment "this week" is counted from.
    pub now: jiff::Timestamp,
}

/// Why a search has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SearchError {
    #[error("the search provider did not answer in time")]
    Timeout,
    #[error("the search provider asks to be called less often")]
    RateLimited { retry_after: Option<Duration> },
    #[error("the search provider could not be reached or failed: {reason}")]
    Unavailable { reason: String },
    #[error("the search provider refused the request: {reason}")]
    Refused { reason: String },
}

/// A search provider, or its offline twin.
#[async_trait]
pub trait Search: Send + Sync {
    /// At most `max_results` results, best first, no URL twice.
    async fn search(
        &self,
        request: &SearchRequest,
        limit: Duration,
    ) -> Result<Vec<Found>, SearchError>;
}
