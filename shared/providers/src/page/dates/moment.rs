//! A date as exactly as it was said, and no more exactly.
//!
//! A page may give an instant, a day, a month or a year. The reader of a watch compares days, so a month
//! must not turn into its first day on the way.

use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// The first year taken for a date of a page. The web began in 1991, but few pages older than this
/// are still served under their first date, and many a birth year would be taken for one.
pub(super) const FIRST_YEAR: i16 = 1995;

/// The last year when the caller sets no bound.
const LAST_YEAR: i16 = 2100;

/// How exactly a date is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    Year,
    Month,
    Day,
    /// A point in time: the page gave a time of day with its offset from UTC.
    Instant,
}

/// A date with its granularity. What is beyond the granularity is not part of it: the day of a month
/// is 1, and never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// The day where the page is at home: the one written, not the one in UTC.
    pub(super) date: Date,
    pub(super) granularity: Granularity,
    /// Time of day and offset, where both were given.
    pub(super) clock: Option<(Time, Offset)>,
}

impl Moment {
    pub(super) fn day(year: i16, month: i8, day: i8) -> Option<Self> {
        let date = Date::new(year, month, day).ok()?;
        Self::plausible(date, Granularity::Day)
    }

    pub(super) fn month(year: i16, month: i8) -> Option<Self> {
        Self::plausible(Date::new(year, month, 1).ok()?, Granularity::Month)
    }

    pub(super) fn year(year: i16) -> Option<Self> {
        Self::plausible(Date::new(year, 1, 1).ok()?, Granularity::Year)
    }

    /// The same day, as an instant. Midnight is what programs write when they know the day alone.
    pub(super) fn at(self, time: Time, offset: Offset) -> Self {
        let granularity = if time == Time::midnight() {
            self.granularity
        } else {
            Granularity::Instant
        };
        Self {
            granularity,
            clock: Some((time, offset)),
            ..self
        }
    }

    fn plausible(date: Date, granularity: Granularity) -> Option<Self> {
        (FIRST_YEAR..=LAST_YEAR)
            .contains(&date.year())
            .then_some(Self {
                date,
                granularity,
                clock: None,
            })
    }

    /// Whether this is at least a day.
    pub(super) fn has_day(&self) -> bool {
        self.granularity >= Granularity::Day
    }

    /// Whether it begins after `latest`. One day is allowed: it is tomorrow already east of here.
    pub(super) fn is_after(&self, latest: Option<Date>) -> bool {
        latest.is_some_and(|latest| self.date > latest.tomorrow().unwrap_or(latest))
    }

    /// The neighbouring day this instant falls on in another time zone, when it was written in UTC:
    /// the next one for an afternoon (zones east of Greenwich), else the one before.
    pub(super) fn day_elsewhere(&self) -> Option<Date> {
        let (time, offset) = self.clock?;
        if offset != Offset::UTC {
            return None;
        }
        if time.hour() >= 12 {
            self.date.tomorrow().ok()
        } else {
            self.date.yesterday().ok()
        }
    }
}

/// `2016`, `2016-05`, `2016-05-13` or RFC 3339 with the offset the page gave.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date;
        match (self.granularity, self.clock) {
            (Granularity::Year, _) => write!(f, "{:04}", date.year()),
            (Granularity::Month, _) => write!(f, "{:04}-{:02}", date.year(), date.month()),
            (Granularity::Instant, Some((time, offset))) => {
                let (hour, minute, second) = (time.hour(), time.minute(), time.second());
                write!(f, "{date}T{hour:02}:{minute:02}:{second:02}")?;
                let minutes = offset.seconds() / 60;
                if minutes == 0 {
                    return f.write_str("Z");
                }
                let sign = if minutes < 0 { '-' } else { '+' };
                let minutes = minutes.abs();
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
            (Granularity::Day | Granularity::Instant, _) => write!(f, "{date}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    #[test]
    fn shows_no_more_than_is_known() {
        assert_eq!(Moment::year(2016).unwrap().to_string(), "2016");
        assert_eq!(Moment::month(2016, 5).unwrap().to_string(), "2016-05");
        let day = Moment::day(2016, 5, 13).unwrap();
        assert_eq!(day.to_string(), "2016-05-13");
        let east = Offset::from_seconds(19_800).unwrap();
        let shown = day.at(time(9, 30, 0, 0), east).to_string();
        assert_eq!(shown, "2016-05-13T09:30:00+05:30");
        let utc = day.at(time(23, 0, 5, 0), Offset::UTC).to_string();
        assert_eq!(utc, "2016-05-13T23:00:05Z");
    }

    #[test]
    fn midnight_is_a_day() {
        let day = Moment::day(2016, 5, 13).unwrap();
        let midnight = day.at(Time::midnight(), Offset::UTC);
        assert_eq!(midnight.granularity, Granularity::Day);
        assert_eq!(midnight.to_string(), "2016-05-13");
    }

    #[test]
    fn dates_before_the_web_and_after_the_bound_are_none() {
        assert_eq!(Moment::day(1969, 7, 20), None);
        assert_eq!(Moment::day(2023, 2, 29), None);
        let day = Moment::day(2023, 3, 2).unwrap();
        assert!(!day.is_after(Some(date(2023, 3, 1))));
        assert!(day.is_after(Some(date(2023, 2, 28))));
        assert!(!day.is_after(None));
    }
}
