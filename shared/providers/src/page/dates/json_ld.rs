//! Dates in JSON-LD: `datePublished` and its kind, of the object the page is about.
//!
//! One page describes many things: itself, its comments, the videos in it, the articles it links to.
//! So objects below a comment, an author or a list are left out, and of several left the one counts whose
//! address or headline is the page's. JSON that does not parse (a comma too many is enough) is searched
//! for the keys as text.

use domain::json::Allowance;
use serde_json::{Map, Value};
use url::Url;

use super::candidate::{Candidate, Source};
use super::machine;
use super::order::Order;
use super::script;
use super::words::Role;
use crate::page::MOST_VALUES;

/// Properties whose objects are other things than the page.
const OTHERS: &[&str] = &[
    "comment",
    "review",
    "reviews",
    "itemListElement",
    "mentions",
    "citation",
    "isBasedOn",
    "hasPart",
    "author",
    "creator",
    "publisher",
    "image",
    "logo",
    "offers",
    "suggestedAnswer",
    "acceptedAnswer",
    "subEvent",
    "event",
    "workExample",
    "sponsor",
    "relatedLink",
    "significantLink",
    "blogPost",
    "blogPosts",
    "track",
    "episode",
    "thumbnail",
    "about",
    "liveBlogUpdate",
];

/// Types that are never the page.
const OTHER_TYPES: &[&str] = &[
    "Comment",
    "Review",
    "Event",
    "Person",
    "Organization",
    "ImageObject",
    "BreadcrumbList",
    "ItemList",
    "Answer",
    "Offer",
    "Rating",
    "UserComments",
    "JobPosting",
    "WebSite",
];

/// Objects looked at in one page.
const MAX_OBJECTS: usize = 200;

/// What identifies the page among the objects on it.
pub(super) struct Page<'a> {
    pub(super) url: &'a Url,
    /// The title, folded to letters and digits.
    pub(super) title: &'a str,
    pub(super) language: &'a str,
    pub(super) order: Order,
}

/// The candidates of all scripts of the page.
pub(super) fn read(scripts: &[&str], page: &Page<'_>, out: &mut Vec<Candidate>) {
    let mut objects = Vec::new();
    let allowance = Allowance::new(MOST_VALUES);
    let parsed: Vec<Option<Value>> = scripts
        .iter()
        .map(|script| parse(script, &allowance))
        .collect();
    for (script, value) in scripts.iter().zip(&parsed) {
        match value {
            Some(value) => collect(value, false, &mut objects),
            None => script::read(script, Source::JsonLd, 82, page.language, page.order, out),
        }
    }
    let fits = |object: &Map<String, Value>| is_of(object, page);
    let one_fits = objects
        .iter()
        .any(|object| object.is_article && fits(object.map));
    for object in objects {
        let base = match (object.is_article, object.is_media) {
            // Where one article is the page's, the others are not.
            (true, _) if fits(object.map) => 96,
            (true, _) if one_fits => 30,
            // It does not say whose it is.
            (true, _) => 93,
            (false, true) => 50,
            (false, false) => 84,
        };
        let mut add = |key: &str, role, strength| {
            if let Some(text) = object.map.get(key).and_then(text)
                && let Some(moment) = machine::read(text, page.language, page.order)
            {
                out.push(Candidate::new(moment, role, Source::JsonLd, strength));
            }
        };
        add("datePublished", Role::Published, base);
        add("uploadDate", Role::Published, base - 12);
        add("dateCreated", Role::Published, base - 20);
        add("dateModified", Role::Modified, base);
    }
}

struct Object<'a> {
    map: &'a Map<String, Value>,
    is_article: bool,
    is_media: bool,
}

/// Comments and CDATA marks around the JSON are a habit from XHTML.
fn parse(script: &str, allowance: &Allowance) -> Option<Value> {
    let text = script.trim();
    let text = text.strip_prefix("<!--").unwrap_or(text).trim_start();
    let text = text
        .strip_prefix("//<![CDATA[")
        .or_else(|| text.strip_prefix("<![CDATA["))
        .or_else(|| text.strip_prefix("/*<![CDATA[*/"))
        .unwrap_or(text);
    let text = text.trim_end();
    let text = text.strip_suffix("-->").unwrap_or(text).trim_end();
    let text = text
        .strip_suffix("//]]>")
        .or_else(|| text.strip_suffix("]]>"))
        .or_else(|| text.strip_suffix("/*]]>*/"))
        .unwrap_or(text);
    allowance.read(text.trim().trim_end_matches(';')).ok()
}

/// Depth is bounded by the JSON parser, which refuses more than 128 levels.
fn collect<'a>(value: &'a Value, is_media: bool, objects: &mut Vec<Object<'a>>) {
    if objects.len() >= MAX_OBJECTS {
        return;
    }
    match value {
        Value::Array(values) => values
            .iter()
            .for_each(|value| collect(value, is_media, objects)),
        Value::Object(map) => {
            let is_type = |test: &dyn Fn(&str) -> bool| match map.get("@type") {
                Some(Value::String(one)) => test(one),
                Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).any(test),
                _ => false,
            };
            if is_type(&|name| OTHER_TYPES.contains(&name)) {
                return;
            }
            let media = is_media
                || is_type(&|name| {
                    matches!(name, "VideoObject" | "AudioObject" | "MediaObject" | "Clip")
                });
            let article = !media
                && is_type(&|name| {
                    name.ends_with("Article")
                        || name.ends_with("Posting")
                        || matches!(
                            name,
                            "Report"
                                | "Recipe"
                                | "Question"
                                | "CreativeWork"
                                | "Review"
                                | "PodcastEpisode"
                                | "LiveBlogPosting"
                                | "ScholarlyArticle"
                        )
                });
            objects.push(Object {
                map,
                is_article: article,
                is_media: media,
            });
            for (key, value) in map {
                if !OTHERS.contains(&key.as_str()) {
                    collect(
                        value,
                        media || key == "video" || key == "audio" || key == "associatedMedia",
                        objects,
                    );
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A string, the first of several, or the value of a typed literal.
fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(values) => values.first()?.as_str(),
        Value::Object(map) => map.get("@value")?.as_str(),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Whether the object says it is this page.
fn is_of(object: &Map<String, Value>, page: &Page<'_>) -> bool {
    let address = |value: &Value| -> bool {
        let text = match value {
            Value::String(text) => text,
            Value::Object(map) => match map.get("@id").or_else(|| map.get("url")) {
                Some(Value::String(text)) => text,
                _ => return false,
            },
            _ => return false,
        };
        page.url.join(text).is_ok_and(|url| {
            url.host_str() == page.url.host_str()
                && url.path().trim_end_matches('/') == page.url.path().trim_end_matches('/')
        })
    };
    let by_address = ["url", "mainEntityOfPage", "@id"]
        .iter()
        .any(|key| object.get(*key).is_some_and(address));
    let by_title = ["headline", "name"].iter().any(|key| {
        let folded = object
            .get(*key)
            .and_then(Value::as_str)
            .map(super::walk::letters)
            .unwrap_or_default();
        folded.len() >= 8
            && (page.title.contains(&folded)
                || folded.contains(page.title) && page.title.len() >= 8)
    });
    by_address || by_title
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(script: &str) -> Vec<String> {
        let url = Url::parse("https://news.example/a").unwrap();
        let page = Page {
            url: &url,
            title: "theatlasagentisout",
            language: "en",
            order: Order::MonthFirst,
        };
        let mut out = Vec::new();
        read(&[script], &page, &mut out);
        out.sort_by_key(|found| -found.strength);
        out.into_iter()
            .map(|found| format!("{:?} {} {}", found.role, found.moment, found.strength))
            .collect()
    }

    #[test]
    fn reads_articles_however_wrapped() {
        let article = r#"{"@type":"NewsArticle","datePublished":"2016-05-13"}"#;
        for script in [
            article.to_owned(),
            format!("[{article}]"),
            format!(r#"{{"@graph":[{{"@type":"WebSite"}},{article}]}}"#),
            format!("<!-- {article} -->"),
            format!("//<![CDATA[\n{article}\n//]]>"),
            format!(r#"{{"@type":"WebPage","mainEntity":{article}}}"#),
            r#"{"@type":["Article","Thing"],"datePublished":["2016-05-13"]}"#.to_owned(),
            r#"{"@type":"Article","datePublished":{"@value":"2016-05-13"}}"#.to_owned(),
        ] {
            assert_eq!(shown(&script), ["Published 2016-05-13 93"], "{script}");
        }
    }

    #[test]
    fn comments_videos_and_other_articles_count_less_or_not() {
        assert_eq!(
            shown(
                r#"{"@type":"Article","comment":[{"@type":"Comment","datePublished":"2016-05-14"}]}"#
            ),
            [""; 0]
        );
        assert_eq!(
            shown(
                r#"{"@type":"Article","video":{"@type":"VideoObject","uploadDate":"2016-05-14"}}"#
            ),
            ["Published 2016-05-14 38"]
        );
        let two = r#"[{"@type":"Article","headline":"Another story","datePublished":"2016-05-14"},{"@type":"Article","headline":"The Atlas agent is out","datePublished":"2016-05-13"}]"#;
        assert_eq!(
            shown(two),
            ["Published 2016-05-13 96", "Published 2016-05-14 30"]
        );
    }

    #[test]
    fn broken_json_is_searched() {
        assert_eq!(
            shown(r#"{"@type":"Article","datePublished":"2016-05-13",,}"#),
            ["Published 2016-05-13 82"]
        );
    }
}
