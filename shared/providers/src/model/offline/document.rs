//! A text with its structure, and its three forms: Markdown, plain text, HTML.
//!
//! What is quoted was written by strangers. In HTML everything is escaped; in Markdown what would be
//! mark-up is; only http and https addresses become links.

use engine::ports::model::TextFormat;

/// A text in the making.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Document {
    blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq)]
enum Block {
    /// Level 1-3.
    Heading(u8, String),
    Paragraph(Vec<Span>),
    Bullets(Vec<Vec<Span>>),
    Numbers(Vec<Vec<Span>>),
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Span {
    Plain(String),
    Link { text: String, url: String },
}

impl Span {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::Plain(text.into())
    }

    /// A link where `url` is one of the web, else plain text.
    pub(super) fn link(text: &str, url: &str) -> Self {
        match url::Url::parse(url) {
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => Self::Link {
                text: text.to_owned(),
                url: parsed.into(),
            },
            _ => Self::Plain(text.to_owned()),
        }
    }
}

impl Document {
    pub(super) fn heading(&mut self, level: u8, text: &str) {
        self.blocks.push(Block::Heading(level, text.to_owned()));
    }

    pub(super) fn paragraph(&mut self, spans: Vec<Span>) {
        self.blocks.push(Block::Paragraph(spans));
    }

    pub(super) fn text(&mut self, text: impl Into<String>) {
        self.paragraph(vec![Span::plain(text)]);
    }

    pub(super) fn bullets(&mut self, items: Vec<Vec<Span>>) {
        self.blocks.push(Block::Bullets(items));
    }

    pub(super) fn numbers(&mut self, items: Vec<Vec<Span>>) {
        self.blocks.push(Block::Numbers(items));
    }

    pub(super) fn render(&self, format: TextFormat) -> String {
        let blocks: Vec<String> = self
            .blocks
            .iter()
            .map(|block| match format {
                TextFormat::Markdown => markdown(block),
                TextFormat::Text => plain(block),
                TextFormat::Html => html(block),
            })
            .collect();
        let separator = if format == TextFormat::Html {
            "\n"
        } else {
            "\n\n"
        };
        blocks.join(separator)
    }
}

fn markdown(block: &Block) -> String {
    let line = |spans: &[Span]| -> String {
        spans
            .iter()
            .map(|span| match span {
                Span::Plain(text) => escape_markdown(text),
                Span::Link { text, url } => format!(
                    "[{}]({})",
                    escape_markdown(text),
                    url.replace('(', "%28").replace(')', "%29")
                ),
            })
            .collect()
    };
    match block {
        Block::Heading(level, text) => format!(
            "{} {}",
            "#".repeat(usize::from(*level)),
            escape_markdown(text)
        ),
        Block::Paragraph(spans) => line(spans),
        Block::Bullets(items) => items
            .iter()
            .map(|item| format!("- {}", line(item)))
            .collect::<Vec<_>>()
            .join("\n"),
        Block::Numbers(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| format!("{}. {}", at + 1, line(item)))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

fn plain(block: &Block) -> String {
    let line = |spans: &[Span]| -> String {
        spans
            .iter()
            .map(|span| match span {
                Span::Plain(text) => text.clone(),
                Span::Link { text, url } if text == url => url.clone(),
                Span::Link { text, url } => format!("{text} ({url})"),
            })
            .collect()
    };
    match block {
        Block::Heading(1, text) => text.to_uppercase(),
        Block::Heading(_, text) => text.clone(),
        Block::Paragraph(spans) => line(spans),
        Block::Bullets(items) => items
            .iter()
            .map(|item| format!("- {}", line(item)))
            .collect::<Vec<_>>()
            .join("\n"),
        Block::Numbers(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| format!("{}. {}", at + 1, line(item)))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

fn html(block: &Block) -> String {
    let line = |spans: &[Span]| -> String {
        spans
            .iter()
            .map(|span| match span {
                Span::Plain(text) => escape_html(text),
                Span::Link { text, url } => {
                    format!("<a href=\"{}\">{}</a>", escape_html(url), escape_html(text))
                }
            })
            .collect()
    };
    let items = |items: &[Vec<Span>]| -> String {
        items
            .iter()
            .map(|item| format!("<li>{}</li>\n", line(item)))
            .collect()
    };
    match block {
        Block::Heading(level, text) => format!("<h{level}>{}</h{level}>", escape_html(text)),
        Block::Paragraph(spans) => format!("<p>{}</p>", line(spans)),
        Block::Bullets(list) => format!("<ul>\n{}</ul>", items(list)),
        Block::Numbers(list) => format!("<ol>\n{}</ol>", items(list)),
    }
}

/// Escapes what Markdown would read as mark-up inside of a line.
fn escape_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>') {
            out.push('\\');
        }
        // A quoted text is one line: a line break in it could begin a heading.
        out.push(if c == '\n' || c == '\r' { ' ' } else { c });
    }
    out
}

pub(super) fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_is_never_mark_up() {
        let mut document = Document::default();
        document.heading(1, "<b>A</b>");
        document.paragraph(vec![
            Span::plain("![x](https://evil.example/?d=1)\n# B"),
            Span::link("t](javascript:1)", "javascript:alert(1)"),
        ]);
        document.bullets(vec![vec![Span::link(
            "a\"b",
            "https://a.example/x_(y)?q=\"&z=1",
        )]]);
        let markdown = document.render(TextFormat::Markdown);
        assert!(
            markdown.contains(r"!\[x\](https://evil.example/?d=1) # B"),
            "{markdown}"
        );
        assert!(
            markdown.contains("https://a.example/x_%28y%29?q=%22&z=1)"),
            "{markdown}"
        );
        let html = document.render(TextFormat::Html);
        assert!(html.starts_with("<h1>&lt;b&gt;A&lt;/b&gt;</h1>"), "{html}");
        assert!(
            html.contains("href=\"https://a.example/x_(y)?q=%22&amp;z=1\">a&quot;b</a>"),
            "{html}"
        );
        assert!(!html.contains("href=\"javascript"), "{html}");
    }
}
