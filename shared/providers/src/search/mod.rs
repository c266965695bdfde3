//! Web search: SearXNG for real, the bundled site offline.
//!
//! A provider that fails is an error and never an empty list (FAULTS F48): a run that stored nothing
//! as success would see every earlier result dropped, and say so.

mod offline;
pub(crate) mod ranking;
mod searxng;

use std::collections::HashSet;

use domain::results::Found;
use domain::url_identity::parse_identity;

pub use offline::OfflineSearch;
pub(crate) use offline::SOURCE as OFFLINE_SOURCE;
pub use searxng::SearxngSearch;

/// Keeps what can be used: results with a web URL, each page once, at most `max_results`.
pub(crate) fn usable(found: impl IntoIterator<Item = Found>, max_results: u32) -> Vec<Found> {
    let mut seen = HashSet::new();
    found
        .into_iter()
        .filter(|found| parse_identity(&found.url).is_some_and(|identity| seen.insert(identity)))
        .take(usize::try_from(max_results).unwrap_or(usize::MAX))
        .collect()
}
