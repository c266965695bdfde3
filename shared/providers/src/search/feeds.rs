//! A search over feeds the operator lists: no key, no third party, nothing older than the feeds.
//!
//! Every feed is read at each question, and all of them or none: with one of them missing its entries
//! would look dropped at the next comparison (FAULTS F48). A feed that is gone for good is taken off the
//! list by whoever put it there.

use std::time::Duration;

use async_trait::async_trait;
use domain::plan::Freshness;
use domain::results::Found;
use engine::ports::{Search, SearchError, SearchRequest};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use tokio::task::JoinSet;
use url::Url;

use super::exchange::{body, failure, found, refuse_failure, unavailable, within};
use super::ranking::{Document, rank, terms};
use super::usable;
use crate::feed::{self, Entry};
use crate::http::{ClientError, client};

/// Redirects followed, all within the host the operator named: it is what he trusts.
const MOST_REDIRECTS: usize = 5;

/// Searches feeds.
pub struct FeedSearch {
    feeds: Vec<Url>,
    client: Client,
}

impl FeedSearch {
    /// A search over `feeds`.
    ///
    /// # Errors
    /// When no TLS client can be built.
    pub fn new(feeds: Vec<Url>) -> Result<Self, ClientError> {
        let client =
            client(|builder| builder.user_agent(concat!("Nightdesk/", env!("CARGO_PKG_VERSION"))))?;
        Ok(Self { feeds, client })
    }

    async fn ask(&self, request: &SearchRequest) -> Result<Vec<Found>, SearchError> {
        let mut reading = JoinSet::new();
        for (index, url) in self.feeds.iter().cloned().enumerate() {
            let client = self.client.clone();
            reading.spawn(async move { (index, read(&client, url).await) });
        }
        let mut read = reading.join_all().await;
        read.sort_by_key(|(index, _)| *index);
        let mut entries = Vec::new();
        let mut failed: Vec<(usize, SearchError)> = Vec::new();
        for (index, outcome) in read {
            match outcome {
                Ok(found) => entries.extend(found),
                Err(error) => failed.push((index, error)),
            }
        }
        if let Some((index, error)) = failed.first() {
            let host = self.feeds[*index].host_str().unwrap_or_default();
            tracing::warn!(failed = failed.len(), of = self.feeds.len(), first = host, %error, "feeds could not be read");
            return Err(self.combined(&failed));
        }
        Ok(answer(&entries, request))
    }

    /// One error for those of several feeds. Of one feed it is that feed's own.
    fn combined(&self, failed: &[(usize, SearchError)]) -> SearchError {
        let hosts: Vec<&str> = failed
            .iter()
            .filter_map(|(index, _)| self.feeds[*index].host_str())
            .collect();
        let reason = |why: &str| {
            format!(
                "{} of {} feeds could not be read ({}): {why}",
                failed.len(),
                self.feeds.len(),
                hosts.join(", ")
            )
        };
        match failed {
            [(_, SearchError::Unavailable { reason: why })] => unavailable(reason(why)),
            [(_, SearchError::Refused { reason: why })] => SearchError::Refused {
                reason: reason(why),
            },
            [(_, error)] => error.clone(),
            several => unavailable(reason(
                &several
                    .first()
                    .map_or_else(String::new, |(_, error)| error.to_string()),
            )),
        }
    }
}

#[async_trait]
impl Search for FeedSearch {
    async fn search(
        &self,
        request: &SearchRequest,
        limit: Duration,
    ) -> Result<Vec<Found>, SearchError> {
        within(limit, self.ask(request)).await
    }
}

async fn read(client: &Client, start: Url) -> Result<Vec<Entry>, SearchError> {
    let mut url = start.clone();
    for _ in 0..=MOST_REDIRECTS {
        let response = client
            .get(url.clone())
            .send()
            .await
            .map_err(|error| failure(&error))?;
        if response.status().is_redirection() {
            url = response
                .headers()
                .get(LOCATION)
                .and_then(|location| location.to_str().ok())
                .and_then(|location| url.join(location).ok())
                .filter(|next| {
                    next.host() == start.host() && matches!(next.scheme(), "http" | "https")
                })
                .ok_or_else(|| SearchError::Refused {
                    reason:
                        "the feed has moved to another host; its new address must be configured"
                            .to_owned(),
                })?;
            continue;
        }
        refuse_failure(&response)?;
        let charset = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split("charset=").nth(1))
            .map(|charset| charset.split(';').next().unwrap_or_default().to_owned());
        let bytes = body(response, feed::MAX_BYTES).await?;
        return feed::read(&bytes, charset.as_deref(), &url)
            .map(|feed| feed.entries)
            .map_err(|error| unavailable(error.to_string()));
    }
    Err(unavailable("too many redirects".to_owned()))
}

/// The entries that answer, best first; the newest first when the question names nothing.
fn answer(entries: &[Entry], request: &SearchRequest) -> Vec<Found> {
    let today = request.now.to_zoned(TimeZone::UTC).date();
    let dated: Vec<(&Entry, Option<Date>)> = entries
        .iter()
        .map(|entry| {
            let when = entry.published.or(entry.updated);
            (entry, when.map(feed::When::date))
        })
        // What has no date cannot be shown to be new.
        .filter(|(_, date)| match (request.freshness, date) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(freshness), Some(date)) => age(today, *date) <= days(freshness),
        })
        .collect();
    let documents: Vec<Document<'_>> = dated
        .iter()
        .map(|(entry, date)| Document {
            title: &entry.title,
            tags: "",
            summary: &entry.summary,
            text: "",
            age_days: date.map_or(u32::MAX, |date| age(today, date)),
        })
        .collect();
    let order = if terms(&request.query).next().is_none() {
        let mut order: Vec<usize> = (0..documents.len()).collect();
        order.sort_by_key(|index| documents[*index].age_days);
        order
    } else {
        rank(&request.query, &documents)
    };
    let results = order.into_iter().map(|index| {
        let entry = dated[index].0;
        let when = entry.published.or(entry.updated);
        found(
            entry.url.clone().unwrap_or_default(),
            &entry.title,
            &entry.summary,
            when.map(|when| when.to_string()),
            "feeds",
        )
    });
    usable(results, request.max_results)
}

/// Days since `date`; a date to come is of today.
fn age(today: Date, date: Date) -> u32 {
    let days = date.duration_until(today).as_hours() / 24;
    u32::try_from(days).unwrap_or(0)
}

fn days(freshness: Freshness) -> u32 {
    match freshness {
        Freshness::Day => 1,
        Freshness::Week => 7,
        Freshness::Month => 31,
        Freshness::Year => 366,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback::{Loopback, reply};

    const FEED: &str = "<rss><channel><title>t</title>\
        <item><title>The ferry sails again</title><link>/1</link><pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate></item>\
        <item><title>Ferry prices</title><link>/2</link><pubDate>Sun, 01 Nov 2026 08:00:00 GMT</pubDate><description>New fares</description></item>\
        <item><title>A ferry without a date</title><link>/3</link></item>\
        <item><title>Library hours</title><link>/4</link><pubDate>Sat, 21 Nov 2026 08:00:00 GMT</pubDate></item></channel></rss>";

    async fn ask_feeds(
        feeds: Vec<Url>,
        query: &str,
        freshness: Option<Freshness>,
    ) -> Result<Vec<String>, SearchError> {
        let request = SearchRequest {
            query: query.to_owned(),
            max_results: 10,
            freshness,
            now: "2026-11-21T12:00:00Z".parse().unwrap(),
        };
        let found = FeedSearch::new(feeds)
            .unwrap()
            .search(&request, Duration::from_secs(5))
            .await?;
        Ok(found
            .iter()
            .map(|found| found.url.rsplit('/').next().unwrap().to_owned())
            .collect())
    }

    #[tokio::test]
    async fn entries_are_ranked_and_filtered() {
        let server = Loopback::start(vec![reply(
            200,
            &[("content-type", "application/rss+xml")],
            FEED,
        )])
        .await;
        let feeds = || vec![server.url("/feed")];
        assert_eq!(
            ask_feeds(feeds(), "ferry", None).await.unwrap(),
            ["1", "2", "3"]
        );
        assert_eq!(
            ask_feeds(feeds(), "ferry", Some(Freshness::Week))
                .await
                .unwrap(),
            ["1"]
        );
        assert_eq!(
            ask_feeds(feeds(), "what is new", None).await.unwrap(),
            ["4", "1", "2", "3"]
        );
        assert!(
            ask_feeds(feeds(), "zeppelin", None)
                .await
                .unwrap()
                .is_empty()
        );
    }

    #[tokio::test]
    async fn all_feeds_or_none() {
        let good = Loopback::start(vec![reply(200, &[], FEED)]).await;
        for answer in [
            reply(500, &[], ""),
            reply(200, &[], "<!doctype html><p>Sorry"),
            reply(302, &[("location", "http://169.254.169.254/")], ""),
        ] {
            let bad = Loopback::start(vec![answer]).await;
            let error = ask_feeds(vec![good.url("/a"), bad.url("/b")], "ferry", None)
                .await
                .unwrap_err();
            assert!(error.to_string().contains("1 of 2 feeds"), "{error}");
        }
        let busy = Loopback::start(vec![reply(429, &[("retry-after", "60")], "")]).await;
        let wait = Some(Duration::from_secs(60));
        assert_eq!(
            ask_feeds(vec![busy.url("/")], "x", None).await,
            Err(SearchError::RateLimited { retry_after: wait })
        );
    }

    #[tokio::test]
    async fn a_feed_may_move_within_its_host() {
        let server = Loopback::serve(|_, request| {
            Some(if request.starts_with("GET /old ") {
                reply(301, &[("location", "/new/feed")], "")
            } else {
                reply(200, &[], FEED)
            })
        })
        .await;
        assert_eq!(
            ask_feeds(vec![server.url("/old")], "library", None)
                .await
                .unwrap(),
            ["4"]
        );
        let circle = Loopback::start(vec![reply(301, &[("location", "/")], "")]).await;
        assert!(ask_feeds(vec![circle.url("/")], "x", None).await.is_err());
    }
}
