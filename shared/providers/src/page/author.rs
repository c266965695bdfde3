//! Who wrote a page, as it says: in its data, in a meta, in a byline.

use std::sync::LazyLock;

use regex::Regex;
use scraper::Selector;
use serde_json::Value;

use super::elements::Elements;
use super::html::selector;

/// The longest text taken for a name, or several, in characters.
const MAX_CHARS: usize = 120;

/// The most names of one page.
const MAX_NAMES: usize = 5;

/// The names of a page's authors, joined with commas.
pub(super) fn read(page: &Elements<'_>, structured: &Value) -> Option<String> {
    static METAS: LazyLock<Selector> = LazyLock::new(|| {
        selector(
            "meta[name='author' i], meta[property='article:author'], meta[name='article:author'], \
             meta[name='dc.creator' i], meta[name='dcterms.creator' i], meta[name='citation_author'], \
             meta[name='parsely-author'], meta[name='sailthru.author'], meta[property='book:author']",
        )
    });
    static MARKED: LazyLock<Selector> = LazyLock::new(|| {
        selector(
            "[itemprop='author'] [itemprop='name'], [itemprop='author'], a[rel~='author'], \
             .p-author, .author-name, .authorName, .author .fn, .byline .author, .byline-name, \
             .byline a, .post-author a, .entry-author, .byline, .author",
        )
    });
    names(from_json_ld(structured))
        .or_else(|| {
            let metas = Elements::select(&page.metas, &METAS);
            names(metas.filter_map(|meta| meta.attr("content")))
        })
        .or_else(|| {
            // Each of the selectors has one of these words; without them the tree is not searched.
            let document = page.names_author.then_some(page.document)?;
            let mut marked = document.select(&MARKED).take(20);
            marked.find_map(|element| {
                let text: Vec<&str> = element.text().collect();
                names([text.join(" ").as_str()])
            })
        })
}

/// The authors of the first object that has any: it is the page's own, what it refers to comes later.
fn from_json_ld(structured: &Value) -> Vec<&str> {
    let objects = structured.get("json_ld").and_then(Value::as_array);
    let authors = objects.into_iter().flatten().find_map(|object| {
        let authors = object.get("author").or_else(|| object.get("creator"))?;
        let authors: Vec<&Value> = match authors {
            Value::Array(authors) => authors.iter().collect(),
            author => vec![author],
        };
        let names: Vec<&str> = authors
            .into_iter()
            .filter_map(|author| match author {
                Value::String(name) => Some(name.as_str()),
                author => author.get("name")?.as_str(),
            })
            .collect();
        (!names.is_empty()).then_some(names)
    });
    authors.unwrap_or_default()
}

fn names<'a>(found: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for name in found.into_iter().filter_map(name) {
        if names.len() < MAX_NAMES && !names.contains(&name) {
            names.push(name);
        }
    }
    (!names.is_empty()).then(|| names.join(", "))
}

/// A name without the word before it, unless it is no name.
fn name(text: &str) -> Option<String> {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)^(?:(?:written |posted |published |story |article |words |reported )?by|autor(?:in)?|author|auteur|von|par|por|di|da|od|av|af|door|redaktion|автор|текст|作者|記者|文)\s*[:：]\s*|^(?:(?:written |posted |story |words |reported )?by|von|par|por|door)\s+",
        )
        .expect("the pattern is a constant of this crate")
    });
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = BEFORE.replace(&line, "");
    let name = name.split(" | ").next().unwrap_or_default();
    let name =
        name.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '-' | ':'));
    let is_name = name.chars().any(char::is_alphabetic)
        && name.chars().count() <= MAX_CHARS
        && !name.contains("://")
        && !name.contains('@')
        && !name.contains(['{', '<'])
        && name.chars().filter(char::is_ascii_digit).count() < 3
        && !matches!(
            name.to_ascii_lowercase().as_str(),
            "admin" | "administrator" | "author" | "by" | "null" | "undefined" | "none" | "guest"
        );
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use scraper::Html;

    use super::*;

    #[test]
    fn the_surest_place_wins() {
        let document = Html::parse_document(
            "<meta name=author content='Meta Name'><p class=byline>By Byline Name</p>",
        );
        let data = json!({"json_ld": [{"@type": "WebSite"}, {"author": [{"name": "Ida Holm"}, "Jo Berg", {"name": "Ida Holm"}]}]});
        assert_eq!(
            read(&Elements::of(&document), &data).as_deref(),
            Some("Ida Holm, Jo Berg")
        );
        assert_eq!(
            read(&Elements::of(&document), &json!({})).as_deref(),
            Some("Meta Name")
        );
        let byline = Html::parse_document("<p class=byline>By <a href=/x>Ida Holm</a></p>");
        assert_eq!(
            read(&Elements::of(&byline), &json!({})).as_deref(),
            Some("Ida Holm")
        );
        let none = Html::parse_document("<p>Text by somebody</p>");
        assert_eq!(
            read(
                &Elements::of(&none),
                &json!({"json_ld": [{"author": 7}, 1]})
            ),
            None
        );
    }

    #[test]
    fn a_name_is_a_name() {
        for (text, expected) in [
            ("  Von: Ida\n Holm ", Some("Ida Holm")),
            ("Автор: Ида Хольм", Some("Ида Хольм")),
            ("作者：伊达", Some("伊达")),
            ("Byron Holm", Some("Byron Holm")),
            ("https://news.example/ida", None),
            ("ida@news.example", None),
            ("admin", None),
            ("12 May 2020, 10:00", None),
            ("", None),
        ] {
            assert_eq!(name(text).as_deref(), expected, "{text:?}");
        }
    }
}
