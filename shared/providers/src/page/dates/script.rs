//! Dates in the data a page carries for its scripts: application state, analytics calls, broken JSON-LD.
//!
//! Only keys that say "published" or "modified" are looked at, and the first of each counts: state holds
//! the page's own record before those of related ones, more often than not. Where several records follow,
//! with other days, the first is believed less. One pass over the text, no parsing: the state of a
//! large site is a program, not a document.

use super::candidate::{Candidate, Source};
use super::machine;
use super::moment::Moment;
use super::order::Order;
use super::words::{self, Role};

/// Bytes searched of one script.
const MAX_BYTES: usize = 400_000;

/// Longer names are no keys, longer values no dates.
const MAX_KEY: usize = 40;

/// How far the first of several different dates is believed.
const OF_SEVERAL: i32 = 38;

/// Keys judged in one script: a hostile one may hold nothing else.
const MAX_KEYS: usize = 2_000;

/// Adds the first date of each role.
pub(super) fn read(
    script: &str,
    source: Source,
    strength: i32,
    language: &str,
    order: Order,
    out: &mut Vec<Candidate>,
) {
    let bytes = script.as_bytes();
    let bytes = bytes.get(..MAX_BYTES).unwrap_or(bytes);
    let (mut published, mut modified) = (None, None);
    for (key, value) in pairs(bytes).take(MAX_KEYS) {
        let Some(naming) = words::naming(&words::of_name(key)).filter(|naming| naming.is_plain)
        else {
            continue;
        };
        let moment = machine::read(value, language, order).filter(Moment::has_day);
        let Some(moment) = moment.or_else(|| machine::epoch(value).filter(|_| is_time(key))) else {
            continue;
        };
        let first = match naming.role {
            Role::Published => &mut published,
            Role::Modified => &mut modified,
        };
        let first =
            first.get_or_insert_with(|| Candidate::new(moment, naming.role, source, strength));
        if first.moment.date != moment.date {
            first.strength = strength.min(OF_SEVERAL);
        }
    }
    out.extend(published.into_iter().chain(modified));
}

/// Whether a number under `key` may be a time, and not an identifier.
fn is_time(key: &str) -> bool {
    words::of_name(key).last().is_some_and(|last| {
        [
            "date",
            "time",
            "at",
            "on",
            "timestamp",
            "ts",
            "published",
            "modified",
            "updated",
        ]
        .iter()
        .any(|end| last.ends_with(end))
    })
}

/// Keys with a part of "publish", "pubdate", "modified" or "update" in them, and the values they have.
fn pairs(bytes: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let mut last = 0;
    bytes
        .windows(4)
        .enumerate()
        .filter_map(move |(at, window)| {
            let is_part = matches!(
                window,
                b"ubli"
                    | b"UBLI"
                    | b"ubDa"
                    | b"ubda"
                    | b"ub_d"
                    | b"ub-d"
                    | b"ubTi"
                    | b"odif"
                    | b"pdat"
                    | b"ODIF"
                    | b"PDAT"
            );
            if !is_part || at < last {
                return None;
            }
            let (key, value, end) = pair(bytes, at)?;
            last = end;
            Some((key, value))
        })
}

/// The key around `at` and its value: `"key": "value"`, `key = 'value'`, `'key', 'value'`, `key: 1463134272`; the
/// quotes may be escaped once.
fn pair(bytes: &[u8], at: usize) -> Option<(&str, &str, usize)> {
    let is_key =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':' | b'.');
    // In a key without quotes the colon ends it.
    let before = bytes.get(at.saturating_sub(MAX_KEY)..at)?;
    let start = at - before.iter().rev().take_while(|byte| is_key(byte)).count();
    let after = bytes.get(at..(at + MAX_KEY).min(bytes.len()))?;
    let is_quoted = start
        .checked_sub(1)
        .and_then(|at| bytes.get(at))
        .is_some_and(|byte| matches!(byte, b'"' | b'\''));
    let end = at
        + after
            .iter()
            .take_while(|byte| is_key(byte) && (is_quoted || **byte != b':'))
            .count();
    let key = std::str::from_utf8(bytes.get(start..end)?).ok()?;
    let rest = bytes.get(end..(end + 2 * MAX_KEY).min(bytes.len()))?;
    let is_filler = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'\\' | b'"' | b'\'');
    let sign = rest.iter().position(|byte| !is_filler(byte))?;
    if !matches!(rest.get(sign)?, b':' | b'=' | b',') {
        return None;
    }
    let rest = rest.get(sign + 1..)?;
    let begin = rest.iter().position(|byte| !is_filler(byte))?;
    let is_string = rest
        .get(..begin)?
        .iter()
        .any(|byte| matches!(byte, b'"' | b'\''));
    let rest = rest.get(begin..)?;
    let length = if is_string {
        rest.iter()
            .position(|byte| matches!(byte, b'"' | b'\'' | b'\\'))?
    } else {
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let value = std::str::from_utf8(rest.get(..length.min(MAX_KEY))?).ok()?;
    Some((key, value, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(script: &str) -> Vec<String> {
        let mut out = Vec::new();
        read(
            script,
            Source::Script,
            50,
            "en",
            Order::MonthFirst,
            &mut out,
        );
        out.iter()
            .map(|found| format!("{:?} {}", found.role, found.moment))
            .collect()
    }

    #[test]
    fn finds_keys_in_programs() {
        assert_eq!(
            shown(r#"window.s={"a":1,"publishedAt":"2016-05-13T10:00:00Z","x":2}"#),
            ["Published 2016-05-13T10:00:00Z"]
        );
        assert_eq!(
            shown("var page = { publish_date: '2016/05/13', date_modified: '2016-05-14' };"),
            ["Published 2016-05-13", "Modified 2016-05-14"]
        );
        assert_eq!(
            shown(r#"JSON.parse("{\"datePublished\":\"2016-05-13\"}")"#),
            ["Published 2016-05-13"]
        );
        assert_eq!(
            shown(r#"{"publishDate":"20160513"}"#),
            ["Published 2016-05-13"]
        );
        assert_eq!(
            shown(r#"{"publishDate":"May 13, 2016"}"#),
            ["Published 2016-05-13"]
        );
        assert_eq!(
            shown(r#"{"publishedAt":1463134272000,"b":1}"#),
            ["Published 2016-05-13T10:11:12Z"]
        );
        assert_eq!(
            shown("gtag('set','publication_date','2016-05-13')"),
            ["Published 2016-05-13"]
        );
        assert_eq!(
            shown(r#"{"article:published_time":"2016-05-13"}"#),
            ["Published 2016-05-13"]
        );
    }

    #[test]
    fn the_first_counts_and_other_keys_do_not() {
        assert_eq!(
            shown(r#"[{"datePublished":"2016-05-13"},{"datePublished":"2015-01-01"}]"#),
            ["Published 2016-05-13"]
        );
        assert_eq!(
            shown(r#"{"version":"2016-05-13","eventDate":"2016-05-13","date":"2016-05-13"}"#),
            [""; 0]
        );
        assert_eq!(shown(r#"{"published":true,"id":"2016-05-13"}"#), [""; 0]);
        assert_eq!(shown(r#""published""#), [""; 0]);
        assert_eq!(shown("publish"), [""; 0]);
    }

    #[test]
    fn the_first_of_several_is_believed_less() {
        let strength = |script: &str| {
            let mut out = Vec::new();
            read(
                script,
                Source::Script,
                50,
                "en",
                Order::MonthFirst,
                &mut out,
            );
            out.pop().map(|found| found.strength)
        };
        let one = r#"{"datePublished":"2016-05-13"}"#;
        assert_eq!(strength(one), Some(50));
        assert_eq!(strength(&format!("[{one},{one}]")), Some(50));
        assert_eq!(
            strength(&format!(r#"[{one},{{"datePublished":"2015-01-01"}}]"#)),
            Some(38)
        );
    }

    #[test]
    fn numbers_are_times_under_names_of_times_only() {
        assert_eq!(shown(r#"{"publicationId":1463134272}"#), [""; 0]);
        assert_eq!(
            shown(r#"{"publicationDate":1463134272}"#),
            ["Published 2016-05-13T10:11:12Z"]
        );
    }

    #[test]
    fn a_script_of_keys_alone_ends() {
        assert_eq!(shown(&"publish:".repeat(60_000)), [""; 0]);
    }
}
