//! Which feeds a page names: `<link rel="alternate">` with a feed's type, and `rel="feed"`.

use domain::text::running;
use url::Url;

use super::markup::{Token, Tokens};
use super::prose::line;

/// The most feeds taken from one page.
const MOST: usize = 50;

/// A feed a page names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertised {
    pub url: Url,
    /// What the page calls it; may be empty.
    pub title: String,
    /// The media type it gives; may be empty.
    pub media_type: String,
}

/// The feeds `html`, found at `url`, names, in its order, each once.
#[must_use]
pub fn discover(html: &str, url: &Url) -> Vec<Advertised> {
    let mut base = url.clone();
    let mut found: Vec<Advertised> = Vec::new();
    for token in Tokens::of(html) {
        let Token::Start {
            name, attributes, ..
        } = token
        else {
            continue;
        };
        let get = |key: &str| {
            attributes
                .iter()
                .find(|(known, _)| known == key)
                .map_or("", |(_, value)| value.trim())
        };
        if name.eq_ignore_ascii_case("base") {
            if let Ok(address) = url.join(get("href")) {
                base = address;
            }
            continue;
        }
        if !(name.eq_ignore_ascii_case("link") || name.eq_ignore_ascii_case("a")) {
            continue;
        }
        let media_type = get("type").to_ascii_lowercase();
        let rel = get("rel").to_ascii_lowercase();
        let says = |word: &str| rel.split_ascii_whitespace().any(|known| known == word);
        if !(says("feed") || (says("alternate") && is_feed(&media_type))) || get("href").is_empty()
        {
            continue;
        }
        if let Ok(address) = base.join(get("href"))
            && matches!(address.scheme(), "http" | "https")
            && found.iter().all(|feed| feed.url != address)
        {
            found.push(Advertised {
                url: address,
                title: running(line(get("title"))),
                media_type,
            });
        }
        if found.len() == MOST {
            break;
        }
    }
    found
}

/// The types feeds are served as. `text/xml` and `application/json` alone say nothing about a feed,
/// but beside `alternate` nobody writes them for anything else.
fn is_feed(media_type: &str) -> bool {
    matches!(
        media_type.split(';').next().unwrap_or_default().trim(),
        "application/rss+xml"
            | "application/atom+xml"
            | "application/rdf+xml"
            | "application/feed+json"
            | "application/x.atom+xml"
            | "application/x-atom+xml"
            | "text/rss+xml"
            | "text/xml"
            | "application/xml"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_the_head_lead_to_feeds() {
        let html = "<!doctype html><base href='/sub/'><LINK REL='Alternate stylesheet' href=a.css>\
            <link rel=alternate type='application/rss+xml' title='News &amp; more' href='feed.xml'>\
            <link rel='alternate' hreflang=de href='/de'><link rel=alternate type=application/atom+xml href=//x.example/atom>\
            <link rel=feed href=/own><link rel=alternate type='application/rss+xml' href='feed.xml'>\
            <link rel=alternate type='application/atom+xml' href='javascript:x'>";
        let found = discover(html, &Url::parse("https://site.example/a/b").unwrap());
        let urls: Vec<&str> = found.iter().map(|feed| feed.url.as_str()).collect();
        assert_eq!(
            urls,
            [
                "https://site.example/sub/feed.xml",
                "https://x.example/atom",
                "https://site.example/own"
            ]
        );
        assert_eq!(found[0].title, "News & more");
        assert_eq!(found[0].media_type, "application/rss+xml");
    }
}
