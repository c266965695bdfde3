//! XML documents, feeds for the most part: their text and links, without understanding the feed.
//! Entries, dates and identifiers of feeds are another reader's work. HTML that is no document can be
//! read in this way, too.

use url::Url;

use super::{Link, Reading, links, paragraphs};

/// What stands between two angle brackets, or between two of those.
enum Token<'a> {
    Tag(&'a str),
    Text(&'a str),
    /// Character data taken as it is.
    Raw(&'a str),
}

pub(super) fn read(text: &str, url: &Url) -> Reading {
    let mut page = Reading::default();
    let mut out = String::new();
    let mut element = String::new();
    let mut tokens = Tokens(text);
    while let Some(token) = tokens.next() {
        let (content, raw) = match token {
            Token::Tag(tag) => {
                element = name_of(tag).to_ascii_lowercase();
                out.push('\n');
                if let Some(link) =
                    attribute(tag, "href").and_then(|href| links::absolute(url, &href))
                {
                    push_once(&mut page.links, link);
                }
                if CODE.contains(&element.as_str()) && !tag.ends_with('/') {
                    tokens.skip_code(&element);
                }
                continue;
            }
            Token::Text(text) => (text, false),
            Token::Raw(text) => (text, true),
        };
        let content = if raw {
            content.to_owned()
        } else {
            unescape(content)
        };
        match element.as_str() {
            "link" | "loc" | "url" => {
                if let Some(link) =
                    links::absolute(url, &content).filter(|_| content.trim().starts_with("http"))
                {
                    push_once(&mut page.links, link);
                }
            }
            "title" if page.title.is_empty() => page.title = content.trim().to_owned(),
            _ => {}
        }
        out.push_str(&content);
    }
    page.text = paragraphs(&out);
    page
}

/// Elements whose content is code: nothing a reader sees, and no mark-up either.
const CODE: &[&str] = &["script", "style"];

fn push_once(links: &mut Vec<Link>, url: String) {
    if links.len() < 2_000 && !links.iter().any(|link| link.url == url) {
        let text = String::new();
        links.push(Link { url, text });
    }
}

fn name_of(tag: &str) -> &str {
    let name = tag
        .split(|c: char| c.is_whitespace() || c == '/')
        .find(|part| !part.is_empty())
        .unwrap_or_default();
    // A closing tag ends the element: what follows belongs to nobody we look for.
    if tag.starts_with('/') {
        ""
    } else {
        name.rsplit(':').next().unwrap_or(name)
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}="))?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest.get(1..)?.split(quote).next().map(unescape)
}

struct Tokens<'a>(&'a str);

impl Tokens<'_> {
    /// Goes on at the end tag of an element of code, whose content is none of our tokens.
    fn skip_code(&mut self, name: &str) {
        let ends = |rest: &str| {
            rest.as_bytes()
                .get(2..2 + name.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        };
        let end = self
            .0
            .match_indices("</")
            .map(|(at, _)| at)
            .find(|at| self.0.get(*at..).is_some_and(ends));
        self.0 = end.and_then(|end| self.0.get(end..)).unwrap_or_default();
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let text = self.0;
        if text.is_empty() {
            return None;
        }
        let cut = |at: usize, skip: usize| {
            (
                text.get(..at).unwrap_or(text),
                text.get(at + skip..).unwrap_or_default(),
            )
        };
        if let Some(rest) = text.strip_prefix("<![CDATA[") {
            let end = rest.find("]]>").unwrap_or(rest.len());
            self.0 = rest.get(end + 3..).unwrap_or_default();
            return Some(Token::Raw(rest.get(..end).unwrap_or(rest)));
        }
        if let Some(rest) = text.strip_prefix("<!--") {
            let end = rest.find("-->").unwrap_or(rest.len());
            self.0 = rest.get(end + 3..).unwrap_or_default();
            return Some(Token::Tag("!"));
        }
        if text.starts_with('<') {
            let (tag, rest) = cut(text.find('>').unwrap_or(text.len()), 1);
            self.0 = rest;
            return Some(Token::Tag(tag.get(1..).unwrap_or_default()));
        }
        let (content, rest) = cut(text.find('<').unwrap_or(text.len()), 0);
        self.0 = rest;
        Some(Token::Text(content))
    }
}

/// The five entities of XML and numeric ones.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // No longer entity is known here; looking further would be looking to the end at each `&`.
        let end = rest.bytes().take(11).position(|byte| byte == b';');
        match end.and_then(|end| Some((entity(rest.get(1..end)?)?, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_flat(text: &str) -> Reading {
        read(text, &Url::parse("https://news.example/").unwrap())
    }

    #[test]
    fn code_is_no_text() {
        let html = "<p>Before<script>if (1 <b && '</p>') { x }</SCRIPT ><style>p > a {}</style>after<script/>it";
        assert_eq!(read_flat(html).text, "Before\n\nafter\nit");
        assert_eq!(read_flat("<p>Before<script>x = 1").text, "Before");
    }

    #[test]
    fn ampersands_without_end_are_read_once() {
        let text = "&".repeat(2_000_000);
        assert_eq!(read_flat(&text).text, text);
        assert_eq!(
            read_flat("&#x10FFFF; &amp; &#0000038; &ä; &").text,
            "\u{10FFFF} & & &ä; &"
        );
    }
}
