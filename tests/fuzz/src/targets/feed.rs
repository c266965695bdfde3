//! A stranger's feed, page that names feeds, and sitemap: the same bytes are read as all three.

use std::hint::black_box;
use std::time::Duration;

use providers::feed::{self, When};
use providers::page;
use url::Url;

use super::has_control;
use crate::bombs;
use crate::mutation::Mutator;
use crate::target::{Reader, Target, shape};

pub(crate) const TARGET: Target = Target {
    name: "feed",
    check,
    mutator: Mutator {
        words: &[
            "<?xml version='1.0' encoding='utf-8'?>",
            "<?xml encoding='utf-16'?>",
            "<rss version='2.0'>",
            "<channel>",
            "</channel>",
            "<item>",
            "</item>",
            "<title>",
            "</title>",
            "<link>",
            "</link>",
            "<link href='/a'/>",
            "<guid>",
            "<guid isPermaLink='false'>",
            "<pubDate>",
            "Sat, 21 Nov 2026 10:00:00 GMT",
            "2026-11-21T10:00:00+01:00",
            "</pubDate>",
            "<description>",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "<feed xmlns='http://www.w3.org/2005/Atom'>",
            "<entry>",
            "</entry>",
            "<summary type='html'>",
            "<content type='xhtml'>",
            "<updated>",
            "<rdf:RDF>",
            "<dc:date>",
            "<a:b:c>",
            "xml:base='/x/'",
            "&amp;",
            "&lt;",
            "&#x41;",
            "&#0;",
            "&#1114112;",
            "&",
            ";",
            "&eacute;",
            "<b>",
            "</b>",
            "<",
            ">",
            "\"",
            "'",
            "=",
            "/>",
            "<!DOCTYPE x [<!ENTITY a 'b'>]>",
            "{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[",
            "{\"id\":\"1\"}",
            "]}",
            "[",
            "{",
            "<urlset>",
            "<url>",
            "<loc>",
            "</loc>",
            "<lastmod>",
            "<sitemapindex>",
            "<sitemap>",
            "\u{1f}\u{8b}",
            "<base href='/b/'>",
            "<link rel=alternate type='application/rss+xml' href=f>",
            "\u{feff}",
            "\0",
            "<p>",
            "<script>",
            "https://a.example/",
        ],
        most_bytes: 96 * 1024,
    },
    burst: 700,
    flat: Duration::from_millis(300),
    per_kib: Duration::from_millis(10),
    bombs: bombs::feeds::ALL,
    readers: &[Reader {
        name: "discovery",
        read: discover,
    }],
};

fn url() -> Url {
    Url::parse("https://site.example/feeds/all.xml").expect("a constant")
}

fn discover(input: &[u8]) {
    if let Ok(html) = page::decode(input) {
        black_box(feed::discover(&html, &url()));
    }
}

fn check(input: &[u8]) -> u64 {
    let url = url();
    let read = feed::read(input, None, &url);
    // Equal to itself in every field, whatever order a map of its reader has.
    assert_eq!(
        read,
        feed::read(input, None, &url),
        "a feed is read in two ways"
    );
    for charset in ["utf-16le", "windows-1252", "no such charset"] {
        if let Ok(feed) = feed::read(input, Some(charset), &url) {
            holds(&feed);
        }
    }
    if let Ok(feed) = &read {
        holds(feed);
    }
    let advertised = feed::discover(&String::from_utf8_lossy(input), &url);
    assert!(advertised.len() <= 50, "feeds without end");
    for known in &advertised {
        assert!(
            matches!(known.url.scheme(), "http" | "https"),
            "a feed that is not on the web: {}",
            known.url
        );
        assert!(
            !has_control(&known.title),
            "a control character in a name: {:?}",
            known.title
        );
    }
    let sitemap = feed::read_sitemap(input, &url);
    assert!(
        sitemap.pages.len() <= 50_000 && sitemap.sitemaps.len() <= 50_000,
        "pages without end"
    );
    for place in sitemap.pages.iter().chain(&sitemap.sitemaps) {
        place.changed.iter().copied().for_each(date_holds);
    }
    let feed = read.unwrap_or_default();
    let all =
        |has: fn(&feed::Entry) -> bool| feed.entries.iter().filter(|entry| has(entry)).count();
    shape(&[
        usize::from(feed.title.is_empty()),
        feed.entries.len(),
        all(|entry| entry.url.is_some()),
        all(|entry| entry.published.is_some()),
        all(|entry| entry.updated.is_some()),
        all(|entry| !entry.summary.is_empty()),
        all(|entry| !entry.title.is_empty()),
        advertised.len(),
        sitemap.pages.len(),
        sitemap.sitemaps.len(),
    ])
}

fn holds(feed: &feed::Feed) {
    let is_text = |text: &str, most: usize| {
        assert!(
            text.chars().count() <= most,
            "a text without end: {} bytes",
            text.len()
        );
        assert!(
            !has_control(text),
            "a control character in a text: {text:?}"
        );
    };
    assert!(feed.entries.len() <= 5_000, "entries without end");
    is_text(&feed.title, 301);
    for entry in &feed.entries {
        is_text(&entry.title, 301);
        is_text(&entry.summary, 5_001);
        assert!(
            entry.id.as_ref().is_none_or(|id| !id.is_empty()),
            "an id of nothing"
        );
        // An address that cannot be made absolute is kept as it is written.
        let is_some = entry.url.as_ref().is_none_or(|url| !url.is_empty());
        assert!(is_some, "an address of nothing");
        entry
            .published
            .iter()
            .chain(&entry.updated)
            .copied()
            .for_each(date_holds);
    }
}

/// A date can be shown and read again.
fn date_holds(date: When) {
    assert_eq!(
        When::read(&date.to_string()),
        Some(date),
        "a date is not read as it is shown: {date}"
    );
}
