//! A stranger's text on a page: what fools the eye is shown as a mark with its code, as the mail shows it in brackets.

use std::fmt;

use askama::filters::{Escaper as _, Html, HtmlSafe};
use domain::text::{self, Piece};

/// How many bytes a mark takes on the page.
const MARK: usize = "<mark>U+10FFFF</mark>".len();
/// How many bytes a character takes that is escaped: `&#34;`, and one more for good measure.
const ESCAPED: usize = 6;

/// A text with its marks. It escapes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marked(String);

impl Marked {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it was given.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// The longest beginning of `text` that takes at most `bytes` on a page, however it is escaped and marked.
    pub(super) fn beginning(text: &str, bytes: usize) -> &str {
        let mut left = bytes;
        let too_much = text.char_indices().find(|(_, c)| {
            let takes = if text::fools_the_eye(*c) {
                MARK
            } else {
                ESCAPED.max(c.len_utf8())
            };
            let fits = left.checked_sub(takes);
            left = fits.unwrap_or(left);
            fits.is_none()
        });
        too_much.map_or(text, |(end, _)| &text[..end])
    }
}

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in text::pieces(&self.0) {
            match piece {
                Piece::Plain(plain) => Html.write_escaped_str(&mut *f, plain)?,
                Piece::Mark(c) => write!(f, "<mark>{}</mark>", text::code_of(c))?,
            }
        }
        Ok(())
    }
}

impl HtmlSafe for Marked {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_ours_and_everything_else_is_escaped() {
        let text = "<b>1 \u{202E}& <mark>U+202E</mark>\u{0}\r\n2";
        let shown = Marked::new(text).to_string();
        assert_eq!(
            shown,
            "&#60;b&#62;1 <mark>U+202E</mark>&#38; &#60;mark&#62;U+202E&#60;/mark&#62;<mark>U+0000</mark>\n2"
        );
    }

    #[test]
    fn however_hostile_a_beginning_fits() {
        for c in ["\u{0}", "\u{E0001}", "\"", "a", "字", "👩"] {
            let text = c.repeat(10_000);
            let beginning = Marked::beginning(&text, 30_000);
            let shown = Marked::new(beginning).to_string();
            assert!(shown.len() <= 30_000, "{c:?}: {}", shown.len());
            assert!(beginning.len() >= 1_400, "{c:?}");
        }
        assert_eq!(Marked::beginning("all", 30_000), "all");
    }
}
