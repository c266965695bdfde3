//! One of the five fields of a cron expression: what may stand in it, and the numbers it names.

use super::cron::CronFault;
use crate::fault::Code;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
pub(super) const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

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

pub(super) fn invalid(message: impl Into<String>) -> CronFault {
    CronFault {
        code: Code::CronInvalid,
        message: message.into(),
    }
}

pub(super) fn unsupported(message: impl Into<String>) -> CronFault {
    CronFault {
        code: Code::CronUnsupported,
        message: message.into(),
    }
}

/// What may stand in one of the five places.
pub(super) struct Field {
    name: &'static str,
    low: u8,
    /// The greatest number that may be written: 7 for weekdays, where it is Sunday again.
    high: u8,
    names: &'static [&'static str],
}

pub(super) const MINUTE: Field = Field {
    name: "minute",
    low: 0,
    high: 59,
    names: &[],
};
pub(super) const HOUR: Field = Field {
    name: "hour",
    low: 0,
    high: 23,
    names: &[],
};
pub(super) const DAY: Field = Field {
    name: "day",
    low: 1,
    high: 31,
    names: &[],
};
pub(super) const MONTH: Field = Field {
    name: "month",
    low: 1,
    high: 12,
    names: &MONTHS,
};
pub(super) const WEEKDAY: Field = Field {
    name: "weekday",
    low: 0,
    high: 7,
    names: &WEEKDAYS,
};

impl Field {
    pub(super) fn read(&self, text: &str) -> Result<Numbers, CronFault> {
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
                (
                    n,
                    if step.is_some() {
                        self.last().max(n)
                    } else {
                        n
                    },
                )
            }
        };
        if from > to {
            return Err(invalid(format!(
                "the {} range {range} runs backwards",
                self.name
            )));
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
            .ok_or_else(|| {
                invalid(format!(
                    "the {} step must be from 1 to {size}, not {}",
                    self.name,
                    shown(text)
                ))
            })
    }

    fn number(&self, text: &str) -> Result<u8, CronFault> {
        if let Some(at) = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text))
        {
            return Ok(u8::try_from(at).unwrap_or(self.low) + self.low);
        }
        if let Some(n) = digits(text).and_then(|n| u8::try_from(n).ok()) {
            if (self.low..=self.high).contains(&n) {
                return Ok(n);
            }
            return Err(invalid(format!(
                "the {} must be from {} to {}, not {n}",
                self.name, self.low, self.high
            )));
        }
        Err(if is_foreign(text) {
            unsupported(format!(
                "{} in the {} field is another scheduler's notation",
                shown(text),
                self.name
            ))
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
    let bare =
        |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit()) || WEEKDAYS.contains(&rest);
    text == "?"
        || text == "LW"
        || text.contains('#')
        || text.strip_suffix('L').is_some_and(bare)
        || text.strip_suffix('W').is_some_and(bare)
}

/// A piece of the sender's text, short enough for a message.
fn shown(text: &str) -> String {
    if text.is_empty() {
        "nothing".to_owned()
    } else {
        let line = crate::text::one_line(text);
        format!("\"{}\"", crate::text::preview(&line, 20))
    }
}
