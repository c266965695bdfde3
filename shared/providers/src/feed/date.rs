//! Dates as feeds write them: RFC 822 and its many misreadings, ISO 8601 and its profiles, `asctime`.
//!
//! The forms are told apart by their parts, not by their order, for hardly any feed keeps the order.
//! A day that could be read in two ways (`03/04/2026`) is no day: a wrong date is worse than none.
//! A time without a zone is taken as UTC.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// When something was published or changed, as exactly as the feed says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A day; of a month or a year named alone, the first.
    Day(Date),
    At(Timestamp),
}

impl When {
    /// Reads a feed's date; `None` when it is none, or can be read in two ways.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        // The longest honest date is 40 characters; a sentence has no business here.
        if text.len() > 100 {
            return None;
        }
        iso(text).or_else(|| words(text))
    }

    /// The day, in UTC where the instant is known.
    #[must_use]
    pub fn date(self) -> Date {
        match self {
            Self::Day(date) => date,
            Self::At(instant) => Offset::UTC.to_datetime(instant).date(),
        }
    }
}

/// `YYYY-MM-DD` or RFC 3339 in UTC.
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(date) => date.fmt(f),
            Self::At(instant) => instant.fmt(f),
        }
    }
}

/// A time of day and its distance from UTC.
#[derive(Clone, Copy)]
struct Clock {
    /// Seconds since midnight; 24:00 is the midnight that follows.
    seconds: i64,
    offset: i64,
}

/// The instant of a wall clock.
fn at(date: Date, clock: Clock) -> Option<When> {
    let midnight: DateTime = date.to_datetime(Time::midnight());
    let shift = SignedDuration::from_secs(clock.seconds - clock.offset);
    let instant = Offset::UTC
        .to_timestamp(midnight)
        .ok()?
        .checked_add(shift)
        .ok()?;
    Some(When::At(instant))
}

/// ISO 8601: `2026`, `2026-11`, `2026-11-21`, `20261121`, `2026-325`, and each with a time behind `T` or
/// a blank.
fn iso(text: &str) -> Option<When> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '-'))
        .unwrap_or(text.len());
    let (day, rest) = text.split_at(end);
    let date = iso_day(day.trim_end_matches('-'))?;
    let rest = rest.trim_start_matches(['T', 't']).trim();
    if rest.is_empty() {
        return Some(When::Day(date));
    }
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ',')))
        .unwrap_or(rest.len());
    let (time, zone) = rest.split_at(end);
    let seconds = time_of_day(time)?;
    let offset = if zone.trim().is_empty() {
        0
    } else {
        zone_offset(zone.trim())?
    };
    at(date, Clock { seconds, offset })
}

fn iso_day(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |text: &str| text.parse::<i16>().ok();
    let (year, month, day) = match parts.as_slice() {
        [year] if year.len() == 4 => (*year, 1, 1),
        [all] if all.len() == 8 => (
            all.get(..4)?,
            number(all.get(4..6)?)?,
            number(all.get(6..)?)?,
        ),
        [year, day] if year.len() == 4 && day.len() == 3 => {
            let first = Date::new(number(year)?, 1, 1).ok()?;
            let day = first
                .checked_add(SignedDuration::from_hours(
                    24 * (i64::from(number(day)?) - 1),
                ))
                .ok()?;
            return (day.year() == first.year()).then_some(day);
        }
        [year, month] if year.len() == 4 => (*year, number(month)?, 1),
        [year, month, day] if year.len() == 4 => (*year, number(month)?, number(day)?),
        _ => return None,
    };
    date(number(year)?, month, day)
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Any order of a month's name, a day, a year, a time and a zone.
fn words(text: &str) -> Option<When> {
    let (mut month, mut clock, mut offset) = (None, None, None);
    let mut numbers: Vec<&str> = Vec::new();
    let mut half = None;
    for token in text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')'))
        .filter(|token| !token.is_empty())
    {
        let token = token.trim_end_matches('.');
        if token.contains(':') && clock.is_none() {
            let end = token
                .find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.')))
                .unwrap_or(token.len());
            let (time, rest) = token.split_at(end);
            clock = Some(time_of_day(time)?);
            match rest.to_ascii_lowercase().as_str() {
                "" => {}
                "am" => half = Some(0),
                "pm" => half = Some(12),
                _ => offset = Some(zone_offset(rest)?),
            }
        } else if let Some(day) = slashed(token) {
            return finish(day, clock, offset, half, text);
        } else if token.starts_with(|c: char| c.is_ascii_digit()) {
            // `21-Nov-2026` is one token, `21st` a number.
            for part in token.split('-') {
                match month_named(part) {
                    Some(found) => month = month.or(Some(found)),
                    None => numbers.push(part),
                }
            }
        } else if token.eq_ignore_ascii_case("am") {
            half = Some(0);
        } else if token.eq_ignore_ascii_case("pm") {
            half = Some(12);
        } else if let Some(found) = month_named(token)
            && month.is_none()
        {
            month = Some(found);
        } else if let Some(found) = zone_offset(token)
            && clock.is_some()
        {
            offset = offset.or(Some(found));
        }
    }
    let day = day_among(&numbers, month?)?;
    finish(day, clock, offset, half, text)
}

/// `2026/11/21`; any other order can be read in two ways.
fn slashed(token: &str) -> Option<Date> {
    let parts: Vec<&str> = token.split('/').collect();
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    if year.len() != 4 {
        return None;
    }
    date(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

fn finish(
    day: Date,
    clock: Option<i64>,
    offset: Option<i64>,
    half: Option<i64>,
    text: &str,
) -> Option<When> {
    let (clock, offset) = match (clock, offset) {
        (Some(clock), offset) => (clock, offset),
        // The day came before its time.
        (None, _) => {
            let mut rest = text
                .split_whitespace()
                .skip_while(|token| !token.contains(':'));
            let Some(time) = rest.next() else {
                return Some(When::Day(day));
            };
            (time_of_day(time)?, rest.next().and_then(zone_offset))
        }
    };
    let clock = match half {
        Some(half) => clock % (12 * 3600) + half * 3600,
        None => clock,
    };
    at(
        day,
        Clock {
            seconds: clock,
            offset: offset.unwrap_or(0),
        },
    )
}

/// Day and year among the numbers beside a month's name: the year has four digits, else it is the
/// second (RFC 822), and two or three digits are completed as RFC 5322, section 4.3, says.
fn day_among(numbers: &[&str], month: i16) -> Option<Date> {
    let digits = |text: &str| -> Option<i16> {
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        matches!(suffix, "" | "st" | "nd" | "rd" | "th")
            .then(|| number.parse().ok())
            .flatten()
    };
    let [first, second, ..] = numbers else {
        return None;
    };
    let (year, day) = if first.len() == 4 {
        (*first, *second)
    } else {
        (*second, *first)
    };
    let long = match (year.len(), digits(year)?) {
        (4, year) => year,
        (2, year @ 0..=49) => 2000 + year,
        (2 | 3, year) => 1900 + year,
        _ => return None,
    };
    date(long, month, digits(day)?)
}

/// `10:14`, `10:14:55`, `10:14:55.25`, `1014`, `101455`, `10`; a leap second is the one before it.
fn time_of_day(text: &str) -> Option<i64> {
    let whole = text.split(['.', ',']).next()?;
    let parts: Vec<&str> = if whole.contains(':') {
        whole.split(':').collect()
    } else {
        match whole.len() {
            2 => vec![whole],
            4 => vec![whole.get(..2)?, whole.get(2..)?],
            6 => vec![whole.get(..2)?, whole.get(2..4)?, whole.get(4..)?],
            _ => return None,
        }
    };
    let mut values = parts.iter().map(|part| {
        (part.len() <= 2 && !part.is_empty())
            .then(|| part.parse::<i64>().ok())
            .flatten()
    });
    let hour = values.next()??;
    let minute = values.next().unwrap_or(Some(0))?;
    let second = values.next().unwrap_or(Some(0))?;
    if values.next().is_some() || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = hour * 3600 + minute * 60 + second.min(59);
    (seconds <= 24 * 3600).then_some(seconds)
}

/// Seconds east of UTC.
fn zone_offset(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix('+') {
        return distance(digits);
    }
    if let Some(digits) = text.strip_prefix(['-', '\u{2212}']) {
        return distance(digits).map(|seconds| -seconds);
    }
    let name_end = text
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(name_end);
    let hours = named_zone(name)?;
    if rest.is_empty() {
        return Some(hours);
    }
    // `GMT+0100`; what follows a zone that is not UTC is not understood.
    (hours == 0).then(|| zone_offset(rest)).flatten()
}

fn distance(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    let number = |part: Option<&str>| part?.parse::<i64>().ok();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (number(Some(&digits))?, 0),
        3 => (number(digits.get(..1))?, number(digits.get(1..))?),
        4 => (number(digits.get(..2))?, number(digits.get(2..))?),
        _ => return None,
    };
    (hours <= 18 && minutes < 60).then_some(hours * 3600 + minutes * 60)
}

/// Abbreviations of zones in use; those of RFC 822 first. A single letter is UTC, as RFC 5322 asks.
fn named_zone(name: &str) -> Option<i64> {
    let quarters = match name.to_ascii_uppercase().as_str() {
        "Z" | "UT" | "UTC" | "GMT" | "WET" => 0,
        "EST" | "CDT" | "ET" => -20,
        "EDT" | "AST" => -16,
        "CST" | "MDT" | "CT" => -24,
        "MST" | "PDT" | "MT" => -28,
        "PST" | "AKDT" | "PT" => -32,
        "AKST" => -36,
        "HST" => -40,
        "ADT" | "BRT" | "ART" => -12,
        "NST" => -14,
        "NDT" => -10,
        "BST" | "IST" | "WEST" | "CET" | "MEZ" | "WAT" => 4,
        "CEST" | "MESZ" | "EET" | "SAST" | "CAT" => 8,
        "EEST" | "MSK" | "EAT" | "TRT" => 12,
        "GST" => 16,
        "PKT" => 20,
        "WIB" | "ICT" => 28,
        "HKT" | "SGT" | "AWST" | "PHT" => 32,
        "JST" | "KST" => 36,
        "ACST" => 38,
        "AEST" => 40,
        "AEDT" => 44,
        "NZST" => 48,
        "NZDT" => 52,
        letter if letter.len() == 1 => 0,
        _ => return None,
    };
    Some(quarters * 900)
}

/// A month by its name or the beginning of it, in the languages whose feeds do not write English.
fn month_named(text: &str) -> Option<i16> {
    const NAMES: [&[&str]; 12] = [
        &["jan", "ene", "gen", "янв", "ian", "oca", "led"],
        &["feb", "fév", "fev", "фев", "şub"],
        &["mar", "mär", "mrz", "maa", "mrt", "мар"],
        &["apr", "avr", "abr", "апр", "nis"],
        &["may", "mai", "maj", "mag", "мая", "май", "mei"],
        &["jun", "juin", "giu", "июн", "haz"],
        &["jul", "juil", "lug", "июл", "tem"],
        &["aug", "aoû", "aou", "ago", "авг", "ağu"],
        &["sep", "set", "сен", "eyl"],
        &["oct", "okt", "ott", "out", "окт", "eki"],
        &["nov", "ноя", "kas"],
        &["dec", "déc", "dez", "dic", "дек", "ara"],
    ];
    let name = text.to_lowercase();
    if name.chars().count() < 3 || !name.chars().all(char::is_alphabetic) {
        return None;
    }
    let at = NAMES
        .iter()
        .position(|names| names.iter().any(|known| name.starts_with(known)))?;
    i16::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(text: &str) -> String {
        When::read(text).map_or_else(|| "-".to_owned(), |when| when.to_string())
    }

    #[test]
    fn internet_dates_in_every_spelling() {
        for (text, wanted) in [
            ("Thu, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21Z"),
            ("Thu, 1 Jan 2004 19:48:21 +0100", "2004-01-01T18:48:21Z"),
            ("Thu, 01 Jan 04 19:48 EST", "2004-01-02T00:48:00Z"),
            ("01 jan 99 19:48:21 -0330", "1999-01-01T23:18:21Z"),
            ("January 1, 2004 7:48 PM PST", "2004-01-02T03:48:00Z"),
            ("Thu Jan  1 19:48:21 2004", "2004-01-01T19:48:21Z"),
            ("Thu Jan 01 19:48:21 PDT 2004", "2004-01-02T02:48:21Z"),
            ("Thursday, 1st January 2004", "2004-01-01"),
            ("Wed, 31 Dec 2003 24:00:00 GMT", "2004-01-01T00:00:00Z"),
            ("Thu, 31 Dec 2016 23:59:60 UTC", "2016-12-31T23:59:59Z"),
            ("1-Jan-2004 10:00:00 GMT+0200", "2004-01-01T08:00:00Z"),
            ("Thu, 2004/01/01 19:48:21 EDT", "2004-01-01T23:48:21Z"),
            ("Do, 04 Mär 2014 10:00:00 +0100", "2014-03-04T09:00:00Z"),
            ("12:00 AM, 2 Mar 2026", "2026-03-02T00:00:00Z"),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
    }

    #[test]
    fn iso_dates_in_every_profile() {
        for (text, wanted) in [
            ("2003", "2003-01-01"),
            ("2003-12", "2003-12-01"),
            ("2003-12-31", "2003-12-31"),
            ("20031231", "2003-12-31"),
            ("2003-365", "2003-12-31"),
            ("2003-12-31T10:14:55Z", "2003-12-31T10:14:55Z"),
            ("2003-12-31T10:14Z", "2003-12-31T10:14:00Z"),
            ("2003-12-31T10:14:55.25+01:00", "2003-12-31T09:14:55Z"),
            ("2003-12-31T10:14:55-0800", "2003-12-31T18:14:55Z"),
            ("2003-12-31T10:14:55 +08", "2003-12-31T02:14:55Z"),
            ("2003-12-31 10:14:55", "2003-12-31T10:14:55Z"),
            ("2003-12-31 10:14:55 PST", "2003-12-31T18:14:55Z"),
            ("20031231T101455Z", "2003-12-31T10:14:55Z"),
            ("  2004-02-29\n", "2004-02-29"),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_or_two_is_none() {
        for text in [
            "",
            "yesterday",
            "03/04/2026",
            "2003-02-29",
            "2003-13",
            "2003-366",
            "Feb 30 2004",
            "1234567890123",
            "Thu, 01 Jan 2004 25:00:00 GMT",
            "2004-01-01T10:61",
            "May the force",
            "2004-01-01T10:00 sometime",
        ] {
            assert_eq!(read(text), "-", "{text}");
        }
        assert_eq!(read(&"1 Jan 2004 ".repeat(20)), "-");
    }
}
