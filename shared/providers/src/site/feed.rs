//! The feed (RSS 2.0) and the sitemap.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::{NAME, Site, TOPICS, articles, day, escape};

/// How many articles the feed holds.
const FEED_LENGTH: usize = 20;

pub(super) fn rss(site: &Site, edition: u32, today: Date) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\">\n<channel>\n<title>{NAME}</title>\n<link>{}</link>\n<description>Newest articles</description>\n<language>en</language>\n",
        escape(&site.url(""))
    );
    for article in articles(edition).take(FEED_LENGTH) {
        let url = escape(&site.url(&format!("articles/{}", article.slug)));
        let published = day(today, article.days_ago).strftime("%a, %d %b %Y 06:00:00 GMT");
        let _ = writeln!(
            out,
            "<item>\n<title>{}</title>\n<link>{url}</link>\n<guid isPermaLink=\"true\">{url}</guid>\n<pubDate>{published}</pubDate>\n<category>{}</category>\n<description>{}</description>\n</item>",
            escape(&article.title),
            escape(article.topic),
            escape(&article.summary)
        );
    }
    out.push_str("</channel>\n</rss>\n");
    out
}

pub(super) fn sitemap(site: &Site, edition: u32, today: Date) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    let pages = ["".to_owned(), "pricing".to_owned()]
        .into_iter()
        .chain(TOPICS.iter().map(|topic| format!("topics/{}", topic.slug)));
    for path in pages {
        let _ = writeln!(out, "<url><loc>{}</loc></url>", escape(&site.url(&path)));
    }
    for article in articles(edition) {
        let url = escape(&site.url(&format!("articles/{}", article.slug)));
        let _ = writeln!(
            out,
            "<url><loc>{url}</loc><lastmod>{}</lastmod></url>",
            day(today, article.days_ago)
        );
    }
    out.push_str("</urlset>\n");
    out
}
