//! How often something may be used: so many times in an hour, and so many in a day.
//!
//! The windows are fixed: an hour begins with the hour of the clock, a day at midnight UTC. Two bursts can meet
//! at a window's edge, which a sliding window would not allow; but a fixed window is one number that the
//! store adds to atomically, and its end is a time a client can be told.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 86_400;

/// The most uses in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    #[serde(rename = "rate_limit_per_hour", default = "per_hour")]
    pub per_hour: u32,
    #[serde(rename = "rate_limit_per_day", default = "per_day")]
    pub per_day: u32,
}

fn per_hour() -> u32 {
    1_000
}

fn per_day() -> u32 {
    10_000
}

/// The contract's (API section 2).
impl Default for RateLimit {
    fn default() -> Self {
        Self {
            per_hour: per_hour(),
            per_day: per_day(),
        }
    }
}

/// How often something has been used in the present windows, the last use included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses {
    /// The hours since 1970.
    pub hour: i64,
    pub in_hour: u32,
    /// The days since 1970.
    pub day: i64,
    pub in_day: u32,
    pub last: Timestamp,
}

/// One window, as a client is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// `hour` or `day`.
    pub name: &'static str,
    pub quota: u32,
    pub left: u32,
    /// How long the window is, in seconds.
    pub seconds: i64,
    /// When it ends, in seconds from now; at least 1.
    pub ends_in: i64,
}

impl Uses {
    /// The use at `now`, after those `before`.
    #[must_use]
    pub fn counted(before: Option<Self>, now: Timestamp) -> Self {
        let (hour, day) = windows(now);
        let count = |same: bool, n: u32| if same { n.saturating_add(1) } else { 1 };
        Self {
            hour,
            in_hour: count(
                before.is_some_and(|uses| uses.hour == hour),
                before.map_or(0, |uses| uses.in_hour),
            ),
            day,
            in_day: count(
                before.is_some_and(|uses| uses.day == day),
                before.map_or(0, |uses| uses.in_day),
            ),
            last: now,
        }
    }
}

impl RateLimit {
    /// How often all requests of an owner together may come, asked by one with this limit: ten times a token's limits
    /// (API section 2), or what an administrator has allowed this token, where that is more.
    #[must_use]
    pub fn of_owner(self) -> Self {
        let all = Self::default();
        Self {
            per_hour: self.per_hour.max(all.per_hour.saturating_mul(10)),
            per_day: self.per_day.max(all.per_day.saturating_mul(10)),
        }
    }

    /// Both windows after `uses`: the hour, then the day.
    #[must_use]
    pub fn windows(&self, uses: &Uses) -> [Window; 2] {
        let second = uses.last.as_second();
        let window = |name, quota: u32, used: u32, seconds: i64| Window {
            name,
            quota,
            left: quota.saturating_sub(used),
            seconds,
            ends_in: seconds - second.rem_euclid(seconds),
        };
        [
            window("hour", self.per_hour, uses.in_hour, HOUR_SECONDS),
            window("day", self.per_day, uses.in_day, DAY_SECONDS),
        ]
    }

    /// For how long nothing more is allowed; `None` when the last use was.
    #[must_use]
    pub fn exceeded(&self, uses: &Uses) -> Option<SignedDuration> {
        let [hour, day] = self.windows(uses);
        let hour = (uses.in_hour > self.per_hour).then_some(hour.ends_in);
        let day = (uses.in_day > self.per_day).then_some(day.ends_in);
        hour.max(day).map(SignedDuration::from_secs)
    }
}

/// The hour and the day of `now`, counted from 1970.
#[must_use]
pub fn windows(now: Timestamp) -> (i64, i64) {
    let second = now.as_second();
    (
        second.div_euclid(HOUR_SECONDS),
        second.div_euclid(DAY_SECONDS),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn uses_add_up_within_a_window_and_begin_anew_in_the_next() {
        let first = Uses::counted(None, at("2026-05-04T08:59:58Z"));
        let second = Uses::counted(Some(first), at("2026-05-04T08:59:59Z"));
        assert_eq!((second.in_hour, second.in_day), (2, 2));
        let third = Uses::counted(Some(second), at("2026-05-04T09:00:00Z"));
        assert_eq!((third.in_hour, third.in_day), (1, 3));
        let next_day = Uses::counted(Some(third), at("2026-05-05T00:00:00Z"));
        assert_eq!((next_day.in_hour, next_day.in_day), (1, 1));
    }

    #[test]
    fn exactly_the_limit_is_allowed() {
        let limit = RateLimit {
            per_hour: 2,
            per_day: 3,
        };
        let now = at("2026-05-04T08:59:50Z");
        let one = Uses::counted(None, now);
        let two = Uses::counted(Some(one), now);
        let three = Uses::counted(Some(two), now);
        assert_eq!(limit.exceeded(&two), None);
        assert_eq!(limit.windows(&two)[0].left, 0);
        assert_eq!(
            limit.exceeded(&three),
            Some(SignedDuration::from_secs(10)),
            "until the hour ends"
        );
        let four = Uses::counted(Some(three), now);
        assert_eq!(
            limit.exceeded(&four),
            Some(SignedDuration::from_secs(15 * 3600 + 10)),
            "until the day ends"
        );
    }
}
