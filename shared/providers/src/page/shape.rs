//! Whether a page's mark-up has the shape of a page.
//!
//! Building the tree of a document costs more than its length when it is nested without end or a tag
//! has attributes without number: an HTML parser looks through its open elements at every tag and
//! through a tag's attributes at every attribute. No real page is like that; one that is gets read
//! flat, without a tree. The scan is linear and understands as much of HTML as it needs.

/// Blink, the engine of most browsers, builds no tree deeper than this.
const MOST_DEPTH: usize = 512;

/// The most attributes of one tag. Real ones have a few dozen.
const MOST_ATTRIBUTES: usize = 512;

/// Elements without end tag, or whose end tag is left out so often that counting them says nothing;
/// those of the second kind end by themselves when the next of their kind begins.
const UNCOUNTED: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup",
    "caption", "option", "optgroup", "rt", "rp", "html", "head", "body",
];

/// Elements whose content is text up to their end tag.
const RAW: &[&str] = &[
    "script", "style", "textarea", "title", "noscript", "iframe", "xmp",
];

/// Whether a tree of the mark-up can be built at the cost of a page.
pub(super) fn is_reasonable(html: &str) -> bool {
    let mut depth = 0_usize;
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = rest.get(at + 1..).unwrap_or_default();
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment
                .find("-->")
                .and_then(|end| comment.get(end..))
                .unwrap_or_default();
            continue;
        }
        let (closes, tag) = rest
            .strip_prefix('/')
            .map_or((false, rest), |tag| (true, tag));
        let length = tag.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if length == 0 {
            continue;
        }
        let name = tag.get(..length).unwrap_or_default().to_ascii_lowercase();
        let (attributes, after) = attributes(tag.get(length..).unwrap_or_default());
        if attributes > MOST_ATTRIBUTES {
            return false;
        }
        rest = after;
        if RAW.contains(&name.as_str()) && !closes {
            rest = after_raw(rest, &name);
        } else if UNCOUNTED.contains(&name.as_str()) {
            continue;
        } else if closes {
            depth = depth.saturating_sub(1);
        } else {
            depth += 1;
            if depth > MOST_DEPTH {
                return false;
            }
        }
    }
    true
}

/// Counts a tag's attributes; gives what follows the tag.
fn attributes(tag: &str) -> (usize, &str) {
    let mut count = 0;
    let mut quote = None;
    let mut between = true;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return (count, tag.get(at + 1..).unwrap_or_default()),
            // A quote opens a value only after `=`; elsewhere it is a letter of a name.
            (None, b'"' | b'\'') if at > 0 && tag.as_bytes().get(at - 1) == Some(&b'=') => {
                quote = Some(byte)
            }
            (None, b'/' | b' ' | b'\t' | b'\n' | b'\r' | b'\x0c') => between = true,
            (None, _) => {
                count += usize::from(between);
                between = false;
            }
            (Some(open), _) => {
                if byte == open {
                    quote = None;
                    between = true;
                }
            }
        }
        if count > MOST_ATTRIBUTES {
            return (count, "");
        }
    }
    (count, "")
}

/// What follows the end of a raw element.
fn after_raw<'a>(text: &'a str, name: &str) -> &'a str {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("</")) {
        let start = from + at + 2;
        if bytes
            .get(start..start + name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        {
            return text.get(start + name.len()..).unwrap_or_default();
        }
        from = start;
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_reasonable_and_traps_are_not() {
        let unclosed = "<ul>".to_owned() + &"<li>item<p>text<br>".repeat(5_000) + "</ul>";
        let wide = "<div><a href='x>y' class=\"a b\">t</a></div>".repeat(20_000);
        let script = format!(
            "<script>{}</script><p>x",
            "document.write('<div>');".repeat(2_000)
        );
        let comment = format!("<!-- {} --><p>x", "<div>".repeat(2_000));
        for html in [
            unclosed.as_str(),
            &wide,
            &script,
            &comment,
            "",
            "<",
            "</",
            "<a",
            "<script>",
            "a < b",
            "<!--",
            "<!doctype html>",
            "<ä>",
        ] {
            assert!(
                is_reasonable(html),
                "{}",
                html.chars().take(40).collect::<String>()
            );
        }
        let deep = "<div>".repeat(513);
        let attributes: String = std::iter::once("<a".to_owned())
            .chain((0..600).map(|n| format!(" b{n}")))
            .collect();
        let quoted: String = std::iter::once("<a".to_owned())
            .chain((0..600).map(|n| format!(" b{n}='>'")))
            .collect();
        for html in [deep, attributes, quoted] {
            assert!(!is_reasonable(&html));
        }
    }
}
