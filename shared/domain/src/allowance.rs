//! How much of something an owner may use in a day.
//!
//! A day is a UTC day, so that everybody can say when the next begins. What is used is counted before it is used, and by
//! whom, so that a repetition is not counted again and what was certainly not used is given back once.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::words::words;

/// How many recipients an owner's approved mails may have in a day, unless the installation says otherwise (API
/// section 2; `MaxRecipientsPerDay` in `template.yaml`).
pub const RECIPIENTS_A_DAY: u32 = 500;

const DAY_SECONDS: i64 = 24 * 3600;

words! {
    /// What there is only so much of in a day.
    Allowed { Recipients = "recipients" }
}

/// A UTC day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day(i64);

impl Day {
    /// The day of `now`.
    #[must_use]
    pub fn of(now: Timestamp) -> Self {
        Self(now.as_second().div_euclid(DAY_SECONDS))
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }

    /// When the next one begins.
    #[must_use]
    pub fn end(self) -> Timestamp {
        Timestamp::UNIX_EPOCH
            .checked_add(SignedDuration::from_secs(
                self.0.saturating_add(1).saturating_mul(DAY_SECONDS),
            ))
            .unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_next_begins() {
        let noon: Timestamp = "2026-05-04T12:00:00Z".parse().unwrap();
        let midnight: Timestamp = "2026-05-05T00:00:00Z".parse().unwrap();
        assert_eq!(Day::of(noon).end(), midnight);
        assert_eq!(Day::of(midnight).number(), Day::of(noon).number() + 1);
    }
}
