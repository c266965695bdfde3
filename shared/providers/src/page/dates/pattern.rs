//! Dates in written text, in the forms people use.
//!
//! A date here has a year: "13 May" alone belongs to any. The forms, with M a month's name in some
//! language and the usual small words and ordinal endings between the parts:
//!
//! - `D M Y`, `M D, Y`, `Y M D`, `M Y` (a month);
//! - `Y-m-d`, `Y/m/d`, `Y.m.d`, `d.m.Y`, `d/m/Y`, `d-m-Y` and the American `m/d/Y`, `m-d-Y`;
//! - `dd | mm | Y` and `dd · mm · Y`, as date lines are set apart by style;
//! - `Y年m月d日`, `Y년 m월 d일`, `ngày d tháng m năm Y`;
//! - two-digit years where all three parts have two digits: `04.02.22`, `04/02/22`.
//!
//! What is no date: parts of longer numbers (addresses, versions, telephone numbers), years out of the
//! range of [`Moment`], days a month does not have.

use super::moment::Moment;
use super::months;
use super::order::Order;
use super::token::{Token, tokens};

/// A date found in text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) moment: Moment,
    /// The other reading, where day and month could be exchanged.
    pub(super) exchanged: Option<Moment>,
    /// Which order the date itself shows.
    pub(super) shows: Option<Order>,
    /// Bytes in the text.
    pub(super) start: usize,
    pub(super) end: usize,
    /// A time of day follows or goes before.
    pub(super) has_clock: bool,
    /// Another day or date is joined to it ("5.–7. May 2016"): a stretch of time, so an event's.
    pub(super) is_range: bool,
    /// The year has two digits.
    pub(super) is_short: bool,
}

/// The dates of `text`, in order, at most `limit` of them.
pub(super) fn find(text: &str, language: &str, order: Order, limit: usize) -> Vec<Found> {
    search(text, language, order, limit, false)
}

/// The date of a text that is said to be one: it may be as short as "1.5.16".
pub(super) fn find_declared(text: &str, language: &str, order: Order) -> Option<Found> {
    search(text, language, order, 1, true).pop()
}

fn search(text: &str, language: &str, order: Order, limit: usize, is_declared: bool) -> Vec<Found> {
    let mut out = Vec::new();
    if !text.chars().any(char::is_numeric) {
        return out;
    }
    let tokens = tokens(text);
    let scan = Scan {
        text,
        tokens: &tokens,
        language,
        order,
        is_declared,
    };
    let mut at = 0;
    while at < tokens.len() && out.len() < limit {
        if let Some((found, next)) = scan.at(at) {
            out.push(found);
            at = next;
        } else {
            at += 1;
        }
    }
    out
}

struct Scan<'a> {
    text: &'a str,
    tokens: &'a [Token],
    language: &'a str,
    order: Order,
    /// The text is known to be a date.
    is_declared: bool,
}

/// A reading of the tokens from one place on: the date, the other reading, and the next token.
struct Reading {
    moment: Moment,
    exchanged: Option<Moment>,
    shows: Option<Order>,
    is_short: bool,
    next: usize,
}

impl Reading {
    fn sure(moment: Moment, next: usize) -> Self {
        Self {
            moment,
            exchanged: None,
            shows: None,
            is_short: false,
            next,
        }
    }
}

impl Scan<'_> {
    fn at(&self, at: usize) -> Option<(Found, usize)> {
        let reading = match self.number(at) {
            Some((_, 4)) => self.year_led(at),
            Some((_, 1 | 2)) => self.day_led(at),
            Some(_) => None,
            None => self.month_led(at),
        }?;
        let last = reading.next.checked_sub(1)?;
        if !self.stands_alone(at, last) {
            return None;
        }
        let found = Found {
            moment: reading.moment,
            exchanged: reading.exchanged,
            shows: reading.shows,
            start: self.tokens.get(at)?.start,
            end: self.tokens.get(last)?.end,
            has_clock: self.has_clock(at, reading.next),
            is_range: self.is_range(at, reading.next),
            is_short: reading.is_short,
        };
        Some((found, reading.next))
    }

    fn number(&self, at: usize) -> Option<(u32, u8)> {
        self.tokens.get(at)?.number()
    }

    fn word(&self, at: usize) -> Option<&str> {
        self.tokens.get(at)?.word()
    }

    /// What stands between a token and the next, without blanks at its ends.
    fn gap(&self, at: usize) -> Option<&str> {
        let (one, two) = (self.tokens.get(at)?, self.tokens.get(at + 1)?);
        Some(self.text.get(one.end..two.start)?.trim())
    }

    fn is_blank_or(&self, at: usize, allowed: &[&str]) -> bool {
        self.gap(at)
            .is_some_and(|gap| gap.is_empty() || allowed.contains(&gap))
    }

    fn month(&self, at: usize) -> Option<i8> {
        months::month(self.word(at)?, self.language)
    }

    /// A four-digit year beside the month at `month`.
    fn year(&self, at: usize, month: usize) -> Option<i16> {
        let (value, 4) = self.number(at)? else {
            return None;
        };
        let year = i16::try_from(value).ok()?;
        let thai = year > 2400 && self.word(month).is_some_and(months::is_thai);
        Some(if thai { year - 543 } else { year })
    }

    fn small(&self, at: usize) -> Option<i8> {
        match self.number(at)? {
            (value @ 1..=31, 1 | 2) => i8::try_from(value).ok(),
            _ => None,
        }
    }

    /// `Y-m-d` and its kind, `Y年m月d日`, `Y M D`.
    fn year_led(&self, at: usize) -> Option<Reading> {
        let year = i16::try_from(self.number(at)?.0).ok()?;
        if let Some("年" | "년") = self.word(at + 1) {
            let month = self.small(at + 2)?;
            let ("月" | "월") = self.word(at + 3)? else {
                return None;
            };
            let day = self
                .small(at + 4)
                .filter(|_| matches!(self.word(at + 5), Some("日" | "일" | "号" | "號")));
            return match day {
                Some(day) => Some(Reading::sure(Moment::day(year, month, day)?, at + 6)),
                None => Some(Reading::sure(Moment::month(year, month)?, at + 4)),
            };
        }
        if let (Some(month), Some(day)) = (self.small(at + 1), self.small(at + 2)) {
            let (one, two) = (self.gap(at)?, self.gap(at + 1)?);
            if one == two && matches!(one, "-" | "/" | "." | "‐" | "‑" | "–") {
                return Some(Reading::sure(Moment::day(year, month, day)?, at + 3));
            }
            return None;
        }
        // "2016. május 13.", "2016 m. gegužės 13 d.", "2016. gada 13. maijs"
        let skipped = usize::from(matches!(self.word(at + 1), Some("m" | "gada" | "g")));
        let first = at + 1 + skipped;
        if !self.is_blank_or(at, &[".", ",", "-", "/"])
            || !self.is_blank_or(first - 1, &[".", "-", "/"])
        {
            return None;
        }
        if let (Some(month), Some(day)) = (self.month(first), self.small(first + 1)) {
            let joined = self.is_blank_or(first, &["-", "/"]);
            // "2016 May 13" but not "2016. May 13, 2017".
            let other_year = matches!(self.number(first + 2), Some((_, 4)))
                && self.is_blank_or(first + 1, &[","]);
            if joined && !other_year {
                return Some(Reading::sure(Moment::day(year, month, day)?, first + 2));
            }
        }
        if let (Some(day), Some(month)) = (self.small(first), self.month(first + 1))
            && skipped == 1
            && self.is_blank_or(first, &["."])
        {
            return Some(Reading::sure(Moment::day(year, month, day)?, first + 2));
        }
        None
    }

    /// `D M Y`, `d.m.Y` and its kind.
    fn day_led(&self, at: usize) -> Option<Reading> {
        let day = self.small(at)?;
        if self.number(at + 1).is_some() {
            return self.numeric(at);
        }
        // "13 tháng 5 năm 2016", "13 tháng 5, 2016"
        if self.word(at + 1) == Some("thang") {
            let month = self.small(at + 2)?;
            let year = at + 3 + usize::from(self.word(at + 3) == Some("nam"));
            let moment = Moment::day(self.year(year, at + 1)?, month, day)?;
            return self
                .is_blank_or(year - 1, &[",", "/", "-"])
                .then(|| Reading::sure(moment, year + 1));
        }
        let month_at = self.after_connectors(
            at,
            ORDINALS,
            &[".", ",", "º", "°", "ª", "-", "/", ").", "'", "’"],
        )?;
        let month = self.month(month_at)?;
        let year_at =
            self.after_connectors(month_at, BEFORE_YEAR, &[",", ".", ".,", "-", "/", "'", "’"])?;
        let year = self.year(year_at, month_at)?;
        Some(Reading::sure(Moment::day(year, month, day)?, year_at + 1))
    }

    /// `M D, Y`, `M Y`.
    fn month_led(&self, at: usize) -> Option<Reading> {
        let month = self.month(at)?;
        if let Some(day) = self.small(at + 1)
            && self.is_blank_or(at, &[".", "-", "/", "'"])
        {
            let year_at = self.after_connectors(
                at + 1,
                ENDINGS,
                &[",", ".", ".,", "-", "/", "º", "°", "),"],
            )?;
            let year = self.year(year_at, at)?;
            return Some(Reading::sure(Moment::day(year, month, day)?, year_at + 1));
        }
        let year_at = self.after_connectors(at, BEFORE_YEAR, &[",", ".", "-", "/"])?;
        let year = self.year(year_at, at)?;
        Some(Reading::sure(Moment::month(year, month)?, year_at + 1))
    }

    /// Three numbers of which the last is the year.
    fn numeric(&self, at: usize) -> Option<Reading> {
        let (one, two) = (self.number(at)?, self.number(at + 1)?);
        let (value, digits) = self.number(at + 2)?;
        let gap = self.gap(at)?;
        let is_known = match gap {
            "." | "/" | "-" => true,
            // Lists of pages are separated so, too; their numbers are written as short as they are.
            "|" | "·" | "•" => self.is_declared || (one.1, two.1, digits) == (2, 2, 4),
            "" | "," => self.is_declared,
            _ => false,
        };
        if !is_known || self.gap(at + 1)? != gap {
            return None;
        }
        let is_short = digits == 2;
        let year = match digits {
            4 => i16::try_from(value).ok()?,
            // Dashes between three short numbers are telephone numbers and scores as often.
            2 if self.is_declared && !gap.is_empty() || one.1 == 2 && two.1 == 2 && gap != "-" => {
                2000 + i16::try_from(value).ok()?
            }
            _ => return None,
        };
        let (first, second) = (i8::try_from(one.0).ok()?, i8::try_from(two.0).ok()?);
        let shows = if gap == "." {
            None
        } else {
            Order::shown_by(one.0, two.0)
        };
        // With dots the day is first, whatever the language.
        let preferred = if gap == "." {
            Order::DayFirst
        } else {
            self.order
        };
        let day_first = Moment::day(year, second, first);
        let month_first = Moment::day(year, first, second);
        let (moment, exchanged) = match preferred {
            Order::DayFirst => (day_first, month_first),
            Order::MonthFirst => (month_first, day_first),
        };
        let (moment, exchanged) = match moment {
            Some(moment) => (
                moment,
                exchanged.filter(|other| *other != moment && gap != "."),
            ),
            None => (exchanged?, None),
        };
        Some(Reading {
            moment,
            exchanged,
            shows,
            is_short,
            next: at + 3,
        })
    }

    /// The token after `at`, with at most two of `words` passed over and nothing but `signs` between.
    fn after_connectors(&self, at: usize, words: &[&str], signs: &[&str]) -> Option<usize> {
        let mut here = at;
        for _ in 0..3 {
            if !self.is_blank_or(here, signs) {
                return None;
            }
            here += 1;
            match self.word(here) {
                Some(word) if words.contains(&word) => {}
                _ => return Some(here),
            }
        }
        None
    }

    /// Whether the tokens are no part of a longer number or word.
    fn stands_alone(&self, first: usize, last: usize) -> bool {
        let (Some(one), Some(two)) = (self.tokens.get(first), self.tokens.get(last)) else {
            return false;
        };
        let numeric = one.number().is_some();
        let mut before = self.text.get(..one.start).unwrap_or_default().chars().rev();
        let mut after = self.text.get(two.end..).unwrap_or_default().chars();
        let joined = |near: Option<char>, far: Option<char>| match near {
            Some('.' | '-' | '/' | ':' | ',' | '_' | '+') => {
                far.is_some_and(|c| c.is_ascii_digit())
            }
            Some(c) => c.is_ascii_digit() || matches!(c, '=' | '%' | '$' | '€' | '£'),
            None => false,
        };
        let (near, far) = (before.next(), before.next());
        // Letters before: "v2.3.2016", "A12.03.2016"; scripts without blanks are another matter.
        if numeric
            && (joined(near, far) || near.is_some_and(|c| c.is_ascii_alphabetic() || c == '_'))
        {
            return false;
        }
        let (near, far) = (after.next(), after.next());
        // "2016-05-13T10:00" and "13.05.2016, 10:30" go on with a time.
        two.number().is_none() || !joined(near, far) || near == Some(',')
    }

    /// `hh:mm` within a few tokens of the date.
    fn has_clock(&self, first: usize, next: usize) -> bool {
        let clock = |at: usize| {
            let hour = self
                .number(at)
                .is_some_and(|(value, digits)| value < 24 && digits <= 2);
            let minute = self
                .number(at + 1)
                .is_some_and(|(value, digits)| value < 60 && digits == 2);
            let near = |gap: &str| matches!(gap, ":" | ".");
            hour && minute && self.gap(at).is_some_and(near)
                || hour
                    && matches!(
                        self.word(at + 1),
                        Some("h" | "uhr" | "am" | "pm" | "時" | "시")
                    )
        };
        (next..next + 4).any(clock) || (first.saturating_sub(4)..first.saturating_sub(1)).any(clock)
    }

    /// Another day or date is joined by a dash or a word like "to".
    fn is_range(&self, first: usize, next: usize) -> bool {
        let dash = |gap: &str| {
            gap.contains(['–', '—', '−', '~', '〜']) || gap.ends_with('-') || gap.starts_with('-')
        };
        let to = |at: usize| self.word(at).is_some_and(|word| TO.contains(&word));
        let before = first.checked_sub(1).is_some_and(|at| {
            self.small(at).is_some() && self.gap(at).is_some_and(dash)
                || to(at)
                    && at
                        .checked_sub(1)
                        .is_some_and(|at| self.number(at).is_some() || self.month(at).is_some())
        });
        let open = next
            .checked_sub(1)
            .and_then(|at| self.text.get(self.tokens.get(at)?.end..))
            .is_some_and(|rest| rest.trim_start().starts_with(['~', '〜', '～']));
        let after = open
            || self.number(next).is_some_and(|(_, digits)| digits <= 2)
                && next
                    .checked_sub(1)
                    .and_then(|at| self.gap(at))
                    .is_some_and(|gap| gap.contains(['–', '—', '−']))
                && self.number(next + 1).is_some_and(|(_, digits)| digits <= 2)
                && self.gap(next).is_some_and(|gap| gap != ":")
            || to(next)
                && self.small(next + 1).is_some()
                && self.gap(next + 1).is_some_and(|gap| gap != ":");
        before || after
    }
}

/// Between a day and its month.
const ORDINALS: &[&str] = &[
    "st", "nd", "rd", "th", "er", "de", "del", "di", "of", "o", "a", "d", "e", "η", "ие",
];

/// Between a month and its year.
const BEFORE_YEAR: &[&str] = &["de", "del", "di", "of", "d", "do", "e", "του"];

/// Between a day and its year.
const ENDINGS: &[&str] = &["st", "nd", "rd", "th", "de", "del", "of"];

/// From one day to another.
const TO: &[&str] = &[
    "bis", "to", "until", "till", "au", "al", "ate", "hasta", "do", "tot", "til",
];

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
