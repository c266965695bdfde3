//! The Tavily Search API: `POST /search`, a bearer key.

use std::time::Duration;

use async_trait::async_trait;
use domain::results::Found;
use engine::ports::{Search, SearchError, SearchRequest};
use reqwest::Client;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::exchange::{ask, concise, date, endpoint, found, unavailable, within};
use super::usable;
use crate::feed::When;
use crate::http::{ClientError, client};
use crate::secret::Secret;

/// Where the service is.
pub(crate) const ENDPOINT: &str = "https://api.tavily.com";

/// The most results of one question (`max_results`); there are no further pages.
const MOST_RESULTS: u32 = 20;

/// The longest query taken, in characters; words are not counted.
const MOST_CHARS: usize = 400;

/// A search client.
pub struct TavilySearch {
    endpoint: Url,
    key: Secret,
    client: Client,
}

impl TavilySearch {
    /// A client of the service at `base`.
    ///
    /// # Errors
    /// When no TLS client can be built.
    pub fn new(base: &Url, key: Secret) -> Result<Self, ClientError> {
        Ok(Self {
            endpoint: endpoint(base, "/search"),
            key,
            client: client(|builder| builder)?,
        })
    }

    async fn ask(&self, request: &SearchRequest) -> Result<Vec<Found>, SearchError> {
        let mut question = json!({
            "query": concise(&request.query, usize::MAX, MOST_CHARS),
            "max_results": request.max_results.clamp(1, MOST_RESULTS),
            "search_depth": "basic",
        });
        if let Some(freshness) = request.freshness {
            // Our words for a window of time are Tavily's.
            question["time_range"] = freshness.as_str().into();
        }
        let question = self
            .client
            .post(self.endpoint.clone())
            .bearer_auth(self.key.expose())
            .json(&question);
        let body = ask(question, |_| None).await?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| unavailable("the answer is not the Tavily API's".to_owned()))?;
        let results = answer.results.into_iter().map(Hit::found);
        Ok(usable(results, request.max_results))
    }
}

#[async_trait]
impl Search for TavilySearch {
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
struct Answer {
    results: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    url: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    content: Option<String>,
    /// An Internet date (RFC 5322), where the page has one.
    #[serde(default)]
    published_date: Option<String>,
}

impl Hit {
    fn found(self) -> Found {
        let published = self
            .published_date
            .as_deref()
            .and_then(|text| date(text).or_else(|| Some(When::read(text)?.to_string())));
        found(
            self.url,
            &self.title.unwrap_or_default(),
            &self.content.unwrap_or_default(),
            published,
            "tavily",
        )
    }
}

#[cfg(test)]
mod tests {
    use domain::plan::Freshness;
    use jiff::Timestamp;

    use super::*;
    use crate::loopback::{Loopback, reply};

    async fn ask_server(server: &Loopback) -> Result<Vec<Found>, SearchError> {
        let search = TavilySearch::new(&server.url("/"), Secret::new("tvly-1")).unwrap();
        let request = SearchRequest {
            query: "quay ferry".to_owned(),
            max_results: 50,
            freshness: Some(Freshness::Day),
            now: Timestamp::UNIX_EPOCH,
        };
        search.search(&request, Duration::from_secs(5)).await
    }

    #[tokio::test]
    async fn asks_and_reads() {
        let answer = r#"{"query": "quay ferry", "answer": null, "results": [
            {"url": "https://a.example/1", "title": "One", "content": "text", "score": 0.9, "published_date": "Fri, 20 Nov 2026 08:00:00 GMT"},
            {"url": "https://a.example/1#x", "title": "the same"}, {"url": "ftp://a.example/2"}]}"#;
        let server = Loopback::start(vec![reply(
            200,
            &[("content-type", "application/json")],
            answer,
        )])
        .await;
        let found = ask_server(&server).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].published_date.as_deref(),
            Some("2026-11-20T08:00:00Z")
        );
        let seen = server.requests().remove(0);
        assert!(seen.starts_with("POST /search HTTP/1.1"), "{seen}");
        assert!(
            seen.to_ascii_lowercase()
                .contains("authorization: bearer tvly-1"),
            "{seen}"
        );
        assert!(
            seen.contains(r#""max_results":20"#) && seen.contains(r#""time_range":"day""#),
            "{seen}"
        );
    }

    #[tokio::test]
    async fn a_failure_is_never_an_empty_result() {
        for (answer, is_refused) in [
            (reply(401, &[], ""), true),
            (reply(432, &[], ""), true),
            (reply(433, &[], ""), true),
            (reply(500, &[], ""), false),
            (reply(200, &[], r#"{"detail": "no"}"#), false),
        ] {
            let error = ask_server(&Loopback::start(vec![answer]).await)
                .await
                .unwrap_err();
            assert_eq!(
                matches!(error, SearchError::Refused { .. }),
                is_refused,
                "{error}"
            );
        }
        let busy = Loopback::start(vec![reply(429, &[("retry-after", "60")], "")]).await;
        let wait = Some(Duration::from_secs(60));
        assert_eq!(
            ask_server(&busy).await,
            Err(SearchError::RateLimited { retry_after: wait })
        );
    }
}
