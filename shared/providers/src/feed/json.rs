//! JSON Feed 1.0 and 1.1 (jsonfeed.org).

use domain::egress::MAX_URL_CHARS;
use domain::json::Allowance;
use serde_json::Value;
use url::Url;

use super::date::When;
use super::prose::{line, lines, of_html};
use super::{Entry, Feed, MOST_ENTRIES, NotFeed};

/// The most values read of a feed: twenty for each of the most entries.
const MOST_VALUES: usize = 100_000;

pub(super) fn read(text: &str, base: &Url) -> Result<Feed, NotFeed> {
    let (about, items) = match Allowance::new(MOST_VALUES).read(text) {
        Ok(mut feed) => match feed.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => (feed, items),
            Some(_) | None => return Err(NotFeed),
        },
        Err(_) => (Value::Null, salvage(text).ok_or(NotFeed)?),
    };
    Ok(Feed {
        title: line(about["title"].as_str().unwrap_or_default()),
        link: address(&about["home_page_url"], base),
        entries: items
            .iter()
            .filter(|item| item.is_object())
            .take(MOST_ENTRIES)
            .map(|item| entry(item, base).shortened())
            .collect(),
    })
}

/// The items of a text that breaks off or breaks somewhere: those before the break.
fn salvage(text: &str) -> Option<Vec<Value>> {
    let (_, rest) = text.split_once("\"items\"")?;
    let mut rest = rest
        .trim_start()
        .strip_prefix(':')?
        .trim_start()
        .strip_prefix('[')?;
    let mut items = Vec::new();
    let allowance = Allowance::new(MOST_VALUES);
    while items.len() < MOST_ENTRIES {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        let Ok((item, read)) = allowance.read_first(rest) else {
            break;
        };
        items.push(item);
        rest = rest.get(read..).unwrap_or_default();
    }
    (!items.is_empty()).then_some(items)
}

fn entry(item: &Value, base: &Url) -> Entry {
    let text = |key: &str| item[key].as_str().filter(|text| !text.trim().is_empty());
    let id = match &item["id"] {
        Value::String(id) if !id.trim().is_empty() => Some(id.trim().to_owned()),
        // "If you read an id of another type, coerce it to a string."
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    };
    let summary = text("summary")
        .map(lines)
        .or_else(|| text("content_text").map(lines))
        .or_else(|| text("content_html").map(of_html));
    Entry {
        id,
        url: address(&item["url"], base).or_else(|| address(&item["external_url"], base)),
        title: text("title").map(line).unwrap_or_default(),
        published: text("date_published").and_then(When::read),
        updated: text("date_modified").and_then(When::read),
        summary: summary.unwrap_or_default(),
    }
}

fn address(value: &Value, base: &Url) -> Option<String> {
    let text = value.as_str()?.trim();
    if text.len() > MAX_URL_CHARS {
        return None;
    }
    let url = base.join(text).ok().filter(|_| !text.is_empty())?;
    Some(url.into())
}
