//! A stranger's page, read whole: title, text, dates, links, language, data.

use std::hint::black_box;
use std::time::Duration;

use jiff::civil::{Date, date};
use providers::page::{self, Granularity, PageDate, Reading};
use serde_json::{Value, json};
use url::Url;

use super::has_control;
use crate::bombs;
use crate::mutation::Mutator;
use crate::target::{Reader, Target, shape};

pub(crate) const TARGET: Target = Target {
    name: "extract",
    check,
    mutator: Mutator {
        words: &[
            "<!doctype html>",
            "<html lang=en>",
            "<head>",
            "<body>",
            "<main>",
            "<article>",
            "</article>",
            "<div class=content>",
            "<div>",
            "</div>",
            "<p>",
            "</p>",
            "<h1>",
            "</h1>",
            "<ul><li>",
            "<ol>",
            "<li>",
            "<table>",
            "<tr><td>",
            "</table>",
            "<a href='/x'>",
            "</a>",
            "<b>",
            "</b>",
            "<i>",
            "</i>",
            "<font a=1>",
            "<rt>",
            "<ruby>",
            "<option>",
            "<optgroup>",
            "<select>",
            "<svg>",
            "<math>",
            "<template>",
            "<frameset>",
            "<plaintext>",
            "<script>",
            "</script>",
            "<style>",
            "<noscript>",
            "<textarea>",
            "<title>",
            "</title>",
            "<!--",
            "-->",
            "<time datetime='2026-11-20'>",
            "20 November 2026",
            "2026-11-20T10:00:00Z",
            "99 November 2026",
            "Published: ",
            "Updated: ",
            "<meta property='article:published_time' content='2026-11-20'>",
            "<meta charset=utf-16>",
            "<base href='//b.example/'>",
            "<script type='application/ld+json'>",
            "{\"@type\":\"NewsArticle\",\"datePublished\":\"2026-11-20\",\"articleBody\":\"text\"}",
            "{\"@graph\":[",
            "]}",
            "\\u0000",
            "<script id=__NEXT_DATA__>",
            "itemprop=datePublished",
            "itemscope itemtype='https://schema.org/Product'",
            "style='display:none'",
            "hidden",
            "class='comments'",
            "class=\"share social\"",
            "&nbsp;",
            "&#1;",
            "&#x80;",
            "&lt;script&gt;",
            "&",
            "&&",
            "The ferry leaves the quay at nine in the morning. ",
            "word ",
            " | ",
            " - ",
            "<br>",
            "<pre>",
            "<blockquote>",
            "</i>",
            "</x>",
            "<x>",
            "<",
            ">",
            "\"",
            "'",
            "=",
            "\u{0}",
            "\u{b}",
            "\u{feff}",
            "\u{202e}",
            "ä",
            "<link rel=canonical href=/c>",
            "<img alt='A quay'>",
        ],
        most_bytes: 96 * 1024,
    },
    burst: 250,
    flat: Duration::from_millis(1_000),
    per_kib: Duration::from_millis(40),
    bombs: bombs::pages::ALL,
    readers: &[
        Reader {
            name: "extract",
            read,
        },
        Reader {
            name: "fields",
            read: read_fields,
        },
    ],
};

/// The day the page is fetched on, as far as this target is concerned.
const TODAY: Date = date(2026, 11, 21);

/// A word no page has, put where no reader of the page sees it.
const UNSEEN: &str = "ndunseenmark";

fn url() -> Url {
    Url::parse("https://news.example/2024/05/06/a-quay-reopens").expect("a constant")
}

fn read(input: &[u8]) {
    if let Ok(html) = page::decode(input) {
        let _ = black_box(page::extract(&html, &url(), Some(TODAY)));
    }
}

/// As a crawl with a schema reads: the page with its fields.
fn read_fields(input: &[u8]) {
    let Ok(html) = page::decode(input) else {
        return;
    };
    let schema = json!({"type": "object", "properties": {
        "price": {"type": "number"}, "title": {"type": "string"}, "author": {"type": "string"}, "in_stock": {"type": "boolean"},
        "code": {"type": "string", "pattern": "[A-Z]+[0-9]+"},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "price": {"type": "number"}}}},
    }});
    let wanted = page::fields::request(schema);
    let _ = black_box(page::extract_with_fields(
        &html,
        &url(),
        Some(TODAY),
        Some(&wanted),
    ));
}

fn check(input: &[u8]) -> u64 {
    let url = url();
    // What costs too much is refused, and the same each time.
    let Ok(html) = page::decode(input) else {
        return 0;
    };
    let Ok(reading) = page::extract(&html, &url, Some(TODAY)) else {
        return 1;
    };
    holds(&reading, html.len(), Some(TODAY));
    // Not all inputs are read again: it doubles the price.
    match input.iter().map(|byte| usize::from(*byte)).sum::<usize>() % 8 {
        0 => assert_eq!(
            Ok(&reading),
            page::extract(&html, &url, Some(TODAY)).as_ref(),
            "a page is read in two ways"
        ),
        1 => code_is_unseen(&html, &url),
        2 => {
            let undated = page::extract(&html, &url, None).expect("a day costs nothing");
            holds(&undated, html.len(), None);
        }
        _ => {}
    }
    shape(&[
        reading.title.len(),
        reading.text.len(),
        reading.text.lines().count(),
        reading.links.len(),
        reading.published.as_ref().map_or(0, kind),
        reading.modified.as_ref().map_or(0, kind),
        usize::from(reading.author.is_some()),
        usize::from(reading.language.is_some()),
        usize::from(reading.needs_script),
        reading
            .structured
            .as_object()
            .map_or(0, serde_json::Map::len),
    ])
}

/// Where a date came from and how exact it is, as one number.
fn kind(date: &PageDate) -> usize {
    1 << (format!("{:?}{:?}", date.source, date.granularity).len() % 50)
}

fn holds(reading: &Reading, bytes: usize, latest: Option<Date>) {
    assert!(
        reading.title.chars().count() <= 300,
        "a title without end: {} bytes",
        reading.title.len()
    );
    assert!(
        !has_control(&reading.title) && !reading.title.contains('\n'),
        "a title is no line: {:?}",
        reading.title
    );
    assert!(
        !has_control(&reading.text),
        "a control character in the text: {:?}",
        reading.text
    );
    // No entity is longer as UTF-8 than twice its name.
    assert!(
        reading.text.len() <= 4 * bytes + 64,
        "more text than page: {} of {bytes} bytes",
        reading.text.len()
    );
    assert!(
        reading.links.len() <= 2_000,
        "links without end: {}",
        reading.links.len()
    );
    for link in &reading.links {
        let url = Url::parse(&link.url).expect("a link is a URL");
        assert!(
            matches!(url.scheme(), "http" | "https"),
            "a link that does not lead to the web: {url}"
        );
        assert!(
            !has_control(&link.text) && link.text.chars().count() <= 301,
            "a link is shown by no line: {:?}",
            link.text
        );
    }
    if let Some(author) = &reading.author {
        assert!(
            !has_control(author) && author.chars().count() <= 1_000,
            "an author is no name: {author:?}"
        );
    }
    if let Some(language) = &reading.language {
        let primary = language.split('-').next().unwrap_or_default();
        let is_tag = (2..=8).contains(&primary.len())
            && primary.bytes().all(|byte| byte.is_ascii_lowercase());
        assert!(
            is_tag && language.len() <= 35,
            "a language is no tag: {language:?}"
        );
    }
    for date in reading.published.iter().chain(&reading.modified) {
        date_holds(date, latest);
    }
    data_holds(&reading.structured, bytes);
}

fn date_holds(found: &PageDate, latest: Option<Date>) {
    assert!(
        (0.0..=1.0).contains(&found.confidence),
        "confidence is no share: {found:?}"
    );
    let day = match found.granularity {
        Granularity::Year => format!("{}-01-01", found.date),
        Granularity::Month => format!("{}-01", found.date),
        Granularity::Day | Granularity::Instant => {
            found.date.get(..10).unwrap_or_default().to_owned()
        }
    };
    let day: Date = day
        .parse()
        .unwrap_or_else(|error| panic!("a date is none: {found:?}: {error}"));
    assert!(
        day >= date(1900, 1, 1),
        "a date before the web and its archives: {found:?}"
    );
    if let Some(latest) = latest {
        assert!(
            day <= latest.tomorrow().unwrap_or(latest),
            "a date is yet to come: {found:?}"
        );
    }
}

/// What was understood of a page's data is bounded by the page.
fn data_holds(data: &Value, bytes: usize) {
    let length = data.to_string().len();
    assert!(
        length <= 16 * bytes + 1_024,
        "more data than page: {length} of {bytes} bytes"
    );
}

/// Code is no text, wherever it stands.
fn code_is_unseen(html: &str, url: &Url) {
    for code in ["script", "style"] {
        let with_code = format!("<{code}>{UNSEEN} = 1 < 2;</{code}>{html}");
        // A script more may be one too many.
        let Ok(reading) = page::extract(&with_code, url, Some(TODAY)) else {
            continue;
        };
        let seen = reading.text.contains(UNSEEN) || reading.title.contains(UNSEEN);
        assert!(!seen, "code is shown as text: {:?}", reading.text);
    }
}
