//! The HTML of the paper: the mark-up newspapers use, and nothing a reader's browser must run.

use std::fmt::Write as _;

use jiff::civil::Date;
use serde_json::json;

use super::articles::Topic;
use super::{Article, Hit, NAME, Site, TOPICS, articles, day, escape};

const STYLE: &str = include_str!("../../site/style.css");

/// What a page says of itself in its head.
pub(super) struct Head<'a> {
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    /// The page's own URL.
    pub(super) url: String,
    /// OpenGraph's type.
    pub(super) kind: &'a str,
    /// `article:published_time`, for articles.
    pub(super) published: Option<Date>,
    pub(super) json_ld: serde_json::Value,
}

pub(super) fn front(site: &Site, edition: u32) -> String {
    let head = Head {
        title: NAME,
        description: "News of an invented harbour town and of the world as it might be",
        url: site.url(""),
        kind: "website",
        published: None,
        json_ld: json!({"@context": "https://schema.org", "@type": "WebSite", "name": NAME, "url": site.url("")}),
    };
    let body = format!("<h1>{NAME}</h1>\n{}", list(site, articles(edition)));
    page(site, &head, &body)
}

pub(super) fn topic(site: &Site, topic: &Topic, edition: u32) -> String {
    let url = site.url(&format!("topics/{}", topic.slug));
    let head = Head {
        title: topic.name,
        description: topic.name,
        json_ld: json!({"@context": "https://schema.org", "@type": "CollectionPage", "name": topic.name, "url": url}),
        url,
        kind: "website",
        published: None,
    };
    let body = format!(
        "<h1>{}</h1>\n{}",
        escape(topic.name),
        list(
            site,
            articles(edition).filter(|article| article.topic == topic.slug)
        )
    );
    page(site, &head, &body)
}

pub(super) fn article(site: &Site, article: &Article, edition: u32, today: Date) -> String {
    let published = day(today, article.days_ago);
    let url = site.url(&format!("articles/{}", article.slug));
    let head = Head {
        title: &article.title,
        description: &article.summary,
        json_ld: json!({
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": article.title,
            "description": article.summary,
            "datePublished": published.to_string(),
            "author": {"@type": "Person", "name": article.author},
            "publisher": {"@type": "Organization", "name": NAME},
            "keywords": article.tags,
            "mainEntityOfPage": url,
        }),
        url,
        kind: "article",
        published: Some(published),
    };
    let mut body = format!(
        "<aside class=\"byline\">By <span rel=\"author\">{}</span>, <time datetime=\"{published}\">{published}</time></aside>\n<article>\n<h1>{}</h1>\n<p><strong>{}</strong></p>\n",
        escape(&article.author),
        escape(&article.title),
        escape(&article.summary)
    );
    for paragraph in article.text.split("\n\n") {
        let _ = writeln!(body, "<p>{}</p>", escape(paragraph.trim()));
    }
    body.push_str("</article>\n<aside><h2>More on this topic</h2>\n");
    let related = articles(edition)
        .filter(|other| other.topic == article.topic && other.slug != article.slug)
        .take(3);
    body.push_str(&list(site, related));
    body.push_str("</aside>");
    page(site, &head, &body)
}

pub(super) fn found(site: &Site, words: &str, hits: &[Hit]) -> String {
    let head = Head {
        title: "Search",
        description: "Search",
        url: site.url("search"),
        kind: "website",
        published: None,
        json_ld: json!({"@context": "https://schema.org", "@type": "SearchResultsPage"}),
    };
    let mut body = format!("<h1>Search: {}</h1>\n<ol>\n", escape(words));
    for hit in hits {
        let _ = writeln!(
            body,
            "<li><a href=\"{}\">{}</a> {}</li>",
            escape(&hit.url),
            escape(&hit.title),
            escape(&hit.snippet)
        );
    }
    body.push_str("</ol>");
    page(site, &head, &body)
}

pub(super) fn not_found(site: &Site) -> String {
    let head = Head {
        title: "Not found",
        description: "There is no such page",
        url: site.url(""),
        kind: "website",
        published: None,
        json_ld: json!({"@context": "https://schema.org", "@type": "WebPage"}),
    };
    page(
        site,
        &head,
        "<h1>Not found</h1>\n<p>There is no such page.</p>",
    )
}

/// Titles and summaries, without dates: a list changes when an article does.
fn list<'a>(site: &Site, articles: impl Iterator<Item = &'a Article>) -> String {
    let mut out = String::from("<ul>\n");
    for article in articles {
        let url = site.url(&format!("articles/{}", article.slug));
        let _ = writeln!(
            out,
            "<li><a href=\"{}\">{}</a><br>{}</li>",
            escape(&url),
            escape(&article.title),
            escape(&article.summary)
        );
    }
    out.push_str("</ul>\n");
    out
}

/// A whole page around `body`.
pub(super) fn page(site: &Site, head: &Head<'_>, body: &str) -> String {
    let title = escape(head.title);
    let description = escape(head.description);
    let url = escape(&head.url);
    // Inside of a script element only `</` could end it early.
    let json_ld = head.json_ld.to_string().replace("</", "<\\/");
    let published = head
        .published
        .map(|date| format!("<meta property=\"article:published_time\" content=\"{date}\">\n"))
        .unwrap_or_default();
    let mut nav = String::new();
    for topic in TOPICS {
        let _ = writeln!(
            nav,
            "<a href=\"{}\">{}</a>",
            escape(&site.url(&format!("topics/{}", topic.slug))),
            escape(topic.name)
        );
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<meta name=\"description\" content=\"{description}\">\n<link rel=\"canonical\" href=\"{url}\">\n\
         <link rel=\"alternate\" type=\"application/rss+xml\" title=\"{NAME}\" href=\"{feed}\">\n\
         <meta property=\"og:site_name\" content=\"{NAME}\">\n<meta property=\"og:type\" content=\"{kind}\">\n<meta property=\"og:title\" content=\"{title}\">\n\
         <meta property=\"og:description\" content=\"{description}\">\n<meta property=\"og:url\" content=\"{url}\">\n{published}\
         <script type=\"application/ld+json\">{json_ld}</script>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <nav><a href=\"{home}\">{NAME}</a>\n{nav}<a href=\"{pricing}\">Brightdesk prices</a></nav>\n<main>\n{body}\n</main>\n\
         <footer>Everything on this site is invented. It is part of Nightdesk, for trying it out.</footer>\n</body>\n</html>\n",
        feed = escape(&site.url("feed.xml")),
        kind = escape(head.kind),
        home = escape(&site.url("")),
        pricing = escape(&site.url("pricing")),
    )
}
