//! What a feed holds.

use std::fs::File;
use std::io::Read as _;

use providers::feed::{self, Feed};
use serde_json::{Value, json};

use super::{Fault, request};

/// `{body | body_path, url}` → `{title, entries[{id, url, title, published, updated, summary}]}`; what an
/// entry does not say is null. Dates are `YYYY-MM-DD` or RFC 3339.
pub(super) fn answer(request: &Value) -> Result<Value, Fault> {
    let url = request::url(request, "url")?;
    let body = request::optional_text(request, "body")?;
    let path = request::optional_text(request, "body_path")?;
    let feed = match (body, path) {
        (Some(text), None) => feed::read_text(text, &url),
        (None, Some(path)) => feed::read(&bytes(path)?, None, &url),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Fault::invalid("either /body or /body_path is required"));
        }
    };
    feed.map(|feed| shown(&feed))
        .map_err(|error| Fault::new("not_a_feed", error.to_string()))
}

fn shown(feed: &Feed) -> Value {
    let entries: Vec<Value> = feed
        .entries
        .iter()
        .map(|entry| {
            json!({
                "id": entry.id,
                "url": entry.url,
                "title": entry.title,
                "published": entry.published.map(|when| when.to_string()),
                "updated": entry.updated.map(|when| when.to_string()),
                "summary": entry.summary,
            })
        })
        .collect();
    json!({ "title": feed.title, "entries": entries })
}

/// What of a file is read: as much as of an answer.
fn bytes(path: &str) -> Result<Vec<u8>, Fault> {
    let unreadable = |error: std::io::Error| Fault::new("not_found", format!("{path}: {error}"));
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(unreadable)?
        .take(feed::MAX_BYTES as u64)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: &str = "<rss><channel><title>News</title><item><title>One</title><link>/1</link>\
        <pubDate>Sat, 21 Nov 2026 10:00:00 GMT</pubDate></item>";

    #[test]
    fn a_feed_comes_as_text_or_as_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("feed.xml");
        std::fs::write(&path, FEED).unwrap();
        let wanted = json!({"title": "News", "entries": [{
            "id": "https://x.example/1", "url": "https://x.example/1", "title": "One",
            "published": "2026-11-21T10:00:00Z", "updated": null, "summary": ""}]});
        for request in [
            json!({"body": FEED, "url": "https://x.example/feed"}),
            json!({"body_path": path, "url": "https://x.example/feed"}),
        ] {
            assert_eq!(answer(&request), Ok(wanted.clone()));
        }
    }

    #[test]
    fn what_cannot_be_read_has_a_code() {
        let url = "https://x.example/";
        for (request, code) in [
            (json!({"body": FEED}), "validation_failed"),
            (json!({"url": url}), "validation_failed"),
            (
                json!({"body": FEED, "body_path": "x", "url": url}),
                "validation_failed",
            ),
            (
                json!({"body_path": "/nowhere/at/all", "url": url}),
                "not_found",
            ),
            (json!({"body": "<p>Hello", "url": url}), "not_a_feed"),
        ] {
            assert_eq!(answer(&request).unwrap_err().code, code, "{request}");
        }
    }
}
