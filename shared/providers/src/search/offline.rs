//! The offline search: the bundled site's pages, ranked in this process.
//!
//! It needs no network and no clock of its own: the same request has the same answer. It sees one
//! fixed edition of the site; a host that serves the site and turns its editions is asked over HTTP
//! instead (see `config`), like any other search engine.

use std::time::Duration;

use async_trait::async_trait;
use domain::results::Found;
use engine::ports::{Search, SearchError, SearchRequest};
use jiff::tz::TimeZone;
use url::Url;

use super::usable;
use crate::site::Site;

/// What the results say as their source.
pub(crate) const SOURCE: &str = "offline";

/// Searches the bundled site.
#[derive(Debug, Clone)]
pub struct OfflineSearch {
    site: Site,
    edition: u32,
}

impl OfflineSearch {
    /// A search over `edition` of the site, whose pages are said to be under `base`.
    #[must_use]
    pub fn new(base: &Url, edition: u32) -> Self {
        Self {
            site: Site::at(base),
            edition,
        }
    }

    /// A search over the first edition, under the site's notional address.
    #[must_use]
    pub fn notional() -> Self {
        Self {
            site: Site::notional(),
            edition: 1,
        }
    }
}

#[async_trait]
impl Search for OfflineSearch {
    async fn search(
        &self,
        request: &SearchRequest,
        _limit: Duration,
    ) -> Result<Vec<Found>, SearchError> {
        let today = request.now.to_zoned(TimeZone::UTC).date();
        let found = self
            .site
            .search(&request.query, request.freshness, self.edition, today)
            .into_iter()
            .map(|hit| Found {
                url: hit.url,
                title: hit.title,
                snippet: hit.snippet,
                published_date: hit.published.map(|date| date.to_string()),
                source: Some(SOURCE.to_owned()),
                extracted: None,
            });
        Ok(usable(found, request.max_results))
    }
}

#[cfg(test)]
mod tests {
    use domain::plan::Freshness;

    use super::*;

    async fn search(query: &str, max_results: u32, freshness: Option<Freshness>) -> Vec<Found> {
        let request = SearchRequest {
            query: query.to_owned(),
            max_results,
            freshness,
            now: "2026-11-21T23:59:00Z".parse().unwrap(),
        };
        OfflineSearch::notional()
            .search(&request, Duration::from_secs(1))
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn finds_launches_of_the_week() {
        let found = search("AI product launches", 10, Some(Freshness::Week)).await;
        assert!(found.len() >= 7, "{found:#?}");
        for result in &found {
            assert!(
                result
                    .url
                    .starts_with("https://harbour-wire.example/articles/"),
                "{result:?}"
            );
            assert!(
                result
                    .published_date
                    .as_deref()
                    .is_some_and(|date| date >= "2026-11-14"),
                "{result:?}"
            );
        }
        assert_eq!(
            search("AI product launches", 3, Some(Freshness::Week))
                .await
                .as_slice(),
            &found[..3]
        );
        assert!(search("AI product launches", 50, None).await.len() >= 9);
    }

    #[tokio::test]
    async fn ranks_by_the_words_of_the_query() {
        for (query, first) in [
            ("Rust compiler release", "rust-release-borrow-hints"),
            ("solid-state batteries", "solid-state-battery-line"),
            ("hydrogen storage", "hydrogen-cavern"),
            ("moon lander", "lighthouse-lander"),
            ("vegan stew recipe", "smoked-bean-stew"),
            ("data breach", "parcel-service-breach"),
            ("competitor pricing", "pricing"),
        ] {
            let found = search(query, 5, None).await;
            assert!(
                found
                    .first()
                    .is_some_and(|result| result.url.ends_with(first)),
                "{query}: {found:#?}"
            );
        }
        assert!(search("zeppelin", 5, None).await.is_empty());
    }
}
