//! AWS cron: `minutes hours day-of-month month day-of-week year`.
//!
//! Six fields; one of the two day fields is `?` and the other decides. Days of the week are numbered
//! 1 to 7 from Sunday. Beside lists, ranges and steps there are `L` (last), `15W` (the weekday nearest
//! the 15th), `LW` (the last weekday), `6L` (the last Friday) and `6#3` (the third Friday).
//!
//! In a time zone with daylight saving, a time the clocks skip is skipped, and a time they show twice
//! fires once, the first time.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A parsed cron expression. The lists are sorted and without repetitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Vec<i16>,
    hours: Vec<i16>,
    days: Days,
    months: Vec<i16>,
    years: Vec<i16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    OfMonth(Vec<DayOfMonth>),
    OfWeek(Vec<DayOfWeek>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum DayOfMonth {
    Any(Vec<i16>),
    Last,
    LastWeekday,
    WeekdayNearest(i16),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum DayOfWeek {
    Any(Vec<i16>),
    Last(i16),
    Nth(i16, i16),
}

impl Cron {
    /// Parses the six fields between the parentheses.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minutes, hours, day_of_month, month, day_of_week, year] = fields[..] else {
            return Err(format!("it has {} fields instead of six", fields.len()));
        };
        let days = match (day_of_month, day_of_week) {
            ("?", "?") => return Err("only one of the day fields can be ?".into()),
            (days, "?") => Days::OfMonth(list(days, day_of_month_item)?),
            ("?", days) => Days::OfWeek(list(days, day_of_week_item)?),
            _ => return Err("one of the day fields is ?".into()),
        };
        Ok(Self {
            minutes: MINUTES.parse(minutes)?,
            hours: HOURS.parse(hours)?,
            days,
            months: MONTH.parse(month)?,
            years: YEARS.parse(year)?,
        })
    }

    /// The first match after `after`, in `zone`; `None` when there is none before the year 2200.
    pub(super) fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let from = after.to_zoned(zone.clone()).datetime();
        let first_month = from.date().first_of_month();
        for year in self.years.iter().filter(|year| **year >= from.year()) {
            for month in &self.months {
                let Ok(first) = Date::new(*year, small(*month), 1) else {
                    continue;
                };
                if first < first_month {
                    continue;
                }
                for day in (1..=first.days_in_month()).filter(|day| self.days.contain(first, *day))
                {
                    let Ok(date) = Date::new(*year, small(*month), day) else {
                        continue;
                    };
                    if date < from.date() {
                        continue;
                    }
                    if let Some(time) = self.first_on(date, after, zone) {
                        return Some(time);
                    }
                }
            }
        }
        None
    }

    fn first_on(&self, date: Date, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let times = self
            .hours
            .iter()
            .flat_map(|hour| self.minutes.iter().map(move |minute| (hour, minute)));
        times
            .filter_map(|(hour, minute)| {
                let local =
                    zone.to_ambiguous_timestamp(date.at(small(*hour), small(*minute), 0, 0));
                match local.offset() {
                    AmbiguousOffset::Gap { .. } => None,
                    AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                        local.earlier().ok()
                    }
                }
            })
            .find(|time| *time > after)
    }
}

impl Days {
    /// Is `day` of the month that begins at `first` one of them?
    fn contain(&self, first: Date, day: i8) -> bool {
        let length = first.days_in_month();
        let number = i16::from(day);
        // Days of the week here run from 0, Sunday, which makes the arithmetic that of remainders.
        let weekday = |day: i8| (first.weekday().to_sunday_zero_offset() + (day - 1)).rem_euclid(7);
        match self {
            Self::OfMonth(items) => items.iter().any(|item| match item {
                DayOfMonth::Any(days) => days.contains(&number),
                DayOfMonth::Last => day == length,
                DayOfMonth::LastWeekday => day == nearest_weekday(length, length, weekday(length)),
                DayOfMonth::WeekdayNearest(wanted) => {
                    let wanted = small(*wanted);
                    wanted <= length && day == nearest_weekday(wanted, length, weekday(wanted))
                }
            }),
            Self::OfWeek(items) => {
                let today = i16::from(weekday(day)) + 1;
                items.iter().any(|item| match item {
                    DayOfWeek::Any(days) => days.contains(&today),
                    DayOfWeek::Last(wanted) => *wanted == today && day + 7 > length,
                    DayOfWeek::Nth(wanted, nth) => *wanted == today && (number - 1) / 7 + 1 == *nth,
                })
            }
        }
    }
}

/// The weekday nearest `day`, which falls on `weekday`, without leaving the month.
fn nearest_weekday(day: i8, length: i8, weekday: i8) -> i8 {
    const SUNDAY: i8 = 0;
    const SATURDAY: i8 = 6;
    match weekday {
        SATURDAY if day == 1 => 3,
        SATURDAY => day - 1,
        SUNDAY if day == length => day - 2,
        SUNDAY => day + 1,
        _ => day,
    }
}

/// Months, days, hours and minutes are parsed within 0 to 59 and fit.
fn small(number: i16) -> i8 {
    i8::try_from(number).unwrap_or(i8::MAX)
}

/// A field of numbers: its range and the names for them.
struct Field {
    name: &'static str,
    least: i16,
    most: i16,
    names: &'static [&'static str],
}

const MINUTES: Field = Field {
    name: "minutes",
    least: 0,
    most: 59,
    names: &[],
};
const HOURS: Field = Field {
    name: "hours",
    least: 0,
    most: 23,
    names: &[],
};
const DAY_OF_MONTH: Field = Field {
    name: "day-of-month",
    least: 1,
    most: 31,
    names: &[],
};
const MONTH: Field = Field {
    name: "month",
    least: 1,
    most: 12,
    names: &MONTHS,
};
const DAY_OF_WEEK: Field = Field {
    name: "day-of-week",
    least: 1,
    most: 7,
    names: &DAYS,
};
const YEARS: Field = Field {
    name: "year",
    least: 1970,
    most: 2199,
    names: &[],
};

impl Field {
    fn parse(&self, text: &str) -> Result<Vec<i16>, String> {
        let mut values: Vec<i16> = list(text, |item| self.item(item))?
            .into_iter()
            .flatten()
            .collect();
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }

    /// `*`, `5`, `5-9`, and each of them with `/step`; a single number with a step runs to the end.
    fn item(&self, text: &str) -> Result<Vec<i16>, String> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (text, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.least, self.most),
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None => {
                let first = self.value(range)?;
                (first, if step.is_some() { self.most } else { first })
            }
        };
        if first > last {
            return Err(format!("the range {range} of {} runs backwards", self.name));
        }
        Ok((first..=last).step_by(step.unwrap_or(1)).collect())
    }

    fn step(&self, text: &str) -> Result<usize, String> {
        let step = number(text).filter(|step| (1..=self.most - self.least).contains(step));
        step.and_then(|step| usize::try_from(step).ok())
            .ok_or_else(|| format!("the step `{text}` of {} is not valid", self.name))
    }

    fn value(&self, text: &str) -> Result<i16, String> {
        let named = self
            .names
            .iter()
            .position(|name| *name == text)
            .and_then(|at| i16::try_from(at).ok());
        named
            .map(|at| at + self.least)
            .or_else(|| number(text))
            .filter(|value| (self.least..=self.most).contains(value))
            .ok_or_else(|| {
                format!(
                    "`{text}` is not valid in {} ({} to {})",
                    self.name, self.least, self.most
                )
            })
    }
}

fn day_of_month_item(text: &str) -> Result<DayOfMonth, String> {
    match text {
        "L" => Ok(DayOfMonth::Last),
        "LW" => Ok(DayOfMonth::LastWeekday),
        _ => match text.strip_suffix('W') {
            Some(day) => Ok(DayOfMonth::WeekdayNearest(DAY_OF_MONTH.value(day)?)),
            None => Ok(DayOfMonth::Any(DAY_OF_MONTH.item(text)?)),
        },
    }
}

fn day_of_week_item(text: &str) -> Result<DayOfWeek, String> {
    if text == "L" {
        // The last day of the week.
        return Ok(DayOfWeek::Any(vec![DAY_OF_WEEK.most]));
    }
    if let Some((day, nth)) = text.split_once('#') {
        let nth = number(nth).filter(|nth| (1..=5).contains(nth));
        return Ok(DayOfWeek::Nth(
            DAY_OF_WEEK.value(day)?,
            nth.ok_or("after # comes 1 to 5")?,
        ));
    }
    match text.strip_suffix('L') {
        Some(day) => Ok(DayOfWeek::Last(DAY_OF_WEEK.value(day)?)),
        None => Ok(DayOfWeek::Any(DAY_OF_WEEK.item(text)?)),
    }
}

fn list<T>(text: &str, item: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    text.split(',').map(item).collect()
}

/// A number of digits only; `parse` alone would take a sign.
fn number(text: &str) -> Option<i16> {
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first `count` fires after `after` as UTC, in `zone`.
    fn fires(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let cron = Cron::parse(cron).unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let mut time: Timestamp = after.parse().unwrap();
        let mut fires = Vec::new();
        while fires.len() < count
            && let Some(next) = cron.next_after(time, &zone)
        {
            fires.push(next.to_string());
            time = next;
        }
        fires
    }

    #[test]
    fn fields_lists_ranges_steps_and_names() {
        let after = "2026-11-21T10:00:00Z"; // a Saturday
        let dates = |cron: &str| -> Vec<String> {
            fires(cron, "UTC", after, 3)
                .into_iter()
                .map(|t| t[5..16].to_owned())
                .collect()
        };
        assert_eq!(
            dates("0/20 10 * * ? *"),
            ["11-21T10:20", "11-21T10:40", "11-22T10:00"]
        );
        assert_eq!(
            dates("0 9 ? * MON-FRI *"),
            ["11-23T09:00", "11-24T09:00", "11-25T09:00"]
        );
        assert_eq!(
            dates("0 9 ? * 1,7 *"),
            ["11-22T09:00", "11-28T09:00", "11-29T09:00"]
        );
        assert_eq!(
            dates("5,50 */12 1 JAN,JUL ? *"),
            ["01-01T00:05", "01-01T00:50", "01-01T12:05"]
        );
        assert_eq!(
            dates("0 10-12/2 * * ? *"),
            ["11-21T12:00", "11-22T10:00", "11-22T12:00"]
        );
        assert_eq!(
            dates("0 0 29 2 ? *"),
            ["02-29T00:00", "02-29T00:00", "02-29T00:00"]
        );
        assert_eq!(
            dates("0 0 L * ? *"),
            ["11-30T00:00", "12-31T00:00", "01-31T00:00"]
        );
        assert_eq!(
            dates("0 0 LW * ? *"),
            ["11-30T00:00", "12-31T00:00", "01-29T00:00"]
        );
        // 2026-11-22 is a Sunday, 2027-05-22 the next Saturday on a 22nd.
        assert_eq!(
            dates("0 0 22W 11 ? *"),
            ["11-23T00:00", "11-22T00:00", "11-22T00:00"]
        );
        assert_eq!(
            dates("0 0 1W 5 ? *"),
            ["05-03T00:00", "05-01T00:00", "05-01T00:00"]
        );
        assert_eq!(
            dates("0 0 ? * 6L *"),
            ["11-27T00:00", "12-25T00:00", "01-29T00:00"]
        );
        assert_eq!(
            dates("0 0 ? * THU#4 *"),
            ["11-26T00:00", "12-24T00:00", "01-28T00:00"]
        );
        assert_eq!(
            dates("0 0 ? * MON#5 *"),
            ["11-30T00:00", "03-29T00:00", "05-31T00:00"]
        );
        assert_eq!(dates("0 0 1 1 ? 2027-2028"), ["01-01T00:00", "01-01T00:00"]);
        assert!(dates("0 0 31 2 ? *").is_empty());
        assert!(dates("0 0 1 1 ? 2020").is_empty());
    }

    #[test]
    fn a_time_the_clocks_skip_is_skipped() {
        // New York, 2027-03-14: 02:00 to 03:00 does not exist.
        assert_eq!(
            fires(
                "30 2 * * ? *",
                "America/New_York",
                "2027-03-13T00:00:00Z",
                2
            ),
            ["2027-03-13T07:30:00Z", "2027-03-15T06:30:00Z"]
        );
        assert_eq!(
            fires("0 * * * ? *", "America/New_York", "2027-03-14T06:00:00Z", 2),
            ["2027-03-14T07:00:00Z", "2027-03-14T08:00:00Z"]
        );
    }

    #[test]
    fn a_time_the_clocks_show_twice_fires_once() {
        // New York, 2026-11-01: 01:00 to 02:00 comes twice, first at 05:00Z, then at 06:00Z.
        assert_eq!(
            fires(
                "30 1 * * ? *",
                "America/New_York",
                "2026-10-31T12:00:00Z",
                2
            ),
            ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]
        );
        assert_eq!(
            fires(
                "0/30 * * * ? *",
                "America/New_York",
                "2026-11-01T04:45:00Z",
                4
            ),
            [
                "2026-11-01T05:00:00Z",
                "2026-11-01T05:30:00Z",
                "2026-11-01T07:00:00Z",
                "2026-11-01T07:30:00Z"
            ]
        );
        // Asked in the middle of the second showing.
        assert_eq!(
            fires(
                "0/30 * * * ? *",
                "America/New_York",
                "2026-11-01T06:10:00Z",
                1
            ),
            ["2026-11-01T07:00:00Z"]
        );
    }

    #[test]
    fn what_is_refused() {
        for text in [
            "0 9 * * *",
            "0 9 * * * *",
            "0 9 ? * ? *",
            "0 9 1 * MON *",
            "60 * * * ? *",
            "* 24 * * ? *",
            "* * 0 * ? *",
            "* * 32 * ? *",
            "* * * 13 ? *",
            "* * ? * 0 *",
            "* * ? * 8 *",
            "* * * * ? 1969",
            "* * * * ? 2200",
            "*/0 * * * ? *",
            "*/60 * * * ? *",
            "5-1 * * * ? *",
            "+5 * * * ? *",
            "-5 * * * ? *",
            "1,,2 * * * ? *",
            "a * * * ? *",
            "* * ? * mon *",
            "* * ? * FRI-MON *",
            "* * ? * 3#6 *",
            "* * ? * 3# *",
            "* * 32W * ? *",
            "* * L-3 * ? *",
            "? * * * ? *",
            "1/2/3 * * * ? *",
            "* * 99999999999999999999 * ? *",
            "",
        ] {
            assert!(Cron::parse(text).is_err(), "{text}");
        }
    }
}
