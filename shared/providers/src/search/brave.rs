//! The Brave Search API: `GET /res/v1/web/search`, a key in `X-Subscription-Token`.
//!
//! It counts two windows, one of a second and one of a month, and says of each in its headers what is
//! left and when it begins again. The first is worth waiting for; the second is not.

use std::time::Duration;

use async_trait::async_trait;
use domain::plan::Freshness;
use domain::results::Found;
use engine::ports::{Search, SearchError, SearchRequest};
use reqwest::Client;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use url::Url;

use super::exchange::{QUOTA, ask, concise, date, endpoint, found, unavailable, within};
use super::usable;
use crate::feed::plain_text;
use crate::http::{ClientError, client};
use crate::retry_after::LONGEST;
use crate::secret::Secret;

/// Where the service is.
pub(crate) const ENDPOINT: &str = "https://api.search.brave.com";

/// The most results of one page, and pages of one query (`count`, `offset`).
const PAGE: u32 = 20;
const MOST_PAGES: u32 = 10;

/// The longest query taken (`q`).
const MOST_WORDS: usize = 50;
const MOST_CHARS: usize = 400;

/// A search client.
pub struct BraveSearch {
    endpoint: Url,
    key: Secret,
    client: Client,
}

impl BraveSearch {
    /// A client of the service at `base`.
    ///
    /// # Errors
    /// When no TLS client can be built.
    pub fn new(base: &Url, key: Secret) -> Result<Self, ClientError> {
        Ok(Self {
            endpoint: endpoint(base, "/res/v1/web/search"),
            key,
            client: client(|builder| builder)?,
        })
    }

    async fn page(
        &self,
        request: &SearchRequest,
        count: u32,
        page: u32,
    ) -> Result<(Vec<Found>, bool), SearchError> {
        let mut url = self.endpoint.clone();
        url.query_pairs_mut()
            .append_pair("q", &concise(&request.query, MOST_WORDS, MOST_CHARS))
            .append_pair("count", &count.to_string())
            .append_pair("result_filter", "web");
        if page > 0 {
            url.query_pairs_mut()
                .append_pair("offset", &page.to_string());
        }
        if let Some(freshness) = request.freshness {
            url.query_pairs_mut()
                .append_pair("freshness", window(freshness));
        }
        let question = self
            .client
            .get(url)
            .header("Accept", "application/json")
            .header("X-Subscription-Token", self.key.expose());
        let body = ask(question, limits).await?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| unavailable("the answer is not the Brave Search API's".to_owned()))?;
        if answer.kind != "search" {
            return Err(unavailable("the answer is not a search's".to_owned()));
        }
        let more = answer.query.more_results_available;
        let results = answer.web.map(|web| web.results).unwrap_or_default();
        Ok((results.into_iter().map(Hit::found).collect(), more))
    }

    async fn ask(&self, request: &SearchRequest) -> Result<Vec<Found>, SearchError> {
        let wanted = usize::try_from(request.max_results).unwrap_or(usize::MAX);
        // A page begins where one of its own size would: all pages have the same.
        let count = request.max_results.clamp(1, PAGE);
        let mut all = Vec::new();
        for page in 0..MOST_PAGES {
            let (results, more) = self.page(request, count, page).await?;
            let is_empty = results.is_empty();
            all = usable(all.into_iter().chain(results), request.max_results);
            if all.len() >= wanted || !more || is_empty {
                break;
            }
        }
        Ok(all)
    }
}

#[async_trait]
impl Search for BraveSearch {
    async fn search(
        &self,
        request: &SearchRequest,
        limit: Duration,
    ) -> Result<Vec<Found>, SearchError> {
        within(limit, self.ask(request)).await
    }
}

fn window(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Day => "pd",
        Freshness::Week => "pw",
        Freshness::Month => "pm",
        Freshness::Year => "py",
    }
}

/// `X-RateLimit-Remaining: 0, 1532` and `X-RateLimit-Reset: 1, 1419704`: the windows that are empty,
/// and the seconds until they are full again.
fn limits(headers: &HeaderMap) -> Option<SearchError> {
    let list = |name: &str| -> Option<Vec<u64>> {
        let text = headers.get(name)?.to_str().ok()?;
        text.split(',')
            .map(|part| part.trim().parse().ok())
            .collect()
    };
    let (remaining, resets) = (list("x-ratelimit-remaining")?, list("x-ratelimit-reset")?);
    let wait = remaining
        .iter()
        .zip(&resets)
        .filter(|(remaining, _)| **remaining == 0)
        .map(|(_, reset)| Duration::from_secs(*reset))
        .max()
        .or_else(|| resets.first().map(|reset| Duration::from_secs(*reset)))?;
    Some(if wait > LONGEST {
        SearchError::Refused {
            reason: QUOTA.to_owned(),
        }
    } else {
        SearchError::RateLimited {
            retry_after: Some(wait),
        }
    })
}

/// What of an answer is read. `web` is missing when nothing was found.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    query: Query,
    #[serde(default)]
    web: Option<Web>,
}

#[derive(Deserialize, Default)]
struct Query {
    #[serde(default)]
    more_results_available: bool,
}

#[derive(Deserialize)]
struct Web {
    #[serde(default)]
    results: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    url: String,
    #[serde(default)]
    title: Option<String>,
    /// With the words of the query in bold.
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    page_age: Option<String>,
}

impl Hit {
    fn found(self) -> Found {
        found(
            self.url,
            &plain_text(&self.title.unwrap_or_default()),
            &plain_text(&self.description.unwrap_or_default()),
            self.page_age.as_deref().and_then(date),
            "brave",
        )
    }
}

#[cfg(test)]
mod tests {
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

    async fn ask_server(server: &Loopback, max_results: u32) -> Result<Vec<Found>, SearchError> {
        let search = BraveSearch::new(&server.url("/"), Secret::new("sk-brave")).unwrap();
        let request = request(max_results, Some(Freshness::Month));
        search.search(&request, Duration::from_secs(8)).await
    }

    fn page(numbers: std::ops::Range<u32>, more: bool) -> Vec<u8> {
        let results: Vec<serde_json::Value> = numbers
            .map(|n| {
                serde_json::json!({"url": format!("https://a.example/{n}"), "title": format!("No. {n} &amp; more"),
                    "description": "the <strong>ferry</strong> sails", "page_age": "2026-11-20T08:00:00", "age": "1 day ago"})
            })
            .collect();
        let answer = serde_json::json!({"type": "search", "query": {"more_results_available": more}, "web": {"results": results}});
        reply(
            200,
            &[("content-type", "application/json")],
            answer.to_string(),
        )
    }

    #[tokio::test]
    async fn reads_pages_until_there_is_enough() {
        let server = Loopback::start(vec![page(0..20, true), page(15..35, true)]).await;
        let found = ask_server(&server, 30).await.unwrap();
        assert_eq!(found.len(), 30);
        assert_eq!(
            (found[0].title.as_str(), found[0].snippet.as_str()),
            ("No. 0 & more", "the ferry sails")
        );
        assert_eq!(found[0].published_date.as_deref(), Some("2026-11-20"));
        assert_eq!(
            found[29].url, "https://a.example/29",
            "what two pages share is one"
        );
        let seen = server.requests();
        assert!(
            seen[0].starts_with("GET /res/v1/web/search?q=quay+%26+ferry&count=20&result_filter=web&freshness=pm HTTP/1.1"),
            "{}",
            seen[0]
        );
        assert!(
            seen[0]
                .to_ascii_lowercase()
                .contains("x-subscription-token: sk-brave")
        );
        assert!(seen[1].contains("&offset=1&"), "{}", seen[1]);
        assert_eq!(seen.len(), 2);
    }

    #[tokio::test]
    async fn nothing_found_is_an_answer_and_anything_else_an_error() {
        let none = reply(200, &[], r#"{"type": "search", "query": {}}"#);
        assert_eq!(
            ask_server(&Loopback::start(vec![none]).await, 5).await,
            Ok(vec![])
        );
        for body in ["{}", r#"{"type": "ErrorResponse"}"#, "<html>"] {
            let server = Loopback::start(vec![reply(200, &[], body)]).await;
            let error = ask_server(&server, 5).await.unwrap_err();
            assert!(matches!(error, SearchError::Unavailable { .. }), "{error}");
        }
        let server = Loopback::start(vec![reply(401, &[], "sk-brave is wrong")]).await;
        let error = ask_server(&server, 5).await.unwrap_err();
        assert!(matches!(error, SearchError::Refused { .. }) && !error.to_string().contains("sk-"));
        // A later page that fails must not look like fewer results.
        let server = Loopback::start(vec![page(0..20, true), reply(500, &[], "")]).await;
        assert!(ask_server(&server, 30).await.is_err());
    }

    #[tokio::test]
    async fn a_second_is_waited_for_and_a_month_is_not() {
        let busy = |remaining: &str, reset: &str| {
            reply(
                429,
                &[
                    ("x-ratelimit-remaining", remaining),
                    ("x-ratelimit-reset", reset),
                ],
                "",
            )
        };
        let server = Loopback::start(vec![busy("0, 900", "0, 1000000"), page(0..1, false)]).await;
        assert_eq!(ask_server(&server, 5).await.unwrap().len(), 1);
        let server = Loopback::start(vec![busy("0, 900", "30, 1000000")]).await;
        let wait = Some(Duration::from_secs(30));
        assert_eq!(
            ask_server(&server, 5).await,
            Err(SearchError::RateLimited { retry_after: wait })
        );
        let server = Loopback::start(vec![busy("1, 0", "1, 1000000")]).await;
        assert!(matches!(
            ask_server(&server, 5).await,
            Err(SearchError::Refused { .. })
        ));
        let server = Loopback::start(vec![reply(402, &[], "")]).await;
        assert!(matches!(
            ask_server(&server, 5).await,
            Err(SearchError::Refused { .. })
        ));
    }
}
