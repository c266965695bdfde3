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

use crate::fault::Code;

/// Longest expression accepted, in bytes. Sixty minutes written out are 170; no honest one is longer.
const LONGEST: usize = 256;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
pub(super) const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Why an expression is not taken: `cron_invalid` or `cron_unsupported`, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CronFault {
    pub code: Code,
    pub message: String,
}

/// A set of numbers from 0 to 63.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Numbers(u64);

impl Numbers {
    fn insert(&mut self, n: u8) {
        self.0 |= 1 << n;
    }

    pub(super) fn contains(self, n: u8) -> bool {
        n < 64 && self.0 & (1 << n) != 0
    }

    pub(super) fn iter(self) -> impl DoubleEndedIterator<Item = u8> + Clone {
        (0..64).filter(move |n| self.contains(*n))
    }

    pub(super) fn len(self) -> usize {
        self.0.count_ones() as usize
    }
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
            return Err(unsupported("nicknames are not supported; @daily, say, is written 0 0 * * *"));
        }
        let fields: Vec<&str> = text.split([' ', '\t']).filter(|field| !field.is_empty()).collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            let message = format!("must have 5 fields (minute, hour, day, month, weekday), not {}", fields.len());
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
        Ok(Self { text: fields.join(" "), minutes, hours, days_of_month, months, weekdays, days })
    }

    /// The expression, its fields separated by single spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the expression fires on `date` at all.
    pub(super) fn includes_day(&self, date: Date) -> bool {
        let of_month = || small(date.day()).is_some_and(|day| self.days_of_month.contains(day));
        let of_week = || small(date.weekday().to_sunday_zero_offset()).is_some_and(|day| self.weekdays.contains(day));
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

fn invalid(message: impl Into<String>) -> CronFault {
    CronFault { code: Code::CronInvalid, message: message.into() }
}

fn unsupported(message: impl Into<String>) -> CronFault {
    CronFault { code: Code::CronUnsupported, message: message.into() }
}

/// What may stand in one of the five places.
struct Field {
    name: &'static str,
    low: u8,
    /// The greatest number that may be written: 7 for weekdays, where it is Sunday again.
    high: u8,
    names: &'static [&'static str],
}

const MINUTE: Field = Field { name: "minute", low: 0, high: 59, names: &[] };
const HOUR: Field = Field { name: "hour", low: 0, high: 23, names: &[] };
const DAY: Field = Field { name: "day", low: 1, high: 31, names: &[] };
const MONTH: Field = Field { name: "month", low: 1, high: 12, names: &MONTHS };
const WEEKDAY: Field = Field { name: "weekday", low: 0, high: 7, names: &WEEKDAYS };

impl Field {
    fn read(&self, text: &str) -> Result<Numbers, CronFault> {
        let mut set = Numbers::default();
        for item in text.split(',') {
            self.read_item(item, &mut set)?;
        }
        Ok(set)
    }

    fn is_weekday(&self) -> bool {
        self.high == 7
    }

    /// The greatest number that means something of its own.
    fn last(&self) -> u8 {
        if self.is_weekday() { 6 } else { self.high }
    }

    fn read_item(&self, item: &str, set: &mut Numbers) -> Result<(), CronFault> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (item, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (self.low, self.last()),
            Some((from, to)) => {
                let (from, mut to) = (self.number(from)?, self.number(to)?);
                // FRI-SUN: at the end of a range Sunday closes the week.
                if self.is_weekday() && to == 0 && from > 0 {
                    to = 7;
                }
                (from, to)
            }
            None => {
                let n = self.number(range)?;
                (n, if step.is_some() { self.last().max(n) } else { n })
            }
        };
        if from > to {
            return Err(invalid(format!("the {} range {range} runs backwards", self.name)));
        }
        for n in (from..=to).step_by(step.unwrap_or(1)) {
            set.insert(if self.is_weekday() { n % 7 } else { n });
        }
        Ok(())
    }

    /// A step of at least 1 and at most the field's size: a larger one fires once and surely means
    /// something else (`*/90` minutes is no hour and a half).
    fn step(&self, text: &str) -> Result<usize, CronFault> {
        let size = usize::from(self.last() - self.low) + 1;
        digits(text)
            .filter(|step| (1..=size).contains(step))
            .ok_or_else(|| invalid(format!("the {} step must be from 1 to {size}, not {}", self.name, shown(text))))
    }

    fn number(&self, text: &str) -> Result<u8, CronFault> {
        if let Some(at) = self.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(u8::try_from(at).unwrap_or(self.low) + self.low);
        }
        if let Some(n) = digits(text).and_then(|n| u8::try_from(n).ok()) {
            if (self.low..=self.high).contains(&n) {
                return Ok(n);
            }
            return Err(invalid(format!("the {} must be from {} to {}, not {n}", self.name, self.low, self.high)));
        }
        Err(if is_foreign(text) {
            unsupported(format!("{} in the {} field is another scheduler's notation", shown(text), self.name))
        } else {
            invalid(format!("{} is not a {}", shown(text), self.name))
        })
    }
}

/// One to four ASCII digits as a number; no sign, no other script.
fn digits(text: &str) -> Option<usize> {
    let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Quartz and AWS write the last day, the nearest working day, the n-th weekday and "no value" so.
fn is_foreign(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    let bare = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit()) || WEEKDAYS.contains(&rest);
    text == "?"
        || text == "LW"
        || text.contains('#')
        || text.strip_suffix('L').is_some_and(bare)
        || text.strip_suffix('W').is_some_and(bare)
}

/// A piece of the sender's text, short enough for a message.
fn shown(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { format!("\"{}\"", crate::text::preview(text, 20)) }
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
            assert_eq!(numbers(Cron::parse(&format!("0 9 * * {sunday}")).unwrap().weekdays), [0], "{sunday}");
        }
        assert_eq!(numbers(Cron::parse("0 9 * * FRI-SUN").unwrap().weekdays), [0, 5, 6]);
        assert_eq!(numbers(Cron::parse("0 9 * * 5-7").unwrap().weekdays), [0, 5, 6]);
        assert_eq!(numbers(Cron::parse("0 9 * * SUN-TUE").unwrap().weekdays), [0, 1, 2]);
    }

    #[test]
    fn what_is_no_crontab_line_is_invalid() {
        for bad in [
            "", "0 9 * *", "0 9 * * * *", "60 9 * * *", "0 24 * * *", "0 9 0 * *", "0 9 32 * *", "0 9 * 13 *", "0 9 * * 8", "-1 9 * * *",
            "1,,2 9 * * *", "*/0 * * * *", "*/90 * * * *", "20-10 * * * *", "0 9 * * MONDAY", "0 9 * * FRI-MON", "0 9 * * *) rate(1 minute",
            "٠ 9 * * *", "0\u{a0}9 * * *", "1-2-3 * * * *", "*/5/5 * * * *", "** * * * *", "0 9 * * \n", "+5 9 * * *",
        ] {
            assert_eq!(code(bad), Code::CronInvalid, "{bad:?}");
        }
        assert_eq!(code(&"0,".repeat(32_768)), Code::CronInvalid);
    }

    #[test]
    fn another_schedulers_notation_is_named_as_such() {
        for foreign in ["@daily", "@reboot", "0 9 L * *", "0 9 LW * *", "0 9 15W * *", "0 9 * * 5L", "0 9 * * FRI#2", "0 9 ? * MON"] {
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
