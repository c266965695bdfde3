//! Dates in the address of a page: `/2016/05/13/title`, `/2016-05-13-title`, `/20160513/title`.
//!
//! The path is given once, at publication, and rarely changes after: a whole day in it is good evidence.
//! A month alone says when, but not exactly enough; it is kept as support for days within it.

use url::Url;

use super::candidate::{Candidate, Source};
use super::moment::Moment;
use super::months;
use super::token::{Kind, Token, tokens};
use super::words::Role;

/// Longer paths are not searched.
const MAX_BYTES: usize = 2_000;

pub(super) fn read(url: &Url) -> Option<Candidate> {
    read_path(url.path())
}

/// The best date of a path.
pub(super) fn read_path(path: &str) -> Option<Candidate> {
    let path = path.get(..MAX_BYTES).unwrap_or(path);
    let tokens = tokens(path);
    let candidate =
        |moment, strength| Candidate::new(moment, Role::Published, Source::Url, strength);
    let mut best: Option<Candidate> = None;
    for at in 0..tokens.len() {
        let found = day(path, &tokens, at).map(|(moment, strength)| candidate(moment, strength));
        let found = found.or_else(|| month(path, &tokens, at).map(|moment| candidate(moment, 60)));
        if let Some(found) = found
            && best
                .as_ref()
                .is_none_or(|best| found.strength > best.strength)
        {
            best = Some(found);
        }
    }
    best
}

fn gap<'a>(path: &'a str, tokens: &[Token], at: usize) -> Option<&'a str> {
    path.get(tokens.get(at)?.end..tokens.get(at + 1)?.start)
}

fn small(tokens: &[Token], at: usize) -> Option<i8> {
    match tokens.get(at)?.number()? {
        (value @ 1..=31, 1 | 2) => i8::try_from(value).ok(),
        _ => None,
    }
}

/// A year that is no part of a word ("win2000/10/11").
fn year(path: &str, tokens: &[Token], at: usize) -> Option<i16> {
    let token = tokens.get(at)?;
    let (value, 4) = token.number()? else {
        return None;
    };
    let before = path.get(..token.start)?.chars().next_back();
    if before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    i16::try_from(value).ok()
}

fn day(path: &str, tokens: &[Token], at: usize) -> Option<(Moment, i32)> {
    let token = tokens.get(at)?;
    if let Kind::Number { value, digits: 8 } = token.kind {
        let part = |value: u32| i8::try_from(value).ok();
        let moment = Moment::day(
            i16::try_from(value / 10_000).ok()?,
            part(value / 100 % 100)?,
            part(value % 100)?,
        )?;
        return Some((moment, if begins_segment(path, token) { 70 } else { 50 }));
    }
    let (one, two) = (gap(path, tokens, at)?, gap(path, tokens, at + 1));
    if let Some(year) = year(path, tokens, at) {
        // "/2016/0513/"
        if let Some((value, 4)) = tokens.get(at + 1)?.number()
            && one == "/"
        {
            let (month, day) = (
                i8::try_from(value / 100).ok()?,
                i8::try_from(value % 100).ok()?,
            );
            return Moment::day(year, month, day).map(|moment| (moment, 70));
        }
        let two = two?;
        let month =
            small(tokens, at + 1).or_else(|| months::month(tokens.get(at + 1)?.word()?, "en"))?;
        let moment = Moment::day(year, month, small(tokens, at + 2)?)?;
        // A segment each, down to the separators between; or one group of "2016-05-13".
        let last = tokens.get(at + 2)?;
        let is_padded = matches!(last.number(), Some((_, 2)));
        return match (one, two) {
            ("/", "/")
                if path
                    .get(last.end..)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) =>
            {
                Some((moment, 86))
            }
            // "/2016/05/13-title", but "/2016/05/3-reasons" is a title.
            ("/", "/") if is_padded => Some((moment, 60)),
            // Within a title it is often the day of what is told.
            ("-", "-") | ("_", "_") | (".", ".") => {
                Some((moment, if begins_segment(path, token) { 78 } else { 50 }))
            }
            ("/", "-") | ("-", "/") => Some((moment, 70)),
            _ => None,
        };
    }
    // "23-01-2022-title": the year tells the order only when one number is above twelve.
    if one == two? && matches!(one, "-" | "_" | ".") {
        let (first, second) = (small(tokens, at)?, small(tokens, at + 1)?);
        let year = year(path, tokens, at + 2)?;
        let moment = match (first, second) {
            (13.., _) | (_, 1..=12) if first > 12 || first == second => {
                Moment::day(year, second, first)
            }
            (1..=12, 13..) => Moment::day(year, first, second),
            _ => None,
        }?;
        return Some((moment, 58));
    }
    None
}

fn begins_segment(path: &str, token: &Token) -> bool {
    path.get(..token.start)
        .is_some_and(|before| before.ends_with('/'))
}

/// "/2016/05/" as whole segments.
fn month(path: &str, tokens: &[Token], at: usize) -> Option<Moment> {
    let year = year(path, tokens, at)?;
    let (_, 2) = tokens.get(at + 1)?.number()? else {
        return None;
    };
    let whole = path.get(tokens.get(at + 1)?.end..)?.starts_with('/');
    let gap = gap(path, tokens, at)?;
    (whole && matches!(gap, "/" | "-")).then(|| Moment::month(year, small(tokens, at + 1)?))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str) -> Option<String> {
        read_path(path).map(|found| found.moment.to_string())
    }

    #[test]
    fn days_in_paths() {
        for path in [
            "/2016/05/13/title",
            "/2016/5/13/title-2",
            "/news/2016-05-13/title",
            "/2016-05-13-title.html",
            "/title-2016-05-13",
            "/world/20160513-XY1/",
            "/story/20160513/123",
            "/2016/may/13/title",
            "/2016/05/13-title",
            "/2016/05/13",
            "/2016/0513/title",
            "/13-05-2016-title",
            "/2016_05_13/title",
        ] {
            assert_eq!(shown(path).as_deref(), Some("2016-05-13"), "{path}");
        }
    }

    #[test]
    fn a_month_is_less_than_a_day() {
        assert_eq!(shown("/2016/05/title").as_deref(), Some("2016-05"));
        assert_eq!(shown("/2016/05/13/title").as_deref(), Some("2016-05-13"));
    }

    #[test]
    fn other_numbers() {
        for path in [
            "/",
            "/2016/title",
            "/99999999",
            "/id/20161399",
            "/2016/13/40/",
            "/05-06-2016-title",
            "/2016/5/3-reasons",
            "/a2016/05/13/",
            "/123456789",
            "/2016/051",
        ] {
            assert_eq!(shown(path), None, "{path}");
        }
    }
}
