//! When a page was published, by what it says in machine-readable form: JSON-LD, metas, `<time>`.
//! Dates in running text are not read here.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use scraper::{Html, Selector};
use serde_json::Value;

use super::html::selector;

/// The date of publication as `YYYY-MM-DD`, or as RFC 3339 where the page gives an instant.
pub(super) fn published(document: &Html, structured: &Value) -> Option<String> {
    from_json_ld(structured)
        .or_else(|| from_meta(document))
        .or_else(|| from_time(document))
}

fn from_json_ld(structured: &Value) -> Option<String> {
    let objects = structured.get("json_ld")?.as_array()?;
    let date = |key: &str| {
        objects
            .iter()
            .find_map(|object| normal(object.get(key)?.as_str()?))
    };
    date("datePublished")
        .or_else(|| date("uploadDate"))
        .or_else(|| date("dateCreated"))
}

fn from_meta(document: &Html) -> Option<String> {
    // OpenGraph, Dublin Core, schema.org microdata, Parse.ly and the plain name, best first.
    static METAS: LazyLock<Vec<Selector>> = LazyLock::new(|| {
        [
            "meta[property='article:published_time']",
            "meta[itemprop='datePublished']",
            "meta[name='DC.date.issued' i], meta[name='dcterms.issued' i], meta[name='DC.date' i], meta[name='dcterms.created' i]",
            "meta[name='parsely-pub-date' i], meta[name='pubdate' i], meta[name='publish-date' i], meta[name='date' i]",
        ]
        .map(selector)
        .into()
    });
    METAS.iter().find_map(|selector| {
        document
            .select(selector)
            .find_map(|meta| normal(meta.attr("content")?))
    })
}

fn from_time(document: &Html) -> Option<String> {
    // Marked as the publication; else the first inside of the article. A `<time>` elsewhere may be
    // an event's, a comment's or a related article's.
    static TIMES: LazyLock<Vec<Selector>> = LazyLock::new(|| {
        [
            "time[itemprop='datePublished'], time[pubdate]",
            "article header time[datetime]",
            "article time[datetime], main time[datetime]",
        ]
        .map(selector)
        .into()
    });
    TIMES.iter().find_map(|selector| {
        document
            .select(selector)
            .find_map(|time| normal(time.attr("datetime")?))
    })
}

/// A machine-readable date in one of two forms, when it is a date of the web's age.
pub(super) fn normal(text: &str) -> Option<String> {
    let text = text.trim();
    let (date, shown) = if let Ok(instant) = text.parse::<Timestamp>() {
        (
            instant.to_zoned(jiff::tz::TimeZone::UTC).date(),
            instant.to_string(),
        )
    } else if let Ok(zoned) = jiff::fmt::rfc2822::parse(text) {
        let instant = zoned.timestamp();
        (zoned.date(), instant.to_string())
    } else if let Ok(local) = text.parse::<DateTime>() {
        // Without an offset the instant is unknown; the day is what is left of it.
        (local.date(), local.date().to_string())
    } else {
        let date: Date = text.get(..10)?.parse().ok()?;
        (date, date.to_string())
    };
    (1990..=2100).contains(&date.year()).then_some(shown)
}
