//! SearXNG, or anything that answers `GET {url}/search?q=…&format=json` in its form.
//!
//! The address is the operator's configuration and exempt from the egress rule; redirects are not
//! followed, since they would leave it.

use std::time::Duration;

use async_trait::async_trait;
use domain::plan::Freshness;
use domain::results::Found;
use engine::ports::{Search, SearchError, SearchRequest};
use jiff::Timestamp;
use reqwest::{Client, Response};
use serde::Deserialize;
use url::Url;

use super::usable;
use crate::http::{ClientError, client, text_of};
use crate::retry_after::retry_after;

/// The largest answer read. A page of results is a few tens of KiB.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The longest snippet kept, in characters.
const MAX_SNIPPET_CHARS: usize = 500;

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
        let mut endpoint = base.clone();
        endpoint.set_path(&format!("{}/search", base.path().trim_end_matches('/')));
        endpoint.set_query(None);
        endpoint.set_fragment(None);
        Ok(Self {
            endpoint,
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
        if let Some(range) = request.freshness.map(time_range) {
            url.query_pairs_mut().append_pair("time_range", range);
        }
        url
    }

    async fn ask(&self, request: &SearchRequest) -> Result<Vec<Found>, SearchError> {
        let response = self
            .client
            .get(self.url(request))
            .send()
            .await
            .map_err(|error| {
                if error.is_timeout() {
                    SearchError::Timeout
                } else {
                    unavailable(text_of(&error))
                }
            })?;
        refuse_failure(&response)?;
        let body = body(response).await?;
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
        tokio::time::timeout(limit, self.ask(request))
            .await
            .unwrap_or(Err(SearchError::Timeout))
    }
}

/// What SearXNG calls a window of time.
fn time_range(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Day => "day",
        Freshness::Week => "week",
        Freshness::Month => "month",
        Freshness::Year => "year",
    }
}

fn refuse_failure(response: &Response) -> Result<(), SearchError> {
    let status = response.status().as_u16();
    match status {
        200..=299 => Ok(()),
        429 => Err(SearchError::RateLimited {
            retry_after: retry_after(response.headers(), Timestamp::now()),
        }),
        408 | 504 => Err(SearchError::Timeout),
        // SearXNG answers 403 when its json format is switched off.
        400 | 401 | 403 | 404 | 405 => Err(SearchError::Refused {
            reason: format!("status {status}"),
        }),
        _ => Err(unavailable(format!("status {status}"))),
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, SearchError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| unavailable(text_of(&error)))?
    {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(unavailable(format!(
                "the answer is larger than {MAX_BYTES} bytes"
            )));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn unavailable(reason: String) -> SearchError {
    SearchError::Unavailable { reason }
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
        let title = one_line(&self.title.unwrap_or_default());
        Found {
            title: if title.is_empty() { url.clone() } else { title },
            url,
            snippet: one_line(&self.content.unwrap_or_default())
                .chars()
                .take(MAX_SNIPPET_CHARS)
                .collect(),
            published_date: self.published.as_deref().and_then(date),
            source: Some(source.to_owned()),
            extracted: None,
        }
    }
}

/// SearXNG writes the local time of the engine without an offset: only the day is known.
fn date(text: &str) -> Option<String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.to_string());
    }
    text.get(..10)?
        .parse::<jiff::civil::Date>()
        .ok()
        .map(|date| date.to_string())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
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
