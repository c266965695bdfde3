//! When two URLs are the same page.
//!
//! Patrols compare runs by this key, stop conditions find a URL by it, a session remembers it. It is
//! a key for comparison only: what is shown, stored and fetched stays as it was found.
//!
//! Two mistakes are possible and they do not weigh the same. Keeping two spellings of a page apart
//! repeats a line in a list; merging two pages hides one of them for good. So only what a standard
//! or the purpose of a parameter says is meaningless is removed: `http` is not `https`, `www.` stays,
//! a trailing slash stays, case of the path stays, and the parameters dropped are those on two short
//! lists ([`tracking`]): names nobody uses for a page, and names one site is known to use for its logs.
//!
//! It is made of the URL alone. What a fetch learns (a permanent redirect, the address a page calls its
//! own) is recorded beside the page and merges nothing: the key is asked of URLs nobody has fetched, and
//! a page could name another's address.

mod tracking;

use std::fmt::Write as _;

use url::Url;

use crate::percent::{decode, is_unreserved};
use tracking::is_tracking;

/// The key by which two URLs are the same page.
///
/// It is itself a URL, and its own identity. For other schemes than `http` and `https` only the
/// fragment is dropped.
#[must_use]
pub fn identity(url: &Url) -> String {
    if !matches!(url.scheme(), "http" | "https") {
        let mut bare = url.clone();
        bare.set_fragment(None);
        return bare.into();
    }
    // The parser has done: case of scheme and host, IDNA, dot segments, default ports.
    let mut key = format!("{}://", url.scheme());
    if !url.username().is_empty() || url.password().is_some() {
        key.push_str(url.username());
        if let Some(password) = url.password() {
            let _ = write!(key, ":{password}");
        }
        key.push('@');
    }
    let host = url.host_str().unwrap_or_default();
    // The root's dot names the same host. With two of them it is no name, and stays as it is: without
    // them `127.0.0..` would be an address.
    let host = host
        .strip_suffix('.')
        .filter(|named| !named.is_empty() && !named.ends_with('.'))
        .unwrap_or(host);
    key.push_str(host);
    if let Some(port) = url.port() {
        let _ = write!(key, ":{port}");
    }
    push_normal(&mut key, without_session(url.path()), Part::Path);
    push_query(&mut key, url.query().unwrap_or_default(), host);
    // `#!` addresses a page of its own in sites that route by script; other fragments a place in it.
    if let Some(route) = url
        .fragment()
        .and_then(|fragment| fragment.strip_prefix('!'))
        .filter(|route| !route.is_empty())
    {
        let _ = write!(key, "#!{route}");
    }
    key
}

/// The identity of a URL's text, blanks around it ignored; `None` when it is not an http or https
/// URL.
#[must_use]
pub fn parse_identity(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| identity(&url))
}

/// A path without the session a Java server writes at its end (Servlet 6.0, section 7.1.3), however
/// often it was written.
fn without_session(mut path: &str) -> &str {
    const MARK: &str = ";jsessionid=";
    let last_mark = |path: &str| {
        let last = path.len().checked_sub(MARK.len())?;
        (0..=last).rev().find(|at| {
            path.get(*at..at + MARK.len())
                .is_some_and(|part| part.eq_ignore_ascii_case(MARK))
        })
    };
    while let Some(at) = last_mark(path) {
        // Only where nothing follows: a session is the last thing in a path. And not behind a dot, which
        // would then be a dot segment and another page.
        let is_last = !path[at + MARK.len()..].contains(['/', ';']);
        if !is_last || ends_in_dots(&path[..at]) {
            break;
        }
        path = &path[..at];
    }
    path
}

/// Whether the last segment means this folder or the one above, in any spelling the parser knows.
fn ends_in_dots(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    matches!(
        last.to_ascii_lowercase().replace("%2e", ".").as_str(),
        "." | ".."
    )
}

/// Appends the query without tracking, its pairs ordered by name. Pairs of one name keep their order:
/// `a=1&a=2` may mean something else than `a=2&a=1`.
fn push_query(key: &mut String, query: &str, host: &str) {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut normal = String::with_capacity(pair.len());
            push_normal(&mut normal, pair, Part::Query);
            let name = normal.split('=').next().unwrap_or_default().to_owned();
            (name, normal)
        })
        .filter(|(name, _)| !is_tracking(name, host))
        .collect();
    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (index, (_, pair)) in pairs.iter().enumerate() {
        key.push(if index == 0 { '?' } else { '&' });
        key.push_str(pair);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Path,
    Query,
}

/// Normalises percent-encoding (RFC 3986, section 6.2.2): what need not be encoded is not, what must
/// be is, hexadecimal digits are upper case. In a query `+` is a blank, as forms write it.
fn push_normal(out: &mut String, text: &str, part: Part) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%'
            && let Some(decoded) = decode(bytes.get(at + 1..at + 3))
        {
            if is_unreserved(decoded) {
                out.push(char::from(decoded));
            } else {
                let _ = write!(out, "%{decoded:02X}");
            }
            at += 3;
            continue;
        }
        if byte == b'+' && part == Part::Query {
            out.push_str("%20");
        } else if is_unreserved(byte) || is_reserved(byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        at += 1;
    }
}

/// RFC 3986, section 2.2, without `#`, which cannot stand in a path or a query.
fn is_reserved(byte: u8) -> bool {
    matches!(
        byte,
        b':' | b'/'
            | b'?'
            | b'['
            | b']'
            | b'@'
            | b'!'
            | b'$'
            | b'&'
            | b'\''
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b';'
            | b'='
    )
}

#[cfg(test)]
mod tests;
