//! HTML as plain text, for titles and summaries: linear, without a document.
//!
//! Feeds put HTML where text belongs and text where HTML belongs. So only what is the name of an HTML
//! element counts as a tag here: `Vec<T>` and `a < b` keep their brackets.

use domain::text::running;

use super::entity::unescape;
use super::markup::{Token, Tokens};

/// Elements that begin a line of their own.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "td",
    "th",
    "tr",
    "ul",
];

/// Elements within a line.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "audio", "b", "bdi", "bdo", "big", "body", "button", "caption",
    "center", "cite", "code", "col", "colgroup", "data", "del", "details", "dfn", "em", "embed",
    "fieldset", "font", "head", "html", "i", "iframe", "img", "input", "ins", "kbd", "label",
    "legend", "link", "map", "mark", "meta", "meter", "noscript", "object", "option", "param",
    "picture", "progress", "q", "rp", "rt", "ruby", "s", "samp", "select", "small", "source",
    "span", "strike", "strong", "sub", "summary", "sup", "tbody", "textarea", "tfoot", "thead",
    "time", "track", "tt", "u", "var", "video", "wbr",
];

/// Elements whose content is not for reading.
const UNREAD: &[&str] = &["script", "style", "svg", "template", "title"];

/// The text of HTML: blocks on lines of their own, blanks collapsed.
pub(super) fn of_html(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return lines(html);
    }
    let mut out = String::with_capacity(html.len());
    let mut unread: Option<String> = None;
    for token in Tokens::of(html) {
        match token {
            Token::Start { name, closed, .. } => {
                let known = name.to_ascii_lowercase();
                if unread.is_some() {
                    continue;
                }
                if UNREAD.contains(&known.as_str()) {
                    unread = (!closed).then_some(known);
                } else if BLOCKS.contains(&known.as_str()) {
                    out.push('\n');
                } else if !INLINE.contains(&known.as_str()) {
                    out.extend(["<", name, ">"]);
                }
            }
            Token::End(name) => {
                let known = name.to_ascii_lowercase();
                if unread.as_ref() == Some(&known) {
                    unread = None;
                } else if unread.is_some() {
                } else if BLOCKS.contains(&known.as_str()) {
                    out.push('\n');
                } else if !INLINE.contains(&known.as_str()) && !UNREAD.contains(&known.as_str()) {
                    out.extend(["</", name, ">"]);
                }
            }
            Token::Text(text) if unread.is_none() => out.push_str(&unescape(text)),
            Token::Raw(text) if unread.is_none() => out.push_str(text),
            Token::Text(_) | Token::Raw(_) => {}
        }
    }
    lines(&out)
}

/// Blanks collapsed, empty lines left out.
pub(super) fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let mut words = line.split_whitespace().peekable();
        if words.peek().is_some() && !out.is_empty() {
            out.push('\n');
        }
        while let Some(word) = words.next() {
            out.push_str(word);
            if words.peek().is_some() {
                out.push(' ');
            }
        }
    }
    out
}

/// Everything on one line.
pub(super) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `most` characters, an ellipsis in place of what was cut; without what is no text.
pub(super) fn shortened(text: &str, most: usize) -> String {
    running(match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_html_is_taken_for_it() {
        for (html, text) in [
            ("plain  text\n\n here", "plain text\nhere"),
            (
                "<p>One <b>bold</b> word.</p><p>Two<br/>lines</p>",
                "One bold word.\nTwo\nlines",
            ),
            (
                "Use Vec<T> when a < b && c > d",
                "Use Vec<T> when a < b && c > d",
            ),
            ("caf&eacute; &amp;amp; bar", "café &amp; bar"),
            (
                "a<script>if (a < b) { x() }</script>b<STYLE>c</style>",
                "ab",
            ),
            ("<ul><li>one<li>two</ul>", "one\ntwo"),
            ("<!-- no -->yes<![CDATA[ & ]]>", "yes &"),
            ("<a href='x>y'>link</a", "link"),
            ("<", "<"),
        ] {
            assert_eq!(of_html(html), text, "{html}");
        }
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äö üb", 3), "äö…");
        assert_eq!(shortened("a\u{1}b\u{b}c\u{81}", 9), "ab c");
    }
}
