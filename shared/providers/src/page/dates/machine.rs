//! Dates written for machines: ISO 8601 in its full and its short form, RFC 2822, seconds since 1970.
//!
//! What claims to be for machines is often not: `content="13. Mai 2016"` is read as text is, and what
//! follows a good beginning is ignored.

use jiff::civil::Time;
use jiff::tz::Offset;

use super::moment::Moment;
use super::order::Order;
use super::pattern;

/// Longer values are no dates, whatever they begin with.
const MAX_CHARS: usize = 80;

/// The date `value` begins with, or holds alone.
pub(super) fn read(value: &str, language: &str, order: Order) -> Option<Moment> {
    let value = value.trim();
    if value.len() > MAX_CHARS || value.is_empty() {
        return None;
    }
    iso(value).or_else(|| {
        let found = pattern::find(value, language, order, 1).pop()?;
        // RFC 2822 and what JavaScript prints have a time and an offset that are worth keeping.
        let rest = value.get(found.end..).unwrap_or_default();
        Some(match clock(Reader(rest.as_bytes())) {
            Some((time, offset)) if found.moment.has_day() => found.moment.at(time, offset),
            _ => found.moment,
        })
    })
}

/// Seconds or milliseconds since 1970, as programs keep them in attributes.
pub(super) fn epoch(value: &str) -> Option<Moment> {
    let value = value.trim();
    if !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = value.parse().ok()?;
    let seconds = match value.len() {
        9 | 10 => number,
        12 | 13 => number / 1000,
        _ => return None,
    };
    let at = Offset::UTC.to_datetime(jiff::Timestamp::from_second(seconds).ok()?);
    let date = at.date();
    Moment::day(date.year(), date.month(), date.day()).map(|day| day.at(at.time(), Offset::UTC))
}

/// `YYYY-MM-DD` and `YYYYMMDD`, also with slashes or dots, alone or before a time; `YYYY-MM`; `YYYY`.
fn iso(value: &str) -> Option<Moment> {
    let mut reader = Reader(value.as_bytes());
    let year = i16::try_from(reader.digits(4)?).ok()?;
    if reader.0.is_empty() {
        return Moment::year(year);
    }
    let separator = reader
        .0
        .first()
        .copied()
        .filter(|byte| matches!(byte, b'-' | b'/' | b'.'));
    if separator.is_some() {
        reader.skip();
    }
    let month = reader
        .digits(2)
        .or_else(|| separator.and(reader.digits(1)))?;
    let month = i8::try_from(month).ok()?;
    if reader.0.is_empty() && separator.is_some() {
        return Moment::month(year, month);
    }
    if separator.is_some() && reader.next() != separator {
        return None;
    }
    let day = reader
        .digits(2)
        .or_else(|| separator.and(reader.digits(1)))?;
    if reader.0.first().is_some_and(u8::is_ascii_digit) {
        // Fourteen digits are a day and a time; any other number of them is no date.
        let rest = reader
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if separator.is_some() || rest != 6 {
            return None;
        }
    }
    let day = Moment::day(year, month, i8::try_from(day).ok()?)?;
    Some(match clock(reader) {
        Some((time, offset)) => day.at(time, offset),
        None => day,
    })
}

/// A time of day with its offset; without an offset the instant is unknown.
fn clock(mut reader: Reader<'_>) -> Option<(Time, Offset)> {
    while reader
        .0
        .first()
        .is_some_and(|byte| matches!(byte, b'T' | b't' | b' '))
    {
        reader.skip();
    }
    let hour = reader.digits(2)?;
    reader.skip_if(b':');
    let minute = reader.digits(2)?;
    reader.skip_if(b':');
    let second = reader.digits(2).unwrap_or(0);
    if reader
        .0
        .first()
        .is_some_and(|byte| matches!(byte, b'.' | b','))
    {
        reader.skip();
        while reader.0.first().is_some_and(u8::is_ascii_digit) {
            reader.skip();
        }
    }
    reader.skip_if(b' ');
    let is_greenwich = reader.0.starts_with(b"GMT") || reader.0.starts_with(b"UTC");
    if is_greenwich {
        reader.0 = reader.0.get(3..)?;
    }
    let seconds = match reader.next() {
        Some(b'Z' | b'z') => 0,
        Some(sign @ (b'+' | b'-')) => {
            let hours = reader.digits(2)?;
            reader.skip_if(b':');
            let seconds = hours * 3600 + reader.digits(2).unwrap_or(0) * 60;
            let seconds = i32::try_from(seconds).ok()?;
            if sign == b'-' { -seconds } else { seconds }
        }
        _ if is_greenwich => 0,
        _ => return None,
    };
    let part = |value: u32| i8::try_from(value).ok();
    // A leap second is the one before it.
    let time = Time::new(part(hour)?, part(minute)?, part(second.min(59))?, 0).ok()?;
    Some((time, Offset::from_seconds(seconds).ok()?))
}

/// Bytes still to be read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// Exactly `count` digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let value = std::str::from_utf8(digits)
            .ok()
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
        self.0 = rest;
        value.parse().ok()
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip(&mut self) {
        self.next();
    }

    fn skip_if(&mut self, byte: u8) {
        if self.0.first() == Some(&byte) {
            self.skip();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> Option<String> {
        read(value, "en", Order::MonthFirst).map(|moment| moment.to_string())
    }

    #[test]
    fn iso_8601_and_its_kin() {
        for (value, expected) in [
            ("2016-05-13", "2016-05-13"),
            (" 2016-5-3 ", "2016-05-03"),
            ("2016/05/13", "2016-05-13"),
            ("20160513", "2016-05-13"),
            ("20160513T101112Z", "2016-05-13T10:11:12Z"),
            ("20160513101112", "2016-05-13"),
            ("2016-05-13T10:11", "2016-05-13"),
            ("2016-05-13 10:11:12", "2016-05-13"),
            ("2016-05-13T10:11:12.345Z", "2016-05-13T10:11:12Z"),
            ("2016-05-13T10:11:12+0200", "2016-05-13T10:11:12+02:00"),
            ("2016-05-13T10:11:12-03:30", "2016-05-13T10:11:12-03:30"),
            ("2016-05-13 10:11:12 +02:00", "2016-05-13T10:11:12+02:00"),
            ("2016-05-13T00:00:00+02:00", "2016-05-13"),
            ("2016-05-13T25:00:00Z", "2016-05-13"),
            ("2016-05", "2016-05"),
            ("2016", "2016"),
        ] {
            assert_eq!(shown(value).as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn text_where_a_machine_form_should_be() {
        assert_eq!(
            shown("Fri, 13 May 2016 10:11:12 +0200").as_deref(),
            Some("2016-05-13T10:11:12+02:00")
        );
        assert_eq!(
            shown("Fri May 13 2016 10:11:12 GMT+0000 (UTC)").as_deref(),
            Some("2016-05-13T10:11:12Z")
        );
        assert_eq!(
            shown("Fri, 13 May 2016 10:11:12 GMT").as_deref(),
            Some("2016-05-13T10:11:12Z")
        );
        assert_eq!(
            shown("May 13, 2016 10:11 am").as_deref(),
            Some("2016-05-13")
        );
        assert_eq!(shown("05/06/2016").as_deref(), Some("2016-05-06"));
        assert_eq!(shown("13.05.2016").as_deref(), Some("2016-05-13"));
    }

    #[test]
    fn what_is_no_date() {
        for value in [
            "",
            "yesterday",
            "2016-13-40",
            "201605131",
            "20160",
            "0000-00-00 00:00:00",
            "1463133600",
            "P3D",
            "10:30",
        ] {
            assert_eq!(shown(value), None, "{value}");
        }
    }

    #[test]
    fn seconds_and_milliseconds() {
        assert_eq!(
            epoch("1463134272").unwrap().to_string(),
            "2016-05-13T10:11:12Z"
        );
        assert_eq!(
            epoch("1463134272000").unwrap().to_string(),
            "2016-05-13T10:11:12Z"
        );
        assert_eq!(epoch("12345"), None);
        assert_eq!(epoch("-463134272"), None);
    }
}
