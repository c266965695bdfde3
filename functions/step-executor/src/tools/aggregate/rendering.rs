//! Items as text in the asked format. Titles and snippets are strangers' words: whatever the format
//! gives a meaning to is escaped, and only web addresses become links.

use std::fmt::Write as _;

use domain::plan::Format;
use serde_json::Value;
use url::Url;

pub(super) fn items(items: &[Value], format: Format) -> String {
    match format {
        Format::Json => serde_json::to_string_pretty(items).unwrap_or_default(),
        Format::Markdown => listed(items, "", "", markdown),
        Format::Text => listed(items, "", "", plain),
        Format::Html => listed(items, "<ul>\n", "</ul>\n", html),
    }
}

pub(super) fn count(count: usize, format: Format) -> String {
    match format {
        Format::Json | Format::Markdown | Format::Text => count.to_string(),
        Format::Html => format!("<p>{count}</p>\n"),
    }
}

/// Plain text as HTML: a paragraph for each block between blank lines.
pub(super) fn paragraphs(text: &str) -> String {
    let blocks = text
        .split("\n\n")
        .map(str::trim)
        .filter(|block| !block.is_empty());
    blocks.fold(String::new(), |mut html, block| {
        let _ = writeln!(
            html,
            "<p>{}</p>",
            escape_html(block).replace('\n', "<br>\n")
        );
        html
    })
}

struct Shown<'a> {
    title: &'a str,
    url: Option<Url>,
    snippet: String,
    date: &'a str,
}

fn listed(
    items: &[Value],
    open: &str,
    close: &str,
    line: fn(&mut String, usize, &Shown<'_>),
) -> String {
    let mut text = open.to_owned();
    for (i, item) in items.iter().enumerate() {
        line(&mut text, i + 1, &shown(item));
    }
    text.push_str(close);
    text
}

fn shown(item: &Value) -> Shown<'_> {
    let field = |name: &str| item[name].as_str().unwrap_or_default();
    let url = item["url"]
        .as_str()
        .and_then(|url| Url::parse(url).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    let title = [field("title"), field("url")]
        .into_iter()
        .find(|text| !text.trim().is_empty())
        .unwrap_or_default();
    let snippet = match [field("snippet"), field("text")]
        .into_iter()
        .find(|text| !text.trim().is_empty())
    {
        Some(text) => one_line(text),
        None => match (&item["points"], item.get("value")) {
            (Value::Array(points), _) => points
                .iter()
                .filter_map(Value::as_str)
                .map(one_line)
                .collect::<Vec<_>>()
                .join("; "),
            (_, Some(value)) => value.as_str().map_or_else(|| value.to_string(), one_line),
            // Neither a page nor a text: all of it.
            _ if title.is_empty() => item.to_string(),
            _ => String::new(),
        },
    };
    Shown {
        title,
        url,
        snippet,
        date: field("published_date"),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn markdown(out: &mut String, _: usize, item: &Shown<'_>) {
    let title = escape_markdown(&one_line(item.title));
    out.push_str("- ");
    match &item.url {
        // Parentheses would end the address; encoded they mean the same.
        Some(url) => {
            let _ = write!(
                out,
                "[{title}]({})",
                url.as_str().replace('(', "%28").replace(')', "%29")
            );
        }
        None => out.push_str(&title),
    }
    if !item.date.is_empty() {
        let _ = write!(out, " ({})", escape_markdown(item.date));
    }
    if !item.snippet.is_empty() {
        let separator = if title.is_empty() { "" } else { ": " };
        let _ = write!(out, "{separator}{}", escape_markdown(&item.snippet));
    }
    out.push('\n');
}

fn plain(out: &mut String, number: usize, item: &Shown<'_>) {
    let _ = write!(out, "{number}. {}", one_line(item.title));
    if !item.date.is_empty() {
        let _ = write!(out, " ({})", one_line(item.date));
    }
    for more in [
        item.url.as_ref().map_or("", Url::as_str),
        item.snippet.as_str(),
    ] {
        if !more.is_empty() {
            let _ = write!(out, "\n   {more}");
        }
    }
    out.push('\n');
}

fn html(out: &mut String, _: usize, item: &Shown<'_>) {
    let title = escape_html(&one_line(item.title));
    out.push_str("<li>");
    match &item.url {
        Some(url) => {
            let _ = write!(out, "<a href=\"{}\">{title}</a>", escape_html(url.as_str()));
        }
        None => out.push_str(&title),
    }
    if !item.date.is_empty() {
        let _ = write!(out, " ({})", escape_html(item.date));
    }
    if !item.snippet.is_empty() {
        let _ = write!(out, " {}", escape_html(&item.snippet));
    }
    out.push_str("</li>\n");
}

fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Escapes what `CommonMark` gives a meaning to inside a line (any ASCII punctuation may be escaped).
fn escape_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '&' | '~'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn hostile() -> Vec<Value> {
        vec![
            json!({"url": "https://a.example/x_(y)?a=1&b=\"2", "title": "<script>x</script> [a](javascript:1)", "snippet": "one\ntwo *b*", "published_date": "2026-01-02"}),
            json!({"url": "javascript:alert(1)", "title": "no link"}),
            json!({"value": 3}),
        ]
    }

    #[test]
    fn nothing_a_stranger_wrote_has_a_meaning() {
        insta::assert_snapshot!(items(&hostile(), Format::Markdown), @r"
        - [\<script\>x\</script\> \[a\](javascript:1)](https://a.example/x_%28y%29?a=1&b=%222) (2026-01-02): one two \*b\*
        - no link
        - 3
        ");
        insta::assert_snapshot!(items(&hostile(), Format::Html), @r#"
        <ul>
        <li><a href="https://a.example/x_(y)?a=1&amp;b=%222">&lt;script&gt;x&lt;/script&gt; [a](javascript:1)</a> (2026-01-02) one two *b*</li>
        <li>no link</li>
        <li> 3</li>
        </ul>
        "#);
        insta::assert_snapshot!(items(&hostile(), Format::Text), @r"
        1. <script>x</script> [a](javascript:1) (2026-01-02)
           https://a.example/x_(y)?a=1&b=%222
           one two *b*
        2. no link
        3. 
           3
        ");
        assert_eq!(
            paragraphs("a < b\nc\n\n\nd"),
            "<p>a &lt; b<br>\nc</p>\n<p>d</p>\n"
        );
    }
}
