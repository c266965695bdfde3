//! The lines of a robots.txt file: a key, a colon, a value (RFC 9309, section 2.2).
//!
//! Files are written by hand. Google's parser forgives a missing colon and the usual misspellings of
//! the two keys that forbid something; so does this one, for who writes `Dissallow` means it.

/// A line that says something.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    UserAgent(&'a [u8]),
    Rule { allows: bool, path: &'a [u8] },
    CrawlDelay(&'a [u8]),
    Sitemap(&'a [u8]),
}

/// The lines of a file that say something, in order. CR, LF and CR LF end a line; a byte order mark is
/// passed over.
pub(super) fn lines(file: &[u8]) -> impl Iterator<Item = Line<'_>> {
    file.strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(file)
        .split(|byte| ends_line(*byte))
        .filter_map(read)
}

pub(super) fn ends_line(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn read(line: &[u8]) -> Option<Line<'_>> {
    let said = line.split(|byte| *byte == b'#').next()?.trim_ascii();
    let (key, value) = split(said)?;
    let is = |names: &[&str]| {
        names
            .iter()
            .any(|name| key.eq_ignore_ascii_case(name.as_bytes()))
    };
    if is(&["user-agent", "useragent", "user agent"]) {
        Some(Line::UserAgent(value))
    } else if is(&[
        "disallow",
        "dissallow",
        "dissalow",
        "disalow",
        "diasllow",
        "disallaw",
    ]) {
        Some(Line::Rule {
            allows: false,
            path: value,
        })
    } else if is(&["allow"]) {
        Some(Line::Rule {
            allows: true,
            path: value,
        })
    } else if is(&["crawl-delay", "crawldelay"]) {
        Some(Line::CrawlDelay(value))
    } else if is(&["sitemap", "site-map"]) {
        Some(Line::Sitemap(value))
    } else {
        None
    }
}

/// Key and value: at the first colon, or, in a line of two words without one, between the words.
fn split(said: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(colon) = said.iter().position(|byte| *byte == b':') {
        let (key, value) = (&said[..colon], &said[colon + 1..]);
        return Some((key.trim_ascii(), value.trim_ascii()));
    }
    let blank = said.iter().position(u8::is_ascii_whitespace)?;
    let (key, value) = (&said[..blank], said[blank..].trim_ascii());
    (!value.iter().any(u8::is_ascii_whitespace)).then_some((key, value))
}
