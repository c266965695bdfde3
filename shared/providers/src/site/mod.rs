//! The bundled site: a small invented newspaper, so that everything can be tried without the web.
//!
//! It is a real site to whoever asks: HTML with the mark-up newspapers use, topic pages, a feed, a
//! sitemap, a price list and a search in SearXNG's form. Two things make it fit for a product that
//! watches: dates are counted back from `today`, so that "this week" always has something in it; and
//! it has editions. From edition 1 to 2 a price changes and a new article appears: the smallest
//! change a patrol must see. Dates stand outside of the article's text, so that the passing of days
//! alone is none.
//!
//! Everything on it is invented, and says so. The texts are in `site/articles/`, one file a topic.

mod articles;
mod feed;
mod pages;
mod pricing;

use std::fmt::Write as _;

use domain::plan::Freshness;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::json;
use url::{Url, form_urlencoded};

pub(crate) use articles::{Article, TOPICS, articles};

use crate::search::ranking::{Document, rank};

/// The name on the masthead.
pub const NAME: &str = "The Harbour Wire";

/// Where the site would be if it were on the web. `.example` is reserved (RFC 2606): nobody answers.
pub const NOTIONAL_BASE: &str = "https://harbour-wire.example/";

/// The last edition there is; later ones are like it.
pub const LAST_EDITION: u32 = 2;

/// An answer of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteResponse {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

/// The site at an address.
#[derive(Debug, Clone)]
pub struct Site {
    base: Url,
}

/// One page as the search knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) snippet: String,
    pub(crate) published: Option<Date>,
}

impl Site {
    /// The site with `base` as the URL of its front page; a missing final slash is added.
    #[must_use]
    pub fn at(base: &Url) -> Self {
        let mut base = base.clone();
        base.set_query(None);
        base.set_fragment(None);
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Self { base }
    }

    /// The site where it would be if it were on the web.
    #[must_use]
    pub fn notional() -> Self {
        Self::at(&Url::parse(NOTIONAL_BASE).expect("the constant is a URL"))
    }

    /// Answers a GET for `path`, counted from the front page (`/`, `/articles/…`).
    ///
    /// `edition` starts at 1; `today` is the day dates are counted back from.
    #[must_use]
    pub fn respond(
        &self,
        path: &str,
        query: Option<&str>,
        edition: u32,
        today: Date,
    ) -> SiteResponse {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let html = |body: Option<String>| match body {
            Some(body) => SiteResponse {
                status: 200,
                content_type: "text/html; charset=utf-8",
                body: body.into_bytes(),
            },
            None => SiteResponse {
                status: 404,
                content_type: "text/html; charset=utf-8",
                body: pages::not_found(self).into_bytes(),
            },
        };
        let found = |content_type, body: String| SiteResponse {
            status: 200,
            content_type,
            body: body.into_bytes(),
        };
        match parts.as_slice() {
            [] => html(Some(pages::front(self, edition))),
            ["articles", slug] => html(
                articles(edition)
                    .find(|article| article.slug == *slug)
                    .map(|article| pages::article(self, article, edition, today)),
            ),
            ["topics", topic] => html(
                TOPICS
                    .iter()
                    .find(|known| known.slug == *topic)
                    .map(|topic| pages::topic(self, topic, edition)),
            ),
            ["pricing"] => html(Some(pricing::page(self, edition))),
            ["feed.xml"] => found(
                "application/rss+xml; charset=utf-8",
                feed::rss(self, edition, today),
            ),
            ["sitemap.xml"] => found(
                "application/xml; charset=utf-8",
                feed::sitemap(self, edition, today),
            ),
            ["robots.txt"] => found(
                "text/plain; charset=utf-8",
                format!(
                    "User-agent: *\nDisallow: /search\nSitemap: {}\n",
                    self.url("sitemap.xml")
                ),
            ),
            ["search"] => self.search_page(query.unwrap_or_default(), edition, today),
            _ => html(None),
        }
    }

    /// The URL of a page; `path` without a leading slash.
    pub(crate) fn url(&self, path: &str) -> String {
        let mut url = String::from(self.base.as_str());
        url.push_str(path);
        url
    }

    /// The pages that answer `query`, best first.
    pub(crate) fn search(
        &self,
        query: &str,
        freshness: Option<Freshness>,
        edition: u32,
        today: Date,
    ) -> Vec<Hit> {
        let mut documents: Vec<Document<'_>> = Vec::new();
        let mut hits: Vec<Hit> = Vec::new();
        for article in articles(edition) {
            documents.push(Document {
                title: &article.title,
                tags: &article.tags,
                summary: &article.summary,
                text: &article.text,
                age_days: article.days_ago,
            });
            hits.push(Hit {
                url: self.url(&format!("articles/{}", article.slug)),
                title: article.title.clone(),
                snippet: article.summary.clone(),
                published: Some(day(today, article.days_ago)),
            });
        }
        // The price list has no date: like any engine, we leave it out when one is asked for.
        if freshness.is_none() {
            documents.push(pricing::DOCUMENT);
            hits.push(Hit {
                url: self.url("pricing"),
                title: pricing::TITLE.to_owned(),
                snippet: pricing::SUMMARY.to_owned(),
                published: None,
            });
        }
        let oldest = freshness.map_or(u32::MAX, days);
        rank(query, &documents)
            .into_iter()
            .filter(|index| {
                documents
                    .get(*index)
                    .is_some_and(|document| document.age_days <= oldest)
            })
            .filter_map(|index| hits.get(index).cloned())
            .collect()
    }

    fn search_page(&self, query: &str, edition: u32, today: Date) -> SiteResponse {
        let parameter = |name: &str| {
            form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let words = parameter("q").unwrap_or_default();
        let freshness = parameter("time_range")
            .as_deref()
            .and_then(Freshness::parse);
        let hits = self.search(&words, freshness, edition, today);
        if parameter("format").as_deref() != Some("json") {
            let body = pages::found(self, &words, &hits);
            return SiteResponse {
                status: 200,
                content_type: "text/html; charset=utf-8",
                body: body.into_bytes(),
            };
        }
        let results: Vec<_> = hits
            .iter()
            .map(|hit| json!({"url": hit.url, "title": hit.title, "content": hit.snippet, "publishedDate": hit.published.map(|date| format!("{date}T00:00:00")), "engine": "harbour wire"}))
            .collect();
        let answer = json!({"query": words, "number_of_results": results.len(), "results": results, "answers": [], "corrections": [], "infoboxes": [], "suggestions": [], "unresponsive_engines": []});
        SiteResponse {
            status: 200,
            content_type: "application/json",
            body: answer.to_string().into_bytes(),
        }
    }
}

/// How many days back a window reaches.
pub(crate) fn days(freshness: Freshness) -> u32 {
    match freshness {
        Freshness::Day => 1,
        Freshness::Week => 7,
        Freshness::Month => 31,
        Freshness::Year => 366,
    }
}

/// `days_ago` days before `today`; the first day of the calendar when there is none.
fn day(today: Date, days_ago: u32) -> Date {
    today
        .checked_sub(i64::from(days_ago).days())
        .unwrap_or(Date::MIN)
}

/// Text as HTML or XML text and attribute value.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => {
                let _ = write!(out, "&#39;");
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
