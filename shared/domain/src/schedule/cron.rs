//! The five-field cron expression: minute, hour, day of the month, month, weekday.
//!
//! The syntax is the crontab's: numbers, English names for months and weekdays, lists, ranges, steps,
//! 0 or 7 for Sunday. When both day fields are restricted a day need satisfy only one of them; a field
//! that begins with `*` is not a restriction, even as `*/2`, and then a day must satisfy both. `8/15` is
//! read as `8-59/15`, as every parser does that reads it at all.
//!
//! What belongs to other schedulers (`L`, `W`, `#`, `?`, `@daily`) is refused by its own code, so that the
//! sender learns it is a known notation that does not work here, rather than a mistake.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::cron_field::{DAY, HOUR, MINUTE, MONTH, Numbers, WEEKDAY, invalid, unsupported};
use crate::fault::Code;

/// Longest expression accepted, in bytes. Sixty minutes written out are 170; no honest one is longer.
const LONGEST: usize = 256;

/// Why an expression is not taken: `cron_invalid` or `cron_unsupported`, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CronFault {
    pub code: Code,
    pub message: String,
}

/// How the two day fields together choose days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Days {
    /// Every day of the months.
    All,
    /// By day of the month alone.
    OfMonth,
    /// By weekday alone.
    OfWeek,
    /// Either is enough.
    Either,
    /// Both must hold (one of them begins with `*`).
    Both,
}

/// A parsed expression. Equal when written equally; stored as its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron {
    text: String,
    pub(super) minutes: Numbers,
    pub(super) hours: Numbers,
    pub(super) days_of_month: Numbers,
    pub(super) months: Numbers,
    pub(super) weekdays: Numbers,
    pub(super) days: Days,
}

impl Cron {
    /// Reads an expression. Whether it ever fires, and how often, is for the schedule to judge.
    ///
    /// # Errors
    /// `cron_invalid` for what is no crontab line, `cron_unsupported` for another scheduler's notation.
    pub fn parse(text: &str) -> Result<Self, CronFault> {
        let text = text.trim_matches([' ', '\t']);
        if text.len() > LONGEST {
            return Err(invalid(format!("is longer than {LONGEST} characters")));
        }
        if text.starts_with('@') {
            return Err(unsupported(
                "nicknames are not supported; @daily, say, is written 0 0 * * *",
            ));
        }
        let fields: Vec<&str> = text
            .split([' ', '\t'])
            .filter(|field| !field.is_empty())
            .collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            let message = format!(
                "must have 5 fields (minute, hour, day, month, weekday), not {}",
                fields.len()
            );
            return Err(invalid(message));
        };
        let minutes = MINUTE.read(minute)?;
        let hours = HOUR.read(hour)?;
        let days_of_month = DAY.read(day)?;
        let months = MONTH.read(month)?;
        let weekdays = WEEKDAY.read(weekday)?;
        let (whole_month, whole_week) = (days_of_month.len() == 31, weekdays.len() == 7);
        let either = !day.starts_with('*') && !weekday.starts_with('*');
        let days = match (whole_month, whole_week) {
            (true, true) => Days::All,
            // A restricted field that admits every day is enough by itself.
            (true, false) | (false, true) if either => Days::All,
            (true, false) => Days::OfWeek,
            (false, true) => Days::OfMonth,
            (false, false) if either => Days::Either,
            (false, false) => Days::Both,
        };
        Ok(Self {
            text: fields.join(" "),
            minutes,
            hours,
            days_of_month,
            months,
            weekdays,
            days,
        })
    }

    /// The expression, its fields separated by single spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the expression fires on `date` at all.
    pub(super) fn includes_day(&self, date: Date) -> bool {
        let of_month = || small(date.day()).is_some_and(|day| self.days_of_month.contains(day));
        let of_week = || {
            small(date.weekday().to_sunday_zero_offset())
                .is_some_and(|day| self.weekdays.contains(day))
        };
        self.includes_month(date)
            && match self.days {
                Days::All => true,
                Days::OfMonth => of_month(),
                Days::OfWeek => of_week(),
                Days::Either => of_month() || of_week(),
                Days::Both => of_month() && of_week(),
            }
    }

    pub(super) fn includes_month(&self, date: Date) -> bool {
        small(date.month()).is_some_and(|month| self.months.contains(month))
    }
}

fn small(n: i8) -> Option<u8> {
    u8::try_from(n).ok()
}

impl TryFrom<String> for Cron {
    type Error = CronFault;

    fn try_from(text: String) -> Result<Self, CronFault> {
        Self::parse(&text)
    }
}

impl From<Cron> for String {
    fn from(cron: Cron) -> Self {
        cron.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        Cron::parse(text).expect_err(text).code
    }

    fn numbers(set: Numbers) -> Vec<u8> {
        set.iter().collect()
    }

    #[test]
    fn lists_ranges_steps_and_names() {
        let cron = Cron::parse("5,10-20/5  8/6 1-3 jan,Dec MON-FRI").unwrap();
        assert_eq!(numbers(cron.minutes), [5, 10, 15, 20]);
        assert_eq!(numbers(cron.hours), [8, 14, 20]);
        assert_eq!(numbers(cron.days_of_month), [1, 2, 3]);
        assert_eq!(numbers(cron.months), [1, 12]);
        assert_eq!(numbers(cron.weekdays), [1, 2, 3, 4, 5]);
        assert_eq!(cron.as_str(), "5,10-20/5 8/6 1-3 jan,Dec MON-FRI");
    }

    #[test]
    fn sunday_has_two_numbers_and_may_end_a_range() {
        for sunday in ["0", "7", "SUN", "7-7"] {
            assert_eq!(
                numbers(Cron::parse(&format!("0 9 * * {sunday}")).unwrap().weekdays),
                [0],
                "{sunday}"
            );
        }
        assert_eq!(
            numbers(Cron::parse("0 9 * * FRI-SUN").unwrap().weekdays),
            [0, 5, 6]
        );
        assert_eq!(
            numbers(Cron::parse("0 9 * * 5-7").unwrap().weekdays),
            [0, 5, 6]
        );
        assert_eq!(
            numbers(Cron::parse("0 9 * * SUN-TUE").unwrap().weekdays),
            [0, 1, 2]
        );
    }

    #[test]
    fn what_is_no_crontab_line_is_invalid() {
        for bad in [
            "",
            "0 9 * *",
            "0 9 * * * *",
            "60 9 * * *",
            "0 24 * * *",
            "0 9 0 * *",
            "0 9 32 * *",
            "0 9 * 13 *",
            "0 9 * * 8",
            "-1 9 * * *",
            "1,,2 9 * * *",
            "*/0 * * * *",
            "*/90 * * * *",
            "20-10 * * * *",
            "0 9 * * MONDAY",
            "0 9 * * FRI-MON",
            "0 9 * * *) rate(1 minute",
            "٠ 9 * * *",
            "0\u{a0}9 * * *",
            "1-2-3 * * * *",
            "*/5/5 * * * *",
            "** * * * *",
            "0 9 * * \n",
            "+5 9 * * *",
        ] {
            assert_eq!(code(bad), Code::CronInvalid, "{bad:?}");
        }
        assert_eq!(code(&"0,".repeat(32_768)), Code::CronInvalid);
    }

    #[test]
    fn a_reason_repeats_nothing_that_fools_the_eye() {
        let fault = Cron::parse("0 9 * * a\u{b}b\u{202E}c").unwrap_err();
        assert_eq!(fault.message, "\"a b c\" is not a weekday");
    }

    #[test]
    fn another_schedulers_notation_is_named_as_such() {
        for foreign in [
            "@daily",
            "@reboot",
            "0 9 L * *",
            "0 9 LW * *",
            "0 9 15W * *",
            "0 9 * * 5L",
            "0 9 * * FRI#2",
            "0 9 ? * MON",
        ] {
            assert_eq!(code(foreign), Code::CronUnsupported, "{foreign}");
        }
        // Names that merely end in those letters are names.
        assert!(Cron::parse("0 9 * JUL WED").is_ok());
    }

    #[test]
    fn the_two_day_fields_combine_as_in_a_crontab() {
        let days = |text: &str| Cron::parse(text).unwrap().days;
        assert_eq!(days("0 9 * * *"), Days::All);
        assert_eq!(days("0 9 1 * *"), Days::OfMonth);
        assert_eq!(days("0 9 * * 1"), Days::OfWeek);
        assert_eq!(days("0 9 1 * 1"), Days::Either);
        assert_eq!(days("0 9 */2 * 1"), Days::Both);
        assert_eq!(days("0 9 1 * */2"), Days::Both);
        assert_eq!(days("0 9 */2 * *"), Days::OfMonth);
        assert_eq!(days("0 9 1-31 * 1"), Days::All);
    }
}
