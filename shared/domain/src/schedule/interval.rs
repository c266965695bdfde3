//! "Every so often": elapsed time from a first occurrence on, the same through every clock change.

use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::zone::Zone;
use crate::words::words;

/// Shortest interval, in minutes (contract, section 4).
pub const SHORTEST_MINUTES: u32 = 5;
/// Longest interval: one year of 365 days, in minutes.
pub const LONGEST_MINUTES: u32 = 365 * 24 * 60;

words! {
    /// The unit an interval is written in.
    Unit { Minute = "minute", Hour = "hour", Day = "day", Week = "week" }
}

impl Unit {
    /// Minutes in one unit; a day is 24 hours.
    #[must_use]
    pub const fn minutes(self) -> u32 {
        match self {
            Self::Minute => 1,
            Self::Hour => 60,
            Self::Day => 24 * 60,
            Self::Week => 7 * 24 * 60,
        }
    }
}

/// A length of time as a person wrote it: "90 minutes", "2 weeks".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Every {
    pub count: u32,
    pub unit: Unit,
}

impl Every {
    /// Reads "N minute(s)|hour(s)|day(s)|week(s)": ASCII digits, one or more spaces, the unit in lower
    /// case. `None` for anything else, and for more minutes than 32 bits hold.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (count, unit) = text.trim().split_once(' ')?;
        if !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let unit = unit.trim_start();
        let unit = Unit::parse(unit.strip_suffix('s').unwrap_or(unit))?;
        let count: u32 = count.parse().ok()?;
        count.checked_mul(unit.minutes())?;
        Some(Self { count, unit })
    }

    /// `minutes` in the largest unit that says them exactly.
    #[must_use]
    pub fn of_minutes(minutes: u32) -> Self {
        let units = [Unit::Week, Unit::Day, Unit::Hour];
        let unit = units
            .into_iter()
            .find(|unit| minutes > 0 && minutes.is_multiple_of(unit.minutes()))
            .unwrap_or(Unit::Minute);
        Self {
            count: minutes / unit.minutes(),
            unit,
        }
    }

    #[must_use]
    pub fn minutes(self) -> u32 {
        self.count.saturating_mul(self.unit.minutes())
    }
}

impl std::fmt::Display for Every {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {}{}",
            self.count,
            self.unit,
            if self.count == 1 { "" } else { "s" }
        )
    }
}

/// A recurring interval: the grid `first + k × every`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    every: Every,
    /// Minute of the hour, on the schedule's clock, at which the first occurrence is placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    anchor_minute: Option<u8>,
    /// The first occurrence, in whole seconds.
    first: Timestamp,
}

impl Interval {
    /// Begins an interval at `now`: it first fires after one interval, or at the next `anchor_minute` of
    /// the hour on the clock of `zone`.
    #[must_use]
    pub fn beginning(now: Timestamp, every: Every, anchor_minute: Option<u8>, zone: &Zone) -> Self {
        let step = SignedDuration::from_mins(i64::from(every.minutes()));
        let first = match anchor_minute {
            None => now.checked_add(step).unwrap_or(Timestamp::MAX),
            Some(minute) => next_minute_of_hour(now, minute, zone),
        };
        // Whole seconds: EventBridge's `StartDate` holds no fraction.
        let first = Timestamp::from_second(first.as_second()).unwrap_or(first);
        Self {
            every,
            anchor_minute,
            first,
        }
    }

    #[must_use]
    pub fn every(&self) -> Every {
        self.every
    }

    #[must_use]
    pub fn anchor_minute(&self) -> Option<u8> {
        self.anchor_minute
    }

    /// The first occurrence later than `after`; `None` only at the end of time.
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        if after < self.first {
            return Some(self.first);
        }
        let step = self.step_seconds();
        let passed = (after.as_second() - self.first.as_second()) / step;
        let next = (passed + 1)
            .checked_mul(step)
            .and_then(|seconds| self.first.as_second().checked_add(seconds))?;
        Timestamp::from_second(next).ok()
    }

    /// The occurrence nearest to `instant`, before or after.
    #[must_use]
    pub fn nearest(&self, instant: Timestamp) -> Timestamp {
        let step = self.step_seconds();
        let passed = instant.as_second() - self.first.as_second();
        let steps = (passed + step / 2).div_euclid(step).max(0);
        steps
            .checked_mul(step)
            .and_then(|seconds| self.first.as_second().checked_add(seconds))
            .and_then(|second| Timestamp::from_second(second).ok())
            .unwrap_or(self.first)
    }

    fn step_seconds(&self) -> i64 {
        // A stored interval of nothing must not divide by zero.
        i64::from(self.every.minutes().max(1)) * 60
    }
}

/// The next instant after `now` at which clocks of `zone` show `minute` past an hour.
fn next_minute_of_hour(now: Timestamp, minute: u8, zone: &Zone) -> Timestamp {
    let wall = zone.wall(now);
    let behind = i64::from(minute) * 60 - i64::from(wall.minute()) * 60 - i64::from(wall.second());
    let ahead = behind.rem_euclid(3600);
    let ahead = if ahead == 0 { 3600 } else { ahead };
    now.checked_add(ahead.seconds()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn intervals_are_read_as_the_contract_writes_them() {
        for (text, minutes) in [
            ("5 minutes", 5),
            ("1 hour", 60),
            ("6  hours", 360),
            ("1 day", 1440),
            ("2 weeks", 20_160),
            ("01 hours", 60),
        ] {
            assert_eq!(
                Every::parse(text).map(Every::minutes),
                Some(minutes),
                "{text}"
            );
        }
        for bad in [
            "",
            "6",
            "hours",
            "6hours",
            "-6 hours",
            "+6 hours",
            "6.5 hours",
            "six hours",
            "٦ hours",
            "1 month",
            "6 hours ago",
            "99999999999999999999 weeks",
            "4294967295 weeks",
            "6 hourss",
            "6 Hours",
        ] {
            assert_eq!(Every::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn minutes_are_said_in_the_largest_unit() {
        let said = |minutes| Every::of_minutes(minutes).to_string();
        assert_eq!(
            [said(90), said(60), said(1440), said(20_160)],
            ["90 minutes", "1 hour", "1 day", "2 weeks"]
        );
    }

    #[test]
    fn it_first_fires_one_interval_after_it_began_and_keeps_its_distance() {
        let began = at("2026-03-28T10:00:30.7Z");
        let daily = Interval::beginning(
            began,
            Every::of_minutes(1440),
            None,
            &Zone::named("Europe/Berlin").unwrap(),
        );
        assert_eq!(daily.next(began), Some(at("2026-03-29T10:00:30Z")));
        // 24 hours a day, although Berlin's 29 March has 23.
        assert_eq!(
            daily.next(at("2026-03-29T10:00:30Z")),
            Some(at("2026-03-30T10:00:30Z"))
        );
    }

    #[test]
    fn an_anchor_places_the_first_occurrence_on_the_local_hour() {
        let began = at("2026-05-01T10:10:00Z");
        let anchored = |zone: &str| {
            Interval::beginning(
                began,
                Every::of_minutes(360),
                Some(15),
                &Zone::named(zone).unwrap(),
            )
            .next(began)
        };
        assert_eq!(anchored("UTC"), Some(at("2026-05-01T10:15:00Z")));
        // 15:40 in Kolkata; the next quarter past is 16:15 there.
        assert_eq!(anchored("Asia/Kolkata"), Some(at("2026-05-01T10:45:00Z")));
        let exactly = Interval::beginning(
            at("2026-05-01T10:15:00Z"),
            Every::of_minutes(60),
            Some(15),
            &Zone::utc(),
        );
        assert_eq!(
            exactly.next(at("2026-05-01T10:15:00Z")),
            Some(at("2026-05-01T11:15:00Z")),
            "next means later"
        );
    }
}
