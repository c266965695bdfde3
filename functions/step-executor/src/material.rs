//! Upstream outputs as material for a model.
//!
//! Everything in it was written by strangers and is handed on as data (promise 14). It is cut to what
//! a model's window bears: forty sources with six thousand characters each are more than any report
//! here quotes.

use domain::plan::ToolKind;
use engine::ports::model::{Material, MaterialItem};
use serde_json::Value;

use crate::upstream::{Made, Upstream};

/// The most sources of one output.
const MOST_ITEMS: usize = 40;
/// The most characters of one source's text.
const MOST_ITEM_CHARS: usize = 6_000;
/// The most characters of a running text.
const MOST_TEXT_CHARS: usize = 60_000;

/// The material under `keys`; steps that were skipped or failed contribute none.
pub(crate) fn of(upstream: &Upstream, keys: &[String]) -> Vec<Material> {
    keys.iter()
        .filter_map(|key| upstream.get(key).map(|made| read(key, made)))
        .collect()
}

/// The sources of some material, each address once, in the form of a report's `sources[]`.
pub(crate) fn sources(material: &[Material]) -> Vec<Value> {
    let mut seen = std::collections::HashSet::new();
    let items = material.iter().flat_map(|material| &material.items);
    items
        .filter(|item| {
            domain::url_identity::parse_identity(&item.url)
                .is_some_and(|identity| seen.insert(identity))
        })
        .map(|item| serde_json::json!({ "url": item.url, "title": item.title }))
        .collect()
}

fn read(key: &str, made: &Made) -> Material {
    let document = &made.document;
    let (items, text) = match made.kind {
        ToolKind::Search => (items(&document["results"]), String::new()),
        ToolKind::Crawl => (pages(document), String::new()),
        // The text of an aggregate repeats its items, unless it is all there is (a summary).
        ToolKind::Aggregate => {
            let items = items(&document["items"]);
            let text = if items.is_empty() || made.is_summary {
                text(&document["text"])
            } else {
                String::new()
            };
            (items, text)
        }
        ToolKind::GenerateReport => (items(&document["sources"]), text(&document["text"])),
        ToolKind::GenerateImage => (Vec::new(), text(&document["alt"])),
        ToolKind::Transform => match &document["value"] {
            Value::String(value) => (Vec::new(), cut(value, MOST_TEXT_CHARS)),
            value
                if value
                    .as_array()
                    .is_some_and(|list| list.iter().any(|entry| entry["url"].is_string())) =>
            {
                (items(value), String::new())
            }
            value => (
                Vec::new(),
                cut(
                    &serde_json::to_string_pretty(value).unwrap_or_default(),
                    MOST_TEXT_CHARS,
                ),
            ),
        },
        ToolKind::GenerateOutline
        | ToolKind::LlmResponse
        | ToolKind::FormatPost
        | ToolKind::SendEmail
        | ToolKind::PostWebhook => (Vec::new(), text(&document["text"])),
    };
    Material {
        key: key.to_owned(),
        items,
        text,
    }
}

fn text(value: &Value) -> String {
    cut(value.as_str().unwrap_or_default(), MOST_TEXT_CHARS)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

fn items(list: &Value) -> Vec<MaterialItem> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter(|entry| entry.is_object())
        .take(MOST_ITEMS)
        .map(item)
        .collect()
}

fn item(entry: &Value) -> MaterialItem {
    let field = |name: &str| entry[name].as_str().unwrap_or_default();
    let published = entry["published_date"]
        .as_str()
        .or_else(|| entry["published"].as_str());
    MaterialItem {
        url: field("url").to_owned(),
        title: field("title").to_owned(),
        snippet: field("snippet").to_owned(),
        text: cut(field("text"), MOST_ITEM_CHARS),
        published: published.map(str::to_owned),
    }
}

/// A crawl has each page twice, as a result and with its text; the two stand in the same order.
fn pages(document: &Value) -> Vec<MaterialItem> {
    let snippets = document["results"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|result| result["snippet"].as_str().unwrap_or_default());
    let mut items = items(&document["pages"]);
    for (item, snippet) in items.iter_mut().zip(snippets) {
        item.snippet = snippet.to_owned();
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_found_becomes_sources_and_what_was_written_text() {
        let upstream = Upstream::of([
            (
                "s",
                ToolKind::Search,
                json!({"results": [{"url": "https://a.example/?utm_source=x", "title": "A", "snippet": "sa", "published_date": "2026-01-02"}]}),
            ),
            (
                "c",
                ToolKind::Crawl,
                json!({"results": [{"url": "https://a.example/", "snippet": "sc"}], "pages": [{"url": "https://a.example/", "title": "A", "text": "long", "published": null}]}),
            ),
            ("r", ToolKind::LlmResponse, json!({"text": "said"})),
            ("t", ToolKind::Transform, json!({"value": {"price": 3}})),
        ]);
        let keys: Vec<String> = ["s", "c", "r", "t", "skipped"].map(str::to_owned).into();
        let material = of(&upstream, &keys);
        assert_eq!(material.len(), 4);
        assert_eq!(
            material[0].items[0].published.as_deref(),
            Some("2026-01-02")
        );
        assert_eq!(
            (
                material[1].items[0].snippet.as_str(),
                material[1].items[0].text.as_str()
            ),
            ("sc", "long")
        );
        assert_eq!(material[2].text, "said");
        assert!(material[3].text.contains("\"price\": 3"));
        assert_eq!(
            sources(&material),
            [json!({"url": "https://a.example/?utm_source=x", "title": "A"})]
        );
    }
}
