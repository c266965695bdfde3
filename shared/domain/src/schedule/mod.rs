//! When a workflow runs by itself.
//!
//! This is the one authority on time: the occurrences shown to people, the moments the local host fires
//! at, and the answer to "is this firing from AWS one of ours?" all come from [`Schedule::next_after`] and
//! [`Schedule::occurrence_at`]. EventBridge is only told something that never misses one of them
//! ([`Schedule::to_aws`]); where its language is too poor it fires too often and we refuse the surplus.

mod aws;
mod cron;
mod cron_field;
mod interval;
mod occurrences;
mod wire;
mod zone;

pub use aws::AwsExpression;
pub use cron::{Cron, CronFault};
pub use interval::{Every, Interval, LONGEST_MINUTES, SHORTEST_MINUTES, Unit};
pub use wire::{FIELDS, NEVER_FIRES};
pub use zone::{UnknownZone, Zone};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// EventBridge's precision in seconds: it may name the minute of an occurrence rather than its second.
const PRECISION_SECONDS: i64 = 60;

/// When, and on whose clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub timing: Timing,
    /// The clock of `cron` and of an interval's anchor; kept for showing otherwise.
    pub timezone: Zone,
}

/// The four kinds of schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// Only when somebody asks.
    Manual,
    Interval(Interval),
    Cron(Cron),
    /// At one instant.
    Once(Timestamp),
}

impl Schedule {
    /// A schedule that never fires by itself.
    #[must_use]
    pub fn manual() -> Self {
        Self {
            timing: Timing::Manual,
            timezone: Zone::utc(),
        }
    }

    /// A cron schedule as it is, without the limits a workflow's must keep.
    ///
    /// # Errors
    /// As [`Cron::parse`].
    pub fn cron(expression: &str, timezone: Zone) -> Result<Self, CronFault> {
        Ok(Self {
            timing: Timing::Cron(Cron::parse(expression)?),
            timezone,
        })
    }

    #[must_use]
    pub fn is_manual(&self) -> bool {
        self.timing == Timing::Manual
    }

    /// The first `n` occurrences later than `after`, in strictly rising order; fewer when there are no more.
    #[must_use]
    pub fn next_after(&self, after: Timestamp, n: usize) -> Vec<Timestamp> {
        match &self.timing {
            Timing::Manual => Vec::new(),
            Timing::Interval(interval) => {
                std::iter::successors(interval.next(after), |at| interval.next(*at))
                    .take(n)
                    .collect()
            }
            Timing::Cron(cron) => cron.occurrences(&self.timezone, after).take(n).collect(),
            Timing::Once(at) => Some(*at)
                .filter(|at| *at > after)
                .into_iter()
                .take(n)
                .collect(),
        }
    }

    /// The occurrences later than `after` and not later than `until`, the first `limit` of them: what was
    /// missed while nobody looked.
    #[must_use]
    pub fn between(&self, after: Timestamp, until: Timestamp, limit: usize) -> Vec<Timestamp> {
        let mut due = Vec::new();
        match &self.timing {
            Timing::Cron(cron) => due.extend(
                cron.occurrences(&self.timezone, after)
                    .take_while(|at| *at <= until)
                    .take(limit),
            ),
            Timing::Interval(interval) => {
                let all = std::iter::successors(interval.next(after), |at| interval.next(*at));
                due.extend(all.take_while(|at| *at <= until).take(limit));
            }
            Timing::Manual | Timing::Once(_) => due.extend(
                self.next_after(after, limit)
                    .into_iter()
                    .filter(|at| *at <= until),
            ),
        }
        due
    }

    /// The occurrence a firing at `instant` stands for: the one less than a minute away, if there is one.
    /// What comes back is the same whichever second of the minute the platform reports, and so a key.
    #[must_use]
    pub fn occurrence_at(&self, instant: Timestamp) -> Option<Timestamp> {
        let close =
            |at: &Timestamp| (at.as_second() - instant.as_second()).abs() < PRECISION_SECONDS;
        match &self.timing {
            Timing::Manual => None,
            Timing::Interval(interval) => Some(interval.nearest(instant)).filter(close),
            Timing::Once(at) => Some(*at).filter(close),
            Timing::Cron(cron) => {
                let minute = instant.as_second().div_euclid(60) * 60;
                Timestamp::from_second(minute)
                    .ok()
                    .filter(|minute| cron.includes(&self.timezone, *minute))
            }
        }
    }

    /// Whether a firing at `instant` is one of ours.
    #[must_use]
    pub fn is_occurrence(&self, instant: Timestamp) -> bool {
        self.occurrence_at(instant).is_some()
    }

    /// How many occurrences the 30 days after `now` hold: the base of a month's estimate. At most 8,640,
    /// one every five minutes.
    #[must_use]
    pub fn occurrences_a_month(&self, now: Timestamp) -> usize {
        const MOST: usize = 30 * 24 * 12;
        let until = now
            .checked_add(SignedDuration::from_hours(30 * 24))
            .unwrap_or(Timestamp::MAX);
        self.between(now, until, MOST).len()
    }
}

#[cfg(test)]
mod tests;
