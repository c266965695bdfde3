//! The path of a rule, and how it is held against the path of a URL (RFC 9309, sections 2.2.2 and 2.2.3).
//!
//! Both are brought into one spelling before a byte is compared. What is not ASCII is percent-encoded;
//! what is encoded without need is decoded; hexadecimal digits are upper case. In a query, where a
//! slash or a colon separates nothing, the encoded and the plain form are one, as in the RFC's example
//! `?baz=https://foo.bar`. A star or a dollar sign that means itself is written encoded, so that in a
//! normal pattern every `*` is a wildcard.

use crate::percent::{decode, encoded, is_unreserved};

/// A rule's path: it matches every target it is a prefix of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    /// In normal spelling, wildcards as `*`.
    text: Vec<u8>,
    /// Whether it must reach the end of the target: it was written with a last `$`.
    to_the_end: bool,
}

/// The path and query that is asked about, in normal spelling.
#[derive(Debug)]
pub(super) struct Target(Vec<u8>);

impl Target {
    pub(super) fn read(path_and_query: &str) -> Self {
        let sent = path_and_query.split('#').next().unwrap_or_default();
        let mut normal = Vec::with_capacity(sent.len() + 1);
        if !sent.starts_with('/') {
            normal.push(b'/');
        }
        push_normal(&mut normal, sent.as_bytes(), false);
        Self(normal)
    }

    pub(super) fn is(&self, path: &str) -> bool {
        self.0 == path.as_bytes()
    }
}

impl Pattern {
    /// The pattern of a rule; `None` when it is empty or begins in a way no path does.
    pub(super) fn read(path: &[u8]) -> Option<Self> {
        if !matches!(path.first(), Some(b'/' | b'*')) {
            return None;
        }
        let (path, to_the_end) = path
            .strip_suffix(b"$")
            .map_or((path, false), |rest| (rest, true));
        let mut text = Vec::with_capacity(path.len());
        push_normal(&mut text, path, true);
        Some(Self { text, to_the_end })
    }

    /// How specific the pattern is: its length in octets.
    pub(super) fn octets(&self) -> usize {
        self.text.len() + usize::from(self.to_the_end)
    }

    /// Whether the end of the pattern is reached before a difference.
    ///
    /// A star may stand for anything, so it is enough to find each piece between two stars as early as
    /// it occurs: no later place would leave more room for the next. That keeps the work within the
    /// product of the lengths, whatever a stranger writes.
    pub(super) fn matches(&self, target: &Target) -> bool {
        let mut pieces = self.text.split(|byte| *byte == b'*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = target.0.strip_prefix(first) else {
            return false;
        };
        let mut pieces = pieces.peekable();
        if pieces.peek().is_none() {
            return !self.to_the_end || rest.is_empty();
        }
        while let Some(piece) = pieces.next() {
            if self.to_the_end && pieces.peek().is_none() {
                return rest.ends_with(piece);
            }
            match after(rest, piece) {
                Some(remaining) => rest = remaining,
                None => return false,
            }
        }
        true
    }
}

/// What follows the first occurrence of `piece`.
fn after<'a>(text: &'a [u8], piece: &[u8]) -> Option<&'a [u8]> {
    if piece.is_empty() {
        return Some(text);
    }
    let at = text
        .windows(piece.len())
        .position(|window| window == piece)?;
    text.get(at + piece.len()..)
}

/// Appends `text` in normal spelling. In a pattern a plain `*` stays, as the wildcard it is.
fn push_normal(out: &mut Vec<u8>, text: &[u8], is_pattern: bool) {
    let mut in_query = false;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let decoded = (byte == b'%')
            .then(|| decode(text.get(at + 1..at + 3)))
            .flatten();
        at += if decoded.is_some() { 3 } else { 1 };
        match decoded {
            Some(octet) if is_unreserved(octet) || (in_query && separates_nothing(octet)) => {
                out.push(octet);
            }
            Some(octet) => out.extend(encoded(octet)),
            None if byte == b'*' && is_pattern => out.push(byte),
            None if matches!(byte, b'*' | b'$') || !byte.is_ascii_graphic() => {
                out.extend(encoded(byte));
            }
            None => {
                in_query |= byte == b'?';
                out.push(byte);
            }
        }
    }
}

/// Reserved characters that stand for themselves in a query (RFC 3986, section 3.4), encoded or not.
fn separates_nothing(octet: u8) -> bool {
    matches!(
        octet,
        b':' | b'/' | b'?' | b'@' | b'!' | b'\'' | b'(' | b')' | b',' | b';'
    )
}
