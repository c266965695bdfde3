//! SearXNG, or anything that answers `GET {url}/search?q=…&format=json` in its form.
//!
//! The address is the operator's configuration and exempt from the egress rule; redirects are not
//! followed, since they would leave it.

use std::time::Duration;

use async_trait::async_trait;
use domain::results::Found;
use engine::ports::{Search, SearchError, SearchRequest};
use reqwest::Client;
use serde::Deserialize;
use url::Url;

use super::exchange::{ask, date, endpoint, found, unavailable, within};
use super::usable;
use crate::http::{ClientError, client};

/// A search client.
pub struct SearxngSearch {
    endpoint: Url,
    source: &'static str,
    client: Client,
}

impl SearxngSearch {
    /// A client of the server at `base`; its results say `searxng` as their source.
    ///
    /// # Errors
    /// When no TLS client can be built.
    pub fn new(base: &Url) -> Result<Self, ClientError> {
        Self::with_source(base, "searxng")
    }

    /// The same under another name: the bundled site answers in this form, too.
    ///
    /// # Errors
    /// When no TLS client can be built.
    pub fn with_source(base: &Url, source: &'static str) -> Result<Self, ClientError> {
        Ok(Self {
            endpoint: endpoint(base, "/search"),
            source,
            client: client(|builder| {
                builder.user_agent(concat!("Nightdesk/", env!("CARGO_PKG_VERSION")))
            })?,
        })
    }

    fn url(&self, request: &SearchRequest) -> Url {
        let mut url = self.endpoint.clone();
        url.query_pairs_mut()
            .append_pair("q", &request.query)
            .append_pair("format", "json");
        if let Some(freshness) = request.freshness {
            // Our words for a window of time are SearXNG's.
            url.query_pairs_mut()
                .append_pair("time_range", freshness.as_str());
        }
        url
    }

    async fn ask(&self, request: &SearchRequest) -> Result<Vec<Found>, SearchError> {
        let body = ask(self.client.get(self.url(request)), |_| None).await?;
        let answer: SearxngAnswer = serde_json::from_slice(&body).map_err(|_| {
            unavailable(
                "the answer is not SearXNG's JSON: is the json format enabled there?".to_owned(),
            )
        })?;
        if answer.results.is_empty() && !answer.unresponsive_engines.is_empty() {
            return Err(unavailable("none of its engines answered".to_owned()));
        }
        let found = answer
            .results
            .into_iter()
            .map(|result| result.found(self.source));
        Ok(usable(found, request.max_results))
    }
}

#[async_trait]
impl Search for SearxngSearch {
    async fn search(
        &self,
        request: &SearchRequest,
        limit: Duration,
    ) -> Result<Vec<Found>, SearchError> {
        within(limit, self.ask(request)).await
    }
}

/// What of an answer is read. `results` is required: an object without it is not an answer.
#[derive(Deserialize)]
struct SearxngAnswer {
    results: Vec<SearxngResult>,
    /// Engines that failed, as pairs of name and reason.
    #[serde(default)]
    unresponsive_engines: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct SearxngResult {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    content: Option<String>,
    #[serde(default, rename = "publishedDate")]
    published: Option<String>,
}

impl SearxngResult {
    fn found(self, source: &str) -> Found {
        let url = self.url.unwrap_or_default();
        found(
            url,
            &self.title.unwrap_or_default(),
            &self.content.unwrap_or_default(),
            // SearXNG writes the local time of the engine without an offset: only the day is known.
            self.published.as_deref().and_then(date),
            source,
        )
    }
}

#[cfg(test)]
mod tests {
    use domain::plan::Freshness;
    use jiff::Timestamp;

    use super::*;
    use crate::loopback::{Loopback, reply};

    fn request(max_results: u32, freshness: Option<Freshness>) -> SearchRequest {
        SearchRequest {
            query: "quay & ferry".to_owned(),
            max_results,
            freshness,
            now: Timestamp::UNIX_EPOCH,
        }
    }

    async fn ask(answer: Vec<u8>) -> Result<Vec<Found>, SearchError> {
        let server = Loopback::start(vec![answer]).await;
        let search = SearxngSearch::new(&server.url("/")).unwrap();
        search
            .search(&request(2, None), Duration::from_secs(5))
            .await
    }

    #[tokio::test]
    async fn reads_results_and_drops_what_cannot_be_used() {
        let body = r#"{"results": [
            {"url": "javascript:1", "title": "bad"}, {"title": "no url"},
            {"url": "https://a.example/1?utm_source=x", "title": " One\n ", "content": "a  b", "publishedDate": "2026-11-20T00:00:00"},
            {"url": "https://a.example/1", "title": "the same"},
            {"url": "https://a.example/2", "title": null, "publishedDate": null},
            {"url": "https://a.example/3", "title": "too many"}]}"#;
        let server = Loopback::start(vec![reply(
            200,
            &[("content-type", "application/json")],
            body,
        )])
        .await;
        let search = SearxngSearch::new(&server.url("/sub/")).unwrap();
        let found = search
            .search(&request(2, Some(Freshness::Week)), Duration::from_secs(5))
            .await
            .unwrap();
        let seen = server.requests();
        assert!(
            seen[0].starts_with(
                "GET /sub/search?q=quay+%26+ferry&format=json&time_range=week HTTP/1.1"
            ),
            "{}",
            seen[0]
        );
        assert!(!seen[0].to_ascii_lowercase().contains("referer"));
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].title.as_str(), found[0].snippet.as_str()),
            ("One", "a b")
        );
        assert_eq!(found[0].published_date.as_deref(), Some("2026-11-20"));
        assert_eq!(found[0].source.as_deref(), Some("searxng"));
        assert_eq!(found[1].title, "https://a.example/2");
    }

    #[tokio::test]
    async fn a_failure_is_never_an_empty_result() {
        let rate = |value: &str| reply(429, &[("retry-after", value)], "");
        let wait = |seconds| {
            Err(SearchError::RateLimited {
                retry_after: Some(Duration::from_secs(seconds)),
            })
        };
        assert_eq!(ask(rate("7")).await, wait(7));
        assert_eq!(ask(rate("Sat, 21 Nov 2099 12:00:00 GMT")).await, wait(900));
        assert!(matches!(
            ask(reply(502, &[], "")).await,
            Err(SearchError::Unavailable { .. })
        ));
        assert!(matches!(
            ask(reply(403, &[], "")).await,
            Err(SearchError::Refused { .. })
        ));
        assert!(matches!(
            ask(reply(302, &[("location", "http://x.example/")], "")).await,
            Err(SearchError::Unavailable { .. })
        ));
        assert!(matches!(
            ask(reply(200, &[], "<html>")).await,
            Err(SearchError::Unavailable { .. })
        ));
        assert!(matches!(
            ask(reply(200, &[], "{}")).await,
            Err(SearchError::Unavailable { .. })
        ));
        let dead = reply(
            200,
            &[],
            r#"{"results": [], "unresponsive_engines": [["a", "timeout"]]}"#,
        );
        assert!(matches!(
            ask(dead).await,
            Err(SearchError::Unavailable { .. })
        ));
        assert_eq!(ask(reply(200, &[], r#"{"results": []}"#)).await, Ok(vec![]));
        let nobody = SearxngSearch::new(&Url::parse("http://127.0.0.1:9/").unwrap()).unwrap();
        assert!(matches!(
            nobody
                .search(&request(1, None), Duration::from_secs(5))
                .await,
            Err(SearchError::Unavailable { .. })
        ));
    }

    #[tokio::test]
    async fn a_server_that_hangs_is_a_timeout() {
        let server = Loopback::hanging().await;
        let search = SearxngSearch::new(&server.url("/")).unwrap();
        assert_eq!(
            search
                .search(&request(1, None), Duration::from_millis(50))
                .await,
            Err(SearchError::Timeout)
        );
    }
}
