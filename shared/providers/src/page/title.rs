//! A page's title, without the name of its site.
//!
//! The title of the window and the one pages are shared by often carry the site's name before or after
//! a separator. It is taken off when something else on the page says so: the site's name in a meta, or a
//! heading that is the rest.

use std::sync::LazyLock;

use scraper::{ElementRef, Selector};
use serde_json::Value;

use super::elements::Elements;
use super::html::selector;

/// What stands between a title and a site's name, with blanks around it.
const SEPARATORS: &[char] = &['|', '-', '–', '—', '·', '•', '»', '«', '/', ':', '›', '~'];

/// What is read of a title or heading, in bytes.
const MAX_BYTES: usize = 1_200;

/// The title people share the page by, else the headline in its data, else the one of its window, else
/// its first heading.
pub(super) fn read(page: &Elements<'_>, structured: &Value) -> String {
    static SHARED: LazyLock<Selector> = LazyLock::new(|| {
        selector(
            "meta[property='og:title'], meta[name='twitter:title'], meta[name='citation_title'], meta[name='dc.title' i]",
        )
    });
    static SITE: LazyLock<Selector> =
        LazyLock::new(|| selector("meta[property='og:site_name'], meta[name='application-name']"));
    static NAMED: LazyLock<Selector> = LazyLock::new(|| selector("head title"));
    let content = |selector: &Selector| {
        Elements::select(&page.metas, selector)
            .filter_map(|meta| meta.attr("content"))
            .map(one_line)
            .find(|text| !text.is_empty())
    };
    let text = |element: ElementRef<'_>| one_line(&element.text().collect::<Vec<_>>().join(" "));
    let headings: Vec<String> = page
        .headings
        .iter()
        .take(5)
        .copied()
        .map(text)
        .filter(|heading| !heading.is_empty())
        .collect();
    let site = content(&SITE);
    let named = || {
        Elements::select(&page.titles, &NAMED)
            .map(text)
            .find(|title| !title.is_empty())
    };
    let title = content(&SHARED)
        .or_else(|| headline(structured))
        .or_else(named);
    match title {
        Some(title) => without_site(&title, site.as_deref(), &headings),
        None => headings.into_iter().next().unwrap_or_default(),
    }
}

fn headline(structured: &Value) -> Option<String> {
    let objects = structured.get("json_ld")?.as_array()?;
    objects
        .iter()
        .filter_map(|object| object.get("headline")?.as_str())
        .map(one_line)
        .find(|headline| !headline.is_empty())
}

/// Takes off the site's name at one end of `title`.
fn without_site(title: &str, site: Option<&str>, headings: &[String]) -> String {
    let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
    let mut rests = Vec::new();
    for (at, separator) in title.match_indices(SEPARATORS) {
        let before = title.get(..at).unwrap_or_default();
        let after = title.get(at + separator.len()..).unwrap_or_default();
        // A hyphen inside of a word separates nothing.
        if before.ends_with(char::is_whitespace) && after.starts_with(char::is_whitespace)
            || separator == ":" && after.starts_with(char::is_whitespace)
        {
            rests.push((before.trim(), after.trim()));
        }
    }
    for (before, after) in rests {
        for (rest, name) in [(before, after), (after, before)] {
            if rest.is_empty() {
                continue;
            }
            let is_named = site.is_some_and(|site| same(site, name));
            let is_heading = headings.iter().any(|heading| same(heading, rest));
            if is_named || is_heading {
                return rest.to_owned();
            }
        }
    }
    title.to_owned()
}

/// On one line, and cut: longer ones are no titles, and every separator in one is weighed.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > MAX_BYTES {
            line.truncate(line.floor_char_boundary(MAX_BYTES));
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use scraper::Html;
    use serde_json::json;

    use super::*;

    fn title(html: &str) -> String {
        read(&Elements::of(&Html::parse_document(html)), &json!({}))
    }

    #[test]
    fn the_name_of_the_site_is_taken_off_when_the_page_says_so() {
        for (html, expected) in [
            (
                "<title>A quay reopens | The Post</title><h1>A quay reopens</h1>",
                "A quay reopens",
            ),
            (
                "<title>The Post: A quay reopens</title><h1>A quay\n reopens</h1>",
                "A quay reopens",
            ),
            (
                "<meta property=og:site_name content='the post'><meta property=og:title content='A quay - The Post'>",
                "A quay",
            ),
            // Nothing says which half is the site's.
            ("<title>Red - Blue</title><h1>Colours</h1>", "Red - Blue"),
            ("<title>Twenty-one</title>", "Twenty-one"),
            ("<h1>Only this</h1>", "Only this"),
            ("<title> </title>", ""),
            ("<title> | </title><h1></h1>", "|"),
        ] {
            assert_eq!(title(html), expected, "{html}");
        }
    }

    #[test]
    fn a_title_without_end_is_cut_before_it_is_weighed() {
        let long = " Quay - ä |".repeat(200_000);
        let html = format!("<title>{long}</title><h1>{long}</h1><h1>{long}</h1>");
        assert!(title(&html).len() <= MAX_BYTES);
    }

    #[test]
    fn shared_titles_and_headlines_come_first() {
        assert_eq!(
            title("<title>W</title><meta property='og:title' content='S'>"),
            "S"
        );
        let structured = json!({"json_ld": [{"@type": "Organization"}, {"headline": " H "}]});
        assert_eq!(
            read(
                &Elements::of(&Html::parse_document("<title>W</title>")),
                &structured
            ),
            "H"
        );
    }
}
