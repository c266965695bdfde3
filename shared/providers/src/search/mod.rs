//! Web search behind one port: SearXNG, Brave, Tavily, a list of feeds, and the bundled site offline.
//!
//! A provider that fails is an error and never an empty list (FAULTS F48): a run that stored nothing
//! as success would see every earlier result dropped, and say so. A key that is used up is a refusal,
//! not an outage: waiting does not help, and a person must be told.

pub(crate) mod brave;
mod decomposition;
mod exchange;
mod feeds;
mod offline;
pub(crate) mod ranking;
mod searxng;
pub(crate) mod tavily;

use std::collections::HashSet;

use domain::results::Found;
use domain::url_identity::parse_identity;

pub use brave::BraveSearch;
pub use decomposition::DecomposingSearch;
pub use feeds::FeedSearch;
pub use offline::OfflineSearch;
pub(crate) use offline::SOURCE as OFFLINE_SOURCE;
pub use searxng::SearxngSearch;
pub use tavily::TavilySearch;

/// Keeps what can be used: results with a web URL, each page once, at most `max_results`.
pub(crate) fn usable(found: impl IntoIterator<Item = Found>, max_results: u32) -> Vec<Found> {
    let mut seen = HashSet::new();
    found
        .into_iter()
        .filter(|found| parse_identity(&found.url).is_some_and(|identity| seen.insert(identity)))
        .take(usize::try_from(max_results).unwrap_or(usize::MAX))
        .collect()
}
